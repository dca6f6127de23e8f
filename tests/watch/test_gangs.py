"""Equal nodes that are partly owned, watched: they are kept, and expiry is noticed."""

from typing import Any

import pytest

from costopt.account.account import Account
from costopt.account.commitments import InstanceCommitment
from costopt.catalog.catalog import Catalog
from costopt.plan.plan import Plan
from costopt.planning.optimize_request import optimize
from costopt.watch.verdict import CauseKind, Judgement
from costopt.watch.watch import watch_plans
from costopt.workload.limits import Limits
from costopt.workload.requirement import Requirement

THREE = Requirement(nodes=3, limits=Limits(instance_types="g6.xlarge"))


def owning(**changed: Any) -> Account:
    """Two g6.xlarge that are paid for until mid 2027, or as changed."""
    fields: dict[str, Any] = {
        "name": "g6", "key": "aws/us-east-1/g6.xlarge", "kind": "reserved", "count": 2,
        "expires": "2027-06-30",
    }  # fmt: skip
    return Account(commitments=(InstanceCommitment(**{**fields, **changed}),))


@pytest.fixture(scope="module")
def partly(two: Catalog) -> Plan:
    """Two of three nodes are owned, one is bought at 0.8048 an hour."""
    plan = optimize(THREE, two, account=owning())
    assert plan.cost_per_hour == pytest.approx(0.8048)
    return plan


def test_owned_nodes_of_a_gang_do_not_stand_in_their_own_way(partly: Plan, two: Catalog) -> None:
    for account in (None, owning(used=2)):
        (verdict,) = watch_plans([partly], two, account=account)
        assert verdict.verdict is Judgement.KEEP
        assert verdict.current_total == pytest.approx(0.8048 * 730)


def test_nodes_whose_commitment_has_ended_make_the_plan_invalid(
    partly: Plan, two: Catalog
) -> None:
    (verdict,) = watch_plans([partly], two, today="2027-07-01")
    assert verdict.verdict is Judgement.INVALID
    assert [cause.kind for cause in verdict.causes if cause.is_breaking] == [
        CauseKind.COMMITMENT_EXPIRED
    ]


def test_nodes_that_are_all_bought_beside_owned_ones_are_worth_another_bill(two: Catalog) -> None:
    """Three at 0.8048; two of them may be owned, and a change of the bill moves nothing."""
    bought = optimize(THREE, two)
    (verdict,) = watch_plans([bought], two, account=owning())
    assert verdict.verdict is Judgement.SWITCH
    assert verdict.switching_cost == 0
    assert verdict.saving_total == pytest.approx(2 * 0.8048 * 730)
