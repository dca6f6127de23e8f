"""A plan over time that was changed by hand does not hold."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from costopt.catalog.catalog import Catalog
from costopt.evaluate.check import evaluate_plan, request_hash
from costopt.evaluate.running import running_today
from costopt.evaluate.scheduled import scheduled
from costopt.plan.plan import Plan
from costopt.plan.schedule import Schedule, Tranche
from costopt.planning.optimize_request import optimize
from costopt.workload.demand_profile import DemandProfile
from costopt.workload.limits import Limits
from costopt.workload.serving import InferenceService
from costopt.workload.traffic import RequestSize, Traffic

LIMITS = Limits(
    purchase_options=("on_demand", "reserved", "savings_plan"),
    instance_types=["g6.xlarge", "g6e.xlarge"],
    quota={"g6*.xlarge": 8},
)


@pytest.fixture(scope="module")
def catalog(bundled: Catalog) -> Catalog:
    """Two types, reserved for a year, and one plan of money for both."""
    found = bundled.filter(providers=["aws"], regions=["us-east-1"],
                           instance_types=["g6.xlarge", "g6e.xlarge"])  # fmt: skip
    offers = found.offers[found.offers["purchase_option"].isin(["on_demand", "reserved"])]
    listed = offers[offers["purchase_option"] == "on_demand"]
    rate = listed["effective_per_hour"] * 0.7
    plan = listed.assign(purchase_option="savings_plan", kind="compute", term_years=1.0,
                         term_hours=8760.0, payment="no", recurring_per_hour=rate,
                         effective_per_hour=rate)  # fmt: skip
    joined = pd.concat([offers, plan], ignore_index=True).astype(offers.dtypes.to_dict())
    return found.with_offers(joined)


@pytest.fixture(scope="module")
def plan(catalog: Catalog) -> Plan:
    sizes = [
        RequestSize(input_tokens=512, output_tokens=128, share_fraction=0.7),
        RequestSize(input_tokens=2048, output_tokens=256, share_fraction=0.3),
    ]
    service = InferenceService(
        model="meta-llama/Llama-3.1-8B-Instruct",
        precision="bf16",
        max_ttft_ms=2000,
        max_tpot_ms=100,
        traffic=Traffic.from_sizes(sizes, requests_per_second=4),
    )
    profile = DemandProfile(factors=[0.4] * 10 + [1.0] * 8 + [1.6] * 6)
    return optimize(service, catalog, limits=LIMITS, demand_profile=profile).require()


def schedule_of(plan: Plan) -> Schedule:
    assert plan.schedule is not None
    return plan.schedule


def with_hour(plan: Plan, number: int, **changed: Any) -> Plan:
    """Change one kind of hour of a plan."""
    schedule = schedule_of(plan)
    hours = list(schedule.hours)
    hours[number] = hours[number].model_copy(update=changed)
    return plan.model_copy(
        update={"schedule": schedule.model_copy(update={"hours": tuple(hours)})}
    )


def broken(plan: Plan, catalog: Catalog) -> str:
    return "\n".join(evaluate_plan(plan, catalog).violations)


def test_a_plan_as_it_was_made_holds(plan: Plan, catalog: Catalog) -> None:
    assert evaluate_plan(plan, catalog).violations == ()
    assert len(schedule_of(plan).tranches) >= 1


def test_an_hour_with_fewer_instances_is_overloaded(plan: Plan, catalog: Catalog) -> None:
    number = int(np.argmax([sum(hour.counts) for hour in schedule_of(plan).hours]))
    counts = list(schedule_of(plan).hours[number].counts)
    row = int(np.argmax(counts))
    counts[row] -= 1
    routing = list(schedule_of(plan).hours[number].routing)
    if not counts[row]:
        routing[row] = ()
    text = broken(with_hour(plan, number, counts=tuple(counts), routing=tuple(routing)), catalog)
    assert f"inference_service, hour {number}" in text
    assert "loaded to" in text or "exactly once" in text


def test_routing_that_leaves_requests_out_is_found(plan: Plan, catalog: Catalog) -> None:
    hour = schedule_of(plan).hours[0]
    halved = tuple(tuple(part / 2 for part in parts) for parts in hour.routing)
    assert "do not serve each request size exactly once" in broken(
        with_hour(plan, 0, routing=halved), catalog
    )


def test_hours_of_another_profile_are_found(plan: Plan, catalog: Catalog) -> None:
    text = broken(with_hour(plan, 0, hours=1.0), catalog)
    assert text == "the hours of the schedule are not those of the demand profile"


def test_a_commitment_that_is_used_beyond_what_is_bought_is_found(
    plan: Plan, catalog: Catalog
) -> None:
    schedule = schedule_of(plan)
    tranches = tuple(
        one.model_copy(
            update={"instances": 1 if one.instances else None, "spend_per_hour": 0.01}
            if one.instances is None
            else {"instances": one.instances - 1}
        )
        for one in schedule.tranches
        if one.instances != 1
    )
    changed = plan.model_copy(
        update={"schedule": schedule.model_copy(update={"tranches": tranches})}
    )
    assert broken(changed, catalog)


def with_tranches(plan: Plan, tranches: tuple[Tranche, ...]) -> Plan:
    """Commit something else."""
    schedule = schedule_of(plan).model_copy(update={"tranches": tranches})
    return plan.model_copy(update={"schedule": schedule})


def reserved_of(plan: Plan) -> Tranche:
    """A commitment of instances of the plan."""
    return next(one for one in schedule_of(plan).tranches if one.instances)


@pytest.mark.parametrize("instances", [0, -1])
def test_a_commitment_of_nothing_is_found(instances: int, plan: Plan, catalog: Catalog) -> None:
    nothing = reserved_of(plan).model_copy(update={"instances": instances})
    text = broken(with_tranches(plan, (nothing,)), catalog)
    assert f"commits {instances}, which is nothing to commit" in text


def test_what_runs_on_a_commitment_that_is_not_made_is_found(plan: Plan, catalog: Catalog) -> None:
    text = broken(with_tranches(plan, ()), catalog)
    assert "runs on a commitment that the schedule does not make" in text


def test_a_commitment_that_nothing_runs_on_is_paid_all_the_same(
    plan: Plan, catalog: Catalog
) -> None:
    mine = reserved_of(plan)
    other = "g6.xlarge" if mine.instance_type == "g6e.xlarge" else "g6e.xlarge"
    idle = mine.model_copy(update={"instance_type": other, "instances": 3})
    priced = scheduled(
        plan.lines,
        schedule_of(with_tranches(plan, (*schedule_of(plan).tranches, idle))),
        plan.request,
        catalog,
    )
    (*_, unused) = priced.schedule.tranches
    assert [unused.utilisation, unused.waste] == pytest.approx([0.0, unused.cost_total])
    paid = sum(line.line_cost_total for line in priced.lines)
    assert paid == pytest.approx((plan.cost_total or 0.0) + unused.cost_total)


def test_wrong_figures_are_named(plan: Plan, catalog: Catalog) -> None:
    schedule = schedule_of(plan)
    cheaper = plan.model_copy(
        update={"schedule": schedule.model_copy(update={"coverage": 0.123, "objective": 1.0})}
    )
    text = broken(cheaper, catalog)
    assert "the plan says 0.123" in text
    assert "objective is" in text


def test_a_quota_of_fewer_is_exceeded_in_an_hour(plan: Plan, catalog: Catalog) -> None:
    limits = LIMITS.model_copy(update={"quota": {"g6*.xlarge": 1}})
    request = plan.request.model_copy(update={"limits": limits})
    changed = plan.model_copy(update={"request": request, "request_hash": request_hash(request)})
    assert "instances in hour" in broken(changed, catalog)


def test_a_schedule_without_a_profile_is_refused(plan: Plan, catalog: Catalog) -> None:
    request = plan.request.model_copy(update={"demand_profile": None})
    changed = plan.model_copy(update={"request": request, "request_hash": request_hash(request)})
    assert "the request has no demand profile" in broken(changed, catalog)
    bare = plan.model_copy(update={"schedule": None})
    assert "there is no schedule, though the request has a demand profile" in broken(bare, catalog)


def test_a_saved_plan_over_time_runs_at_the_prices_of_today(plan: Plan, catalog: Catalog) -> None:
    assert running_today(plan, plan.request, catalog).broken == ()
    dearer = catalog.with_prices(discounts={"aws/us-east-1/g6*/*": 0.5}, reason="half")
    today = running_today(plan, plan.request, dearer)
    assert sum(line.line_cost_total for line in today.lines) == pytest.approx(
        (plan.cost_total or 0.0) / 2
    )
