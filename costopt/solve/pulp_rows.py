"""Rows of a PuLP model: each function yields one family of constraints by its formula."""

from math import isfinite

import numpy as np
import pulp

from costopt.solve.changes import NEW
from costopt.solve.pulp_block import Rows, block_rows
from costopt.solve.pulp_model import PulpModel, of_kind
from costopt.solve.pulp_program import numbered, plain, weighted


def rows_of(written: PulpModel, cost: pulp.LpAffineExpression) -> Rows:
    """Yield every constraint with its name.

    Args:
        written: the model, with all of its columns; rows that need more add them.
        cost: of everything [currency/h].
    """
    problem = written.problem
    for block in written.blocks:
        yield from block_rows(written.model, block)
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


def _type_rows(written: PulpModel) -> Rows:
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


def _change_rows(written: PulpModel) -> Rows:
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
