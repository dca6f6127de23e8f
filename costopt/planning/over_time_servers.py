"""Servers that no cheapest plan over time needs: dominated in every way to pay for them."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from costopt.planning.over_time_products import QuantityProducts, SpendProducts
from costopt.solve.dominance import dominated
from costopt.solve.hours.changes import HourlyChanges
from costopt.solve.kinds import Kinds
from costopt.solve.problem import LimitRow, Problem, ServingBlock

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

ANY_NUMBER: Final = 2**31
"""Limit on units that never binds; with it they leave as whole ones."""


def useful_servers(
    problem: Problem,
    price: Floats,
    quantities: QuantityProducts,
    spends: SpendProducts,
    kept: Flags,
    changes: HourlyChanges | None = None,
) -> Flags:
    """Return the servers that some cheapest plan may need.

    A server leaves when m instances of another one do at least as much, and cost no more by the
    hour, under every plan of money and committed: then they take its place in each hour, whoever
    pays. All servers that may run on one commitment leave together, and for those of one other,
    because they share what is committed. Where one commitment is not the cheapest for all of its
    servers, or counts, types or money are limited, every server stays; and so does every server of
    what ran before. Where a start costs anything, only one instance takes the place of one.

    Args:
        problem: offers of all ways to pay, with the blocks.
        price: of an hour (offers,) [plan currency/h].
        quantities: commitments of instances.
        spends: plans of money.
        kept: offers that matter (offers,).
        changes: what ran before, if anything is said to have.

    Returns:
        Shape (servers,).
    """
    servers = sum(len(block.max_utilisation) for block in problem.blocks)
    offered = np.zeros(servers, dtype=np.bool_)
    offered[problem.server[kept]] = True
    whole = (problem.max_groups, problem.budget_per_hour)
    is_limited = any(limit is not None for limit in whole)
    if is_limited or problem.rows or np.isfinite(problem.upper).any():
        return offered
    product = _products(problem, quantities, kept, servers)
    if product is None:
        return offered
    by_hour = _cheapest(problem, kept & (quantities.product < 0), price, servers)
    committed = np.full(servers, np.inf)
    committed[product >= 0] = quantities.present_value[product[product >= 0]]
    rates = [_cheapest(problem, kept, rate, servers) for rate in spends.rate]
    as_offers = Problem(
        price_per_hour=by_hour,
        server=np.arange(servers),
        upper=np.full(servers, np.inf),
        group=np.where(product >= 0, product, len(quantities.present_value) + np.arange(servers)),
        blocks=problem.blocks,
        rows=tuple(
            LimitRow(name="way to pay", offer_coefficients=cost, upper=np.inf)
            for cost in (committed, *rates, *_starts(changes, servers))
        ),
        max_groups=ANY_NUMBER,
    )
    kinds = tuple(Kinds.of(block) for block in problem.blocks)
    able = np.concatenate([np.any(np.isfinite(one.load), axis=1)[one.number] for one in kinds])
    alive = offered & able & (np.isfinite(by_hour) | np.isfinite(committed))
    beaten = dominated(as_offers, kinds, alive, np.ones(servers, dtype=np.bool_))
    stays = np.zeros(servers, dtype=np.bool_)
    if changes is not None:
        stays[problem.server[kept & changes.has_run]] = True
    return np.asarray(alive & (stays | (beaten.by < 0)))


def _starts(changes: HourlyChanges | None, servers: int) -> tuple[Floats, ...]:
    """Return what an instance of each server takes of starts; nothing where they are free."""
    if changes is None or changes.start_cost == 0:
        return ()
    return (np.ones(servers),)


def _products(
    problem: Problem, quantities: QuantityProducts, kept: Flags, servers: int
) -> Integers | None:
    """Return the only commitment of each server, -1 without any; None where one has several."""
    on_product = kept & (quantities.product >= 0)
    pairs = np.unique(
        np.stack([problem.server[on_product], quantities.product[on_product]]), axis=1
    )
    if len(np.unique(pairs[0])) < pairs.shape[1]:
        return None
    product = np.full(servers, -1, dtype=np.int64)
    product[pairs[0]] = pairs[1]
    return product


def _cheapest(problem: Problem, rows: Flags, price: Floats, servers: int) -> Floats:
    """Return the least price among the offers of each server, ``inf`` without one (servers,)."""
    least = np.full(servers, np.inf)
    priced = rows & ~np.isnan(price)
    np.minimum.at(least, problem.server[priced], price[priced])
    return least


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FewerServers:
    """Blocks with some of their servers, numbered anew.

    Attributes:
        blocks: with the servers that are left.
        number: of each server among all that are left; -1 where it is gone (servers,).
        local: of each server inside its block; -1 where it is gone (servers,).
    """

    blocks: tuple[ServingBlock, ...]
    number: Integers
    local: Integers


def fewer_servers(blocks: tuple[ServingBlock, ...], useful: Flags) -> FewerServers:
    """Leave servers out of blocks.

    Args:
        blocks: workloads that are served.
        useful: servers to keep (servers,).
    """
    number = np.where(useful, np.cumsum(useful) - 1, -1)
    local = np.full(len(useful), -1, dtype=np.int64)
    left = []
    first = 0
    for block in blocks:
        last = first + len(block.max_utilisation)
        own = useful[first:last]
        local[first:last][own] = np.arange(int(own.sum()))
        left.append(
            replace(
                block,
                rates=block.rates[own],
                max_utilisation=block.max_utilisation[own],
                is_spot=block.is_spot[own],
                failure_group=None if block.failure_group is None else block.failure_group[own],
            )
        )
        first = last
    return FewerServers(blocks=tuple(left), number=number, local=local)
