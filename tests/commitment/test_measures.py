"""Figures of commitments, each by hand."""

from math import exp, inf, log

import pytest

from costopt.commitment.measures import (
    break_even_utilisation,
    coverage,
    effective_savings_rate,
    lock_in,
    mean_price_under_decline,
    net_present_value,
    payback_months,
    regret,
    saving_by_month,
    utilisation,
)
from costopt.errors import InvalidInputError


def test_the_effective_savings_rate_counts_waste_as_cost() -> None:
    """80 committed of which 20 unused, 30 on demand, for usage of 150 at list price."""
    assert effective_savings_rate(80 + 30, 150) == pytest.approx(0.2667, abs=1e-4)  # 1 - 110/150


def test_utilisation_and_coverage_are_shares_of_different_wholes() -> None:
    assert utilisation(60, 80) == pytest.approx(0.75)
    assert coverage(120, 150) == pytest.approx(0.8)


def test_a_commitment_breaks_even_at_its_price_over_the_on_demand_price() -> None:
    assert break_even_utilisation(0.7, 1.0) == pytest.approx(0.7)  # 30 % off


def test_payback_is_the_upfront_part_over_the_saving_of_a_month() -> None:
    """(1.00 - 0.30) x 730 = 511 a month; 3,066 / 511 = 6."""
    assert payback_months(3066, 0.3, 1.0) == pytest.approx(6.0)
    assert payback_months(3066, 0.3, 1.0, used_fraction=0.65) == pytest.approx(12.0)  # 0.35 left


def test_a_commitment_that_is_used_too_little_never_pays_back() -> None:
    assert payback_months(3066, 0.3, 1.0, used_fraction=0.3) == inf


def test_a_yearly_decline_lowers_the_mean_price_of_the_term() -> None:
    """g = ln 2: 1, then 1/2 after a year; the mean of exp(-g t) over it is (1 - 1/2) / ln 2."""
    assert mean_price_under_decline(1.0, 0.5, 1.0) == pytest.approx(0.5 / log(2))
    assert mean_price_under_decline(2.0, 0.0, 3.0) == 2.0


def test_a_tenth_less_each_year_leaves_a_thin_margin_on_three_years() -> None:
    """(1 - 0.9^3) / (3 x 0.10536) = 0.271 / 0.31608: a plan 14 % off saves nothing."""
    assert mean_price_under_decline(1.0, 0.1, 3.0) == pytest.approx(0.85737, abs=1e-5)


def test_net_present_value_discounts_each_month() -> None:
    """-100 now and 110 after twelve months at 10 % a year are worth nothing."""
    assert net_present_value((-100, *[0] * 11, 110), 0.1) == pytest.approx(0.0, abs=1e-9)
    assert net_present_value((0, 1), 0.1) == pytest.approx(exp(-log(1.1) / 12))


def test_a_higher_cost_of_capital_favours_paying_monthly() -> None:
    """0.50/h upfront against 0.52/h by the month, each in place of 1.00/h for a year."""
    months = [730.0] * 12
    upfront, monthly = (
        saving_by_month(0.50 * 8760, 0.0, months),
        saving_by_month(0.0, 0.52, months),
    )
    assert upfront[:2] == (-4380.0, 730.0)
    assert monthly[1] == pytest.approx(350.4)  # 730 - 379.60
    assert net_present_value(upfront, 0.0) > net_present_value(monthly, 0.0)
    assert net_present_value(upfront, 0.2) < net_present_value(monthly, 0.2)


def test_lock_in_is_the_rest_of_the_term() -> None:
    assert lock_in(0.6, 1000) == pytest.approx(600)
    assert lock_in(0.6, -5) == 0


def test_regret_is_below_zero_for_what_was_cheaper() -> None:
    assert regret(90, 100) == -10


@pytest.mark.parametrize(
    "undefined",
    [
        lambda: effective_savings_rate(1, 0),
        lambda: utilisation(0, 0),
        lambda: coverage(0, float("nan")),
        lambda: break_even_utilisation(1, 0),
        lambda: net_present_value((1,), -1),
    ],
)
def test_a_share_of_nothing_is_refused(undefined: object) -> None:
    with pytest.raises(InvalidInputError, match="must be above 0"):
        undefined()  # type: ignore[operator]


def test_a_decline_to_nothing_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="must be below 1"):
        mean_price_under_decline(1.0, 1.0, 1.0)
