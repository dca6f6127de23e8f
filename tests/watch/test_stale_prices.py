"""Prices that were carried over: for some nights a plan holds, then it does not."""

from collections.abc import Callable

import pytest

from costopt.catalog.catalog import Catalog
from costopt.evaluate.check import evaluate_plan
from costopt.plan.plan import Plan
from costopt.planning.optimize_request import optimize
from costopt.watch.verdict import CauseKind, Judgement, Verdict
from costopt.watch.watch import watch_plans
from costopt.workload.requirement import Requirement

Priced = Callable[..., Catalog]


def rented(plan: Plan | None) -> dict[str, int]:
    """Instance type -> instances."""
    assert plan is not None
    return {line.offer.instance_type: line.count for line in plan.lines}


def kinds(verdict: Verdict) -> list[CauseKind]:
    return [cause.kind for cause in verdict.causes]


def test_a_price_may_be_carried_over_for_some_nights(priced: Priced, running: Plan) -> None:
    (verdict,) = watch_plans(
        [running], priced(1.10, 1.00), renewed={"aws": "2026-08-20"}, today="2026-08-23"
    )
    assert verdict.verdict is Judgement.KEEP
    assert verdict.causes[-1].text == (
        "the price of g6.xlarge on demand in us-east-1 was not renewed since 2026-08-20: 3 days, "
        "3 allowed"
    )


@pytest.mark.parametrize("place", ["aws", "aws/us-east-1"])
def test_a_price_that_was_carried_over_for_too_long_makes_a_plan_invalid(
    place: str, priced: Priced, running: Plan
) -> None:
    (verdict,) = watch_plans(
        [running], priced(1.10, 1.00), renewed={place: "2026-08-20"}, today="2026-08-24"
    )
    assert verdict.verdict is Judgement.INVALID
    assert kinds(verdict) == [CauseKind.PRICE_STALE, CauseKind.NO_ANSWER]
    assert "4 days, 3 allowed" in verdict.cause
    assert verdict.current_per_month == pytest.approx(2920)
    assert verdict.new_plan is None


def flagged(catalog: Catalog, instance_type: str, flag: str, as_of: str) -> Catalog:
    """Mark the offers of one type as kept since a day."""
    offers = catalog.offers
    rows = offers["instance_type"] == instance_type
    return catalog.with_offers(
        offers.assign(
            flags=offers["flags"].mask(rows, flag), as_of=offers["as_of"].mask(rows, as_of)
        )
    )


@pytest.mark.parametrize("flag", ["not_refreshed", "derived;quarantined"])
def test_a_plan_leaves_a_price_that_alone_was_kept_for_too_long(
    flag: str, priced: Priced, running: Plan
) -> None:
    kept = flagged(priced(1.10, 1.00), "g6.xlarge", flag, "2026-08-10")
    (verdict,) = watch_plans([running], kept)
    assert verdict.verdict is Judgement.INVALID
    assert "was not renewed since 2026-08-10: 12 days, 3 allowed" in verdict.cause
    assert rented(verdict.new_plan) == {"g5.xlarge": 4}


def test_a_new_plan_rests_on_fresh_prices_and_holds_against_the_whole_catalogue(
    bundled: Catalog, priced: Priced, forty: Requirement
) -> None:
    """g6 runs and became dear; g5 would be cheapest, but its price was kept for twelve days."""
    some = bundled.filter(
        providers=["aws"],
        regions=["us-east-1"],
        instance_types=["g5.xlarge", "g6.xlarge", "g6.12xlarge"],
        purchase_options=["on_demand"],
    )
    both = forty.model_copy(
        update={"throughput_per_second": {"g5.xlarge": 10, "g6.xlarge": 10, "g6.12xlarge": 40}}
    )
    keys = "aws/us-east-1/{}/on_demand".format
    before = some.with_prices(
        prices_per_hour={keys("g5.xlarge"): 2.0, keys("g6.12xlarge"): 6.0, keys("g6.xlarge"): 1.0}
    )
    plan = optimize(both, before)
    assert rented(plan) == {"g6.xlarge": 4}
    after = before.with_prices(prices_per_hour={keys("g5.xlarge"): 0.5, keys("g6.xlarge"): 2.0})
    kept = flagged(after, "g5.xlarge", "not_refreshed", "2026-08-10")
    (verdict,) = watch_plans([plan], kept)
    assert verdict.verdict is Judgement.SWITCH
    new = verdict.new_plan
    assert rented(new) == {"g6.12xlarge": 1}
    assert new is not None
    assert evaluate_plan(new, kept).violations == ()
    assert new.exclusions[-1].text == "their prices were not renewed for 3 days"
    assert new.exclusions[-1].offers == 1
