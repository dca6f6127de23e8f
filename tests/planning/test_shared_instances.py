"""Instances of other teams on what a plan over time commits to, by hand."""

from collections.abc import Sequence
from math import pi, sin
from typing import Any

import numpy as np
import pandas as pd
import pytest

from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError, UnknownNameError
from costopt.evaluate.check import evaluate_plan, request_hash
from costopt.plan.plan import Plan
from costopt.plan.schedule import Schedule
from costopt.planning.optimize_request import optimize
from costopt.workload.demand_profile import DemandProfile
from costopt.workload.eligible_usage import EligibleUsage
from costopt.workload.limits import Limits
from costopt.workload.requirement import Requirement

YEAR = 8760.0
RESERVED = Limits(purchase_options=("on_demand", "reserved"))


@pytest.fixture(scope="module")
def catalog(bundled: Catalog) -> Catalog:
    """One type at 1 $/h on demand, 0.7 $/h reserved and 0.75 $/h under a plan of money."""
    found = bundled.filter(
        providers=["aws"],
        regions=["us-east-1"],
        instance_types=["g6.xlarge", "g5.xlarge"],
        purchase_options=["on_demand"],
    )
    listed = found.offers.assign(recurring_per_hour=1.0, effective_per_hour=1.0)
    terms = [("reserved", "", 0.7), ("savings_plan", "ec2_instance", 0.75)]
    g6 = listed[listed["instance_type"] == "g6.xlarge"]
    rows = [
        g6.assign(purchase_option=option, kind=kind, term_years=1.0, term_hours=YEAR,
                      payment="no", recurring_per_hour=price, effective_per_hour=price)
        for option, kind, price in terms
    ]  # fmt: skip
    joined = pd.concat([listed, *rows], ignore_index=True)
    return found.with_offers(joined.astype(found.offers.dtypes.to_dict()))


def web(*instances: int, kind: str = "g6.xlarge", region: str = "us-east-1") -> EligibleUsage:
    return EligibleUsage(
        name="web", provider="aws", region=region, instance_type=kind, instances=instances
    )


def planned(
    catalog: Catalog, factors: Sequence[float], *others: EligibleUsage, **given: Any
) -> Plan:
    work = Requirement(demand_per_second=1.0, throughput_per_second={"g6.xlarge": 1.0})
    asked = {"limits": RESERVED, "demand_profile": DemandProfile(factors=factors), **given}
    return optimize(work, catalog, eligible_usage=others, **asked).require()


def schedule_of(plan: Plan) -> Schedule:
    assert plan.schedule is not None
    return plan.schedule


def test_a_reserved_instance_is_shared_with_other_teams(catalog: Catalog) -> None:
    # Alone it would be used in half of the hours, below 0.7. Together it is used in all.
    assert schedule_of(planned(catalog, [1.0, 0.0])).tranches == ()
    plan = planned(catalog, [1.0, 0.0], web(0, 1))
    (tranche,) = schedule_of(plan).tranches
    assert tranche.instances == 1
    assert tranche.utilisation == pytest.approx(1.0)
    assert schedule_of(plan).objective == pytest.approx(0.7 * YEAR)
    # It takes the place of 1 $/h on demand, half of it the other team's.
    assert tranche.npv == pytest.approx(0.3 * YEAR)
    assert schedule_of(plan).coverage == pytest.approx(1.0)
    assert plan.cost_total == pytest.approx(0.35 * YEAR)
    (without,) = plan.baselines
    assert without.cost_total == pytest.approx(0.5 * YEAR)
    assert evaluate_plan(Plan.from_json(plan.to_json()), catalog).violations == ()
    assert "instances of others that share the commitments count: web" in str(plan)
    fall = schedule_of(plan).demand_fall
    assert fall is not None
    # What others run stays: still 1 instance in the other half. A fraction of one is rounded up.
    assert fall.cost_total == pytest.approx(0.7 * YEAR)
    assert fall.without_commitments == pytest.approx(1.0 * YEAR)


def test_what_the_plan_does_not_run_itself_is_paid_for_by_others(catalog: Catalog) -> None:
    plan = planned(catalog, [1.0, 1.0], web(2, 0))
    # One is used throughout; two more in half of the hours stay on demand.
    (tranche,) = schedule_of(plan).tranches
    assert tranche.instances == 1
    assert schedule_of(plan).objective == pytest.approx((0.7 + 0.5 * 2) * YEAR)
    assert plan.cost_total == pytest.approx(0.7 * YEAR)
    assert schedule_of(plan).coverage == pytest.approx(1 / 2)


def test_instances_of_several_teams_share_what_is_reserved(catalog: Catalog) -> None:
    # Three run in the second half, one in the first: one is used in all hours, two in half.
    others = web(0, 1), web(0, 2).model_copy(update={"name": "batch"})
    plan = planned(catalog, [1.0, 0.0], *others)
    (tranche,) = schedule_of(plan).tranches
    assert tranche.instances == 1
    # The second and the third, in half of the hours, stay on demand: 0.5 < 0.7 $/h.
    assert schedule_of(plan).objective == pytest.approx((0.7 + 0.5 * 2) * YEAR)
    assert "instances of others that share the commitments count: web, batch" in str(plan)


def test_nodes_run_beside_instances_of_other_teams(catalog: Catalog) -> None:
    nodes = Requirement(name="nodes", nodes=2)
    work = Requirement(
        name="work", demand_per_second=1.0, throughput_per_second={"g6.xlarge": 1.0}
    )
    plan = optimize(
        [work, nodes],
        catalog,
        limits=RESERVED,
        demand_profile=DemandProfile(factors=[1.0, 0.0]),
        eligible_usage=[web(0, 1)],
    ).require()
    # Half of one reserved instance is the other team's; two nodes are reserved as well.
    assert plan.cost_total == pytest.approx((0.35 + 2 * 0.7) * YEAR)
    (rented,) = [line for line in plan.lines if line.workload == "nodes"]
    assert (rented.count, rented.hours) == (2, YEAR)


def test_other_instances_draw_on_plans_of_money_of_their_family(catalog: Catalog) -> None:
    money = Limits(purchase_options=("on_demand", "savings_plan"))
    plan = planned(catalog, [1.0, 0.0], web(0, 1), limits=money)
    (tranche,) = schedule_of(plan).tranches
    assert (tranche.spend_per_hour, tranche.utilisation) == pytest.approx((0.75, 1.0))
    assert schedule_of(plan).objective == pytest.approx(0.75 * YEAR)
    assert evaluate_plan(plan, catalog).violations == ()


@pytest.mark.parametrize(("discount", "count"), [(0.3, 6), (0.5, 8)])
def test_the_newsvendor_counts_both_teams(discount: float, count: int, catalog: Catalog) -> None:
    # The demand of the check values, day by day half its own and half another team's: what is
    # committed depends on the sum alone.
    curve = np.array(
        [max(0, round(10 + 6 * sin(2 * pi * (hour - 9) / 24) - 4 * (day >= 5)))
         for day in range(7) for hour in range(24)]
    )  # fmt: skip
    offers = catalog.offers
    price = offers["effective_per_hour"].mask(
        offers["purchase_option"] == "reserved", 1 - discount
    )
    priced = catalog.with_offers(offers.assign(effective_per_hour=price, recurring_per_hour=price))
    mine = np.minimum(curve, 5)
    plan = planned(priced, mine.astype(float).tolist(), web(*(curve - mine).tolist()))
    (tranche,) = schedule_of(plan).tranches
    assert tranche.instances == count
    below = np.minimum(curve, count)
    least = count * (1 - discount) + float((curve - below).mean())
    assert schedule_of(plan).objective == pytest.approx(least * YEAR)
    assert tranche.utilisation == pytest.approx(below.mean() / count)


def test_amounts_of_resources_are_shared_too(bundled: Catalog) -> None:
    found = bundled.filter(
        providers=["gcp"],
        regions=["us-central1"],
        instance_types=["g2-standard-4"],
        purchase_options=["on_demand"],
    )
    listed = found.offers.assign(recurring_per_hour=1.0, effective_per_hour=1.0)
    rows = [
        {"provider": "gcp", "region": "us-central1", "instance_types": "g2-*", "resource": "L4",
         "purchase_option": option, "term_years": term, "price_per_unit_hour": price,
         "currency": "USD", "source": "made by hand", "as_of": "2026-11-01", "note": ""}
        for option, term, price in [("on_demand", None, 0.6), ("committed_use", 1.0, 0.4)]
    ]  # fmt: skip
    parts = found.with_offers(listed).with_components(pd.DataFrame(rows))
    other = EligibleUsage(name="web", provider="gcp", region="us-central1",
                          instance_type="g2-standard-4", instances=[0, 1])  # fmt: skip
    work = Requirement(demand_per_second=1.0, throughput_per_second={"g2-standard-4": 1.0})
    limits = Limits(purchase_options=("on_demand", "committed_use"))
    plan = optimize(work, parts, limits=limits, demand_profile=DemandProfile(factors=[1.0, 0.0]),
                    eligible_usage=[other]).require()  # fmt: skip
    (tranche,) = schedule_of(plan).tranches
    assert (tranche.resource, tranche.amount) == ("L4", 1)
    # 0.4 of the 1.0 $/h is not the accelerator's, and stays on demand; half of all is the plan's.
    assert schedule_of(plan).objective == pytest.approx((0.4 + 0.4) * YEAR)
    assert plan.cost_total == pytest.approx(0.4 * YEAR)


def test_instances_of_others_that_say_nothing_are_refused(catalog: Catalog) -> None:
    with pytest.raises(InvalidInputError, match="no commitment that the plan may buy covers g5"):
        planned(catalog, [1.0], web(1, kind="g5.xlarge"))
    with pytest.raises(UnknownNameError, match=r"Unknown instance type 'g6.xlarg'"):
        planned(catalog, [1.0], web(1, kind="g6.xlarg"))
    with pytest.raises(
        UnknownNameError, match=r"Unknown region 'us-est-1'\. Did you mean .*us-east-1"
    ):
        planned(catalog, [1.0], web(1, region="us-est-1"))
    with pytest.raises(UnknownNameError, match=r"Unknown provider 'awz'\. .* in eligible_usage"):
        planned(catalog, [1.0], web(1).model_copy(update={"provider": "awz"}))
    with pytest.raises(InvalidInputError, match="web has 2 hours and the demand profile 1"):
        planned(catalog, [1.0], web(1, 2))
    with pytest.raises(InvalidInputError, match="all of one form"):
        EligibleUsage(name="web", provider="aws", region="us-east-1", instances=[1])
    with pytest.raises(InvalidInputError, match="all of one form"):
        EligibleUsage(name="web", provider="aws")
    with pytest.raises(InvalidInputError, match="instances"):
        web(-1)


def test_reasons_are_given_beside_instances_of_others(catalog: Catalog) -> None:
    text = str(planned(catalog, [1.0, 0.0], web(0, 1)).explain())
    # On demand in half of the hours it is 0.5 $/h, where the part of what is shared is 0.35.
    assert "without reserved: 1 x g6.xlarge" in text
    assert "one more costs" in text


def test_usage_of_others_that_was_changed_is_found(catalog: Catalog) -> None:
    plan = planned(catalog, [1.0, 0.0], web(0, 1))
    request = plan.request.model_copy(update={"eligible_usage": (web(0, 0),)})
    idle = plan.model_copy(update={"request": request, "request_hash": request_hash(request)})
    assert "utilisation" in "\n".join(evaluate_plan(idle, catalog).violations)
