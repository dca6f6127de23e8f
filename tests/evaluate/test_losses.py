"""What is left when spot capacity is lost, recomputed from the lines of a plan alone."""

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from costopt.catalog.catalog import Catalog
from costopt.evaluate.check import Evaluation, request_hash
from costopt.evaluate.losses import availability_of, worst_loss
from costopt.plan.line import PlanLine
from costopt.plan.plan import Plan
from costopt.planning.optimize_request import optimize
from costopt.workload.limits import FailureGroup, Limits
from costopt.workload.request import PlanRequest
from costopt.workload.requirement import Requirement

TWO_TYPES = Requirement(
    demand_per_second=26,
    throughput_per_second={"g4dn.xlarge": 7, "g5.xlarge": 13},
)


@pytest.fixture(scope="module")
def line(plan_of: Callable[[str], Plan]) -> PlanLine:
    return next(line for line in plan_of("demand").lines if line.is_spot)


def moved(line: PlanLine, routing: list[float], **offer: str) -> PlanLine:
    """The line in another pool, with a routing of its own."""
    place = line.offer.model_copy(update=offer)
    return line.model_copy(update={"offer": place, "routing": tuple(routing)})


@pytest.mark.parametrize("kind", ["pool", "zone", "region"])
@pytest.mark.parametrize("losses", [1, 2, 3, 9])
@pytest.mark.parametrize("seed", range(4))
def test_the_worst_loss_is_the_worst_of_every_set(
    seed: int, losses: int, kind: FailureGroup, line: PlanLine
) -> None:
    draw = np.random.default_rng(seed)
    shares = draw.dirichlet(np.full(7, 0.5), size=5).T
    places = [(f"r{number // 4}", f"z{number // 2}", f"t{number}") for number in range(6)]
    lines = [
        moved(line, routing.tolist(), region=region, zone=zone, instance_type=name)
        for routing, (region, zone, name) in zip(shares[:6], places, strict=True)
    ]
    lines.append(moved(line, shares[6].tolist(), purchase_option="on_demand"))
    depth = {"pool": 3, "zone": 2, "region": 1}[kind]
    groups = {place[:depth] for place in places}
    expected = min(
        shares[[row for row in range(7) if row == 6 or places[row][:depth] not in lost]]
        .sum(axis=0)
        .min()
        for lost in combinations(groups, min(losses, len(groups)))
    )
    found = worst_loss(lines, kind, losses)
    assert found.served_fraction == pytest.approx(expected)
    assert len(found.names) == min(losses, len(groups))


def test_without_spot_nothing_is_lost(line: PlanLine) -> None:
    found = worst_loss([moved(line, [1.0], purchase_option="on_demand")], "pool", 2)
    assert (found.names, found.served_fraction) == ((), 1.0)


def test_a_pool_is_available_when_it_has_what_its_line_needs(line: PlanLine, few: Catalog) -> None:
    # Of 3 rented, 26 / 13 = 2 are needed. g5.xlarge is there 0.6 of the time, correlation 0.9:
    # g = 9; P(2) = 3 x 0.6 x (0.6 + 9) x 0.4 / (1 x 10 x 19) = 6.912 / 190
    # P(3) = 0.6 x (0.6 + 9) x (0.6 + 18) / 190 = 107.136 / 190
    three = moved(line, [1.0], instance_type="g5.xlarge").model_copy(
        update={"count": 3, "utilisation": 2 / 3, "max_utilisation": 1.0}
    )
    assert availability_of([three], few) == pytest.approx((6.912 + 107.136) / 190)
    other = three.model_copy(update={"count": 1, "utilisation": 0.9})
    alone = moved(other, [1.0], instance_type="g6.xlarge")
    both = availability_of([three, alone], few)
    assert both == pytest.approx((6.912 + 107.136) / 190 * 0.6)


@pytest.fixture(scope="module")
def on_spot(few: Catalog) -> Plan:
    """A demand wholly on spot: 2 x g5.xlarge, or types of which each carries a half or more."""
    return optimize(TWO_TYPES, few, limits=Limits(purchase_options=("spot",))).require()


@pytest.mark.parametrize(
    ("promised", "said"),
    [
        ({"survive_pool_losses": 1, "served_after_loss": 0.75}, "leaves 0.0 % of a request size"),
        ({"min_pools": 2}, "that carry at least 5.00 % of the requests, 2 promised"),
        ({"availability": 0.95}, "P(capacity >= demand) is "),
    ],
)
def test_a_broken_promise_is_a_violation(
    promised: dict[str, Any],
    said: str,
    on_spot: Plan,
    asked_otherwise: Callable[..., Evaluation],
) -> None:
    limits = Limits(purchase_options=("spot",), **promised)
    assert len(on_spot.lines) == 1
    violations = asked_otherwise(on_spot, limits=limits).violations
    assert any(said in text and "promised" in text for text in violations)


def test_a_kept_promise_is_said_with_the_worst_loss(few: Catalog) -> None:
    limits = Limits(survive_pool_losses=1, served_after_loss=0.7)
    plan = optimize(TWO_TYPES, few, limits=limits).require()
    (outcome,) = plan.outcomes
    assert outcome.served_after_losses >= 0.7
    (worst,) = outcome.worst_loss
    text = " ".join(str(plan).split())
    assert "Promised: losing any 1 pool leaves at least" in text
    assert f"70 % promised; the worst is {worst}." in text


def test_an_availability_that_spot_cannot_give_is_met_by_firm_capacity(few: Catalog) -> None:
    plan = optimize(TWO_TYPES, few, limits=Limits(availability=0.99)).require()
    assert not any(line.is_spot for line in plan.lines)
    assert plan.outcomes[0].availability == 1
    assert "P(capacity >= demand) is at least 100 %, 99 % promised" in " ".join(str(plan).split())


def test_promises_of_all_workloads_are_said_by_name(few: Catalog) -> None:
    asked = [TWO_TYPES.model_copy(update={"name": name}) for name in ("one", "two")]
    limits = Limits(survive_pool_losses=1, served_after_loss=0.6)
    plan = optimize(asked, few, limits=limits).require()
    text = " ".join(str(plan).split())
    assert "Promised: one: losing any 1 pool" in text
    assert "Promised: two: losing any 1 pool" in text


def test_a_request_without_promises_keeps_its_hash() -> None:
    request = PlanRequest(workloads=(TWO_TYPES.model_copy(update={"name": "kept"}),))
    promising = request.model_copy(update={"limits": Limits(availability=0.5)})
    assert request_hash(request) == KEPT_HASH
    assert request_hash(promising) != KEPT_HASH


KEPT_HASH = "a35e9d2b557e464cd3a0496380f1cfa906c33c68109ee420be87eba0ddd644b6"
