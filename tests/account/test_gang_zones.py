"""Equal nodes on what is owned in one zone: the whole gang stands there."""

from typing import Any

import pytest

from costopt.account.account import Account
from costopt.account.commitments import InstanceCommitment
from costopt.catalog.catalog import Catalog
from costopt.evaluate.check import evaluate_plan
from costopt.plan.plan import Plan
from costopt.planning.optimize_request import optimize
from costopt.workload.limits import Limits
from costopt.workload.requirement import Requirement

H100: dict[str, Any] = {"accelerator_types": ("H100-80GB",), "accelerators_per_node": 1}


def owning(**zones: str) -> Account:
    """One p5.4xlarge in each named zone; an empty one is any zone of the region."""
    return Account(
        commitments=tuple(
            InstanceCommitment(
                name=name, key="aws/us-east-1/p5.4xlarge", zone=zone, kind="reserved", count=1,
                expires="2027-06-30",
            )
            for name, zone in zones.items()
        )
    )  # fmt: skip


def paid_by(plan: Plan) -> dict[str, int]:
    """Nodes by the commitment that pays for them; those bought under an empty name."""
    return {line.offer.kind: line.count for line in plan.lines}


def test_nodes_on_owned_ones_of_two_zones_are_not_one_gang(three: Catalog) -> None:
    """One of the two zones pays for one node, the region for another, the third is bought."""
    account = owning(first="use1-az4", second="use1-az6", anywhere="")
    plan = optimize(Requirement(**H100, nodes=3), three, account=account)
    assert plan.cost_per_hour == pytest.approx(6.88)
    zones = {line.offer.zone for line in plan.lines if line.offer.zone}
    assert len(zones) == 1
    assert paid_by(plan)["anywhere"] == 1
    assert evaluate_plan(Plan.from_json(plan.to_json()), three).violations == ()


def test_what_is_owned_serves_alone_where_nothing_may_be_bought(three: Catalog) -> None:
    account = owning(first="", second="")
    limits = Limits(purchase_options=("spot",))
    plan = optimize(Requirement(**H100, nodes=2), three, limits=limits, account=account)
    assert paid_by(plan) == {"first": 1, "second": 1}
    assert plan.cost_total == 0
    assert not optimize(Requirement(**H100, nodes=3), three, limits=limits, account=account).lines


def test_a_plan_with_two_ways_to_pay_explains_and_prints_itself(three: Catalog) -> None:
    plan = optimize(Requirement(**H100, nodes=3), three, account=owning(first="", second=""))
    assert paid_by(plan) == {"first": 1, "second": 1, "": 1}
    assert "2 x p5.4xlarge in aws us-east-1, already paid" in " ".join(str(plan).split())
    assert "p5.4xlarge" in str(plan.explain())
