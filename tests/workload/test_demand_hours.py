"""Hours of a profile become kinds of hours, planned at the highest demand of their hours."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError, UnknownNameError
from costopt.workload.demand_hours import DemandHours, demand_hours
from costopt.workload.demand_hours import hours_of as hours_of_request
from costopt.workload.demand_profile import DemandProfile, DemandScenario
from costopt.workload.request import PlanRequest
from costopt.workload.requirement import Requirement


def hours_of(profile: DemandProfile, bundled: Catalog, *names: str) -> DemandHours:
    return demand_hours(profile, names or ("chat",), bundled, 8760.0)


def test_hours_of_equal_demand_are_one_kind(bundled: Catalog) -> None:
    found = hours_of(DemandProfile(factors=[2.0, 1.0, 2.0, 0.0]), bundled)
    assert found.factor.tolist() == [[0.0, 1.0, 2.0]]
    assert found.hours.tolist() == [1.0, 1.0, 2.0]
    assert found.kind_of_hour.tolist() == [[2, 1, 2, 0]]
    assert found.excess_fraction == 0


def test_rounding_does_not_tell_hours_apart(bundled: Catalog) -> None:
    found = hours_of(DemandProfile(factors=[0.1 + 0.2, 0.3]), bundled)
    assert found.factor.tolist() == [[0.1 + 0.2]]


def test_kinds_are_cut_where_least_is_planned_in_vain(bundled: Catalog) -> None:
    # Cut between 2 and 9: 1 + 2 + 9 + 10 = 22 becomes 2 + 2 + 10 + 10 = 24, 2/22 above.
    found = hours_of(DemandProfile(factors=[10.0, 1.0, 2.0, 9.0], kinds=2), bundled)
    assert sorted(found.factor[0].tolist()) == [2.0, 10.0]
    assert found.excess_fraction == pytest.approx(2 / 22)


def test_each_workload_and_scenario_has_its_own_factors(bundled: Catalog) -> None:
    profile = DemandProfile(
        scenarios=[
            DemandScenario(name="low", probability=0.75, factors=[1.0, 2.0]),
            DemandScenario(name="high", probability=0.25, factors=[3.0, 3.0],
                           by_workload={"agents": [4.0, 5.0]}),
        ]
    )  # fmt: skip
    found = hours_of(profile, bundled, "chat", "agents")
    assert found.scenarios == ("low", "high")
    assert found.probability.tolist() == [0.75, 0.25]
    assert found.scenario.tolist() == [0, 0, 1, 1]
    assert found.factor.tolist() == [[1.0, 2.0, 3.0, 3.0], [1.0, 2.0, 4.0, 5.0]]


def test_a_published_week_is_found_by_name(bundled: Catalog) -> None:
    found = hours_of(DemandProfile(trace="azure-llm-2024-conv"), bundled)
    assert found.profile_hours == 168
    assert float(found.factor[0] @ found.hours) / 168 == pytest.approx(1.0)


def test_a_profile_that_does_not_fit_is_refused(bundled: Catalog) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean azure-llm-2024-conv"):
        hours_of(DemandProfile(trace="azure-llm-2024-con"), bundled)
    with pytest.raises(InvalidInputError, match="a profile needs at least 24"):
        hours_of(DemandProfile(trace="azure-llm-2023-conv"), bundled)
    with pytest.raises(UnknownNameError, match=r"'caht'\. Did you mean chat"):
        hours_of(DemandProfile(by_workload={"caht": [1.0]}), bundled)
    with pytest.raises(InvalidInputError, match="for chat, none for agents"):
        hours_of(DemandProfile(by_workload={"chat": [1.0]}), bundled, "chat", "agents")
    with pytest.raises(InvalidInputError, match="8,761 hours and the horizon 8,760"):
        hours_of(DemandProfile(factors=[1.0] * 8761), bundled)


@settings(max_examples=60, deadline=None)
@given(
    factors=st.lists(st.tuples(st.floats(0, 5), st.floats(0, 5)), min_size=1, max_size=30).filter(
        lambda rows: any(a for a, _ in rows) and any(b for _, b in rows)
    ),
    kinds=st.integers(1, 8),
)
def test_a_kind_is_never_below_one_of_its_hours(
    factors: list[tuple[float, float]], kinds: int, bundled: Catalog
) -> None:
    first, second = ([row[index] for row in factors] for index in (0, 1))
    profile = DemandProfile(by_workload={"a": first, "b": second}, kinds=kinds)
    found = hours_of(profile, bundled, "a", "b")
    assert len(found.hours) <= kinds
    assert found.hours.sum() == len(factors)
    planned = found.factor[:, found.kind_of_hour[0]]
    assert (planned >= np.array([first, second])).all()
    assert found.excess_fraction >= 0


def test_hours_stay_apart_where_starting_takes_time(bundled: Catalog) -> None:
    work = Requirement(demand_per_second=1.0, throughput_per_second={"g6.xlarge": 1.0})

    def asked(hours: int, **given: Any) -> DemandHours:
        profile = DemandProfile(factors=[1.0, 2.0] * (hours // 2), **given)
        return hours_of_request(PlanRequest(workloads=(work,), demand_profile=profile), bundled)

    assert asked(4).kind_of_hour.tolist() == [[0, 1, 0, 1]]
    found = asked(4, start_up_hours=0.1)
    assert found.factor.tolist() == [[1.0, 2.0, 1.0, 2.0]]
    assert found.kind_of_hour.tolist() == [[0, 1, 2, 3]]
    with pytest.raises(InvalidInputError, match="with start_up_hours or min_up_hours, each"):
        asked(338, min_up_hours=2)
