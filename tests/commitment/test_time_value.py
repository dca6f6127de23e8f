"""Money over time, by hand."""

import numpy as np
import pytest

from costopt.commitment.terms import cost_over_horizon
from costopt.commitment.time_value import mean_factor, present_value_of_terms

YEAR = 8760.0


def test_a_steady_decline_is_averaged_over_its_course() -> None:
    # Halving within a year: (0.5 - 1) / ln 0.5 = 0.7213; over two years (0.25 - 1) / (2 ln 0.5).
    assert mean_factor(0.5, YEAR) == pytest.approx(0.72134752)
    assert mean_factor(0.5, 2 * YEAR) == pytest.approx(0.75 / (2 * 0.69314718))
    assert mean_factor(1.0, YEAR) == 1


def test_a_tenth_less_each_year_leaves_a_thin_margin_on_three_years() -> None:
    # (1 - 0.9^3) / (3 x 0.10536) = 0.271 / 0.31608: a plan 14 % off saves next to nothing.
    assert mean_factor(0.9, 3 * YEAR) == pytest.approx(0.85737, abs=1e-5)


def test_a_year_upfront_or_by_the_hour_is_a_matter_of_the_cost_of_capital() -> None:
    # 0.50 an hour now or 0.52 as it runs, in place of 1: at 20 % 0.52 is worth 0.52 x 0.91413.
    assert value(0.0, 0.50 * YEAR, YEAR, YEAR, 0.0) < value(0.52, 0.0, YEAR, YEAR, 0.0)
    assert value(0.0, 0.50 * YEAR, YEAR, YEAR, 0.2) > value(0.52, 0.0, YEAR, YEAR, 0.2)
    assert value(0.52, 0.0, YEAR, YEAR, 0.2) == pytest.approx(0.52 * YEAR * 0.91413, rel=1e-5)


def value(recurring: float, upfront: float, term: float, horizon: float, rate: float) -> float:
    found = present_value_of_terms(
        np.array([recurring]), np.array([upfront]), np.array([term]), horizon, rate
    )
    return float(found[0])


def test_upfront_charges_are_discounted_to_the_start_of_their_term() -> None:
    # Two terms of a year at 25 %: 100 now and 100 / 1.25 = 80 in a year.
    assert value(0.0, 100.0, YEAR, 2 * YEAR, 0.25) == pytest.approx(180.0)


def test_recurring_charges_are_discounted_evenly() -> None:
    # 1 an hour for a year at 100 %: 8,760 x (0.5 - 1) / ln 0.5.
    assert value(1.0, 0.0, YEAR, YEAR, 1.0) == pytest.approx(8760 * 0.72134752)


@pytest.mark.parametrize("horizon", [100.0, YEAR, 1.5 * YEAR, 3 * YEAR])
def test_without_a_cost_of_capital_it_is_the_cost_of_whole_terms(horizon: float) -> None:
    charged = cost_over_horizon(
        np.array([0.3]), np.array([900.0]), np.array([YEAR]), horizon
    ).total
    assert value(0.3, 900.0, YEAR, horizon, 0.0) == pytest.approx(float(charged[0]))
