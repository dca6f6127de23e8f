"""Random problems, and two oracles that share no code and no solver with costopt.solve."""

from collections.abc import Callable, Iterator
from itertools import combinations, product

import numpy as np
import pulp
import pytest
from numpy.typing import NDArray

from costopt.solve.problem import Choice, LimitRow, Problem, ServingBlock

FloatArray = NDArray[np.float64]

EXACT = 1e-9
"""Rounding error of the oracles' sums."""


@pytest.fixture
def serve() -> Callable[..., Problem]:
    """One workload, one offer for each server; everything not named is without a limit."""

    def build(
        demand: list[float],
        rates: list[list[float]],
        prices: list[float],
        *,
        spot: list[bool] | None = None,
        max_spot_fraction: float = 1.0,
        utilisation: float = 1.0,
        upper: list[float] | None = None,
        **limits: object,
    ) -> Problem:
        servers = len(prices)
        block = ServingBlock(
            demand=np.array(demand, dtype=float),
            rates=np.array(rates, dtype=float).reshape(servers, len(demand)),
            max_utilisation=np.full(servers, utilisation),
            is_spot=np.array(spot or [False] * servers, dtype=bool),
            max_spot_fraction=max_spot_fraction,
        )
        arrays = {
            "price_per_hour": np.array(prices, dtype=float),
            "server": np.arange(servers),
            "upper": np.array(upper or [np.inf] * servers, dtype=float),
            "group": np.arange(servers),
            "blocks": (block,),
        }
        return Problem(**(arrays | limits))  # type: ignore[arg-type]

    return build


@pytest.fixture
def draw_problem() -> Callable[[int], Problem]:
    """Draw a small problem with any mixture of limits, the same one for the same seed."""
    return _draw_problem


def _draw_problem(seed: int) -> Problem:
    random = np.random.default_rng(seed)
    blocks = tuple(_draw_block(random) for _ in range(random.integers(1, 3)))
    servers = sum(len(block.is_spot) for block in blocks)
    offers = servers + int(random.integers(0, 3))
    server = np.concatenate([np.arange(servers), random.integers(0, servers, offers - servers)])
    group = random.integers(0, 4, offers)
    choices = tuple(_draw_choice(random) for _ in range(random.integers(0, 2)))
    rows = tuple(
        LimitRow(
            name=f"quota {index}",
            offer_coefficients=random.choice([0.0, 0.0, 1.0, 3.0], offers),
            choice_coefficients=tuple(
                random.choice([0.0, 1.0, 2.0], len(choice.cost)) for choice in choices
            ),
            upper=float(random.integers(2, 8)),
        )
        for index in range(random.integers(0, 3))
    )
    return Problem(
        price_per_hour=random.choice([0.5, 0.7, 1.0, 1.1, 2.0, 2.1, 3.0, 4.0], offers),
        server=server,
        upper=random.choice([0.0, 1.0, 2.0, np.inf, np.inf, np.inf], offers),
        group=group,
        blocks=blocks,
        choices=choices,
        rows=rows,
        budget_per_hour=float(random.integers(3, 12)) if random.random() < 0.25 else None,
        max_groups=int(random.integers(1, 4)) if random.random() < 0.35 else None,
    )


def _draw_block(random: np.random.Generator) -> ServingBlock:
    servers, buckets = int(random.integers(1, 4)), int(random.integers(1, 4))
    base = random.choice([1.0, 2.0, 3.0, 4.0], (1, buckets))
    rates = base * random.choice([0.5, 1.0, 2.0], (servers, 1))
    own = random.choice([0.0, 1.0, 2.0, 3.0, 5.0], (servers, buckets))
    return ServingBlock(
        demand=np.round(random.choice([0.0, 0.7, 1.3, 2.1], buckets), 2),
        rates=np.where(random.random((servers, 1)) < 0.4, rates, own),
        max_utilisation=random.choice([0.7, 1.0], servers),
        is_spot=random.random(servers) < 0.4,
        max_spot_fraction=float(random.choice([0.0, 0.25, 0.5, 1.0, 1.0])),
    )


def _draw_choice(random: np.random.Generator) -> Choice:
    alternatives = int(random.integers(1, 4))
    return Choice(
        cost=random.choice([0.4, 0.9, 1.5, 2.0], alternatives),
        group=random.integers(0, 4, alternatives),
    )


@pytest.fixture
def cheapest_by_search() -> Callable[[Problem], float | None]:
    """Cheapest cost over all counts and alternatives, or None; no solver takes part."""
    return _cheapest_by_search


def _cheapest_by_search(problem: Problem) -> float | None:
    counts = _count_vectors(problem)
    feasible = _counts_that_serve(problem, counts)
    costs = [np.inf]
    for chosen in product(*(range(len(choice.cost)) for choice in problem.choices)):
        cost = counts @ problem.price_per_hour
        cost = cost + sum(c.cost[taken] for c, taken in zip(problem.choices, chosen, strict=True))
        fits = feasible & _limits_kept(problem, counts, chosen)
        if problem.budget_per_hour is not None:
            fits &= cost <= problem.budget_per_hour + EXACT
        cost = cost + _cost_of_changes(problem, counts, chosen)
        costs += cost[fits].tolist()
    return None if min(costs) == np.inf else min(costs)


def _count_vectors(problem: Problem) -> NDArray[np.int64]:
    """Every combination of counts up to the limit, or to all that a server could carry."""
    carried = []
    for block in problem.blocks:
        for server, rates in enumerate(block.rates):
            able = rates > 0
            load = (block.demand[able] / rates[able]).sum() / block.max_utilisation[server]
            carried.append(np.ceil(load - EXACT))
    most = np.array(carried)[problem.server]
    if problem.changes is not None:
        forbidden = [block.is_spot & (block.max_spot_fraction == 0) for block in problem.blocks]
        able = (most > 0) & ~np.concatenate(forbidden)[problem.server]
        most = np.where(able, np.maximum(most, problem.changes.running.max()), 0)
    most = np.minimum(problem.upper, most).astype(int)
    return np.array(list(product(*(range(count + 1) for count in most))), dtype=np.int64)


def _cost_of_changes(
    problem: Problem, counts: NDArray[np.int64], chosen: tuple[int, ...]
) -> FloatArray:
    """Price of the starts and stops between what runs and each count vector, kind by kind."""
    changes = problem.changes
    if changes is None:
        return np.zeros(len(counts))
    started = counts[:, changes.kind < 0].sum(axis=1)
    stopped = np.zeros(len(counts), dtype=np.int64)
    for gang, taken in zip(changes.gangs, chosen, strict=True):
        started = started + gang.new[taken]
    for kind, there in enumerate(changes.running):
        wanted = counts[:, changes.kind == kind].sum(axis=1)
        wanted = wanted + sum(
            gang.running[taken, kind] for gang, taken in zip(changes.gangs, chosen, strict=True)
        )
        started = started + np.where(wanted > there, wanted - there, 0)
        stopped = stopped + np.where(wanted < there, there - wanted, 0)
    cost: FloatArray = started * changes.start_cost + stopped * changes.stop_cost
    return cost


def _limits_kept(
    problem: Problem, counts: NDArray[np.int64], chosen: tuple[int, ...]
) -> NDArray[np.bool_]:
    kept = np.ones(len(counts), dtype=bool)
    for row in problem.rows:
        jobs = zip(row.choice_coefficients, chosen, strict=True)
        used = counts @ row.offer_coefficients + sum(weights[taken] for weights, taken in jobs)
        kept &= used <= row.upper + EXACT
    if problem.max_groups is not None:
        jobs_in = zip(problem.choices, chosen, strict=True)
        taken_groups = {int(choice.group[taken]) for choice, taken in jobs_in}
        types = np.array(
            [len(taken_groups | set(problem.group[row > 0].tolist())) for row in counts]
        )
        kept &= types <= problem.max_groups
    return kept


def _counts_that_serve(problem: Problem, counts: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each count vector can carry all demand, by Farkas' lemma.

    A routing exists exactly when no prices ``y >= 0`` of capacity make the cheapest routing of
    all buckets dearer than the capacity is worth. Both sides are piecewise linear in ``y``, with
    kinks only where two servers cost a bucket the same, so the corners of that arrangement
    decide: no linear program is solved.
    """
    served = np.ones(len(counts), dtype=bool)
    first = 0
    for block in problem.blocks:
        servers = len(block.is_spot)
        per_server = np.stack(
            [counts[:, problem.server == first + index].sum(axis=1) for index in range(servers)],
            axis=1,
        )
        first += servers
        wanted = block.demand > 0
        rates = block.rates[:, wanted] * block.max_utilisation[:, None]
        load = np.where(rates > 0, block.demand[wanted] / np.where(rates > 0, rates, 1), np.inf)
        corners = np.array(list(_corners(load)))
        price = _routing_price(block, load, corners)
        worth = per_server @ corners.T
        served &= (worth >= price - EXACT).all(axis=1)
    return served


def _routing_price(block: ServingBlock, load: FloatArray, corners: FloatArray) -> FloatArray:
    """Cheapest price of routing all buckets at each corner; ``inf`` when one cannot be routed."""
    costs = np.where(
        np.isfinite(load), corners[:, :, None] * np.nan_to_num(load, posinf=0), np.inf
    )
    firm = costs[:, ~block.is_spot].min(axis=1, initial=np.inf)
    spot = costs[:, block.is_spot].min(axis=1, initial=np.inf)
    cap = block.max_spot_fraction
    if cap == 1:
        total: FloatArray = np.minimum(firm, spot).sum(axis=1)
        return total
    cheaper = np.minimum(firm, spot) if cap > 0 else firm
    total = np.where(np.isfinite(firm), cap * np.nan_to_num(cheaper) + (1 - cap) * firm, np.inf)
    return np.asarray(total.sum(axis=1))


def _corners(load: FloatArray) -> Iterator[FloatArray]:
    """Price vectors, summing to 1, where enough kinks and edges meet in one point."""
    servers = len(load)
    planes = list(np.eye(servers))
    for one, other in combinations(range(servers), 2):
        for bucket in np.flatnonzero(np.isfinite(load[one]) & np.isfinite(load[other])):
            plane = np.zeros(servers)
            plane[one], plane[other] = load[one, bucket], -load[other, bucket]
            planes.append(plane)
    right = np.eye(servers)[-1]
    for meeting in combinations(planes, servers - 1):
        system = np.vstack([*meeting, np.ones(servers)])
        if abs(np.linalg.det(system)) < EXACT:
            continue
        corner = np.linalg.solve(system, right)
        if (corner >= -EXACT).all():
            yield np.maximum(corner, 0)


@pytest.fixture
def cheapest_by_cbc() -> Callable[[Problem], float | None]:
    """Cheapest cost by PuLP and CBC from the written formulas, or None; no pruning."""
    return _cheapest_by_cbc


def _cheapest_by_cbc(problem: Problem) -> float | None:
    model = pulp.LpProblem("formulas", pulp.LpMinimize)
    offers = range(len(problem.price_per_hour))
    count = [
        model.add_variable(f"n_{offer}", 0, upper if upper < np.inf else None, pulp.LpInteger)
        for offer, upper in enumerate(problem.upper.tolist())
    ]
    taken = [
        [model.add_variable(f"z_{job}_{way}", 0, 1, pulp.LpBinary) for way in range(len(c.cost))]
        for job, c in enumerate(problem.choices)
    ]
    ways = [(job, way) for job, variables in enumerate(taken) for way in range(len(variables))]
    cost = pulp.lpSum(float(problem.price_per_hour[o]) * count[o] for o in offers) + pulp.lpSum(
        float(problem.choices[job].cost[way]) * taken[job][way] for job, way in ways
    )
    model += cost
    for variables in taken:
        model += pulp.lpSum(variables) == 1
    for row in problem.rows:
        used = pulp.lpSum(float(row.offer_coefficients[o]) * count[o] for o in offers)
        used += pulp.lpSum(
            float(row.choice_coefficients[job][way]) * taken[job][way] for job, way in ways
        )
        model += used <= row.upper
    if problem.budget_per_hour is not None:
        model += cost <= problem.budget_per_hour
    _add_routing(model, problem, count)
    if problem.max_groups is not None:
        groups = sorted({*problem.group.tolist(), *(g for c in problem.choices for g in c.group)})
        used_group = {g: model.add_variable(f"y_{g}", 0, 1, pulp.LpBinary) for g in groups}
        for offer in offers:
            model += count[offer] <= 100 * used_group[int(problem.group[offer])]
        for job, way in ways:
            model += taken[job][way] <= used_group[int(problem.choices[job].group[way])]
        model += pulp.lpSum(used_group.values()) <= problem.max_groups
    solver = pulp.COIN_CMD(
        path=pulp.PULP_CBC_CMD.pulp_cbc_path, msg=False, threads=1, gapRel=0, gapAbs=0
    )
    model.solve(solver)
    return float(pulp.value(cost)) if model.sol_status == pulp.LpSolutionOptimal else None


def _add_losses(
    model: pulp.LpProblem, block: ServingBlock, share: dict[int, pulp.LpVariable]
) -> None:
    """One row for every set of groups that may be lost together."""
    group = block.server_group
    groups = sorted({int(group[server]) for server in share if group[server] >= 0})
    for lost in combinations(groups, min(block.max_losses, len(groups))):
        gone = [variable for server, variable in share.items() if group[server] in lost]
        model += pulp.lpSum(gone) <= block.max_lost_fraction


def _add_least_groups(
    model: pulp.LpProblem,
    block: ServingBlock,
    first: int,
    shares: dict[int, dict[int, pulp.LpVariable]],
) -> None:
    """Nothing is on any group, or enough of them carry a tenth of an even part of the most."""
    if block.min_failure_groups <= 1:
        return
    most = min(block.max_spot_fraction, block.max_lost_fraction if block.max_losses else 1.0)
    least = 0.1 * most / block.min_failure_groups
    nothing = model.add_variable(f"nothing_{first}", 0, 1, pulp.LpBinary)
    counted = []
    for group in sorted(set(block.server_group.tolist()) - {-1}):
        servers = set(np.flatnonzero(block.server_group == group).tolist())
        counted.append(model.add_variable(f"g_{first}_{group}", 0, 1, pulp.LpBinary))
        own = [
            float(block.demand[bucket] / block.demand.sum()) * variable
            for bucket, share in shares.items()
            for server, variable in share.items()
            if server in servers
        ]
        model += pulp.lpSum(own) >= least * counted[-1]
        model += pulp.lpSum(own) <= 1 - nothing
    model += pulp.lpSum(counted) + block.min_failure_groups * nothing >= block.min_failure_groups


def _add_routing(model: pulp.LpProblem, problem: Problem, count: list[pulp.LpVariable]) -> None:
    first = 0
    for index, block in enumerate(problem.blocks):
        load: dict[int, list[pulp.LpAffineExpression]] = {s: [] for s in range(len(block.rates))}
        shares: dict[int, dict[int, pulp.LpVariable]] = {}
        for bucket in np.flatnonzero(block.demand > 0).tolist():
            share = {
                server: model.add_variable(f"x_{index}_{bucket}_{server}", 0, 1)
                for server in np.flatnonzero(block.rates[:, bucket] > 0).tolist()
            }
            model += pulp.lpSum(share.values()) == 1
            spot = [variable for server, variable in share.items() if block.is_spot[server]]
            model += pulp.lpSum(spot) <= block.max_spot_fraction
            for server, variable in share.items():
                need = block.demand[bucket] / block.rates[server, bucket]
                load[server].append(float(need) * variable)
            _add_losses(model, block, share)
            shares[bucket] = share
        _add_least_groups(model, block, first, shares)
        for server, busy in load.items():
            offers = np.flatnonzero(problem.server == first + server)
            rented = pulp.lpSum(count[offer] for offer in offers)
            model += pulp.lpSum(busy) <= float(block.max_utilisation[server]) * rented
        first += len(block.rates)
