"""Read a decision off the values of the program's columns."""

import numpy as np

from costopt.solve.answer import RESIDUE
from costopt.solve.hours.assembly import HoursAssembly
from costopt.solve.hours.kinds import HourKinds
from costopt.solve.hours.problem import HourlyProblem
from costopt.solve.hours.solution import Commitments, HourlyDecision
from costopt.solve.problem import FloatArray


def decision_at(
    problem: HourlyProblem, kinds: HourKinds, assembly: HoursAssembly, values: FloatArray
) -> HourlyDecision:
    """Round whole columns, clear the solver's residue, and spread kinds over their hours."""
    columns = assembly.columns
    kind_counts = np.zeros((problem.offer_count, len(kinds)), dtype=np.int64)
    counts = columns.counts
    kind_counts[counts.item, counts.kind] = np.round(values[counts.columns])
    running = np.zeros((int(problem.first_server[-1]), len(kinds)), dtype=bool)
    serving = np.flatnonzero(problem.server >= 0)
    np.logical_or.at(running, problem.server[serving], kind_counts[serving] > 0)
    shares = []
    for index, (block, routing) in enumerate(zip(problem.blocks, columns.routing, strict=True)):
        share = np.zeros((len(kinds), *block.rates.shape))
        share[routing.kind, routing.within, routing.item] = values[routing.columns]
        first, last = problem.first_server[index : index + 2]
        share[(share < RESIDUE) | ~running[first:last].T[:, :, None]] = 0
        served = share.sum(axis=1, keepdims=True)
        shares.append(share / np.where(served > 0, served, 1))
    return HourlyDecision(
        counts=kind_counts[:, kinds.kind],
        kind=kinds.kind,
        shares=tuple(shares),
        commitments=Commitments(
            quantities=np.round(values[columns.quantities]).astype(np.int64),
            spends=np.maximum(values[columns.spends], 0),
            resources=np.round(values[columns.resources]).astype(np.int64),
        ),
    )
