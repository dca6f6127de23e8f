"""Several workloads on one node, at the level of arrays, against exhaustive search."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations_with_replacement, product

import numpy as np
import pytest
from numpy.typing import NDArray

from costopt.plan.status import PlanStatus
from costopt.solve.changes import NEW, Changes
from costopt.solve.problem import LimitRow, Problem, ServingBlock
from costopt.solve.pulp_shared import write_pulp_shared
from costopt.solve.shared_nodes import SharedNodes
from costopt.solve.shared_run import solve_shared

MOST_NODES = 3
"""Nodes in a plan at most, so that a search through all of them ends."""

SLOTS = ((4, 0), (2, 1), (0, 2))
"""Ways to divide an accelerator of the cases: slots of two kinds."""


@dataclass(frozen=True)
class Replica:
    """One kind of replica: whose it is, where it stands, what it takes and serves."""

    workload: int
    pool: int
    size: int
    slot: int
    rate: float


@dataclass(frozen=True)
class Case:
    """Nodes with prices and accelerators, replicas, and what each workload asks for."""

    accelerators: tuple[int, ...]
    prices: tuple[float, ...]
    is_spot: tuple[bool, ...]
    replicas: tuple[Replica, ...]
    demand: tuple[float, ...]
    max_spot_fraction: float
    budget: float | None


def drawn(seed: int) -> Case:
    draw = np.random.default_rng(seed)
    pools, workloads = int(draw.integers(1, 4)), int(draw.integers(2, 4))
    accelerators = tuple(draw.choice([1, 2, 4, 6, 8], pools).tolist())
    replicas = []
    for workload, pool in product(range(workloads), range(pools)):
        sizes = {int(size) for size in draw.choice([1, 2, 3, 4], 2)}
        fitting = sorted(size for size in sizes if size <= accelerators[pool])
        base = float(draw.choice([1.0, 1.5, 3.0]))
        for size in fitting:
            rate = base * size ** float(draw.choice([0.8, 1.2]))
            replicas.append(Replica(workload, pool, size, -1, rate))
        if draw.random() < 0.2:
            slot = int(draw.integers(0, 2))
            replicas.append(Replica(workload, pool, 0, slot, base * (0.2, 0.45)[slot]))
    return Case(
        accelerators=accelerators,
        prices=tuple(
            round(count * float(draw.choice([0.7, 1.0, 1.3])), 2) for count in accelerators
        ),
        is_spot=tuple((draw.random(pools) < 0.3).tolist()),
        replicas=tuple(replicas),
        demand=tuple(draw.choice([0.3, 1.0, 2.5, 6.0, 9.0], workloads).tolist()),
        max_spot_fraction=float(draw.choice([1.0, 0.5, 0.0])),
        budget=float(draw.choice([5.0, 12.0])) if draw.random() < 0.2 else None,
    )


def problem_of(case: Case) -> tuple[Problem, SharedNodes]:
    """Write one server for each replica; nodes are offers that follow no server's meaning."""
    order = sorted(range(len(case.replicas)), key=lambda kind: case.replicas[kind].workload)
    replicas = [case.replicas[kind] for kind in order]
    blocks = []
    for workload, wanted in enumerate(case.demand):
        own = [one for one in replicas if one.workload == workload]
        blocks.append(
            ServingBlock(
                demand=np.array([wanted]),
                rates=np.array([[one.rate] for one in own]).reshape(len(own), 1),
                max_utilisation=np.ones(len(own)),
                is_spot=np.array([case.is_spot[one.pool] for one in own], dtype=bool),
                max_spot_fraction=case.max_spot_fraction,
            )
        )
    pools = len(case.accelerators)
    divided = sorted({one.pool for one in replicas if one.slot >= 0})
    problem = Problem(
        price_per_hour=np.array(case.prices),
        server=np.zeros(pools, dtype=np.int64),
        upper=np.full(pools, np.inf),
        group=np.arange(pools),
        blocks=tuple(blocks),
        rows=(LimitRow(name="nodes", offer_coefficients=np.ones(pools), upper=MOST_NODES),),
        budget_per_hour=case.budget,
    )
    nodes = SharedNodes(
        offer=np.arange(pools),
        pool=np.arange(pools),
        accelerators=np.array(case.accelerators),
        server=np.arange(len(replicas)),
        home=np.array([one.pool for one in replicas]),
        size=np.array([one.size for one in replicas]),
        slot=np.array([one.slot for one in replicas]),
        divisor=np.ones(len(replicas), dtype=np.int64),
        partition_home=np.repeat(np.array(divided, dtype=np.int64), len(SLOTS)),
        partition_slots=np.tile(np.array(SLOTS), (len(divided), 1)).reshape(-1, 2),
    )
    return problem, nodes


Rates = tuple[float, ...]


def contents(case: Case, pool: int) -> list[Rates]:
    """Every rate by workload that one node of a pool can hold, found item by item."""
    own = [one for one in case.replicas if one.pool == pool]
    items = [(one.size, plus(nothing(case), [one])) for one in own if one.size]
    items += [(1, rates) for rates in best_of(divided(case, own))]
    found: set[tuple[Rates, int, int]] = set()

    def add(rates: Rates, left: int, first: int) -> None:
        if (rates, left, first) in found:
            return
        found.add((rates, left, first))
        for position, (size, more) in enumerate(items[first:], first):
            if size <= left:
                total = tuple(round(a + b, 9) for a, b in zip(rates, more, strict=True))
                add(total, left - size, position)

    add(nothing(case), case.accelerators[pool], 0)
    return best_of({rates for rates, _, _ in found})


def nothing(case: Case) -> Rates:
    return (0.0,) * len(case.demand)


def plus(rates: Rates, replicas: Sequence[Replica]) -> Rates:
    more = list(rates)
    for one in replicas:
        more[one.workload] = round(more[one.workload] + one.rate, 9)
    return tuple(more)


def divided(case: Case, own: Sequence[Replica]) -> set[Rates]:
    """Every rate that one accelerator holds when it is divided."""
    slices = [[one for one in own if one.slot == slot] for slot in (0, 1)]
    found = set()
    for room in SLOTS:
        picks = [
            list(combinations_with_replacement(kinds, count if kinds else 0))
            for kinds, count in zip(slices, room, strict=True)
        ]
        found |= {plus(nothing(case), [*first, *second]) for first, second in product(*picks)}
    return found - {nothing(case)}


def best_of(found: set[Rates]) -> list[Rates]:
    """Those that no other one reaches in every workload."""
    kept: list[Rates] = []
    for rates in sorted(found, reverse=True):
        if not any(all(a >= b for a, b in zip(other, rates, strict=True)) for other in kept):
            kept.append(rates)
    return kept


def searched(case: Case, changes: Changes | None = None) -> float:
    """Cost of the cheapest nodes, up to MOST_NODES of any contents, that serve every demand."""
    rows = [(pool, rates) for pool in range(len(case.accelerators))
            for rates in contents(case, pool)]  # fmt: skip
    prices = np.array([*(case.prices[pool] for pool, _ in rows), 0.0])
    spot = np.array([*(case.is_spot[pool] for pool, _ in rows), False])
    rates = np.array([*(held for _, held in rows), nothing(case)])
    chosen = np.array(list(combinations_with_replacement(range(len(rows) + 1), MOST_NODES)))
    demand = np.array(case.demand)
    firm = np.where(spot[:, None], 0.0, rates)[chosen].sum(axis=1)
    reclaimed = np.where(spot[:, None], rates, 0.0)[chosen].sum(axis=1)
    served = firm + np.minimum(reclaimed, case.max_spot_fraction * demand)
    cost = prices[chosen].sum(axis=1)
    able = (served >= demand - 1e-9).all(axis=1)
    if case.budget is not None:
        able &= cost <= case.budget + 1e-9
    if changes is not None:
        pool = np.array([*(pool for pool, _ in rows), len(case.prices)])[chosen]
        cost = cost + cost_of_changes(changes, pool)
    return float(cost[able].min()) if able.any() else float("inf")


def cost_of_changes(changes: Changes, pool: NDArray[np.int64]) -> NDArray[np.float64]:
    """Starts and stops between what runs and each choice of nodes, by the pools chosen."""
    started = np.zeros(len(pool), dtype=np.int64)
    stopped = np.zeros(len(pool), dtype=np.int64)
    for kind, there in [(NEW, 0), *enumerate(changes.running.tolist())]:
        wanted = np.isin(pool, np.flatnonzero(changes.kind == kind)).sum(axis=1)
        started += np.maximum(wanted - there, 0)
        stopped += np.maximum(there - wanted, 0)
    cost: NDArray[np.float64] = started * changes.start_cost + stopped * changes.stop_cost
    return cost


def fleet_of(case: Case, seed: int) -> Changes:
    """Some of the nodes run already; where a stop is dear they may idle for less."""
    draw = np.random.default_rng(seed)
    kinds = int(draw.integers(1, 3))
    return Changes(
        kind=draw.integers(NEW, kinds, len(case.prices)),
        running=draw.integers(1, 3, kinds),
        start_cost=float(draw.choice([0.0, 0.4, 2.0])),
        stop_cost=float(draw.choice([0.0, 0.2, 0.6, 5.0, 12.0])),
    )


def test_nodes_that_run_already_cost_what_exhaustive_search_finds() -> None:
    for seed in range(60):
        # A node that may serve nothing is given back whatever that costs.
        case = replace(drawn(seed), max_spot_fraction=0.6)
        problem, nodes = problem_of(case)
        changes = fleet_of(case, seed)
        found = solve_shared(replace(problem, changes=changes), nodes, gap=0.0).solution
        cost = float("inf") if found.cost is None else found.cost
        assert cost == pytest.approx(searched(case, changes), rel=1e-9), seed


def lost_together(case: Case, problem: Problem, seed: int) -> Problem:
    """The same nodes on spot, each pool lost as a whole, with a promise on losses."""
    draw = np.random.default_rng(seed)
    lost = draw.integers(-1, 2, len(case.prices))
    order = sorted(case.replicas, key=lambda one: one.workload)
    blocks = []
    for workload, block in enumerate(problem.blocks):
        group = lost[[one.pool for one in order if one.workload == workload]]
        blocks.append(
            replace(
                block,
                is_spot=group >= 0,
                failure_group=group,
                max_spot_fraction=1.0,
                max_losses=int(draw.integers(1, 3)),
                max_lost_fraction=float(draw.choice([0.5, 0.8, 1.0])),
                min_failure_groups=int(draw.integers(0, 3)),
            )
        )
    return replace(problem, blocks=tuple(blocks))


def test_what_is_pruned_costs_nothing_where_nodes_run_or_are_lost_together() -> None:
    answered = 0
    for seed in range(60):
        case = drawn(seed)
        problem, nodes = problem_of(case)
        problem = lost_together(case, problem, seed)
        if seed % 2:
            problem = replace(problem, changes=fleet_of(case, seed))
        pruned = solve_shared(problem, nodes, gap=0.0).solution.cost
        assert solve_shared(problem, nodes, gap=0.0, prune=False).solution.cost == pruned, seed
        answered += pruned is not None
    assert answered > 20


@pytest.mark.parametrize("first", range(0, 200, 20))
def test_two_hundred_small_cases_cost_what_exhaustive_search_finds(first: int) -> None:
    for seed in range(first, first + 20):
        case = drawn(seed)
        problem, nodes = problem_of(case)
        found = solve_shared(problem, nodes, gap=0.0).solution
        best = searched(case)
        cost = float("inf") if found.cost is None else found.cost
        assert cost == pytest.approx(best, rel=1e-9), seed
        assert (found.status is PlanStatus.INFEASIBLE) == (best == float("inf")), seed


@pytest.mark.parametrize("first", range(0, 60, 20))
def test_what_is_pruned_costs_nothing(first: int) -> None:
    for seed in range(first, first + 20):
        problem, nodes = problem_of(drawn(seed))
        pruned = solve_shared(problem, nodes, gap=0.0).solution.cost
        assert solve_shared(problem, nodes, gap=0.0, prune=False).solution.cost == pruned, seed


def test_the_model_written_with_pulp_costs_what_the_arrays_cost() -> None:
    for seed in range(60):
        case = drawn(seed)
        problem, nodes = problem_of(case)
        if seed % 3 == 1:
            problem = lost_together(case, problem, seed)
        if seed % 3 == 2:
            problem = replace(problem, changes=fleet_of(case, seed))
        arrays = solve_shared(problem, nodes, gap=0.0).solution
        written = write_pulp_shared(problem, nodes).solve(gap=0.0)
        assert written.status is arrays.status, seed
        assert written.cost == (arrays.cost and pytest.approx(arrays.cost, rel=1e-6)), seed
