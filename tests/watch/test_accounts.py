"""Plans watched with an account: discounts, quotas, and what the plan itself has in use."""

from collections.abc import Callable

import pytest

from costopt.account.account import Account
from costopt.account.records import PriceStep, Quota
from costopt.catalog.catalog import Catalog
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


def test_a_discount_of_the_plans_own_account_goes_on_counting(
    priced: Priced, forty: Requirement
) -> None:
    """g6 at 1.00 less 30 % is 0.70; at list prices g5 at 0.90 would be cheaper."""
    step = PriceStep(key="aws/*/g6.*", step="percent", amount=30.0, name="agreement")
    plan = optimize(forty, priced(0.90, 1.00), account=Account(steps=(step,)))
    (verdict,) = watch_plans([plan], priced(0.90, 1.00))
    assert verdict.verdict is Judgement.KEEP
    assert verdict.current_per_month == pytest.approx(4 * 0.70 * 730)


def test_a_discount_that_expired_is_no_longer_counted(priced: Priced, forty: Requirement) -> None:
    step = PriceStep(
        key="aws/*/g6.*", step="percent", amount=30.0, name="agreement", expires="2026-09-30"
    )
    plan = optimize(forty, priced(0.90, 1.00), account=Account(steps=(step,)))
    (verdict,) = watch_plans([plan], priced(0.90, 1.00), today="2026-10-01")
    assert verdict.verdict is Judgement.SWITCH
    assert verdict.current_per_month == pytest.approx(4 * 1.00 * 730)
    assert rented(verdict.new_plan) == {"g5.xlarge": 4}


def test_a_quota_that_was_lowered_makes_a_plan_invalid(priced: Priced, forty: Requirement) -> None:
    def account(limit: int) -> Account:
        quota = Quota(key="aws/*/g6.*", limit=limit, name="G instances")
        return Account(quotas=(quota,))

    plan = optimize(forty, priced(1.10, 1.00), account=account(4))
    (verdict,) = watch_plans([plan], priced(1.10, 1.00), account=account(3))
    assert verdict.verdict is Judgement.INVALID
    assert verdict.causes[0].kind is CauseKind.LIMIT_BROKEN
    assert "aws/*/g6.*: 4 instances, 3 allowed" in verdict.cause
    assert rented(verdict.new_plan) == {"g5.xlarge": 1, "g6.xlarge": 3}


def test_a_quota_that_was_raised_is_no_longer_the_plans(
    priced: Priced, forty: Requirement
) -> None:
    """Two g6 at 1.00 and two g5 at 2.00 cost 6.00; four g6, once they are allowed, 4.00."""

    def account(limit: int) -> Account:
        quota = Quota(key="aws/*/g6.*", limit=limit, name="G instances")
        return Account(quotas=(quota,))

    plan = optimize(forty, priced(2.00, 1.00), account=account(2))
    assert rented(plan) == {"g5.xlarge": 2, "g6.xlarge": 2}
    (verdict,) = watch_plans([plan], priced(2.00, 1.00), account=account(8))
    assert verdict.verdict is Judgement.SWITCH
    assert rented(verdict.new_plan) == {"g6.xlarge": 4}
    assert verdict.saving_per_month == pytest.approx(2.00 * 730)
    assert verdict.switching_cost == pytest.approx(0.02 * 4.00 * 730)  # two g5 at 2.00 stop


def test_instances_of_a_plan_do_not_use_up_its_own_quota(
    priced: Priced, forty: Requirement
) -> None:
    """Five of six are in use, four of them by this plan: five are left to it."""
    plan = optimize(forty, priced(1.10, 1.00))
    quota = Quota(key="aws/*/g6.*", limit=6, used=5, name="G instances")
    (verdict,) = watch_plans([plan], priced(1.10, 1.00), account=Account(quotas=(quota,)))
    assert verdict.verdict is Judgement.KEEP
    assert verdict.saving_total == pytest.approx(0)


def test_an_account_is_watched_without_its_identifier(priced: Priced, forty: Requirement) -> None:
    step = PriceStep(key="aws/*/g5.*", step="percent", amount=30.0, name="of 123456789012")
    account = Account(account_id="123456789012", steps=(step,))
    plan = optimize(forty, priced(1.10, 1.00))
    (verdict,) = watch_plans([plan], priced(1.10, 1.00), account=account)
    assert verdict.verdict is Judgement.SWITCH
    assert verdict.new_plan is not None
    assert "123456789012" not in verdict.to_json() + verdict.new_plan.to_json()
