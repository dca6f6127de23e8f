"""Starts and minimum-up times in plans over time: by hand, through the public names."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import pytest

from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.plan.plan import Plan
from costopt.plan.schedule import Schedule
from costopt.planning.optimize_request import optimize
from costopt.workload.batch import BatchInference
from costopt.workload.demand_profile import DemandProfile, DemandScenario
from costopt.workload.limits import Limits
from costopt.workload.requirement import Requirement
from costopt.workload.traffic import RequestSize

YEAR = 8760.0
ON_AND_OFF = (2.0, 2.0, 1.0, 1.0)
"""A second instance for two hours, and none for two hours."""

ON_DEMAND = Limits(purchase_options=("on_demand",))


@pytest.fixture(scope="module")
def catalog(bundled: Catalog) -> Catalog:
    """One type at 1 $/h, 0.4 $/h reserved for a year, 0.5 $/h under a plan of money for a year."""
    found = bundled.filter(
        providers=["aws"],
        regions=["us-east-1"],
        instance_types=["g6.xlarge"],
        purchase_options=["on_demand"],
    )
    listed = found.offers.assign(recurring_per_hour=1.0, effective_per_hour=1.0)
    term = listed.assign(term_years=1.0, term_hours=YEAR, payment="no")
    offers = [
        listed,
        term.assign(purchase_option="reserved", recurring_per_hour=0.4, effective_per_hour=0.4),
        term.assign(purchase_option="savings_plan", kind="compute", recurring_per_hour=0.5,
                    effective_per_hour=0.5),
    ]  # fmt: skip
    joined = pd.concat(offers, ignore_index=True)
    return found.with_offers(joined.astype(found.offers.dtypes.to_dict()))


def serving(name: str = "serving") -> Requirement:
    """Work that one instance does one unit a second of."""
    return Requirement(name=name, demand_per_second=1.0, throughput_per_second={"g6.xlarge": 1.0})


def planned(
    catalog: Catalog,
    factors: Sequence[float] = ON_AND_OFF,
    limits: Limits = ON_DEMAND,
    **profile: Any,
) -> Plan:
    """Plan over as many rounds of the profile as make a horizon of whole rounds."""
    horizon = YEAR if len(limits.options) > 1 else 100.0 * len(factors)
    return optimize(
        serving(),
        catalog,
        limits=limits,
        horizon_hours=horizon,
        gap=0.0,
        demand_profile=DemandProfile(factors=factors, **profile),
    ).require()


def schedule_of(plan: Plan) -> Schedule:
    assert plan.schedule is not None
    return plan.schedule


def running(plan: Plan, option: str = "on_demand") -> list[int]:
    """Instances that run in each hour of the profile, paid in one way."""
    rows = [row for row, line in enumerate(plan.lines) if line.offer.purchase_option == option]
    schedule = schedule_of(plan)
    return [
        sum(schedule.hours[number].counts[row] for row in rows)
        for number in schedule.kind_of_hour[0]
    ]


@pytest.mark.parametrize(
    ("start_up", "counts", "cost"),
    [
        (0.5, [2, 2, 1, 1], 2 + 2 + 1 + 1 + 0.5),
        (1.9, [2, 2, 1, 1], 2 + 2 + 1 + 1 + 1.9),
        (2.1, [2, 2, 2, 2], 8.0),
    ],
)
def test_an_instance_is_stopped_for_two_hours_if_starting_takes_less(
    catalog: Catalog, start_up: float, counts: list[int], cost: float
) -> None:
    """Two hours off save $2; a start is charged as long as it takes, at $1/h. 100 rounds."""
    plan = planned(catalog, start_up_hours=start_up)
    assert running(plan) == counts
    assert plan.cost_total == pytest.approx(100 * cost)
    assert schedule_of(plan).objective == pytest.approx(100 * cost)
    assert sum(line.line_cost_total for line in plan.lines) == pytest.approx(100 * cost)
    assert plan.bound == pytest.approx(cost / 4)


def test_starts_are_told_with_what_they_cost(catalog: Catalog) -> None:
    plan = planned(catalog, start_up_hours=0.5)
    schedule = schedule_of(plan)
    assert schedule.starts_cost == pytest.approx(50.0)
    frame = schedule.to_frame()
    assert frame["starts 0"].tolist() == [1, 0, 0, 0]
    assert frame["paid_per_hour"].tolist() == [2.5, 2.0, 1.0, 1.0]
    assert "1 start in every 4 h, charged $50.00 over 16.7 days" in str(plan)


def test_without_a_figure_the_catalogue_says_how_long_starting_takes(catalog: Catalog) -> None:
    """0.2 h from request to ready on firm capacity."""
    plan = planned(catalog, start_up_hours="catalogue")
    assert schedule_of(plan).starts_cost == pytest.approx(100 * 0.2)


def test_an_instance_runs_as_long_as_it_must_once_started(catalog: Catalog) -> None:
    """One hour of demand in four, and three at least: 1 + 1 + 1 and an idle hour of the second."""
    plan = planned(catalog, [1.0, 2.0, 1.0, 1.0, 1.0], min_up_hours=3)
    assert sorted(running(plan)) == [1, 1, 1, 1, 2]
    alone = planned(catalog, [0.0, 1.0, 0.0, 0.0, 0.0], min_up_hours=3)
    assert running(alone) in ([0, 1, 1, 1, 0], [1, 1, 1, 0, 0], [1, 1, 0, 0, 1])
    assert alone.cost_total == pytest.approx(300.0)
    assert "1 start in every 5 h, what has started runs at least 3 h" in str(alone)


def test_without_starting_time_a_plan_is_that_of_kinds_of_hours(catalog: Catalog) -> None:
    free = planned(catalog)
    asked = planned(catalog, start_up_hours=0, min_up_hours=1)
    assert asked.cost_total == free.cost_total
    assert schedule_of(asked) == schedule_of(free)
    assert "starts" not in str(asked)
    assert not [name for name in schedule_of(asked).to_frame() if str(name).startswith("starts")]


def test_what_is_committed_starts_without_a_charge(catalog: Catalog) -> None:
    """8 of 12 hours at 0.4 / 1 $/h: the second is reserved too, and its starts are paid for."""
    limits = Limits(purchase_options=("on_demand", "reserved"))
    plan = planned(catalog, [2.0] * 8 + [1.0] * 4, limits, start_up_hours=3.0)
    assert running(plan, "reserved") == [2] * 8 + [1] * 4
    assert schedule_of(plan).starts_cost == 0
    assert schedule_of(plan).to_frame()["starts 0"].sum() == 1
    assert plan.cost_total == pytest.approx(2 * 0.4 * YEAR)


def test_a_plan_of_money_pays_for_starts_too(catalog: Catalog) -> None:
    """One instance all day under the plan; the other one's starts on demand stay on demand.

    Half of the time on: 0.5 x $1 on demand costs as much as $0.5 committed. With starts of an
    hour in every day of 24 it is 12 + 1 h on demand, 13 > 12, so $1/h is committed, 2 h of it.
    """
    limits = Limits(purchase_options=("on_demand", "savings_plan"))
    plan = planned(catalog, [2.0] * 12 + [1.0] * 12, limits, start_up_hours=1.0)
    schedule = schedule_of(plan)
    assert sum(one.spend_per_hour or 0.0 for one in schedule.tranches) == pytest.approx(1.0)
    assert plan.cost_total == pytest.approx(YEAR)
    assert schedule.objective == pytest.approx(YEAR)


def test_each_scenario_has_a_round_of_its_own(catalog: Catalog) -> None:
    """On and off twice costs 6.5 twice, or all the same 8 in the other: (13 + 8) / 2 in 8 h."""
    scenarios = [
        DemandScenario(name="moving", probability=0.5, factors=[*ON_AND_OFF, *ON_AND_OFF]),
        DemandScenario(name="even", probability=0.5, factors=[1.0] * 8),
    ]
    plan = optimize(
        serving(),
        catalog,
        limits=ON_DEMAND,
        horizon_hours=80,
        gap=0.0,
        demand_profile=DemandProfile(scenarios=scenarios, start_up_hours=0.5),
    ).require()
    assert schedule_of(plan).cost_by_scenario == pytest.approx((130.0, 80.0))
    assert plan.cost_total == pytest.approx(105.0)


def batch(**given: Any) -> BatchInference:
    size = RequestSize(input_tokens=512, output_tokens=128, share_fraction=1.0)
    return BatchInference(name="nightly", model="meta-llama/Llama-3.1-8B-Instruct",
                          precision="bf16", sizes=(size,), requests=100,
                          **{"deadline_hours": 4.0, **given})  # fmt: skip


def beside(catalog: Catalog, job: BatchInference, **profile: Any) -> Plan:
    limits = Limits(purchase_options=("on_demand",))
    profile = {"factors": ON_AND_OFF, **profile}
    return optimize([serving(), job], catalog, limits=limits, horizon_hours=400.0, gap=0.0,
                    demand_profile=DemandProfile(**profile))  # fmt: skip


def test_the_hours_of_a_job_hold_its_starts_already(catalog: Catalog) -> None:
    """One hour of the job, which its start is part of; serving starts once a round for $0.5."""
    plan = beside(catalog, batch(), start_up_hours=0.5).require()
    assert schedule_of(plan).starts_cost == pytest.approx(50.0)
    assert plan.cost_total == pytest.approx(100 * (6.5 + 1))


def test_what_is_started_for_a_job_runs_as_long_as_it_must(catalog: Catalog) -> None:
    """One hour would do; three at least end by the deadline after three."""
    plan = beside(catalog, batch(deadline_hours=3.0), min_up_hours=3).require()
    mine = [row for row, line in enumerate(plan.lines) if line.workload == "nightly"]
    worked = [sum(hour.counts[row] for row in mine) for hour in schedule_of(plan).hours]
    assert worked == [1, 1, 1, 0]


def test_a_job_due_before_what_is_started_may_stop_is_refused(catalog: Catalog) -> None:
    with pytest.raises(InvalidInputError, match="nightly is due after 4 h, and what is started"):
        beside(catalog, batch(), min_up_hours=5)


def test_starts_of_a_pool_rented_in_groups_are_counted_as_a_whole(bundled: Catalog) -> None:
    """A group of two that takes the place of one of three stops an instance and starts none.

    The program counts two starts then, so what it proves is no bound of the plan; what the same
    costs with free starts of spot is one.
    """
    names = ("g6.xlarge", "g5.xlarge", "g6.2xlarge")
    found = bundled.filter(
        providers=["aws"], regions=["us-east-1"], instance_types=names,
        purchase_options=["on_demand", "spot"],
    )  # fmt: skip
    firm = dict(zip(names, (1.05, 1.3, 1.5), strict=True))
    spot = dict(zip(names, (0.63, 1.04, 1.2), strict=True))
    kind = found.offers["instance_type"]
    is_spot = found.offers["purchase_option"] == "spot"
    price = kind.map(spot).where(is_spot, kind.map(firm))
    listed = found.offers.assign(recurring_per_hour=price, effective_per_hour=price)
    sold = listed[~is_spot]
    under = sold["instance_type"].map(
        {"g6.xlarge": 0.6825, "g5.xlarge": 0.845, "g6.2xlarge": 0.75}
    )
    plans = sold.assign(purchase_option="savings_plan", kind="compute", term_years=1.0,
                        term_hours=YEAR, payment="no", recurring_per_hour=under,
                        effective_per_hour=under)  # fmt: skip
    joined = pd.concat([listed, plans], ignore_index=True)
    catalog = found.with_offers(joined.astype(found.offers.dtypes.to_dict()))
    rates = dict(zip(names, (0.7, 1.0, 1.0), strict=True))
    plan = optimize(
        Requirement(demand_per_second=2.0, throughput_per_second=rates),
        catalog,
        limits=Limits(purchase_options=("on_demand", "spot", "savings_plan"), availability=0.5),
        demand_profile=DemandProfile(factors=(1.0, 1.7, 1.7, 1.0, 3.3, 1.7), start_up_hours=0.2),
    ).require()
    pool = [line.offer.purchase_option for line in plan.lines].index("spot")
    hours = [schedule_of(plan).hours[kind] for kind in schedule_of(plan).kind_of_hour[0]]
    course = [hour.counts[pool] for hour in hours]
    before = [course[-1], *course[:-1]]
    started = [max(now - last, 0) for now, last in zip(course, before, strict=True)]
    assert [hour.starts[pool] for hour in hours] == started
    assert plan.bound is not None
    assert plan.bound * YEAR <= schedule_of(plan).objective
