"""What an offer costs over a horizon: whole terms, cash now, and what outlives it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costopt.commitment.terms import cost_over_horizon

NO_TERM = np.nan


def one(recurring: float, upfront: float, term: float, horizon: float) -> dict[str, float]:
    """Cost of a single offer, as plain numbers."""
    cost = cost_over_horizon(np.array([recurring]), np.array([upfront]), np.array([term]), horizon)
    names = ("total", "per_hour", "cash_now", "locked_in_hours", "locked_in")
    return {name: float(getattr(cost, name)[0]) for name in names}


def test_on_demand_is_charged_for_the_horizon_and_nothing_else() -> None:
    assert one(2.0, 0.0, NO_TERM, 730) == {
        "total": 1460.0,  # 2 x 730
        "per_hour": 2.0,
        "cash_now": 0.0,
        "locked_in_hours": 0.0,
        "locked_in": 0.0,
    }


def test_a_term_longer_than_the_horizon_is_charged_whole() -> None:
    cost = one(1.2, 0.0, 8760, 720)
    assert cost["total"] == pytest.approx(10_512)  # 1.2 x 8,760, not 1.2 x 720 = 864
    assert cost["per_hour"] == pytest.approx(14.6)  # 10,512 / 720
    assert cost["locked_in_hours"] == 8040  # 8,760 - 720
    assert cost["locked_in"] == pytest.approx(9648)  # 1.2 x 8,040


def test_three_years_are_the_amortised_price_of_a_three_year_term() -> None:
    cost = one(0.5, 13_140.0, 26_280, 26_280)
    assert cost["per_hour"] == pytest.approx(1.0)  # 0.5 + 13,140 / 26,280
    assert cost["cash_now"] == 13_140
    assert cost["locked_in"] == 0


def test_a_horizon_of_eighteen_months_pays_two_one_year_terms() -> None:
    cost = one(1.0, 100.0, 8760, 13_140)
    assert cost["total"] == 17_720  # 2 x (100 + 8,760)
    assert cost["cash_now"] == 100  # the second term's upfront is due a year later
    assert cost["locked_in_hours"] == 4_380  # 17,520 - 13,140


@given(
    recurring=st.floats(0, 100),
    upfront=st.floats(0, 1e6),
    terms=st.integers(1, 3),
    term=st.sampled_from([730.0, 8760.0, 26_280.0]),
)
def test_whole_terms_cost_the_amortised_price(
    recurring: float, upfront: float, terms: int, term: float
) -> None:
    cost = one(recurring, upfront, term, terms * term)
    assert cost["per_hour"] == pytest.approx(recurring + upfront / term)
    assert cost["locked_in_hours"] == pytest.approx(0)


@given(horizon=st.floats(1, 50_000), term=st.sampled_from([730.0, 8760.0, 26_280.0]))
def test_a_term_is_never_charged_in_part(horizon: float, term: float) -> None:
    total = one(1.0, 10.0, term, horizon)["total"]
    assert total / (term + 10.0) == pytest.approx(round(total / (term + 10.0)))
    assert total >= horizon - 1e-3


@pytest.mark.parametrize(
    ("recurring", "upfront"),
    [(1.0, 0.0), (0.5, 4380.0), (0.0, 8760.0)],
    ids=["no", "partial", "all"],
)
def test_what_a_horizon_leaves_of_a_term_is_locked_in_however_it_is_paid(
    recurring: float, upfront: float
) -> None:
    cost = one(recurring, upfront, 8760, 6570)
    assert cost["total"] == pytest.approx(8760)  # 1 $/h on average in all three
    assert cost["locked_in"] == pytest.approx(2190)  # a quarter of the term is left
    assert cost["cash_now"] == upfront


def test_only_the_last_term_is_locked_in() -> None:
    cost = one(1.0, 876.0, 8760, 13_140)
    assert cost["total"] == pytest.approx(2 * (876 + 8760))
    assert cost["locked_in"] == pytest.approx(4380 * 1.1)  # half of it, at 1 + 876 / 8,760 $/h


def test_what_is_paid_in_advance_without_a_term_is_cash_now() -> None:
    rate, none, no_term = np.array([14.75, 14.75]), np.zeros(2), np.full(2, NO_TERM)
    cost = cost_over_horizon(rate, none, no_term, 168, prepaid=np.array([True, False]))
    assert cost.total.tolist() == [2478.0, 2478.0]  # 14.75 x 168
    assert cost.cash_now.tolist() == [2478.0, 0.0]
    assert cost.locked_in.tolist() == [0.0, 0.0]
