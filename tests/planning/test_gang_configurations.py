"""Which configurations of gangs are planned with, and what is claimed where some are left out."""

from collections.abc import Mapping

import pandas as pd
import pytest

from costopt.candidate.find import NamedWorkload, all_candidates
from costopt.catalog.catalog import Catalog
from costopt.evaluate.check import evaluate_plan
from costopt.planning import over_time_configurations
from costopt.planning.optimize_request import answer_request
from costopt.planning.over_time_problem import HourlyAssembly, assemble_over_time
from costopt.planning.over_time_work import stands_beside
from costopt.solve.hours.run import solve_hours
from costopt.workload.demand_hours import hours_of
from costopt.workload.demand_profile import DemandProfile
from costopt.workload.limits import Limits
from costopt.workload.request import PlanRequest
from costopt.workload.requirement import Requirement
from costopt.workload.training import FineTuneJob

TYPES = ["g6.xlarge", "g6e.xlarge", "g6e.12xlarge", "p5.4xlarge"]
SAME = 1e-6
"""Relative difference up to which two costs count as equal."""


@pytest.fixture(scope="module")
def few(bundled: Catalog) -> Catalog:
    return bundled.filter(providers=["aws"], regions=["us-east-1", "us-west-2"],
                          instance_types=TYPES)  # fmt: skip


def asked(tokens: float, options: tuple[str, ...]) -> PlanRequest:
    """Two of one type by night and four by day, and a job that many gangs do in time."""
    serving = Requirement(
        name="serving", demand_per_second=1.0, throughput_per_second={"g6e.xlarge": 1.0}
    )
    tuning = FineTuneJob(name="tuning", model="meta-llama/Llama-3.1-8B-Instruct", method="lora",
                         tokens=tokens, sequence_length=1024, deadline_hours=8.0)  # fmt: skip
    return PlanRequest(
        workloads=(serving, tuning),
        limits=Limits(purchase_options=options),
        demand_profile=DemandProfile(factors=[2.0] * 4 + [4.0] * 4),
        gap=0.0,
        time_limit_seconds=30.0,
    )


def assembled(request: PlanRequest, catalog: Catalog, *, all_gangs: bool) -> HourlyAssembly:
    workloads: list[NamedWorkload] = sorted(all_candidates(request, catalog), key=stands_beside)
    hours = hours_of(request, catalog)
    return assemble_over_time(workloads, hours, request, catalog, all_gangs=all_gangs)


def least(assembly: HourlyAssembly) -> float:
    solution = solve_hours(assembly.problem, gap=0.0, time_limit_seconds=30.0)
    assert solution.costs is not None
    return solution.costs.objective


def test_only_the_cheapest_gang_stays_where_nothing_is_shared(few: Catalog) -> None:
    assembly = assembled(asked(3e8, ("on_demand",)), few, all_gangs=False)
    assert not assembly.is_lossy
    assert len(assembly.problem.gangs.size) == 1


def test_leaving_configurations_out_loses_nothing(
    few: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = asked(6e7, ("on_demand", "reserved"))
    fewer = assembled(request, few, all_gangs=False)
    with monkeypatch.context() as patch:
        patch.setattr(over_time_configurations, "_drawn_by_several", _all_drawn)
        every = assembled(request, few, all_gangs=True)
    assert not fewer.is_lossy
    assert len(fewer.problem.gangs.size) < len(every.problem.gangs.size)
    assert least(fewer) == pytest.approx(least(every), rel=SAME)


def _all_drawn(offered: object, rows: "list[int]", service: object) -> object:
    """Pretend that every configuration shares something, so that none is left out."""
    import numpy as np

    return np.ones(len(rows), dtype=np.bool_)


def test_a_bound_with_configurations_left_out_is_that_of_all_others(
    few: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(over_time_configurations, "MOST_CONFIGURATIONS", 1)
    request = asked(3e8, ("on_demand", "reserved"))
    plan = answer_request(request, few)
    alone = answer_request(request.model_copy(update={"workloads": request.workloads[:1]}), few)
    assert plan.bound is not None
    assert alone.cost_per_hour is not None
    assert plan.bound <= alone.cost_per_hour * (1 + SAME)
    assert evaluate_plan(plan, few).violations == ()
    assert plan.gap is not None
    assert plan.gap > 0


def test_a_quota_that_one_configuration_alone_keeps_is_met(
    few: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(over_time_configurations, "MOST_CONFIGURATIONS", 1)
    request = asked(3e8, ("on_demand",))
    quota = {"g6.xlarge": 0, "g6e.xlarge": 4, "g6e.12xlarge": 0, "p5.4xlarge": 1}
    limits = request.limits.model_copy(update={"quota": quota})
    plan = answer_request(request.model_copy(update={"limits": limits}), few).require()
    lines = [line for line in plan.lines if line.workload == "tuning"]
    assert {(line.offer.instance_type, line.count) for line in lines} == {("p5.4xlarge", 1)}


def under_a_plan(
    bundled: Catalog, listed: Mapping[str, float], rates: Mapping[str, float], years: float
) -> Catalog:
    """Types at a price on demand, some of them at a rate under a plan of money [USD/h]."""
    few = bundled.filter(
        providers=["aws"],
        regions=["us-east-1"],
        instance_types=list(listed),
        purchase_options=["on_demand"],
    )
    priced = {f"aws/us-east-1/{name}/on_demand": price for name, price in listed.items()}
    offers = few.with_prices(prices_per_hour=priced).offers
    rate = offers["instance_type"].map(rates)
    of_plan = offers.assign(
        purchase_option="savings_plan", kind="compute", payment="no", upfront=0.0,
        term_years=years, term_hours=years * 8760.0, recurring_per_hour=rate,
        effective_per_hour=rate,
    )[rate.notna()]  # fmt: skip
    joined = pd.concat([offers, of_plan], ignore_index=True)
    return few.with_offers(joined.astype(offers.dtypes.to_dict()))


def beside_nodes() -> PlanRequest:
    """One g5 by day and two by night, and a node of whatever type."""
    serving = Requirement(
        name="serving", demand_per_second=1.0, throughput_per_second={"g5.xlarge": 1.0}
    )
    return PlanRequest(
        workloads=(serving, Requirement(name="nodes", nodes=1)),
        limits=Limits(purchase_options=("on_demand", "savings_plan")),
        demand_profile=DemandProfile(factors=[1.0, 2.0]),
        gap=0.0,
    )


def test_nodes_are_not_chosen_for_a_plan_of_money_that_outlives_the_horizon(
    bundled: Catalog,
) -> None:
    """On g6 three years at 0.5 USD/h are 1.5 for each hour of one; on demand 1.0, on g5 0.7."""
    catalog = under_a_plan(
        bundled, {"g6.xlarge": 1.0, "g5.xlarge": 0.7}, {"g6.xlarge": 0.5}, years=3.0
    )
    plan = answer_request(beside_nodes(), catalog).require()
    nodes = [line.offer.instance_type for line in plan.lines if line.workload == "nodes"]
    assert nodes == ["g5.xlarge"]


def test_nodes_that_others_beat_in_every_way_to_pay_are_left_out(
    bundled: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A g6e is dearer than a g6 on demand and under the plan; g5 is in no plan."""
    catalog = under_a_plan(
        bundled,
        {"g6.xlarge": 1.0, "g6e.xlarge": 1.2, "g5.xlarge": 0.7},
        {"g6.xlarge": 0.5, "g6e.xlarge": 0.6},
        years=1.0,
    )
    fewer = assembled(beside_nodes(), catalog, all_gangs=False)
    monkeypatch.setattr(over_time_configurations, "_unbeaten", lambda sharing: sharing)
    every = assembled(beside_nodes(), catalog, all_gangs=True)
    assert not fewer.is_lossy
    assert [len(one.problem.gangs.size) for one in (fewer, every)] == [2, 3]
    assert least(fewer) == pytest.approx(least(every), rel=SAME)
