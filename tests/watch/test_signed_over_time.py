"""Saved plans over time whose commitments are signed: what runs by the hour is judged."""

import numpy as np
import pandas as pd
import pytest

from costopt.catalog.catalog import Catalog
from costopt.plan.plan import Plan
from costopt.planning.optimize_request import optimize
from costopt.watch.verdict import CauseKind, Judgement
from costopt.watch.watch import watch_plans
from costopt.workload.demand_profile import DemandProfile
from costopt.workload.limits import Limits
from costopt.workload.requirement import Requirement

YEAR = 8760.0
WORK = Requirement(
    demand_per_second=1.0, throughput_per_second={"g6.xlarge": 1.0, "g5.xlarge": 1.0}
)


def listed(
    two: Catalog, *, reserved: float | None, g5: float, option: str = "reserved"
) -> Catalog:
    """g6.xlarge at 1 $/h on demand and a year of it, g5.xlarge on demand."""
    offers = two.offers
    price = np.where(offers["instance_type"] == "g6.xlarge", 1.0, g5)
    hourly = offers.assign(recurring_per_hour=price, effective_per_hour=price)
    if reserved is None:
        return two.with_offers(hourly)
    term = hourly[hourly["instance_type"] == "g6.xlarge"].assign(
        purchase_option=option, term_years=1.0, term_hours=YEAR, payment="no", upfront=0.0,
        recurring_per_hour=reserved, effective_per_hour=reserved,
        kind="compute" if option == "savings_plan" else "",
    )  # fmt: skip
    joined = pd.concat([hourly, term], ignore_index=True)
    return two.with_offers(joined.astype(offers.dtypes.to_dict()))


def planned(catalog: Catalog, option: str = "reserved") -> Plan:
    limits = Limits(purchase_options=("on_demand", option))  # type: ignore[arg-type]
    profile = DemandProfile(factors=[1.0] * 12 + [3.0] * 12)
    return optimize(WORK, catalog, limits=limits, demand_profile=profile).require()


@pytest.fixture(scope="module")
def signed(two: Catalog) -> Plan:
    """One g6 reserved at 0.6, two more by day at 1 $/h: 1.6 $/h."""
    plan = planned(listed(two, reserved=0.6, g5=2.0))
    assert plan.cost_total == pytest.approx(1.6 * YEAR)
    return plan


def test_a_signed_plan_is_kept_while_nothing_is_better(two: Catalog, signed: Plan) -> None:
    (verdict,) = watch_plans([signed], listed(two, reserved=0.6, g5=2.0))
    assert (verdict.verdict, verdict.cause) == (Judgement.KEEP, "no plan of today costs less")
    told = [one.text for one in verdict.causes if one.kind is CauseKind.SIGNED_TERM]
    assert told == [
        "1 x g6.xlarge in aws us-east-1, 1-year reserved, no upfront counts as signed on the day "
        "of the plan's prices: only what runs by the hour is held against a new plan"
    ]


def test_a_cheaper_term_does_not_free_what_is_signed(two: Catalog, signed: Plan) -> None:
    """At 0.1 $/h a year of three would cost 0.3 $/h, and the one at 0.6 goes on all the same."""
    for catalog in (listed(two, reserved=0.1, g5=2.0), listed(two, reserved=None, g5=2.0)):
        (verdict,) = watch_plans([signed], catalog)
        assert verdict.verdict is Judgement.KEEP
        assert [verdict.current_total, verdict.new_total] == pytest.approx([1.6 * YEAR] * 2)


def test_what_runs_by_the_hour_moves_beside_what_is_signed(two: Catalog, signed: Plan) -> None:
    """The day's two go to g5 at 0.5 $/h: 0.6 + 0.5; the reserved one stays though dearer."""
    (verdict,) = watch_plans([signed], listed(two, reserved=0.6, g5=0.5))
    assert verdict.verdict is Judgement.SWITCH
    assert [verdict.current_total, verdict.new_total] == pytest.approx([1.6 * YEAR, 1.1 * YEAR])
    assert verdict.new_plan is not None
    assert verdict.new_plan.schedule is not None
    (kept,) = verdict.new_plan.schedule.tranches
    assert (kept.instances, kept.cost_total) == (1, pytest.approx(0.6 * YEAR))


def test_a_commitment_whose_term_has_ended_breaks_the_plan(two: Catalog, signed: Plan) -> None:
    (verdict,) = watch_plans([signed], listed(two, reserved=0.6, g5=2.0), today="2027-08-23")
    assert verdict.verdict is Judgement.INVALID
    assert verdict.cause == (
        "the term of 1 x g6.xlarge in aws us-east-1, 1-year reserved, no upfront, signed on "
        "2026-08-22, has ended: what ran on it is charged again"
    )


def test_a_signed_savings_plan_goes_on_at_the_rates_of_today(two: Catalog) -> None:
    """0.6 $/h are committed, for one g6; the day's two cost 1 $/h each, or 0.5 on g5."""
    plan = planned(listed(two, reserved=0.6, g5=2.0, option="savings_plan"), "savings_plan")
    assert plan.cost_total == pytest.approx(1.6 * YEAR)
    (verdict,) = watch_plans([plan], listed(two, reserved=0.6, g5=0.5, option="savings_plan"))
    assert verdict.verdict is Judgement.SWITCH
    assert [verdict.current_total, verdict.new_total] == pytest.approx([1.6 * YEAR, 1.1 * YEAR])
    (gone,) = watch_plans([plan], listed(two, reserved=None, g5=2.0))
    assert gone.verdict is Judgement.INVALID
    assert gone.cause.endswith("the catalogue tells its rates no more")
