"""Commitments that are owned: free as far as they last and reach, and no further."""

from typing import Any

import pandas as pd
import pytest

from costopt.account.account import Account
from costopt.account.commitments import InstanceCommitment
from costopt.account.records import PriceStep
from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.evaluate.check import evaluate_plan
from costopt.plan.plan import Plan
from costopt.planning.optimize_request import optimize
from costopt.workload.limits import Limits
from costopt.workload.requirement import Requirement


def owning(**changed: Any) -> Account:
    """An account with two p5.4xlarge that are paid for until mid 2027, or as changed."""
    fields: dict[str, Any] = {
        "name": "p5-2026", "key": "aws/us-east-1/p5.4xlarge", "kind": "reserved", "count": 2,
        "expires": "2027-06-30", "paid_per_hour": 4.1, "currency": "USD",
    }  # fmt: skip
    return Account(commitments=(InstanceCommitment(**{**fields, **changed}),))


def rented(plan: Plan) -> list[tuple[str, str, int]]:
    """Instance type, purchase option and count of each line."""
    return sorted(
        (line.offer.instance_type, line.offer.purchase_option, line.count) for line in plan.lines
    )


def test_what_is_owned_costs_nothing_more_and_its_price_is_shown_as_sunk(
    three: Catalog, seventy: Requirement
) -> None:
    plan = optimize(seventy, three, account=owning())
    assert rented(plan) == [("p5.4xlarge", "owned", 2)]
    assert (plan.cost_total, plan.cash_now, plan.locked_in) == (0.0, 0.0, 0.0)
    assert plan.lines[0].price_trail == (
        "reserved p5-2026: 4.1 USD/h are sunk -> paid 0 USD/h until 2027-06-30 -> then 6.88 "
        "USD/h on demand"
    )
    assert "already paid: $0/month" in str(plan)
    assert evaluate_plan(Plan.from_json(plan.to_json()), three).violations == ()


def test_only_as_many_are_free_as_the_commitment_covers(
    three: Catalog, seventy: Requirement
) -> None:
    """One owned at 35 leaves 35: one p5 more at 6.88, cheaper than 4 x g6e at 7.444."""
    for changed in ({"count": 1}, {"count": 3, "used": 2}):
        plan = optimize(seventy, three, account=owning(**changed))
        assert rented(plan) == [("p5.4xlarge", "on_demand", 1), ("p5.4xlarge", "owned", 1)]
        assert plan.cost_per_hour == pytest.approx(6.88)
        assert evaluate_plan(plan, three).violations == ()


def test_a_plan_that_runs_more_on_a_commitment_than_it_covers_does_not_hold(
    three: Catalog, seventy: Requirement
) -> None:
    plan = optimize(seventy, three, account=owning())
    more = plan.lines[0].model_copy(update={"count": 3})
    told = " ".join(evaluate_plan(plan.model_copy(update={"lines": (more,)}), three).violations)
    assert "quota aws/us-east-1/p5.4xlarge/owned/p5-2026: 3 instances, 2 allowed" in told


def test_an_expired_commitment_is_not_free_and_the_plan_says_so(
    three: Catalog, seventy: Requirement
) -> None:
    """The catalogue is of 2026-08-22: a commitment to the day before is charged at list again."""
    plan = optimize(seventy, three, account=owning(expires="2026-08-21"))
    assert rented(plan) == [("g6e.xlarge", "on_demand", 7)]
    assert plan.cost_per_hour == pytest.approx(13.027)
    note = (
        "p5-2026 (aws/us-east-1/p5.4xlarge) expired on 2026-08-21: what ran on it is charged again"
    )
    assert plan.account_notes == (note,)
    assert f"Account: {note}." in " ".join(str(plan).split())


def test_the_day_of_the_account_decides_when_it_is_later_than_the_catalogue(
    three: Catalog, seventy: Requirement
) -> None:
    account = owning(expires="2026-09-30")
    assert rented(optimize(seventy, three, account=account))[0][1] == "owned"
    later = optimize(seventy, three, account=account.as_seen("2026-10-01"))
    assert rented(later) == [("g6e.xlarge", "on_demand", 7)]


def test_an_old_record_does_not_keep_an_expired_commitment_alive(
    three: Catalog, seventy: Requirement
) -> None:
    account = owning(expires="2026-10-31").model_copy(update={"as_of": "2026-05-01"})
    assert account.as_seen("2026-11-22").as_of == "2026-11-22"
    plan = optimize(seventy, three, account=account.as_seen("2026-11-22"))
    assert rented(plan) == [("g6e.xlarge", "on_demand", 7)]


def test_after_its_last_day_in_the_horizon_an_owned_instance_is_charged_on_demand(
    three: Catalog, seventy: Requirement
) -> None:
    """From 08-22 to 08-31 are 10 days, 240 h: 2 x 6.88 x (730 - 240) h = 6,742.40."""
    plan = optimize(seventy, three, account=owning(expires="2026-08-31"))
    assert rented(plan) == [("p5.4xlarge", "owned", 2)]
    assert plan.cost_total == pytest.approx(6742.4)
    assert evaluate_plan(plan, three).violations == ()


def test_a_plan_does_not_hold_once_its_commitment_ends_earlier(
    three: Catalog, seventy: Requirement
) -> None:
    plan = optimize(seventy, three, account=owning())
    changed = plan.model_copy(update={"account": owning(expires="2026-08-31")})
    told = " ".join(evaluate_plan(changed, three).violations)
    assert "line_cost_total is 6,742.4, the plan says 0" in told
    gone = plan.model_copy(update={"account": owning(expires="2026-08-21")})
    with pytest.raises(InvalidInputError, match=r"has no offer aws/us-east-1//p5\.4xlarge/owned"):
        evaluate_plan(gone, three)


def test_own_discounts_count_after_the_last_day_too(three: Catalog, seventy: Requirement) -> None:
    """Half of 6.88 for the 490 hours after the last day: 2 x 3.44 x 490 = 3,371.20."""
    half = PriceStep(key="aws/*/p5.*/on_demand", step="percent", amount=50.0, name="deal")
    account = owning(expires="2026-08-31").model_copy(update={"steps": (half,)})
    plan = optimize(seventy, three, account=account)
    assert plan.cost_total == pytest.approx(3371.2)
    assert "then 3.44 USD/h on demand (list 6.88 USD/h -> 50 % off" in plan.lines[0].price_trail


def test_limits_on_places_and_types_hold_for_what_is_owned_too(
    three: Catalog, seventy: Requirement
) -> None:
    limits = Limits(instance_types="g6e.*")
    plan = optimize(seventy, three, limits=limits, account=owning())
    assert rented(plan) == [("g6e.xlarge", "on_demand", 7)]


def test_equal_nodes_run_on_what_is_owned_and_the_rest_is_bought(three: Catalog) -> None:
    """Two of three are owned, so that one is paid for at 6.88."""
    node: dict[str, Any] = {"accelerator_types": ("H100-80GB",), "accelerators_per_node": 1}
    both = optimize(Requirement(**node, nodes=2), three, account=owning())
    assert (rented(both), both.account_notes) == ([("p5.4xlarge", "owned", 2)], ())
    plan = optimize(Requirement(**node, nodes=3), three, account=owning())
    assert rented(plan) == [("p5.4xlarge", "on_demand", 1), ("p5.4xlarge", "owned", 2)]
    assert plan.cost_per_hour == pytest.approx(6.88)
    assert sorted(line.share for line in plan.lines) == pytest.approx([1 / 3, 2 / 3])
    assert plan.account_notes == ()
    assert "proven cheapest; " in str(plan)
    assert evaluate_plan(Plan.from_json(plan.to_json()), three).violations == ()


def test_equal_nodes_run_on_two_batches_that_expire_on_different_days(three: Catalog) -> None:
    """One to the end; one for 10 days of the horizon, then 490 h at 6.88: 3,371.20."""
    (late,) = owning(name="late", count=1).commitments
    (early,) = owning(name="early", count=1, expires="2026-08-31").commitments
    node: dict[str, Any] = {"accelerator_types": ("H100-80GB",), "accelerators_per_node": 1}
    account = Account(commitments=(late, early))
    plan = optimize(Requirement(**node, nodes=2), three, account=account)
    assert rented(plan) == [("p5.4xlarge", "owned", 1)] * 2
    assert plan.cost_total == pytest.approx(490 * 6.88)
    assert evaluate_plan(Plan.from_json(plan.to_json()), three).violations == ()
    more = optimize(Requirement(**node, nodes=3), three, account=account)
    assert more.cost_total == pytest.approx((490 + 730) * 6.88)


def test_equal_nodes_take_what_is_owned_before_as_much_spot_as_the_share_allows(
    three: Catalog,
) -> None:
    """Of 4 nodes 3 may be spot at 2 each; two are owned, so that only the other two are."""
    dear = three.offers[three.offers["instance_type"] == "p5.4xlarge"]
    spot = dear.assign(
        purchase_option="spot", zone="use1-az4", recurring_per_hour=2.0, effective_per_hour=2.0
    )
    both = three.with_offers(pd.concat([three.offers, spot], ignore_index=True))
    wanted = Requirement(accelerator_types=("H100-80GB",), accelerators_per_node=1, nodes=4)
    limits = Limits(max_spot_fraction=0.75)
    plan = optimize(wanted, both, limits=limits, account=owning())
    assert rented(plan) == [("p5.4xlarge", "owned", 2), ("p5.4xlarge", "spot", 2)]
    assert plan.cost_per_hour == pytest.approx(4.0)
    assert evaluate_plan(Plan.from_json(plan.to_json()), both).violations == ()


def test_a_commitment_without_an_on_demand_price_to_go_on_with_is_left_out(
    bundled: Catalog, seventy: Requirement
) -> None:
    spot = bundled.filter(
        providers=["aws"], regions=["us-east-1"], instance_types=["p5.4xlarge", "g6e.xlarge"],
        purchase_options=["spot"],
    )  # fmt: skip
    account = owning()
    assert len(account.priced(spot)) == len(spot)
    (note,) = account.notes(spot)
    assert "the catalogue has no on-demand price to go on with after 2027-06-30" in note


def test_two_commitments_of_one_name_are_refused() -> None:
    one = owning().commitments[0]
    with pytest.raises(InvalidInputError, match="two commitments have the name 'p5-2026'"):
        Account(commitments=(one, one))
