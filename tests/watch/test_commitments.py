"""Terms that a plan signed, capacity that its account owns, and bills that alone change."""

import pandas as pd
import pytest

from costopt.account.account import Account
from costopt.account.commitments import InstanceCommitment, SpendCommitment
from costopt.account.records import PriceStep
from costopt.catalog.catalog import Catalog
from costopt.plan.plan import Plan
from costopt.planning.optimize_request import optimize
from costopt.units import HOURS_PER_YEAR
from costopt.watch.verdict import CauseKind, Judgement
from costopt.watch.watch import watch_plans
from costopt.workload.limits import Limits
from costopt.workload.requirement import Requirement

YEARLY = Limits(purchase_options=("on_demand", "reserved"), term_years=(1.0,))


@pytest.fixture(scope="module")
def reservable(bundled: Catalog) -> Catalog:
    """On demand g5 1.006 and g6 0.8048; a year of g6, all upfront, 4,284 (0.489 an hour)."""
    return bundled.filter(
        providers=["aws"],
        regions=["us-east-1"],
        instance_types=["g5.xlarge", "g6.xlarge"],
        purchase_options=["on_demand", "reserved", "savings_plan"],
    )


@pytest.fixture(scope="module")
def signed(reservable: Catalog, forty: Requirement) -> Plan:
    """4 x g6.xlarge for a year: 4 x 4,284 = 17,136."""
    plan = optimize(forty, reservable, limits=YEARLY, horizon_hours=HOURS_PER_YEAR)
    (line,) = plan.lines
    assert (line.offer.instance_type, line.offer.payment, line.count) == ("g6.xlarge", "all", 4)
    assert plan.cost_total == pytest.approx(17_136)
    return plan


def test_a_signed_term_costs_what_was_agreed_whatever_it_costs_today(
    signed: Plan, reservable: Catalog
) -> None:
    """At half the price nobody would give the money back; at twice it nobody asks for more."""
    for discount in ({"aws/*/g6.xlarge/reserved": 0.5}, {"aws/*/g6.xlarge/on_demand": 0.5}):
        (verdict,) = watch_plans([signed], reservable.with_prices(discounts=discount))
        assert verdict.verdict is Judgement.KEEP
        assert verdict.current_total == pytest.approx(17_136)
        assert (verdict.saving_total or 0.0) <= 1e-6
        assert [cause.kind for cause in verdict.causes][-1] is CauseKind.SIGNED_TERM


def test_a_cheaper_type_saves_nothing_while_a_term_goes_on(
    signed: Plan, reservable: Catalog
) -> None:
    """4 x g5 at 0.1006 for a year cost 3,525.02; with the term of 17,136, 20,661.02."""
    cheap = reservable.with_prices(discounts={"aws/*/g5.xlarge/on_demand": 0.9})
    (verdict,) = watch_plans([signed], cheap)
    assert verdict.verdict is Judgement.KEEP
    assert verdict.new_total == pytest.approx(17_136 + 4 * 0.1006 * 8760)


def test_a_signed_term_outlives_its_offer_and_ends_by_the_calendar(
    signed: Plan, reservable: Catalog
) -> None:
    sold_out = reservable.filter(purchase_options=["on_demand"])
    (verdict,) = watch_plans([signed], sold_out, today="2027-08-22")
    assert verdict.verdict is Judgement.KEEP
    assert verdict.current_total == pytest.approx(17_136)
    (verdict,) = watch_plans([signed], reservable, today="2027-08-23")
    assert verdict.verdict is Judgement.INVALID
    assert verdict.cause == (
        "the term of 4 instances of g6.xlarge 1-year reserved, all upfront in us-east-1, signed "
        "on 2026-08-22, has ended: what ran on it is charged again"
    )


def test_a_change_of_the_bill_alone_moves_no_instance(
    reservable: Catalog, forty: Requirement
) -> None:
    """On demand a year of 4 x g6 costs 28,200.19; reserved, on the same instances, 17,136."""
    dear = reservable.with_prices(discounts={"aws/*/*/on_demand": 0.9})
    plan = optimize(forty, dear, limits=YEARLY, horizon_hours=HOURS_PER_YEAR)
    assert plan.lines[0].offer.purchase_option == "on_demand"
    (verdict,) = watch_plans([plan], reservable)
    assert verdict.verdict is Judgement.SWITCH
    assert verdict.current_total == pytest.approx(4 * 0.8048 * 8760)
    assert verdict.new_total == pytest.approx(17_136)
    assert (verdict.switching_cost, verdict.days_to_repay) == (0, 0)


def owning(used: int = 0) -> Account:
    """Four g6.xlarge, paid for until the end of January."""
    one = InstanceCommitment(
        name="g6 of 2027", key="aws/us-east-1/g6.xlarge", kind="reserved", count=4, used=used,
        expires="2027-01-31", paid_per_hour=0.5, currency="USD",
    )  # fmt: skip
    return Account(commitments=(one,))


def test_an_expired_commitment_is_not_free(reservable: Catalog, forty: Requirement) -> None:
    listed = reservable.filter(purchase_options=["on_demand"])
    plan = optimize(forty, listed, account=owning())
    assert plan.cost_total == 0
    (verdict,) = watch_plans([plan], listed, today="2027-01-31")
    assert verdict.verdict is Judgement.KEEP
    (verdict,) = watch_plans([plan], listed, today="2027-02-01")
    assert verdict.verdict is Judgement.INVALID
    assert verdict.cause == (
        "g6 of 2027 (aws/us-east-1/g6.xlarge) expired on 2027-01-31: what ran on it is charged "
        "again"
    )
    assert verdict.new_plan is not None
    assert verdict.new_plan.cost_total == pytest.approx(4 * 0.8048 * 730)


def test_a_commitment_that_left_the_account_is_missed(
    reservable: Catalog, forty: Requirement
) -> None:
    listed = reservable.filter(purchase_options=["on_demand"])
    plan = optimize(forty, listed, account=owning())
    step = PriceStep(key="aws", step="percent", amount=1.0)
    (verdict,) = watch_plans([plan], listed, account=Account(steps=(step,)))
    assert verdict.verdict is Judgement.INVALID
    assert verdict.cause == "the account does not hold the commitment g6 of 2027 any more"


def test_what_a_plan_takes_of_a_commitment_is_left_to_it(
    reservable: Catalog, forty: Requirement
) -> None:
    listed = reservable.filter(purchase_options=["on_demand"])
    plan = optimize(forty, listed, account=owning())
    (verdict,) = watch_plans([plan], listed, account=owning(used=4))
    assert verdict.verdict is Judgement.KEEP
    assert verdict.current_total == 0


def test_what_a_plan_draws_on_a_savings_plan_is_left_to_it(
    reservable: Catalog, forty: Requirement
) -> None:
    """Each g6 draws 0.60 an hour: 2.40 of 2.50, so that 0.10 is left where four run already."""
    offers = reservable.offers
    rate = offers[(offers["instance_type"] == "g6.xlarge") & offers["term_years"].isna()].assign(
        purchase_option="savings_plan", kind="compute", term_years=1.0, term_hours=8760.0,
        payment="no", recurring_per_hour=0.60, effective_per_hour=0.60,
    )  # fmt: skip
    rated = reservable.with_offers(pd.concat([offers, rate], ignore_index=True))

    def account(used_per_hour: float) -> Account:
        spend = SpendCommitment(
            name="compute plan", key="aws/us-east-1/g6.*", kind="savings_plan", plan="compute",
            term_years=1.0, payment="no", spend_per_hour=2.5, used_per_hour=used_per_hour,
            expires="2027-12-31", currency="USD",
        )  # fmt: skip
        return Account(spend_commitments=(spend,))

    plan = optimize(forty, rated, account=account(0.0))
    assert [(line.is_owned, line.count) for line in plan.lines] == [(True, 4)]
    (verdict,) = watch_plans([plan], rated, account=account(2.4))
    assert verdict.verdict is Judgement.KEEP
    assert verdict.current_total == 0
