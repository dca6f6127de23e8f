"""One workload at one rate in a PuLP model: its routing, and the rows that hold for it alone."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

import pulp

from costopt.solve.problem import MOST_INSTANCES, ServingBlock

Rows = Iterator[tuple[str, pulp.LpConstraint]]
"""Rows with their names."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PulpBlock:
    """Routing of one workload over what is rented of its servers.

    Attributes:
        label: what tells its variables and rows from those of others.
        block: what is served, at the demand that counts here.
        rented: instances that add to each server.
        shares: ``x``, of each bucket with demand on each server that can serve it.
    """

    label: str
    block: ServingBlock
    rented: Sequence[Sequence[pulp.LpVariable]]
    shares: Mapping[tuple[int, int], pulp.LpVariable]


def write_block(
    model: pulp.LpProblem,
    label: str,
    block: ServingBlock,
    rented: Sequence[Sequence[pulp.LpVariable]],
) -> PulpBlock:
    """Add ``x``, from 0 to 1, wherever a server can serve a bucket with demand.

    Args:
        model: the model.
        label: what tells these variables from those of others.
        block: what is served.
        rented: instances that add to each server.
    """
    shares = {
        (server, bucket): model.add_variable(f"x_{label}_{server}_{bucket}", 0, 1)
        for server in range(len(block.rates))
        for bucket in wanted(block)
        if load_of(block, server, bucket) is not None
    }
    return PulpBlock(label=label, block=block, rented=rented, shares=shares)


def wanted(block: ServingBlock) -> list[int]:
    """Buckets with demand."""
    return [bucket for bucket, demand in enumerate(block.demand.tolist()) if demand > 0]


def load_of(block: ServingBlock, server: int, bucket: int) -> float | None:
    """Instances of a server that a whole bucket needs; None where it cannot serve it."""
    rate = float(block.rates[server, bucket]) * float(block.max_utilisation[server])
    if rate <= 0:
        return None
    need = float(block.demand[bucket]) / rate
    return need if need <= MOST_INSTANCES else None


def useful_instances(block: ServingBlock) -> list[int]:
    """Most instances of each server that its part of its buckets could load (servers,) [1]."""
    return [
        ceil(share * sum(load_of(block, server, bucket) or 0.0 for bucket in wanted(block)))
        for server, share in enumerate(block.most_share.tolist())
    ]


def block_rows(model: pulp.LpProblem, written: PulpBlock) -> Rows:
    """Yield serving, capacity, spot share and losses of one workload.

    Args:
        model: receives the variables that only these rows need.
        written: the workload.
    """
    block, shares, label = written.block, written.shares, written.label
    servers = range(len(block.rates))
    for bucket in wanted(block):
        able = [server for server in servers if (server, bucket) in shares]
        served = pulp.lpSum(shares[server, bucket] for server in able)
        yield f"serve_{label}_{bucket}", served == 1
        spot = [shares[server, bucket] for server in able if block.is_spot[server]]
        if spot and block.max_spot_fraction < 1:
            yield f"spot_{label}_{bucket}", pulp.lpSum(spot) <= block.max_spot_fraction
    yield from _loss_rows(model, written)
    yield from _spread_rows(model, written)
    for server in servers:
        load = [
            (load_of(block, server, bucket) or 0.0) * shares[server, bucket]
            for bucket in wanted(block)
            if (server, bucket) in shares
        ]
        if load:
            rented = pulp.lpSum(written.rented[server])
            yield f"capacity_{label}_{server}", pulp.lpSum(load) <= rented


def _groups(block: ServingBlock) -> dict[int, list[int]]:
    """Servers of each failure group."""
    groups: dict[int, list[int]] = {}
    for server, group in enumerate(block.server_group.tolist()):
        if group >= 0:
            groups.setdefault(group, []).append(server)
    return groups


def _loss_rows(model: pulp.LpProblem, written: PulpBlock) -> Rows:
    """Yield that no ``k`` failure groups carry more than ``s`` of a bucket together.

    The ``k`` largest of the groups' shares add up to the least ``k t + sum_g max(0, X_g - t)``.
    """
    block, groups = written.block, _groups(written.block)
    if not block.max_losses or block.max_lost_fraction >= 1:
        return
    for bucket in wanted(block) if groups else ():
        place = f"{written.label}_{bucket}"
        level = model.add_variable(f"t_{place}", 0, 1)
        beyond = []
        for group, servers in groups.items():
            carried = pulp.lpSum(
                written.shares[server, bucket]
                for server in servers
                if (server, bucket) in written.shares
            )
            beyond.append(model.add_variable(f"w_{place}_{group}", 0, 1))
            yield f"beyond_{place}_{group}", carried - level <= beyond[-1]
        lost = block.max_losses * level + pulp.lpSum(beyond)
        yield f"losses_{place}", lost <= block.max_lost_fraction


def _spread_rows(model: pulp.LpProblem, written: PulpBlock) -> Rows:
    """Yield that at least ``m`` failure groups carry enough to count once any carries a share."""
    block, groups, label = written.block, _groups(written.block), written.label
    total = float(block.demand.sum())
    if block.min_failure_groups < 2 or not groups or not total:
        return
    any_used = model.add_variable(f"any_{label}", 0, 1, pulp.LpBinary)
    counted = []
    for group, servers in groups.items():
        carried = pulp.lpSum(
            float(block.demand[bucket]) / total * written.shares[server, bucket]
            for server in servers
            for bucket in wanted(block)
            if (server, bucket) in written.shares
        )
        counted.append(model.add_variable(f"counted_{label}_{group}", 0, 1, pulp.LpBinary))
        yield f"carries_{label}_{group}", carried >= block.least_carried * counted[-1]
        yield f"any_{label}_{group}", carried <= any_used
    enough = block.min_failure_groups * any_used
    yield f"spread_{label}", pulp.lpSum(counted) >= enough
