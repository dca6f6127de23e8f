"""Bad input to plans over time: refused in words, or an outcome, never a traceback."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest

from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.planning.optimize_request import optimize
from costopt.workload.demand_profile import DemandProfile
from costopt.workload.limits import Limits
from costopt.workload.requirement import Requirement

WORK = Requirement(demand_per_second=1.0, throughput_per_second={"g6.xlarge": 1.0})


@pytest.fixture(scope="module")
def catalog(bundled: Catalog) -> Catalog:
    return bundled.filter(
        providers=["aws"],
        regions=["us-east-1"],
        instance_types=["g6.xlarge"],
        purchase_options=["on_demand"],
    )


@pytest.mark.parametrize(
    ("factors", "words"),
    [
        ([1.0, float("nan")], r"factors\[1\] = nan: must be a finite number"),
        ([1.0, -1.0], r"factors\[1\] = -1.0: must be at least 0"),
        ([True, False], r"factors\[0\] = True: must be a number"),
        ([0.0, 0.0], "the demand is zero in every hour"),
        ([1e300, 1.0], r"1e\+300 times the mean rate; check its unit"),
        (np.array([[1.0, 2.0]]), "must be a number"),
    ],
)
def test_odd_factors_are_refused_in_words(factors: Any, words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        DemandProfile(factors=factors)


@pytest.mark.parametrize("factors", [np.array([1.0, 2.0]), pd.Series([1.0, 2.0])])
def test_arrays_and_columns_are_series_of_factors(factors: Any) -> None:
    assert DemandProfile(factors=factors).factors == (1.0, 2.0)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            {"demand_profile": DemandProfile(factors=[1e9, 1.0])},
            "its busiest hour needs at least 1,000,000,000 instances",
        ),
        (
            {"demand_profile": DemandProfile(factors=[1.0, 2.0]), "eligible_usage": None},
            "eligible_usage must be a list of EligibleUsage",
        ),
        (
            {"demand_profile": DemandProfile(factors=[1.0, 2.0]), "eligible_usage": "x"},
            "eligible_usage must be a list of EligibleUsage",
        ),
        (
            {"demand_profile": DemandProfile(factors=[1.0, 2.0]), "horizon_hours": 1.0},
            "it has 2 hours and the horizon 1",
        ),
        (
            {"demand_profile": DemandProfile(factors=[1.0, 2.0]), "cost_of_capital": -1.0},
            "cost_of_capital = -1.0: must be at least 0",
        ),
        (
            {"demand_profile": DemandProfile(factors=[1.0, 2.0]), "cost_of_capital": 8.0},
            "cost_of_capital = 8.0: must be at most 1",
        ),
        ({"price_decline": 0.1}, "price_decline belongs to a demand_profile"),
    ],
)
def test_odd_arguments_are_refused_in_words(
    arguments: Mapping[str, Any], words: str, catalog: Catalog
) -> None:
    with pytest.raises(InvalidInputError, match=words):
        optimize(WORK, catalog, **arguments)


def test_an_hour_without_a_feasible_offer_is_named(catalog: Catalog) -> None:
    limits = Limits(quota={"g6.xlarge": 1})
    plan = optimize(WORK, catalog, limits=limits, demand_profile=DemandProfile(factors=[1, 9]))
    assert not plan.has_answer
    assert plan.unanswered_because[0] == (
        "the hours at 9 times the mean rate of requirement cannot be served"
    )


def test_many_odd_values_are_told_in_a_short_message() -> None:
    with pytest.raises(InvalidInputError) as refused:
        DemandProfile(factors=[-1.0] * 24)
    assert len(refused.value.problems) == 24
    assert str(refused.value).endswith("factors[9] = -1.0: must be at least 0; and 14 more")
