"""Offers that a plan over time may need: of one server, the cheapest by each way to pay."""

import numpy as np
from numpy.typing import NDArray

from costopt.planning.over_time_likelier import cheaper_or_likelier
from costopt.planning.over_time_products import QuantityProducts, SpendProducts
from costopt.solve.hours.problem import BY_THE_HOUR
from costopt.solve.problem import Problem

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def worth_keeping(
    problem: Problem, price: Floats, quantities: QuantityProducts, spends: SpendProducts
) -> NDArray[np.bool_]:
    """Return which offers may be of use: of one server, the cheapest by each way to pay.

    An instance adds the same to its server whichever offer pays for it. So without limits on
    counts only the cheapest by the hour, the cheapest under each plan of money, and the cheapest
    commitment matter; a commitment that is kept for one server stays for all that can run on it,
    as workloads may share it. With limits on counts, or a budget, which counts what is paid and
    not its present value, most are kept.

    Args:
        problem: offers of all ways to pay, with the blocks.
        price: of an hour; NaN for what is no offer of its own (offers,) [plan currency/h].
        quantities: commitments of instances.
        spends: plans of money.

    Returns:
        Shape (offers,).
    """
    counts_are_limited = bool(problem.rows) or bool(np.isfinite(problem.upper).any())
    if counts_are_limited or problem.budget_per_hour is not None:
        return cheaper_or_likelier(problem, price, quantities, spends)
    by_hour = quantities.product == BY_THE_HOUR
    kept = _cheapest(problem.server, np.where(by_hour, price, np.nan))
    for rate in spends.rate:
        kept |= _cheapest(problem.server, rate)
    cost = np.full(len(price), np.nan)
    on_product = quantities.product >= 0
    cost[on_product] = quantities.present_value[quantities.product[on_product]]
    products = np.unique(quantities.product[_cheapest(problem.server, cost)])
    kept |= np.isin(quantities.product, products) & on_product
    return kept


def _cheapest(server: Integers, price: Floats) -> NDArray[np.bool_]:
    """Return the first cheapest offer of each server, among those with a price (offers,)."""
    order = np.lexsort((price, server))
    order = order[~np.isnan(price[order])]
    _, first = np.unique(server[order], return_index=True)
    found = np.zeros(len(price), dtype=np.bool_)
    found[order[first]] = True
    return found
