"""Figures of commitments, each by hand."""

from math import inf

import pytest

from costopt.commitment.measures import (
    break_even_utilisation,
    coverage,
    effective_savings_rate,
    lock_in,
    payback_months,
    regret,
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
    ],
)
def test_a_share_of_nothing_is_refused(undefined: object) -> None:
    with pytest.raises(InvalidInputError, match="must be above 0"):
        undefined()  # type: ignore[operator]
