"""Committed spend: whole instances run on it at the plan's rates until it is used up."""

from typing import Any

import pandas as pd
import pytest

from costopt.account.account import Account
from costopt.account.commitments import SpendCommitment
from costopt.account.records import PriceStep
from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.evaluate.check import evaluate_plan
from costopt.plan.plan import Plan
from costopt.planning.optimize_request import optimize
from costopt.workload.limits import Limits
from costopt.workload.requirement import Requirement

NAME = "savings plan compute 2027-06-30"


def spending(**changed: Any) -> Account:
    """7.00 USD/h of a compute savings plan, all upfront for a year, or as changed."""
    fields: dict[str, Any] = {
        "name": NAME, "key": "aws/*/*", "kind": "savings_plan", "plan": "compute",
        "term_years": 1.0, "payment": "all", "spend_per_hour": 7.0, "currency": "USD",
        "expires": "2027-06-30",
    }  # fmt: skip
    return Account(spend_commitments=(SpendCommitment(**{**fields, **changed}),))


def rented(plan: Plan) -> list[tuple[str, str, int]]:
    """Instance type, purchase option and count of each line."""
    return sorted(
        (line.offer.instance_type, line.offer.purchase_option, line.count) for line in plan.lines
    )


def test_instances_run_on_committed_spend_as_far_as_their_rates_fit(
    planned: Catalog, seventy: Requirement
) -> None:
    """Rates are 3.44 for p5 and 0.9305 for g6e: 2 x 3.44 = 6.88 fit into 7.00, for 70 a second."""
    plan = optimize(seventy, planned, account=spending())
    assert (plan.cost_total, plan.cash_now) == (0.0, 0.0)
    draws = {"p5.4xlarge": 3.44, "g6e.xlarge": 0.9305}
    assert all(option == "owned" for _, option, _ in rented(plan))
    assert sum(draws[kind] * count for kind, _, count in rented(plan)) <= 7.0
    assert evaluate_plan(Plan.from_json(plan.to_json()), planned).violations == ()


def test_what_is_used_by_others_is_not_left(planned: Catalog, seventy: Requirement) -> None:
    """Of 7.00, 3.50 are left: one p5 (35) draws 3.44, or 3 g6e (30) 2.7915; then 35 are left."""
    plan = optimize(seventy, planned, account=spending(used_per_hour=3.5))
    assert rented(plan) == [("p5.4xlarge", "on_demand", 1), ("p5.4xlarge", "owned", 1)]
    assert plan.cost_per_hour == pytest.approx(6.88)
    (owned,) = (line for line in plan.lines if line.is_owned)
    assert owned.price_trail == (
        f"savings_plan {NAME}: 3.44 of 7 USD/h are drawn -> paid 0 USD/h until 2027-06-30 -> "
        "then 6.88 USD/h on demand"
    )
    assert plan.account_notes == (
        f"0.06 USD/h of the 3.50 USD/h of {NAME} are left unused; they may pay part of an "
        "on-demand instance of the plan",
    )
    assert evaluate_plan(plan, planned).violations == ()


def test_discounts_of_the_account_do_not_stretch_a_savings_plan(
    planned: Catalog, seventy: Requirement
) -> None:
    """A discount is taken off the bill; what is drawn on the plan is its own rate."""
    half = PriceStep(key="aws", step="percent", amount=50.0)
    account = spending(spend_per_hour=3.43, key="aws/*/p5.*").model_copy(update={"steps": (half,)})
    (note,) = account.notes(planned)
    assert "3.43 USD/h left cover no whole instance" in note
    assert rented(optimize(seventy, planned, account=account))[0][1] == "on_demand"


def test_the_dearest_rate_is_drawn_where_the_payment_is_not_told(
    planned: Catalog, seventy: Requirement
) -> None:
    """Without upfront p5 draws 4.0 instead of 3.44: of 7.00 one fits, where two would."""
    offers = planned.offers
    dear = offers[(offers["kind"] == "compute") & (offers["instance_type"] == "p5.4xlarge")]
    dear = dear.assign(payment="no", upfront=0.0, recurring_per_hour=4.0, effective_per_hour=4.0)
    both = planned.with_offers(pd.concat([offers, dear], ignore_index=True))
    for payment, count in (("all", 2), ("no", 1), ("", 1)):
        plan = optimize(seventy, both, account=spending(payment=payment, key="aws/*/p5.*"))
        assert [line.count for line in plan.lines if line.is_owned] == [count]


def test_only_what_the_key_names_runs_on_it(planned: Catalog, seventy: Requirement) -> None:
    """Only g6e: 7 x 0.9305 = 6.5135 of 7.00; 0.4865 are left."""
    plan = optimize(seventy, planned, account=spending(key="aws/us-*/g6e.*|trn1.*"))
    assert rented(plan) == [("g6e.xlarge", "owned", 7)]
    assert plan.account_notes == (f"0.49 USD/h of the 7.00 USD/h of {NAME} are left unused",)


def test_a_plan_that_draws_more_than_is_left_does_not_hold(
    planned: Catalog, seventy: Requirement
) -> None:
    plan = optimize(seventy, planned, account=spending(key="aws/*/g6e.xlarge"))
    (line,) = plan.lines
    more = plan.model_copy(update={"lines": (line.model_copy(update={"count": 8}),)})
    told = " ".join(evaluate_plan(more, planned).violations)
    assert f"spend_quota_per_hour aws/*/g6e.xlarge/owned/{NAME}: 7.444 per hour, 7 allowed" in told


def test_after_its_last_day_in_the_horizon_what_ran_on_it_is_charged_on_demand(
    planned: Catalog, seventy: Requirement
) -> None:
    """From 08-22 to 08-31 are 240 h: 7 x 1.861 x (730 - 240) h = 6,383.23."""
    account = spending(key="aws/*/g6e.xlarge", expires="2026-08-31")
    plan = optimize(seventy, planned, account=account)
    assert rented(plan) == [("g6e.xlarge", "owned", 7)]
    assert plan.cost_total == pytest.approx(6383.23)
    assert evaluate_plan(plan, planned).violations == ()


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"expires": "2026-08-21"}, "expired on 2026-08-21: what ran on it is charged again"),
        ({"used_per_hour": 7.0}, ": all 7 USD/h are in use"),
        ({"plan": "ec2_instance"}, "no USD rate of plan ec2_instance (1-year, all upfront)"),
        ({"currency": "CNY"}, "no CNY rate of plan compute"),
        ({"spend_per_hour": 0.5}, "0.5 USD/h left cover no whole instance"),
        ({"key": "gcp/*/a3-*"}, "the catalogue has no on-demand price to go on with"),
    ],
)
def test_committed_spend_that_cannot_be_used_is_said(
    changed: dict[str, Any], why: str, planned: Catalog, seventy: Requirement
) -> None:
    account = spending(**changed)
    (note,) = account.notes(planned)
    assert why in note
    plan = optimize(seventy, planned, account=account)
    assert rented(plan) == [("g6e.xlarge", "on_demand", 7)]


def test_a_job_says_what_it_leaves_of_committed_spend(planned: Catalog) -> None:
    """Two H100 nodes draw 6.88; 3.50 cover one of them, and 0.06 are left."""
    node = Requirement(accelerator_types=("H100-80GB",), accelerators_per_node=1, nodes=2)
    assert rented(optimize(node, planned, account=spending())) == [("p5.4xlarge", "owned", 2)]
    plan = optimize(node, planned, account=spending(spend_per_hour=3.5))
    assert rented(plan) == [("p5.4xlarge", "on_demand", 1), ("p5.4xlarge", "owned", 1)]
    assert plan.cost_per_hour == pytest.approx(6.88)
    assert plan.account_notes[-1].startswith(f"0.06 USD/h of the 3.50 USD/h of {NAME} are left")


def test_leaving_out_quotas_never_makes_owned_capacity_endless(planned: Catalog) -> None:
    """One p5 is owned, the other costs 5,022.40 in 730 h, which a budget of 1,000 forbids."""
    work = Requirement(throughput_per_second={"p5.4xlarge": 35.0}, demand_per_second=70.0)
    account = spending(spend_per_hour=3.5)
    plan = optimize(work, planned, limits=Limits(budget=1000.0), account=account)
    assert not plan.has_answer
    changes = " ".join(plan.explain().changes)
    assert "limits.budget of 5,022.40" in changes
    assert "spend_quota_per_hour" not in changes


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"key": "aws/us-east-1"}, "must be provider/region/instance_type, such as"),
        ({"key": "aws/*/p5.*/owned"}, "must be provider/region/instance_type, such as"),
        ({"name": "a|b"}, "may not hold any of"),
        ({"payment": "some"}, "payment"),
        ({"spend_per_hour": 0.0}, "spend_per_hour"),
    ],
)
def test_committed_spend_that_cannot_be_meant_is_refused(
    changed: dict[str, Any], problem: str
) -> None:
    with pytest.raises(InvalidInputError, match=problem):
        spending(**changed)
