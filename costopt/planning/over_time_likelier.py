"""Configurations of spot pools that are cheaper or likelier than others of the same capacity."""

import numpy as np
from numpy.typing import NDArray

from costopt.planning.assemble import AVAILABILITY
from costopt.planning.over_time_products import QuantityProducts, SpendProducts
from costopt.solve.hours.problem import BY_THE_HOUR
from costopt.solve.kinds import distinct_rows
from costopt.solve.problem import Problem

Floats = NDArray[np.float64]


def cheaper_or_likelier(
    problem: Problem, price: Floats, quantities: QuantityProducts, spends: SpendProducts
) -> NDArray[np.bool_]:
    """Return which offers are not beaten at their server by one that is as cheap and as likely.

    Compared are offers by the hour that no plan of money covers, with the same part in every
    limit but those on availability: there one that costs as much and weighs as much, or less,
    takes the place of an instance of the other.

    Args:
        problem: offers of all ways to pay, with the limits.
        price: of an hour; NaN for what is no offer of its own (offers,) [plan currency/h].
        quantities: commitments of instances.
        spends: plans of money.

    Returns:
        Shape (offers,).
    """
    weight = np.zeros(len(price))
    others = []
    for row in problem.rows:
        if row.name.startswith(AVAILABILITY):
            weight = weight + row.offer_coefficients
        else:
            others.append(row.offer_coefficients)
    alike = np.isnan(spends.rate).all(axis=0) & (quantities.product == BY_THE_HOUR)
    rows = np.flatnonzero(alike & ~np.isnan(price) & np.isinf(problem.upper) & (weight > 0))
    parts = [problem.server, *others]
    _, number = distinct_rows(np.stack(parts, axis=1).astype(np.float64)[rows])
    order = np.lexsort((weight[rows], price[rows], number))
    ordered, same = rows[order], number[order]
    # Weights stay below 1 for each class, so that one running minimum serves all of them.
    shifted = weight[ordered] / (weight.max(initial=0.0) + 1.0) - same
    least = np.minimum.accumulate(shifted)
    beaten = np.append([False], shifted[1:] >= least[:-1]) if len(rows) else np.zeros(0, bool)
    kept = np.ones(len(price), dtype=np.bool_)
    kept[ordered[beaten]] = False
    return kept
