"""What watching says of one plan: keep it, switch, or that it is no longer valid."""

from collections.abc import Callable

import pytest

from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.plan.plan import Plan
from costopt.plan.status import PlanStatus
from costopt.planning.optimize_request import optimize
from costopt.watch.settings import WatchSettings
from costopt.watch.verdict import CauseKind, Judgement, Verdict
from costopt.watch.watch import watch_plans
from costopt.workload.batch import BatchInference
from costopt.workload.limits import Limits
from costopt.workload.requirement import Requirement

Priced = Callable[..., Catalog]


def rented(plan: Plan | None) -> dict[str, int]:
    """Instance type -> instances."""
    assert plan is not None
    return {line.offer.instance_type: line.count for line in plan.lines}


def kinds(verdict: Verdict) -> list[CauseKind]:
    return [cause.kind for cause in verdict.causes]


def test_a_plan_at_its_own_prices_is_kept(priced: Priced, running: Plan) -> None:
    (verdict,) = watch_plans([running], priced(1.10, 1.00))
    assert verdict.verdict is Judgement.KEEP
    assert verdict.plan == "plan 1"
    assert verdict.cause == "no plan of today costs less"
    assert verdict.current_per_month == pytest.approx(2920)
    assert verdict.saving_per_month == pytest.approx(0)
    assert (verdict.switching_cost, verdict.days_to_repay) == (0, None)
    assert verdict.new_plan is None


def test_a_move_of_one_percent_stays_silent(priced: Priced, running: Plan) -> None:
    """g5 at 0.99 saves 1 %; moving costs 2 % of a month, and 2 % must be saved beyond that."""
    (verdict,) = watch_plans([running], priced(0.99, 1.00))
    assert verdict.verdict is Judgement.KEEP
    assert verdict.saving_fraction == pytest.approx(0.01)
    assert verdict.saving_per_month == pytest.approx(29.2)
    assert verdict.cause == (
        "the best plan of today saves $29.20/month (-1.0 %), too little beside $58.40 for the move"
    )


def test_one_percent_beside_a_move_of_two_stays_silent_without_a_threshold(
    priced: Priced, running: Plan
) -> None:
    settings = WatchSettings(threshold_fraction=0.0)
    (verdict,) = watch_plans([running], priced(0.99, 1.00), settings=settings)
    assert verdict.verdict is Judgement.KEEP


def test_a_price_that_rose_makes_switching_worth_it(priced: Priced, running: Plan) -> None:
    """g6 at 1.25: 3,650 a month; g5 at 1.00: 2,920, 730 less.

    What stops costs 3,650 a month, so moving costs 73, repaid after 73 / (730 / 30.4) = 3.04 days.
    """
    (verdict,) = watch_plans({"chat": running}, priced(1.00, 1.25))
    assert (verdict.plan, verdict.verdict) == ("chat", Judgement.SWITCH)
    assert verdict.current_per_month == pytest.approx(3650)
    assert verdict.new_per_month == pytest.approx(2920)
    assert verdict.saving_per_month == pytest.approx(730)
    assert verdict.saving_fraction == pytest.approx(0.2)
    assert verdict.switching_cost == pytest.approx(73)
    assert verdict.days_to_repay == pytest.approx(73 / (730 / (730 / 24)))
    assert rented(verdict.new_plan) == {"g5.xlarge": 4}
    rise, instead = verdict.causes
    assert verdict.cause == rise.text
    assert rise.text == (
        "g6.xlarge on demand in us-east-1 went from $1.00 to $1.25 an hour (+25.0 %)"
    )
    assert rise.moved_fraction == pytest.approx(0.25)
    assert instead.text == (
        "4 instances of g5.xlarge on demand in us-east-1 at $1.00/h would cost less"
    )


@pytest.mark.parametrize(("g5", "expected"), [(0.961, Judgement.KEEP), (0.958, Judgement.SWITCH)])
def test_a_saving_must_pay_the_move_and_exceed_the_threshold(
    g5: float, expected: Judgement, priced: Priced, running: Plan
) -> None:
    """Threshold 2 %, move 2 % of a month of 30.42 days in 30 days: 2.028 %; 4.028 % together."""
    (verdict,) = watch_plans([running], priced(g5, 1.00))
    assert verdict.verdict is expected


def test_a_search_with_a_wide_gap_needs_a_saving_beyond_it(
    priced: Priced, forty: Requirement
) -> None:
    """10 % saved beats 4 %, and not a gap of 20 %."""
    plan = optimize(forty, priced(1.10, 1.00), gap=0.2)
    (verdict,) = watch_plans([plan], priced(0.90, 1.00))
    assert verdict.verdict is Judgement.KEEP


def test_a_plan_is_no_longer_valid_once_its_price_is_gone(
    two: Catalog, priced: Priced, running: Plan
) -> None:
    left = priced(1.10, 1.00).filter(instance_types=["g5.xlarge"])
    (verdict,) = watch_plans([running], left)
    assert verdict.verdict is Judgement.INVALID
    assert kinds(verdict) == [CauseKind.OFFER_GONE]
    assert verdict.cause == (
        "the catalogue of 2026-08-22 has no price of g6.xlarge on demand in us-east-1 any more"
    )
    assert verdict.current_total is None
    assert rented(verdict.new_plan) == {"g5.xlarge": 4}
    assert verdict.new_per_month == pytest.approx(3212)  # 4 x 1.10 x 730
    assert verdict.saving_per_month is None


def test_a_broken_budget_makes_a_plan_invalid(priced: Priced, forty: Requirement) -> None:
    """4 x 1.00 x 730 = 2,920 fits 3,000; 4 x 1.05 x 730 = 3,066 does not; nothing else is left."""
    plan = optimize(forty, priced(1.10, 1.00), limits=Limits(budget=3000.0))
    (verdict,) = watch_plans([plan], priced(1.10, 1.05))
    assert verdict.verdict is Judgement.INVALID
    assert verdict.cause == "cost 3,066.00 exceeds the budget of 3,000.00"
    assert kinds(verdict)[-1] is CauseKind.NO_ANSWER
    assert verdict.new_plan is None


def test_a_name_that_the_catalogue_of_today_lacks_is_told_and_not_raised(
    priced: Priced, bundled: Catalog, running: Plan
) -> None:
    gcp = bundled.filter(providers=["gcp"], regions=["us-central1"])
    (verdict,) = watch_plans([running], gcp)
    assert verdict.verdict is Judgement.INVALID
    assert CauseKind.OFFER_GONE in kinds(verdict)
    assert CauseKind.NO_ANSWER in kinds(verdict)


def test_a_saved_plan_without_an_answer_is_replaced_once_there_is_one(
    priced: Priced, forty: Requirement
) -> None:
    plan = optimize(forty, priced(1.10, 1.00), limits=Limits(budget=2000.0))
    assert plan.status is PlanStatus.INFEASIBLE
    (verdict,) = watch_plans([plan], priced(0.60, 1.00))
    assert verdict.verdict is Judgement.INVALID
    assert kinds(verdict) == [CauseKind.NO_PLAN]
    assert rented(verdict.new_plan) == {"g5.xlarge": 4}


def test_what_ends_by_itself_is_judged_by_its_whole_cost(bundled: Catalog) -> None:
    """A batch runs on one offer; when that costs twice as much, the others are as before."""
    some = bundled.filter(
        providers=["aws"],
        regions=["us-east-1"],
        instance_types=["g5.xlarge", "g6.xlarge"],
        purchase_options=["on_demand"],
    )
    batch = BatchInference(
        model="resnet-50", samples=10_000_000, precision="fp16", deadline_hours=24.0
    )
    plan = optimize(batch, some)
    (line,) = plan.lines
    key = f"aws/us-east-1/{line.offer.instance_type}/on_demand"
    (verdict,) = watch_plans(
        [plan], some.with_prices(prices_per_hour={key: 2 * line.price_per_hour})
    )
    assert verdict.verdict is Judgement.SWITCH
    assert verdict.current_total == pytest.approx(2 * (plan.cost_total or 0.0))
    assert (verdict.current_per_month, verdict.saving_per_month) == (None, None)
    assert verdict.switching_cost == pytest.approx(0.02 * (verdict.current_total or 0.0))
    assert verdict.days_to_repay is not None


def test_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="threshold_fraction"):
        WatchSettings(threshold_fraction=1.5)
