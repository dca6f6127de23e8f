"""What people write about hourly demand: what is taken, and what is refused in words."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from costopt.errors import InvalidInputError
from costopt.workload.demand_profile import DemandProfile, DemandScenario
from costopt.workload.limits import Limits
from costopt.workload.request import PlanRequest
from costopt.workload.requirement import Requirement

TWO = Requirement(demand_per_second=2.0, throughput_per_second={"g6.xlarge": 1.0})


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "none of them are given"),
        ({"trace": "a", "factors": [1.0]}, "several of them are given"),
        ({"factors": []}, "must not be empty"),
        ({"factors": [0.0, 0.0]}, "the demand is zero in every hour"),
        ({"factors": [1.0, -0.5]}, "factors[1] = -0.5: must be at least 0"),
        ({"factors": [1.0, float("nan")]}, "factors[1] = nan: must be a finite number"),
        ({"factors": [1.0, "2"]}, "factors[1] = '2': must be a number"),
        ({"factors": [1.0] * 26_281}, "26,281 hours; at most 26,280"),
        ({"factors": [1.0], "by_workload": {"chat": [1.0, 2.0]}}, "have 1 and 2 hours"),
        ({"factors": [1.0], "kinds": 0}, "kinds = 0: must be above 0"),
        ({"factors": [1.0], "start_up_hours": -1}, "-1 is neither hours of at least 0 nor"),
        ({"factors": [1.0], "start_up_hours": "catalog"}, "'catalog' is neither hours"),
        ({"factors": [1.0], "start_up_hours": True}, "True is neither hours"),
        ({"factors": [1.0], "start_up_hours": float("nan")}, "nan is neither hours"),
        ({"factors": [1.0], "min_up_hours": 0}, "min_up_hours = 0: must be above 0"),
        ({"factors": [1.0], "kinds": 1, "min_up_hours": 2}, "leave kinds out"),
        ({"factors": [1.0], "kinds": 1, "start_up_hours": "catalogue"}, "leave kinds out"),
        ({"scenarios": [{"name": "a", "probability": 1.0}]}, "'a' needs factors or by_workload"),
    ],
)
def test_a_profile_that_makes_no_sense_is_refused(given: Mapping[str, Any], words: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        DemandProfile(**given)
    assert words in str(refused.value)


def test_scenarios_need_names_of_their_own_and_weigh_one_together() -> None:
    one = DemandScenario(name="low", probability=0.5, factors=[1.0])
    other = one.model_copy(update={"name": "high", "probability": 0.4})
    with pytest.raises(InvalidInputError, match="two scenarios have the same name"):
        DemandProfile(scenarios=[one, one])
    with pytest.raises(InvalidInputError, match=r"add up to 0\.9, not to 1"):
        DemandProfile(scenarios=[one, other])


def test_rates_become_factors_around_their_own_mean() -> None:
    assert DemandProfile.from_rates([1.0, 3.0]).factors == (0.5, 1.5)
    named = DemandProfile.from_rates({"chat": [2.0, 6.0], "agents": [0.0, 1.0]})
    assert named.by_workload == {"chat": (0.5, 1.5), "agents": (0.0, 2.0)}


@pytest.mark.parametrize(
    ("rates", "words"),
    [([1.0, -1.0], "-1 in hour 1"), ([0.0, 0.0], "zero in every hour"),
     ([float("inf"), 1.0], "inf in hour 0"), ("abc", "give a list of numbers"),
     (None, "give a list of numbers"), ([[1.0, 2.0]], "give a list of numbers")],
)  # fmt: skip
def test_rates_that_make_no_sense_are_refused(rates: Any, words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        DemandProfile.from_rates(rates)


def test_a_file_of_rates_is_read_by_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "rates.csv"
    path.write_text(
        "hour,rate,chat\n2026-11-22T00:00:00Z,1,0\n2026-11-22T01:00:00Z,3,4\n", encoding="utf-8"
    )
    read = DemandProfile.from_csv(path, kinds=2)
    assert (read.factors, read.by_workload, read.kinds) == ((0.5, 1.5), {"chat": (0.0, 2.0)}, 2)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("rate\n", "a header and at least one hour"),
        ("rate,rate\n1,2\n", "the columns need names, each its own"),
        ("rate\n1,2\n", "line 2 has 2 values, the header 1"),
        ("rate\n1\nmany\n", "line 3: rate is 'many', which is no number"),
        ("hour\n2026-11-22T00:00:00Z\n", "there is no series"),
        ("hour,rate\nnoon,1\n", "line 2: hour is 'noon'"),
        ("hour,rate\n2026-11-22T00:00:00Z,1\n2026-11-22T02:00:00Z,1\n",
         "line 3: 2026-11-22T02:00:00Z does not follow"),
        ("hour,rate\n2026-11-22T00:00:00Z,1\n2026-11-22T01:00:00,1\n", "line 3: hour is"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_table_of_hours_is_refused(
    text: str, words: str, tmp_path: Path
) -> None:
    path = tmp_path / "rates.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInputError) as refused:
        DemandProfile.from_csv(path)
    assert words in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"none\.csv: it cannot be read"):
        DemandProfile.from_csv(tmp_path / "none.csv")


def test_a_year_is_planned_where_terms_take_part_and_a_month_elsewhere() -> None:
    profile = DemandProfile(factors=[1.0, 2.0])
    reserved = Limits(purchase_options=("on_demand", "reserved"))
    asked: dict[str, Any] = {"workloads": (TWO,), "demand_profile": profile}
    assert PlanRequest(**asked, limits=reserved).horizon_hours == 8760
    written: dict[str, Any] = {"limits": {"purchase_options": "reserved"}}
    assert PlanRequest(**asked, **written).horizon_hours == 8760
    assert PlanRequest(**asked).horizon_hours == 730
    assert PlanRequest(**asked, limits=reserved, horizon_hours=100.0).horizon_hours == 100
    assert PlanRequest(workloads=(TWO,), limits=reserved).horizon_hours == 730


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"cost_of_capital": 0.1}, "cost_of_capital belongs to a demand_profile"),
        ({"price_decline": 0.1}, "price_decline belongs to a demand_profile"),
        (
            {"limits": Limits(cvar=0.9)},
            "limits.cvar weighs scenarios: give a demand_profile with scenarios",
        ),
        (
            {"limits": Limits(cvar=0.9), "demand_profile": DemandProfile(factors=[1.0, 2.0])},
            "limits.cvar weighs scenarios: give a demand_profile with scenarios",
        ),
        ({"price_decline": 1.0}, "price_decline = 1.0: must be below 1"),
        ({"cost_of_capital": -0.1}, "cost_of_capital = -0.1: must be at least 0"),
    ],
)
def test_money_over_time_needs_a_profile(given: Mapping[str, Any], words: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        PlanRequest(workloads=(TWO,), **given)
    assert words in str(refused.value)


def test_a_request_file_holds_a_profile() -> None:
    request = PlanRequest.from_toml(
        "cost_of_capital = 0.08\n"
        "[workload]\nkind = 'requirement'\ndemand_per_second = 2\n"
        "throughput_per_second = { 'g6.xlarge' = 1 }\n"
        "[demand_profile]\nfactors = [0.5, 1.5]\nkinds = 2\n",
        "request.toml",
    )
    assert request.demand_profile == DemandProfile(factors=[0.5, 1.5], kinds=2)
    assert request.cost_of_capital == 0.08


@pytest.mark.parametrize(
    ("given", "ties_hours"),
    [
        ({}, False),
        ({"start_up_hours": 0, "min_up_hours": 1}, False),
        ({"start_up_hours": 0.1}, True),
        ({"start_up_hours": "catalogue"}, True),
        ({"min_up_hours": 2}, True),
    ],
)
def test_hours_are_tied_where_starting_or_stopping_takes_time(
    given: Mapping[str, Any], ties_hours: bool
) -> None:
    profile = DemandProfile.from_rates([1.0, 3.0], **given)
    assert profile.ties_hours is ties_hours
    assert DemandProfile.model_validate_json(profile.model_dump_json()) == profile
