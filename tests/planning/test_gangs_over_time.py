"""Training and plain nodes beside services in a plan over time: by hand, by the public names."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from costopt.candidate.find import all_candidates
from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.evaluate.check import evaluate_plan
from costopt.explain.commitment_worth import commitment_worths
from costopt.explain.stress_cases import Case
from costopt.explain.stress_over_time import standing_in_hours
from costopt.plan.plan import Plan
from costopt.plan.schedule import Schedule
from costopt.plan.status import PlanStatus
from costopt.planning import other_commitments
from costopt.planning.optimize_request import optimize
from costopt.workload.demand_profile import DemandProfile
from costopt.workload.limits import Limits
from costopt.workload.request import AnyWorkload, PlanRequest
from costopt.workload.requirement import Requirement
from costopt.workload.training import FineTuneJob

YEAR = 8760.0
RESERVED = Limits(purchase_options=("on_demand", "reserved"))
DAY = DemandProfile(factors=[3.0] * 12 + [1.0] * 12)
"""Three instances by day, one by night: two of three reserved ones idle for twelve hours."""

SHORT = DemandProfile(factors=[3.0] * 4 + [1.0] * 4)
"""The same in eight hours. A start takes 0.2 h; checkpoints of adapters take seconds."""

Tuning = Callable[..., FineTuneJob]


@pytest.fixture(scope="module")
def catalog(bundled: Catalog) -> Catalog:
    """One type at 1 $/h, or 0.4 $/h where it is reserved for a year."""
    found = bundled.filter(
        providers=["aws"],
        regions=["us-east-1"],
        instance_types=["g6.xlarge"],
        purchase_options=["on_demand"],
    )
    listed = found.offers.assign(recurring_per_hour=1.0, effective_per_hour=1.0)
    term = listed.assign(purchase_option="reserved", term_years=1.0, term_hours=YEAR,
                         payment="no", recurring_per_hour=0.4, effective_per_hour=0.4)  # fmt: skip
    joined = pd.concat([listed, term], ignore_index=True)
    return found.with_offers(joined.astype(found.offers.dtypes.to_dict()))


def sized(tokens: float, **given: Any) -> FineTuneJob:
    return FineTuneJob(name="tuning", model="meta-llama/Llama-3.1-8B-Instruct", method="qlora",
                       tokens=tokens, sequence_length=1024,
                       **{"deadline_hours": 24.0, **given})  # fmt: skip


@pytest.fixture(scope="module")
def tuning(catalog: Catalog) -> Tuning:
    """A job of so many hours of work of one instance."""
    one = optimize(sized(1e6), catalog, limits=Limits(purchase_options=("on_demand",)))
    assert [line.count for line in one.lines] == [1]
    speed = one.lines[0].rate_per_instance or 0.0

    def lasting(hours: float, **given: Any) -> FineTuneJob:
        return sized(speed * 3600 * hours, **given)

    return lasting


def serving() -> Requirement:
    """Work that one instance does one unit a second of."""
    return Requirement(
        name="serving", demand_per_second=1.0, throughput_per_second={"g6.xlarge": 1.0}
    )


def planned(catalog: Catalog, *beside: AnyWorkload, **given: Any) -> Plan:
    asked: dict[str, Any] = {"limits": RESERVED, "demand_profile": DAY, **given}
    return optimize([serving(), *beside], catalog, **asked)


@pytest.fixture(scope="module")
def night(catalog: Catalog, tuning: Tuning) -> Plan:
    """Serving, and a job of 3.5 hours of work: four hours in one run."""
    return planned(catalog, tuning(3.5)).require()


def schedule_of(plan: Plan) -> Schedule:
    assert plan.schedule is not None
    return plan.schedule


def test_training_where_no_type_has_software_is_refused_in_words(bundled: Catalog) -> None:
    job = sized(1e6, limits=Limits(providers="aws", families="c7i"))
    (reason,) = optimize(job, bundled).unanswered_because
    assert reason.startswith("tuning: no offer within the limits can run it: without software")


def test_training_beside_a_profile_takes_no_spot(bundled: Catalog, tuning: Tuning) -> None:
    both = bundled.filter(providers=["aws"], regions=["us-east-1"], instance_types=["g6.xlarge"])
    only_spot = tuning(3.5, limits=Limits(purchase_options=("spot",)))
    either = Limits(purchase_options=("on_demand", "spot"))
    assert planned(both, only_spot, limits=either).unanswered_because == (
        "nothing that the limits allow runs tuning on firm capacity",
    )


def running(plan: Plan, workload: str) -> list[int]:
    """Instances that run for a workload in each hour of the day."""
    rows = [row for row, line in enumerate(plan.lines) if line.workload == workload]
    schedule = schedule_of(plan)
    return [
        sum(schedule.hours[kind].counts[row] for row in rows) for kind in schedule.kind_of_hour[0]
    ]


def test_a_fine_tune_in_the_trough_of_reserved_instances_costs_nothing_beside(
    catalog: Catalog, night: Plan
) -> None:
    # 0.4 is below the half of the hours that the second and third run: three are reserved.
    alone = planned(catalog).require()
    assert night.cost_total == pytest.approx(3 * 0.4 * YEAR)
    assert alone.cost_total == pytest.approx(3 * 0.4 * YEAR)
    hours = running(night, "tuning")
    assert hours[:12] == [0] * 12
    # One run of 4 h leaves 3.8 h of work, of which 3.5 are needed.
    assert sum(hours) == 4
    first = hours.index(1)
    assert hours[first : first + 4] == [1] * 4
    (tranche,) = schedule_of(night).tranches
    # 3 x 12 + 1 x 12 = 48 instance-hours of serving and 4 of the job, of 72 in a day.
    assert tranche.utilisation == pytest.approx((48 + 4) / 72)


def test_a_job_in_gangs_tells_its_run_and_its_hours(night: Plan, tuning: Tuning) -> None:
    outcome = next(one for one in night.outcomes if one.workload == "tuning")
    assert outcome.duration_hours == 24 - running(night, "tuning")[::-1].index(1)
    assert outcome.unit == "run"
    # 4 of 52 instance-hours on three reserved instances, 365 times a year.
    assert outcome.cost_per_unit == pytest.approx(3 * 0.4 * 24 * 4 / 52)
    line = next(line for line in night.lines if line.workload == "tuning")
    assert (line.count, line.layout.nodes_per_gang, line.rate_unit) == (1, 1, "tokens/s")
    assert "tuning comes again every 24 h and works in hours" in " ".join(str(night).split())


def test_a_job_due_by_day_pays_by_the_hour_for_one_start(catalog: Catalog, tuning: Tuning) -> None:
    # 3.5 h before noon: 4 whole hours a day at 1 $, in one run; two runs would take 3.9 h.
    plan = planned(catalog, tuning(3.79, deadline_hours=12.0)).require()
    assert plan.cost_total == pytest.approx((3 * 0.4 * 24 + 4) * 365)
    (first, *_) = [hour for hour, count in enumerate(running(plan, "tuning")) if count]
    assert running(plan, "tuning")[first : first + 4] == [1] * 4


def test_a_deadline_beyond_the_round_is_its_end(catalog: Catalog, tuning: Tuning) -> None:
    job = tuning(3.5, deadline_hours=400.0)
    plan = planned(catalog, job, demand_profile=SHORT).require()
    assert plan.cost_total == pytest.approx(3 * 0.4 * YEAR)
    # Four instance-hours on what idles after the fourth hour: one gang of one, or of two.
    hours = running(plan, "tuning")
    assert hours[:4] == [0] * 4
    assert sum(hours) == 4


def test_a_quota_counts_gangs_and_services_together(catalog: Catalog, tuning: Tuning) -> None:
    limits = RESERVED.model_copy(update={"quota": {"g6.xlarge": 3}})
    plan = planned(catalog, tuning(11.0), limits=limits).require()
    together = zip(running(plan, "serving"), running(plan, "tuning"), strict=True)
    assert max(map(sum, together)) == 3
    late = planned(catalog, tuning(30.0), limits=limits)
    assert late.status is PlanStatus.INFEASIBLE
    assert "tuning" in late.unanswered_because[0]


def with_counts(plan: Plan, changed: dict[int, int], workload: str = "tuning") -> Plan:
    """Change the instances of a workload in some hours of a plan."""
    row = next(row for row, line in enumerate(plan.lines) if line.workload == workload)
    schedule = schedule_of(plan)
    hours = list(schedule.hours)
    for number, count in changed.items():
        counts, routing = list(hours[number].counts), list(hours[number].routing)
        counts[row], routing[row] = count, (1.0,) if count else ()
        update = {"counts": tuple(counts), "routing": tuple(routing)}
        hours[number] = hours[number].model_copy(update=update)
    return plan.model_copy(
        update={"schedule": schedule.model_copy(update={"hours": tuple(hours)})}
    )


def broken(plan: Plan, catalog: Catalog) -> str:
    return "\n".join(evaluate_plan(plan, catalog).violations)


def test_a_run_that_is_split_does_not_do_the_work(catalog: Catalog, tuning: Tuning) -> None:
    job = tuning(3.75)
    plan = planned(catalog, job).require()
    assert broken(plan, catalog) == ""
    hours = [hour for hour, count in enumerate(running(plan, "tuning")) if count]
    assert hours == list(range(hours[0], hours[0] + 4))
    free = [hour for hour in range(12, 24) if hour not in (*hours, hours[0] - 1, hours[-1] + 1)]
    # Four hours in two runs leave 4 - 2 x 0.2 = 3.6 h of work, 3.75 are needed.
    told = broken(with_counts(plan, {hours[-1]: 0, free[0]: 1}), catalog)
    done = f"{job.total_tokens * 3.6 / 3.75:,.3g}"
    assert "done by hour 24 in scenario expected" in told
    assert done[:3] in told


def test_two_instances_of_a_gang_of_one_are_found(catalog: Catalog, night: Plan) -> None:
    hour = running(night, "tuning").index(1)
    told = broken(with_counts(night, {hour: 2}), catalog)
    assert f"tuning: 2 instances run in hour {hour}, 1 must at once" in told


def test_plain_nodes_run_in_every_hour_on_what_is_committed(catalog: Catalog) -> None:
    nodes = Requirement(name="nodes", nodes=2, accelerators_per_node=1)
    plan = planned(catalog, nodes).require()
    # Five are in use by day, three by night: all are worth 0.4 $/h for half of the hours.
    assert plan.cost_total == pytest.approx(5 * 0.4 * YEAR)
    kinds = schedule_of(plan).hours
    assert len(kinds) == 2
    assert running(plan, "nodes") == [2] * 24
    told = broken(with_counts(plan, {0: 1}, "nodes"), catalog)
    assert "nodes: 1 instances run in hour 0, 2 must at once" in told


def test_reasons_are_given_beside_jobs_whatever_their_order(
    catalog: Catalog, tuning: Tuning, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(other_commitments, "SEARCH_SECONDS", 60.0)
    nodes = Requirement(name="nodes", nodes=1)
    plan = optimize([tuning(3.5), nodes, serving()], catalog, limits=RESERVED,
                    demand_profile=SHORT).require()  # fmt: skip
    (worth,) = commitment_worths(plan, all_candidates(plan.request, catalog), catalog)
    # Four are reserved. A fifth would idle all the year; without the fourth, 4 h of 8 run on
    # demand: 4 x 1 - 8 x 0.4 = 0.8, 1,095 times a year.
    assert worth.more == pytest.approx(0.4 * YEAR)
    assert worth.less == pytest.approx(0.8 * 1095)


def test_a_plan_with_gangs_is_stressed_by_the_hour(catalog: Catalog, night: Plan) -> None:
    hours = schedule_of(night)
    assert standing_in_hours(night, hours, Case(), catalog).broken == ()
    # 3.5 h of work become 3.85 at ten per cent more; one run of four hours does 3.8.
    more = standing_in_hours(night, hours, Case(demand_factor=1.1), catalog)
    assert any("tuning" in text and "done by hour 24" in text for text in more.broken)


def test_the_fleets_of_a_plan_are_told_at_the_demand_of_services(catalog: Catalog) -> None:
    plan = planned(catalog, Requirement(name="nodes", nodes=2)).require()
    assert "at the highest demand (3.00): 5 x g6.xlarge" in str(plan)


def test_plain_nodes_beside_many_kinds_of_hours_are_refused(catalog: Catalog) -> None:
    nodes = Requirement(name="nodes", nodes=2)
    longer = DemandProfile(factors=[1 + hour / 1000 for hour in range(337)])
    with pytest.raises(InvalidInputError, match="beside nodes without a demand at most 336"):
        planned(catalog, nodes, demand_profile=longer)
    fewer = longer.model_copy(update={"kinds": 4})
    assert planned(catalog, nodes, demand_profile=fewer, limits=Limits()).has_answer


def test_nodes_without_room_are_said_to_be_missing_in_some_hour(catalog: Catalog) -> None:
    limits = Limits(purchase_options=("on_demand",), quota={"g6.xlarge": 3, "g6e.xlarge": 0})
    limits = limits.model_copy(update={"instance_types": ("g6.xlarge", "g6e.xlarge")})
    plan = planned(catalog, Requirement(name="nodes", nodes=2), limits=limits)
    assert plan.unanswered_because == (
        "nodes: not there in every hour within the limits, beside what the services need; allow "
        "a higher quota",
    )


def test_jobs_and_nodes_alone_follow_no_profile(catalog: Catalog, tuning: Tuning) -> None:
    with pytest.raises(InvalidInputError, match="no service is given"):
        optimize([tuning(2.0), Requirement()], catalog, demand_profile=DAY)


def test_a_gang_beside_a_profile_is_written_in_toml(catalog: Catalog) -> None:
    request = PlanRequest.from_toml(
        """
        [[workload]]
        kind = "requirement"
        name = "serving"
        demand_per_second = 1.0
        throughput_per_second = { "g6.xlarge" = 1.0 }

        [[workload]]
        kind = "fine_tune"
        name = "tuning"
        model = "meta-llama/Llama-3.1-8B-Instruct"
        method = "qlora"
        tokens = 1_000_000.0
        sequence_length = 1024
        deadline_hours = 24.0

        [limits]
        purchase_options = ["on_demand"]

        [demand_profile]
        factors = [1.0, 0.5, 1.0]
        """,
        "plan.toml",
    )
    plan = optimize(request.workloads, catalog, limits=request.limits,
                    demand_profile=request.demand_profile).require()  # fmt: skip
    assert sum(running(plan, "tuning")) >= 1
