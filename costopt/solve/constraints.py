"""Constraints: each function adds one family of rows to the program it is handed."""

from typing import Final

import numpy as np

from costopt.solve.problem import IntArray, Problem
from costopt.solve.program import Assembly
from costopt.solve.reduce import ReducedBlock, Reduction

SMALL_LOAD: Final = 1e-6
"""Load [instances] so small that the solver's tolerance could serve it without an instance."""


def serve_demand(assembly: Assembly, reduction: Reduction) -> None:
    """Add ``sum_k x_bk = 1``: every bucket with demand is served whole.

    Where the part of the demand that can be served is sought, it stands for the 1.
    """
    program, whole = assembly.program, 1 - len(assembly.served)
    for block, routing in zip(reduction.blocks, assembly.routing, strict=True):
        rows = program.add_rows(block.kind_load.shape[1], whole, whole)
        program.add_entries(rows[routing.bucket], routing.columns, 1)
        for served in assembly.served:
            program.add_entries(rows, served, -1)
        assembly.rows.demand.append(rows)


def respect_capacity(assembly: Assembly, reduction: Reduction) -> None:
    """Add ``sum_b L_bk x_bk <= min(1, T_k) * sum_o n_o``: no server is loaded beyond its offers.

    ``T_k`` is the most that server ``k`` can be loaded with. Where it is below one instance the
    row is tightened to it, which cuts off no whole count. A cell with a very small load also
    gets ``x_bk <= sum_o n_o``, since the solver's tolerance would serve it by no instance.
    """
    program = assembly.program
    servers = sum(len(block.servers) for block in reduction.blocks)
    capacity = program.add_rows(servers, -np.inf, 0)
    assembly.rows.capacity = capacity
    program.add_entries(capacity[reduction.server], assembly.counts, -1)
    first = 0
    for block, routing in zip(reduction.blocks, assembly.routing, strict=True):
        load = block.tight_load
        cell_load = load[routing.server, routing.bucket]
        cell_server = first + routing.server
        program.add_entries(capacity[cell_server], routing.columns, cell_load)
        small = np.flatnonzero(cell_load < SMALL_LOAD)
        links = program.add_rows(len(small), -np.inf, 0)
        program.add_entries(links, routing.columns[small], 1)
        link, offer = np.nonzero(cell_server[small][:, None] == reduction.server)
        program.add_entries(links[link], assembly.counts[offer], -1)
        first += len(block.servers)


def cap_spot_share(assembly: Assembly, reduction: Reduction) -> None:
    """Add ``sum_{spot k} x_bk <= s``: no bucket has more than its allowed share on spot.

    It is a share of what is served.
    """
    program = assembly.program
    for index, block in enumerate(reduction.blocks):
        routing, fraction = assembly.routing[index], block.whole.max_spot_fraction
        if fraction == 1 or not block.is_spot.any():
            continue
        rows = _share_rows(assembly, block.kind_load.shape[1], fraction)
        assembly.rows.spot[index] = rows
        spot = block.is_spot[routing.server]
        program.add_entries(rows[routing.bucket[spot]], routing.columns[spot], 1)


def _share_rows(assembly: Assembly, count: int, fraction: float) -> IntArray:
    """Add rows of at most a fraction of what is served; return their numbers."""
    whole = 1 - len(assembly.served)
    rows = assembly.program.add_rows(count, -np.inf, fraction * whole)
    for served in assembly.served:
        assembly.program.add_entries(rows, served, -fraction)
    return rows


def cap_losses(assembly: Assembly, reduction: Reduction) -> None:
    """Add, for each bucket, that no ``k`` failure groups carry more than ``s`` of it together.

    The largest ``k`` of the groups' shares ``X_g`` sum to ``min_theta k theta + sum_g max(0, X_g
    - theta)``, so ``k theta + sum_g w_g <= s`` with ``w_g >= X_g - theta`` and ``w, theta >= 0``
    is the exact limit. For ``k = 1`` it is ``X_g <= s``; a server alone in its group then needs
    no row, since its shares are bounded by ``s`` anyway, except where less than all of the demand
    may be served: it is a share of what is served.

    Source: Ogryczak and Tamir, "Minimizing the sum of the k largest functions in linear time",
    Information Processing Letters 85 (2003).
    """
    for index, block in enumerate(reduction.blocks):
        routing = assembly.routing[index]
        at_risk = block.group[routing.server] >= 0
        if not block.whole.limits_losses or not at_risk.any():
            continue
        cells = routing.columns[at_risk]
        groups, group = np.unique(block.group[routing.server[at_risk]], return_inverse=True)
        buckets = block.kind_load.shape[1]
        pairs = group * buckets + routing.bucket[at_risk]
        present, pair, cells_of_pair = np.unique(pairs, return_inverse=True, return_counts=True)
        if block.whole.max_losses == 1:
            row = _cap_each(assembly, block, cells, pair, cells_of_pair)
        else:
            row = _cap_largest(assembly, block, cells, pair, present % buckets)
        has = row >= 0
        group_of_row, bucket_of_row = groups[present // buckets], present % buckets
        assembly.rows.losses[index] = (row[has], group_of_row[has], bucket_of_row[has])


def _cap_each(
    assembly: Assembly, block: ReducedBlock, cells: IntArray, pair: IntArray, sizes: IntArray
) -> IntArray:
    """Add ``X <= s`` for each pair of group and bucket with several cells; -1 where none is."""
    program = assembly.program
    several = (sizes > 1) | (len(assembly.served) > 0)
    row = np.full(len(sizes), -1)
    fraction = block.whole.max_lost_fraction
    row[several] = _share_rows(assembly, int(several.sum()), fraction)
    bound = several[pair]
    program.add_entries(row[pair[bound]], cells[bound], 1)
    return row


def _cap_largest(
    assembly: Assembly, block: ReducedBlock, cells: IntArray, pair: IntArray, bucket: IntArray
) -> IntArray:
    """Add ``k theta_b + sum_g w_bg <= s`` and ``X_bg - theta_b - w_bg <= 0``."""
    program = assembly.program
    losses, fraction = block.whole.max_losses, block.whole.max_lost_fraction
    buckets = block.kind_load.shape[1]
    level = program.add_columns(np.zeros(buckets), fraction / losses, integer=False)
    excess = program.add_columns(np.zeros(len(bucket)), fraction, integer=False)
    sums = _share_rows(assembly, buckets, fraction)
    program.add_entries(sums, level, losses)
    program.add_entries(sums[bucket], excess, 1)
    above = program.add_rows(len(bucket), -np.inf, 0)
    program.add_entries(above[pair], cells, 1)
    program.add_entries(above, level[bucket], -1)
    program.add_entries(above, excess, -1)
    return above


def spread_over_groups(assembly: Assembly, reduction: Reduction) -> None:
    """Add ``sum_g X_g <= z``, ``X_g >= e y_g`` and ``sum_g y_g >= m z``.

    ``X_g`` is the share of the demand that group ``g`` carries, ``e`` the least that counts.
    ``z`` is 1 once any group carries something, ``y_g`` where one carries enough to count. Where
    a part ``v`` of the demand is served, it is ``X_g >= e (y_g + v - 1)``.
    """
    program = assembly.program
    for block, routing in zip(reduction.blocks, assembly.routing, strict=True):
        cells = np.flatnonzero(block.group[routing.server] >= 0)
        least = block.whole.least_carried
        if block.whole.min_failure_groups <= 1 or not len(cells):
            continue
        share = block.demand_shares[routing.bucket[cells]]
        groups, group = np.unique(block.group[routing.server[cells]], return_inverse=True)
        used = program.add_columns(np.zeros(1), 1, integer=True)
        counted = program.add_columns(np.zeros(len(groups)), 1, integer=True)
        any_of_it = program.add_rows(1, -np.inf, 0)
        program.add_entries(any_of_it, routing.columns[cells], share)
        program.add_entries(any_of_it, used, -1)
        carries = program.add_rows(len(groups), -least * len(assembly.served), np.inf)
        program.add_entries(carries[group], routing.columns[cells], share)
        program.add_entries(carries, counted, -least)
        for served in assembly.served:
            program.add_entries(carries, served, -least)
        enough = program.add_rows(1, 0, np.inf)
        program.add_entries(enough, counted, 1)
        program.add_entries(enough, used, -block.whole.min_failure_groups)


def take_one_alternative(assembly: Assembly) -> None:
    """Add ``sum_a z_a = 1`` for every job."""
    program = assembly.program
    for alternatives in assembly.alternatives:
        row = program.add_rows(1, 1, 1)
        program.add_entries(row, alternatives, 1)


def pay_for_instances(assembly: Assembly, problem: Problem, reduction: Reduction) -> None:
    """Add ``sum_p u_p = N_a z_a`` for every alternative with payers, and ``u_p <= U_p z_a``.

    The second only where a payer may pay for fewer than all (``U_p < N_a``); it cuts off no whole
    count.
    """
    program = assembly.program
    parts = zip(
        problem.choices, reduction.choices, assembly.alternatives, assembly.payers, strict=True
    )
    for choice, kept, alternatives, payers in parts:
        column = np.full(len(choice.cost), -1)
        column[kept.alternatives] = alternatives
        of, instances = choice.payers.alternative[kept.payers], choice.payers.instances
        instances = instances[kept.payers]
        _, first, row = np.unique(of, return_index=True, return_inverse=True)
        rows = program.add_rows(len(first), 0, 0)
        program.add_entries(rows[row], payers, 1)
        program.add_entries(rows, column[of[first]], -instances[first])
        some = np.flatnonzero(kept.most < instances)
        links = program.add_rows(len(some), -np.inf, 0)
        program.add_entries(links, payers[some], 1)
        program.add_entries(links, column[of[some]], -kept.most[some])


def respect_limits(assembly: Assembly, problem: Problem, reduction: Reduction) -> None:
    """Add ``sum_o w_o n_o + sum_a v_a z_a + sum_p q_p u_p <= W`` for each limit, scaled to 1.

    A limit of 0 needs no row: whatever it forbids has been left out already.
    """
    program = assembly.program
    for index, limit in enumerate(problem.rows):
        if limit.upper in (0, np.inf):
            continue
        row = program.add_rows(1, -np.inf, 1)
        assembly.rows.limits[index] = int(row[0])
        weights = limit.offer_coefficients[reduction.offers]
        program.add_entries(row, assembly.counts, weights / limit.upper)
        jobs = zip(
            limit.choice_coefficients, reduction.alternatives, assembly.alternatives, strict=True
        )
        for job_weights, kept, columns in jobs:
            program.add_entries(row, columns, job_weights[kept] / limit.upper)
        if limit.payer_coefficients:
            shared = zip(limit.payer_coefficients, reduction.choices, assembly.payers, strict=True)
            for weights, left, columns in shared:
                program.add_entries(row, columns, weights[left.payers] / limit.upper)


def limit_types(assembly: Assembly, problem: Problem, reduction: Reduction) -> None:
    """Add ``n_o <= U_o y_g``, ``z_a <= y_g`` and ``sum_g y_g <= most``: few distinct types."""
    job_groups = [
        choice.group[kept]
        for choice, kept in zip(problem.choices, reduction.alternatives, strict=True)
    ]
    groups = np.concatenate([problem.group[reduction.offers], *job_groups])
    distinct, group = np.unique(groups, return_inverse=True)
    if problem.max_groups is None or len(distinct) <= problem.max_groups:
        return
    program = assembly.program
    in_use = program.add_columns(np.zeros(len(distinct)), 1, integer=True)
    columns = np.concatenate([assembly.counts, *assembly.alternatives])
    most = np.concatenate([reduction.upper, np.ones(len(groups) - len(reduction.upper))])
    links = program.add_rows(len(columns), -np.inf, 0)
    program.add_entries(links, columns, 1)
    program.add_entries(links, in_use[group], -most)
    row = program.add_rows(1, -np.inf, problem.max_groups)
    program.add_entries(row, in_use, 1)


def count_changes(assembly: Assembly, problem: Problem, reduction: Reduction) -> None:
    """Add ``sum_o n_o + sum_a v_a z_a + sum_p u_p - s_k + d_k = r_k`` for each running kind.

    ``s`` counts what is started of the kind and ``d`` what is stopped of it, both whole. Where
    changes are forbidden both are 0, and so is every count of other kinds.
    """
    changes = problem.changes
    if changes is None:
        return
    program, kinds = assembly.program, len(changes.running)
    most = 0 if changes.is_frozen else np.inf
    rows = program.add_rows(kinds, changes.running, changes.running)
    for sign, cost in ((-1, changes.start_cost), (1, changes.stop_cost)):
        costs = np.full(kinds, cost / assembly.price_scale)
        program.add_entries(rows, program.add_columns(costs, most, integer=True), sign)
    others = program.add_rows(1, -np.inf, 0 if changes.is_frozen else np.inf)
    of_rows = np.append(rows, others)
    kind = changes.kind[reduction.offers]
    program.add_entries(of_rows[kind], assembly.counts, changes.rented[reduction.offers])
    parts = zip(
        changes.gangs, reduction.choices, assembly.alternatives, assembly.payers, strict=True
    )
    for gang, kept, alternatives, payers in parts:
        taken = np.column_stack([gang.running, gang.new])[kept.alternatives]
        row, column = np.meshgrid(of_rows, alternatives)
        program.add_entries(row, column, taken)
        program.add_entries(of_rows[gang.payer_kind[kept.payers]], payers, 1)
