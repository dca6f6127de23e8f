"""Rows of a PuLP model: each function yields one family of constraints by its formula."""

from collections.abc import Iterator
from math import isfinite

import numpy as np
import pulp

from costopt.solve.changes import NEW
from costopt.solve.problem import ServingBlock
from costopt.solve.pulp_model import (
    PulpModel,
    load_of,
    numbered,
    of_kind,
    plain,
    wanted,
    weighted,
)


def rows_of(
    written: PulpModel, cost: pulp.LpAffineExpression
) -> Iterator[tuple[str, pulp.LpConstraint]]:
    """Yield every constraint with its name.

    Args:
        written: the model, with all of its columns; rows that need more add them.
        cost: of everything [currency/h].
    """
    problem = written.problem
    first = 0
    for index, block in enumerate(problem.blocks):
        yield from _block_rows(written, index, block, first)
        first += len(block.rates)
    for job, choice in enumerate(problem.choices):
        ways, payers = written.taken[job], written.paid[job]
        yield f"one_way_{job}", pulp.lpSum(ways) == 1
        for way in sorted({*choice.payers.alternative.tolist()}):
            own = np.flatnonzero(choice.payers.alternative == way).tolist()
            needed = int(choice.payers.instances[own[0]])
            yield (
                f"paid_{job}_{way}",
                pulp.lpSum(payers[payer] for payer in own) == needed * ways[way],
            )
    for number, row in enumerate(problem.rows):
        used = weighted(row.offer_coefficients, written.counts)
        for job, ways in enumerate(written.taken):
            used += weighted(row.choice_coefficients[job], ways)
            if row.payer_coefficients:
                used += weighted(row.payer_coefficients[job], written.paid[job])
        if used and isfinite(row.upper):
            yield numbered("limit", number, plain(row.name)), pulp.lpSum(used) <= row.upper
    if problem.budget_per_hour is not None and isfinite(problem.budget_per_hour):
        yield "budget", cost <= problem.budget_per_hour
    yield from _type_rows(written)
    yield from _change_rows(written)


def _block_rows(
    written: PulpModel, index: int, block: ServingBlock, first: int
) -> Iterator[tuple[str, pulp.LpConstraint]]:
    """Yield serving, capacity and spot share of one block."""
    problem, shares = written.problem, written.shares
    servers = range(len(block.rates))
    for bucket in wanted(block):
        able = [server for server in servers if (index, server, bucket) in shares]
        served = pulp.lpSum(shares[index, server, bucket] for server in able)
        yield f"serve_{index}_{bucket}", served == 1
        spot = [shares[index, server, bucket] for server in able if block.is_spot[server]]
        if spot and block.max_spot_fraction < 1:
            yield f"spot_{index}_{bucket}", pulp.lpSum(spot) <= block.max_spot_fraction
    yield from _loss_rows(written, index, block)
    yield from _spread_rows(written, index, block)
    for server in servers:
        load = [
            (load_of(block, server, bucket) or 0.0) * shares[index, server, bucket]
            for bucket in wanted(block)
            if (index, server, bucket) in shares
        ]
        offers = np.flatnonzero(problem.server == first + server).tolist()
        if load:
            rented = pulp.lpSum(written.counts[offer] for offer in offers)
            yield f"capacity_{index}_{server}", pulp.lpSum(load) <= rented


def _groups(block: ServingBlock) -> dict[int, list[int]]:
    """Servers of each failure group."""
    if block.failure_group is None:
        return {}
    groups: dict[int, list[int]] = {}
    for server, group in enumerate(block.failure_group.tolist()):
        if group >= 0:
            groups.setdefault(group, []).append(server)
    return groups


def _loss_rows(
    written: PulpModel, index: int, block: ServingBlock
) -> Iterator[tuple[str, pulp.LpConstraint]]:
    """Yield that no ``k`` failure groups carry more than ``s`` of a bucket together.

    The ``k`` largest of the groups' shares add up to the least ``k t + sum_g max(0, X_g - t)``.
    """
    groups = _groups(block)
    if not block.max_losses or block.max_lost_fraction >= 1:
        return
    for bucket in wanted(block) if groups else ():
        place = f"{index}_{bucket}"
        level = written.model.add_variable(f"t_{place}", 0, 1)
        beyond = []
        for group, servers in groups.items():
            carried = pulp.lpSum(
                written.shares[index, server, bucket]
                for server in servers
                if (index, server, bucket) in written.shares
            )
            beyond.append(written.model.add_variable(f"w_{place}_{group}", 0, 1))
            yield f"beyond_{place}_{group}", carried - level <= beyond[-1]
        lost = block.max_losses * level + pulp.lpSum(beyond)
        yield f"losses_{place}", lost <= block.max_lost_fraction


def _spread_rows(
    written: PulpModel, index: int, block: ServingBlock
) -> Iterator[tuple[str, pulp.LpConstraint]]:
    """Yield that at least ``m`` failure groups carry enough to count once any carries a share."""
    groups = _groups(block)
    if block.min_failure_groups < 2 or not groups:
        return
    total = float(block.demand.sum())
    any_used = written.model.add_variable(f"any_{index}", 0, 1, pulp.LpBinary)
    counted = []
    for group, servers in groups.items():
        carried = pulp.lpSum(
            float(block.demand[bucket]) / total * written.shares[index, server, bucket]
            for server in servers
            for bucket in wanted(block)
            if (index, server, bucket) in written.shares
        )
        counted.append(written.model.add_variable(f"counted_{index}_{group}", 0, 1, pulp.LpBinary))
        yield f"carries_{index}_{group}", carried >= block.least_carried * counted[-1]
        yield f"any_{index}_{group}", carried <= any_used
    enough = block.min_failure_groups * any_used
    yield f"spread_{index}", pulp.lpSum(counted) >= enough


def _type_rows(written: PulpModel) -> Iterator[tuple[str, pulp.LpConstraint]]:
    """Yield that what is rented or taken is of a type in use, and how many types may be."""
    problem, types = written.problem, written.types
    if problem.max_groups is None:
        return
    for offer, (count, group) in enumerate(
        zip(written.counts, problem.group.tolist(), strict=True)
    ):
        yield f"type_{offer}", count <= (count.upBound or 0) * types[group]
    for job, ways in enumerate(written.taken):
        for way, group in enumerate(problem.choices[job].group.tolist()):
            yield f"type_{job}_{way}", ways[way] <= types[group]
    yield "types", pulp.lpSum(types.values()) <= problem.max_groups


def _change_rows(written: PulpModel) -> Iterator[tuple[str, pulp.LpConstraint]]:
    """Yield that what is rented of a kind is what runs of it, what is started less what stops."""
    changes = written.problem.changes
    if changes is None:
        return
    for kind, running in enumerate(changes.running.tolist()):
        rented = pulp.lpSum(of_kind(written, kind))
        switched = written.started[kind] - written.stopped[kind]
        yield f"runs_{kind}", rented - switched == running
    others = of_kind(written, NEW)
    if changes.is_frozen and others:
        yield "nothing_new", pulp.lpSum(others) <= 0
