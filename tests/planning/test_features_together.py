"""What is planned over time holds together: two features at once, by hand and by both paths."""

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

import pandas as pd
import pytest

from costopt.account.account import Account
from costopt.account.commitments import InstanceCommitment
from costopt.catalog.catalog import Catalog
from costopt.plan.plan import Plan
from costopt.plan.status import PlanStatus
from costopt.planning.optimize_request import optimize
from costopt.planning.pulp_of_plan import to_pulp
from costopt.solve.hours.pulp_model import PulpHours
from costopt.workload.demand_profile import DemandProfile, DemandScenario
from costopt.workload.eligible_usage import EligibleUsage
from costopt.workload.limits import Limits
from costopt.workload.requirement import Requirement
from costopt.workload.training import FineTuneJob

YEAR = 8760.0
FACTORS = [3.0, 1.0, 2.0, 1.0]
"""Instances of g6.xlarge that the service keeps busy in each hour."""

PRICES = {"g6.xlarge/on_demand": 1.0, "g5.xlarge/on_demand": 1.1, "g2-standard-4/on_demand": 1.0,
          "g6.xlarge/spot": 0.5, "g5.xlarge/spot": 0.6, "g2-standard-4/spot": 0.7}  # fmt: skip
"""What an hour costs [USD/h]."""

TERMS = (("reserved", "", 0.7), ("savings_plan", "compute", 0.75),
         ("savings_plan", "ec2_instance", 0.7))  # fmt: skip
"""What an hour of g6.xlarge costs under a term of a year [USD/h]."""

UNITS = {"vcpu": 0.05, "memory_gib": 0.01, "L4": 0.64}
"""A g2-standard-4 has 4 vCPUs, 16 GiB and one L4: 0.20 + 0.16 + 0.64 = 1 $/h."""

Asked = Mapping[str, Any]


@pytest.fixture(scope="module")
def catalog(bundled: Catalog) -> Catalog:
    """Three types by the hour; terms of one of them, committed amounts of another."""
    found = bundled.filter(
        regions=["us-east-1", "us-central1"],
        instance_types=["g6.xlarge", "g5.xlarge", "g2-standard-4"],
        purchase_options=["on_demand", "spot"],
    )
    name = found.offers["instance_type"] + "/" + found.offers["purchase_option"]
    listed = found.offers.assign(
        recurring_per_hour=name.map(PRICES), effective_per_hour=name.map(PRICES)
    )
    sold = listed[name == "g6.xlarge/on_demand"]
    terms = [
        sold.assign(purchase_option=option, kind=kind, term_years=1.0, term_hours=YEAR,
                    payment="no", recurring_per_hour=price, effective_per_hour=price)
        for option, kind, price in TERMS
    ]  # fmt: skip
    joined = pd.concat([listed, *terms], ignore_index=True)
    units = [
        {"provider": "gcp", "region": "us-central1", "instance_types": "g2-standard-*",
         "resource": resource, "purchase_option": "committed_use" if term else "on_demand",
         "term_years": term, "price_per_unit_hour": price * (0.3 if term else 1.0),
         "currency": "USD", "source": "made by hand", "as_of": "2026-11-01", "note": ""}
        for resource, price in UNITS.items()
        for term in (None, 1.0)
    ]  # fmt: skip
    typed = joined.astype(found.offers.dtypes.to_dict())
    return found.with_offers(typed).with_components(pd.DataFrame(units))


def serving(**given: Any) -> Requirement:
    """Work that one instance of any type does one unit a second of."""
    rates = dict.fromkeys(("g6.xlarge", "g5.xlarge", "g2-standard-4"), 1.0)
    return Requirement(name="serving", demand_per_second=1.0, throughput_per_second=rates, **given)


def tuning(**given: Any) -> FineTuneJob:
    """A fine-tune of some hours."""
    return FineTuneJob(name="tuning", model="meta-llama/Llama-3.1-8B-Instruct", method="qlora",
                       tokens=2e7, sequence_length=1024, deadline_hours=4.0, **given)  # fmt: skip


def others(*instances: int) -> EligibleUsage:
    return EligibleUsage(name="web", provider="aws", region="us-east-1",
                         instance_type="g6.xlarge", instances=instances)  # fmt: skip


def web(*charges: float) -> EligibleUsage:
    return EligibleUsage(name="money", provider="aws", on_demand_per_hour=charges,
                         discount_fraction=0.4)  # fmt: skip


def owning(count: int) -> Account:
    mine = InstanceCommitment(name="own", key="aws/us-east-1/g6.xlarge", kind="reserved",
                              count=count, expires="2030-12-31")  # fmt: skip
    return Account(as_of="2026-11-01", commitments=(mine,))


FLEET = [("aws", "us-east-1", "", name, "on_demand", 1) for name in ("g5.xlarge", "g6.xlarge")]

FEATURES: Mapping[str, Asked] = {
    "starts": {"profile": {"start_up_hours": 0.5}},
    "fleet": {"current_fleet": FLEET, "switching_cost": 20.0},
    "plans_of_money": {"options": ("savings_plan",)},
    "gang": {"workloads": (tuning(),)},
    "other_instances": {"eligible_usage": (others(0, 2, 1, 2),), "options": ("reserved",)},
    "scenarios": {"scenarios": ([1.0, 0.5, 1.0, 1.0], [1.5, 2.0, 1.0, 1.0]),
                  "limits": {"cvar": 0.5}},
    "losses": {"own": {"survive_pool_losses": 1, "served_after_loss": 0.5}, "options": ("spot",)},
    "amounts": {"options": ("committed_use",)},
    "min_up": {"profile": {"min_up_hours": 2}},
    "other_money": {"eligible_usage": (web(0.5, 1.5, 0.0, 1.0),), "options": ("savings_plan",)},
    "quota": {"limits": {"quota": {"g6.xlarge": 2}}},
    "owned": {"account": owning(1)},
    "pools": {"own": {"min_pools": 2}, "options": ("spot",)},
    "nodes": {"workloads": (Requirement(name="nodes", nodes=1, accelerator_types=("L4",)),)},
    "money": {"cost_of_capital": 0.1, "price_decline": 0.15},
    "budget": {"limits": {"budget": 22_000.0}},
    "reserved": {"options": ("reserved",)},
    "types": {"limits": {"max_distinct_types": 1}},
}  # fmt: skip
"""What each feature adds to a request."""


def joined(first: dict[str, Any], second: Asked) -> dict[str, Any]:
    """Both together: texts and tables side by side."""
    both = dict(first)
    for name, value in second.items():
        if isinstance(value, dict):
            both[name] = {**both.get(name, {}), **value}
        elif isinstance(value, tuple):
            both[name] = (*both.get(name, ()), *value)
        else:
            both[name] = value
    return both


def request_of(names: Sequence[str]) -> tuple[list[Any], dict[str, Any]]:
    """Return the workloads and what else is asked with some features."""
    nothing: dict[str, Any] = {}
    asked = reduce(joined, (FEATURES[name] for name in names), nothing)
    courses = asked.pop("scenarios", None)
    profile: dict[str, Any] = asked.pop("profile", {})
    if courses is None:
        profile["factors"] = FACTORS
    else:
        profile["scenarios"] = [
            DemandScenario(name=f"course {number}", probability=0.5,
                           factors=[a * b for a, b in zip(course, FACTORS, strict=True)])
            for number, course in enumerate(courses)
        ]  # fmt: skip
    options = tuple(dict.fromkeys(("on_demand", *asked.pop("options", ()))))
    own = Limits(**asked.pop("own", {}))
    beside = asked.pop("workloads", ())
    limits = Limits(purchase_options=options, **asked.pop("limits", {}))
    return [serving(limits=own), *beside], {
        "limits": limits, "demand_profile": DemandProfile(**profile), "horizon_hours": YEAR,
        "gap": 1e-4, **asked,
    }  # fmt: skip


def planned(catalog: Catalog, *names: str) -> Plan:
    workloads, asked = request_of(names)
    return optimize(workloads, catalog, **asked)


def objective_of(plan: Plan) -> float:
    """What was minimised, the way from what ran before included."""
    assert plan.schedule is not None
    return plan.schedule.objective + plan.switching_cost


PAIRS = [
    ("fleet", "plans_of_money"),
    ("gang", "other_instances"),
    ("gang", "starts"),
    ("starts", "amounts"),
    ("budget", "reserved"),
    ("nodes", "types"),
    ("scenarios", "losses"),
    ("other_money", "quota"),
    ("min_up", "owned"),
    ("pools", "money"),
    ("other_instances", "fleet"),
    ("amounts", "scenarios"),
]
"""Those that once failed, and such that each feature stands in one."""


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_two_features_at_once_cost_the_same_by_both_paths(
    first: str, second: str, catalog: Catalog
) -> None:
    plan = planned(catalog, first, second)
    written = to_pulp(plan)
    assert isinstance(written, PulpHours)
    answer = written.solve(gap=1e-6)
    least = written.model.objective.value()
    assert plan.bound is not None
    assert plan.status is PlanStatus.OPTIMAL_WITHIN_GAP
    assert answer.status is PlanStatus.OPTIMAL_WITHIN_GAP
    assert plan.bound * plan.horizon_hours <= least * (1 + 1e-6)
    assert least * (1 - 1e-6) <= objective_of(plan) <= least * (1 + 2e-4)
    assert Plan.from_json(plan.to_json()) == plan


def test_every_feature_stands_in_a_pair() -> None:
    assert {name for pair in PAIRS for name in pair} == set(FEATURES)


def test_a_gang_loses_work_with_a_start_and_is_charged_nothing_for_it(catalog: Catalog) -> None:
    plan = planned(catalog, "gang", "starts")
    assert plan.schedule is not None
    lines = [line.workload for line in plan.lines]
    paid = dict.fromkeys(lines, 0.0)
    for line in plan.lines:
        paid[line.workload] += line.line_cost_total
    ran = sum(hour.hours * hour.counts[lines.index("tuning")] for hour in plan.schedule.hours)
    # An hour of a gang's instance is 1 $, whether it starts in it or not.
    assert paid["tuning"] == pytest.approx(ran * 1.0)
    # 3, 1, 2, 1 instances: two start before the first hour and one before the third, half an
    # hour each, in every four hours.
    assert plan.schedule.starts_cost == pytest.approx(3 * 0.5 * YEAR / 4)
    assert paid["serving"] == pytest.approx((7 + 3 * 0.5) * YEAR / 4)


def test_a_plan_over_time_from_a_fleet_is_held_against_stress(catalog: Catalog) -> None:
    plan = planned(catalog, "fleet")
    told = str(plan.stress())
    assert "throughput -10.0 %" in told
    assert "mended for" in told


def test_commitments_for_others_alone_stand_beside_a_plan_that_costs_nothing(
    catalog: Catalog,
) -> None:
    """Three owned instances serve every hour; the plan of money is bought for other teams."""
    workloads, asked = request_of(("other_money", "owned"))
    asked |= {"account": owning(3), "eligible_usage": (web(1.0, 1.0, 1.0, 1.0),)}
    plan = optimize(workloads, catalog, **asked)
    assert plan.cost_total == 0
    assert plan.schedule is not None
    # 1 $/h at a discount of 0.4 draws 0.6 $/h.
    assert [one.spend_per_hour for one in plan.schedule.tranches] == [pytest.approx(0.6)]
    (alone,) = plan.baselines
    assert (alone.difference, alone.difference_fraction) == (0.0, None)


def test_to_pulp_keeps_the_budget_of_a_plan_over_time(catalog: Catalog) -> None:
    # 7 instance-hours in four at 1 $/h are 15,330 $ a year; with one or two reserved it is less.
    workloads, asked = request_of(("reserved",))
    asked["limits"] = asked["limits"].model_copy(update={"budget": 10_000.0})
    plan = optimize(workloads, catalog, **asked)
    assert plan.status is PlanStatus.INFEASIBLE
    assert to_pulp(plan).solve(gap=1e-6).status is PlanStatus.INFEASIBLE


def test_what_equal_nodes_run_on_is_a_type_that_services_may_use(catalog: Catalog) -> None:
    """Nodes need an L4, so with one type the service runs on it too, and not on the A10G."""
    rates = {"g6.xlarge": 0.5, "g5.xlarge": 1.0}
    work = Requirement(name="serving", demand_per_second=1.0, throughput_per_second=rates)
    workloads, asked = request_of(("nodes",))
    asked["limits"] = asked["limits"].model_copy(update={"max_distinct_types": 1})
    cheaper = catalog.with_prices(prices_per_hour={"aws/us-east-1/g5.xlarge/on_demand": 0.9})
    plan = optimize([work, *workloads[1:]], cheaper, **asked)
    assert {line.offer.instance_type for line in plan.lines} == {"g6.xlarge"}
    # 6 + 2 + 4 + 2 instance-hours of the service and 4 of the node, in every four hours.
    assert plan.cost_total == pytest.approx(18 * YEAR / 4)


def test_nodes_that_change_who_pays_for_them_do_not_start(catalog: Catalog) -> None:
    """On reserved instances in one hour and by the hour in another: it runs all the same."""
    plan = planned(catalog, "nodes", "reserved", "starts")
    assert plan.status is PlanStatus.OPTIMAL_WITHIN_GAP
    assert plan.bound is not None
    assert objective_of(plan) == pytest.approx(plan.bound * YEAR, rel=2e-4)


def test_money_for_others_is_committed_up_to_the_budget(catalog: Catalog) -> None:
    """Owned instances serve all; others charge 2.5 $/h in 3 of 4 hours, at 0.6 under a plan.

    1.5 $/h would be used in 3/4 of the hours, above 0.6, and cost 13,140 $. The budget leaves
    10,000 $, which take 3/4 x 10,000 / 0.6 = 12,500 $ off the 3/4 x 2.5 x 8,760 = 16,425 $.
    """
    workloads, asked = request_of(("other_money", "owned", "budget"))
    asked |= {"account": owning(3), "eligible_usage": (web(2.5, 0.0, 2.5, 2.5),)}
    asked["limits"] = asked["limits"].model_copy(update={"budget": 10_000.0})
    plan = optimize(workloads, catalog, **asked)
    assert plan.status is PlanStatus.OPTIMAL_WITHIN_GAP
    assert objective_of(plan) == pytest.approx(10_000 + 16_425 - 12_500, rel=1e-4)
