"""Jobs beside services in a plan over time: by hand, through the public names."""

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import pytest

from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.evaluate.check import evaluate_plan
from costopt.explain.stress_cases import Case
from costopt.explain.stress_over_time import standing_in_hours
from costopt.plan.plan import Plan
from costopt.plan.schedule import Schedule
from costopt.plan.status import PlanStatus
from costopt.planning.optimize_request import optimize
from costopt.workload.batch import BatchInference
from costopt.workload.demand_profile import DemandProfile
from costopt.workload.limits import Limits
from costopt.workload.requirement import Requirement
from costopt.workload.traffic import RequestSize

YEAR = 8760.0
RESERVED = Limits(purchase_options=("on_demand", "reserved"))
DAY = DemandProfile(factors=[3.0] * 12 + [1.0] * 12)
"""Three instances by day, one by night: 24 instance-hours a day are left on three."""

WORKING_HOURS = 0.8
"""Part of an hour in which an instance works that takes 0.2 h from request to ready [h]."""

Batch = Callable[..., BatchInference]


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


def sized(requests: int, **given: Any) -> BatchInference:
    size = RequestSize(input_tokens=512, output_tokens=128, share_fraction=1.0)
    return BatchInference(name="nightly", model="meta-llama/Llama-3.1-8B-Instruct",
                          precision="bf16", sizes=(size,), requests=requests,
                          **{"deadline_hours": 24.0, **given})  # fmt: skip


@pytest.fixture(scope="module")
def batch(catalog: Catalog) -> Batch:
    """A batch that takes so many hours of one instance, starts included."""
    one = optimize(sized(1000), catalog, limits=Limits(purchase_options=("on_demand",)))
    speed = one.lines[0].rate_per_instance or 0.0

    def lasting(hours: float, **given: Any) -> BatchInference:
        return sized(int(speed * 3600 * WORKING_HOURS * hours), **given)

    return lasting


def serving(name: str = "serving") -> Requirement:
    """Work that one instance does one unit a second of."""
    return Requirement(name=name, demand_per_second=1.0, throughput_per_second={"g6.xlarge": 1.0})


def planned(catalog: Catalog, *jobs: BatchInference, **given: Any) -> Plan:
    asked: Mapping[str, Any] = {"limits": RESERVED, "demand_profile": DAY, **given}
    return optimize([serving(), *jobs], catalog, **asked)


@pytest.fixture(scope="module")
def night(catalog: Catalog, batch: Batch) -> Plan:
    """Serving, and a job of 20 instance-hours."""
    return planned(catalog, batch(19.5)).require()


def schedule_of(plan: Plan) -> Schedule:
    assert plan.schedule is not None
    return plan.schedule


def running(plan: Plan, workload: str) -> list[int]:
    """Instances that run for a workload in each hour of the day."""
    rows = [row for row, line in enumerate(plan.lines) if line.workload == workload]
    schedule = schedule_of(plan)
    return [
        sum(schedule.hours[kind].counts[row] for row in rows) for kind in schedule.kind_of_hour[0]
    ]


def test_a_job_fills_the_night_of_reserved_instances_at_no_cost(
    catalog: Catalog, night: Plan
) -> None:
    # 0.4 is below the half of the hours that the second and third run: three are reserved.
    alone = planned(catalog).require()
    both = night
    assert alone.cost_total == pytest.approx(3 * 0.4 * YEAR)
    assert both.cost_total == pytest.approx(alone.cost_total)
    assert {line.offer.purchase_option for line in both.lines} == {"reserved"}
    hours = running(both, "nightly")
    assert hours[:12] == [0] * 12
    assert max(hours) == 2
    assert sum(hours) == 20
    (tranche,) = schedule_of(both).tranches
    # 3 x 12 + 1 x 12 = 48 instance-hours of serving and 20 of the job, of 72 in a day.
    assert tranche.utilisation == pytest.approx((48 + 20) / 72)


def test_what_does_not_fit_into_the_night_is_rented_by_the_hour(
    catalog: Catalog, batch: Batch
) -> None:
    # 30 hours: 24 are idle, 6 are rented at 1 $/h; a fourth reserved one would cost 9.6 a day.
    plan = planned(catalog, batch(29.5)).require()
    assert plan.cost_total == pytest.approx((3 * 0.4 * 24 + 6) * 365)
    assert sum(running(plan, "nightly")) == 30
    outcome = next(one for one in plan.outcomes if one.workload == "nightly")
    assert outcome.duration_hours == 24


def test_a_job_due_by_day_pays_for_itself(catalog: Catalog, batch: Batch) -> None:
    # 10 hours before noon: by the hour 10 a day, on a reserved one of its own 9.6.
    plan = planned(catalog, batch(9.5, deadline_hours=12.0)).require()
    assert plan.cost_total == pytest.approx(4 * 0.4 * YEAR)
    assert running(plan, "nightly")[12:] == [0] * 12


def test_a_schedule_says_when_a_job_runs(night: Plan) -> None:
    frame = schedule_of(night).to_frame()
    paces = frame["demand_factor nightly"]
    hours = running(night, "nightly")
    # The pace is the work of the hour over that of an even pace: its mean is 1.
    assert paces.mean() == pytest.approx(1.0)
    assert paces.tolist() == pytest.approx([24 * count / sum(hours) for count in hours])
    assert "nightly comes again every 24 h and works in hours 1" in " ".join(str(night).split())


def test_a_job_pays_its_part_of_what_it_runs_on(catalog: Catalog, batch: Batch) -> None:
    job = batch(23.9)
    plan = planned(catalog, job).require()
    served, worked = (one.cost_total for one in plan.outcomes)
    # 48 instance-hours of serving and 24 of the job share three reserved instances.
    assert [served, worked] == pytest.approx([2 * 0.4 * YEAR, 0.4 * YEAR])
    # 512 + 128 tokens a request, 365 times.
    tokens = (job.requests or 0) * 640 * 365 / 1e6
    nightly = plan.outcomes[1]
    assert nightly.cost_per_unit == pytest.approx(0.4 * YEAR / tokens)


def test_a_quota_counts_jobs_and_services_together(catalog: Catalog, batch: Batch) -> None:
    limits = RESERVED.model_copy(update={"quota": {"g6.xlarge": 3}})
    plan = planned(catalog, batch(23.5), limits=limits).require()
    together = zip(running(plan, "serving"), running(plan, "nightly"), strict=True)
    assert max(map(sum, together)) == 3
    late = planned(catalog, batch(25.5), limits=limits)
    assert late.status is PlanStatus.INFEASIBLE
    assert late.unanswered_because == (
        "nightly: not done by the deadline within the limits, beside what the services need; "
        "allow more hours or a higher quota",
    )


def test_a_job_moved_after_its_deadline_does_not_hold(catalog: Catalog, batch: Batch) -> None:
    plan = planned(catalog, batch(9.5, deadline_hours=12.0)).require()
    row = next(row for row, line in enumerate(plan.lines) if line.workload == "nightly")
    schedule = schedule_of(plan)
    hours = list(schedule.hours)
    source = next(hour for hour in range(12) if hours[hour].counts[row])
    moved = [list(hours[source].counts), list(hours[20].counts)]
    moved[0][row], moved[1][row] = 0, hours[source].counts[row]
    for number, counts in zip((source, 20), moved, strict=True):
        routing = list(hours[number].routing)
        routing[row] = (1.0,) if counts[row] else ()
        update = {"counts": tuple(counts), "routing": tuple(routing)}
        hours[number] = hours[number].model_copy(update=update)
    wrong = plan.model_copy(
        update={"schedule": schedule.model_copy(update={"hours": tuple(hours)})}
    )
    told = "\n".join(evaluate_plan(wrong, catalog).violations)
    assert "nightly: runs in hour 20, due by hour 12" in told
    assert "done by hour 12 in scenario expected" in told


def test_what_no_job_can_be_planned_with_is_refused(catalog: Catalog, batch: Batch) -> None:
    with pytest.raises(InvalidInputError, match="no service is given"):
        optimize(batch(5.0), catalog, demand_profile=DAY)
    with pytest.raises(InvalidInputError, match="kinds puts hours together, and nightly is due"):
        planned(catalog, batch(5.0), demand_profile=DemandProfile(factors=[1.0, 2.0], kinds=2))
    with pytest.raises(InvalidInputError, match="at most 336 are planned: give a typical week"):
        planned(catalog, batch(5.0), demand_profile=DemandProfile(factors=[1.0] * 337))
    with pytest.raises(InvalidInputError, match="deadline_hours of nightly is below 1"):
        planned(catalog, batch(5.0, deadline_hours=0.5))


def test_a_job_beside_a_profile_takes_no_spot(bundled: Catalog, batch: Batch) -> None:
    both = bundled.filter(providers=["aws"], regions=["us-east-1"], instance_types=["g6.xlarge"])
    only_spot = batch(5.0, limits=Limits(purchase_options=("spot",), max_spot_fraction=1.0))
    either = Limits(purchase_options=("on_demand", "spot"))
    plan = planned(both, only_spot, limits=either)
    assert plan.unanswered_because == (
        "nothing that the limits allow runs nightly on firm capacity",
    )


def test_reasons_of_a_plan_with_a_job_name_its_commitments(night: Plan) -> None:
    (worth,) = night.explain().commitments
    # A fourth costs 0.4 and serves nobody; without the third 12 h on demand cost 0.5 an hour,
    # and the job has 12 idle hours left by night where it takes 20: 8 more, in 24, on demand.
    assert worth.more == pytest.approx(0.4 * YEAR)
    assert worth.less == pytest.approx((0.5 + 8 / 24 - 0.4) * YEAR)


def test_a_slower_job_is_short_of_its_work_by_the_deadline(catalog: Catalog, night: Plan) -> None:
    slow = standing_in_hours(night, schedule_of(night), Case(rate_factor=0.8), catalog)
    # 20 hours at 0.8 of the rate are 16 of the 19.5 that the job takes.
    (late,) = [text for text in slow.broken if text.startswith("nightly: ")]
    done, units = (float(word.replace(",", "")) for word in late.split()[1:4:2])
    assert done / units == pytest.approx(16 / 19.5, rel=1e-3)
