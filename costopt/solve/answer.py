"""Answer: the decision that the values of a program stand for, rechecked."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from costopt.errors import PlanCheckError
from costopt.solve.exchange import tidied
from costopt.solve.highs import route_fixed
from costopt.solve.problem import BoolArray, FloatArray, IntArray, Payers, Problem
from costopt.solve.program import Assembly, BlockColumns
from costopt.solve.recheck import violations
from costopt.solve.reduce import ReducedBlock, Reduction
from costopt.solve.solution import Decision

RESIDUE: Final = 1e-9
"""Largest share that is taken for the solver's rounding [1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Outcome of a search: no bound when infeasible, no decision when time ran out.

    Attributes:
        decision: the best decision found, rechecked.
        bound: proven lower bound on the cost [currency/h].
    """

    decision: Decision | None
    bound: float | None


def checked_decision(
    problem: Problem, reduction: Reduction, assembly: Assembly, values: FloatArray
) -> Decision:
    """Give the decision that the values stand for, its routing repaired where rounding hurt it.

    Raises:
        PlanCheckError: the whole counts cannot carry the demand within the limits.
    """
    decision = decision_of(problem, reduction, assembly, values)
    if violations(problem, decision):
        run = route_fixed(assembly.program, values)
        if run.values is not None:
            decision = decision_of(problem, reduction, assembly, run.values)
    broken = violations(problem, decision)
    if not broken:
        decision = tidied(problem, decision)
    refuse_broken(problem, decision)
    return decision


def refuse_broken(problem: Problem, decision: Decision) -> None:
    """Raise where a decision breaks a row of the problem as it was handed in.

    Raises:
        PlanCheckError: with every row that is broken.
    """
    broken = violations(problem, decision)
    if broken:
        raise PlanCheckError(broken)


def decision_of(
    problem: Problem, reduction: Reduction, assembly: Assembly, values: FloatArray
) -> Decision:
    """Map the values of the program's columns back to the problem."""
    counts = np.zeros(problem.offer_count, dtype=np.int64)
    counts[reduction.offers] = np.round(values[assembly.counts])
    in_use = np.zeros(sum(len(block.servers) for block in reduction.blocks), dtype=bool)
    in_use[reduction.server[counts[reduction.offers] > 0]] = True
    shares = []
    first = 0
    for index, block in enumerate(reduction.blocks):
        rented = in_use[first : first + len(block.servers)]
        merged = _shares(block, assembly.routing[index], values, rented)
        whole = np.zeros(problem.blocks[index].rates.shape)
        wanted = np.flatnonzero(block.bucket >= 0)
        whole[np.ix_(block.servers, wanted)] = merged[:, block.bucket[wanted]]
        shares.append(whole)
        first += len(block.servers)
    chosen = tuple(
        int(kept[np.argmax(values[columns])])
        for kept, columns in zip(reduction.alternatives, assembly.alternatives, strict=True)
    )
    paid = tuple(
        _paid(choice.payers, taken, left.payers, values[columns])
        for choice, taken, left, columns in zip(
            problem.choices, chosen, reduction.choices, assembly.payers, strict=True
        )
    )
    return Decision(counts=counts, shares=tuple(shares), chosen=chosen, paid=paid)


def _paid(payers: Payers, chosen: int, kept: IntArray, values: FloatArray) -> IntArray:
    """Instances that each payer of the chosen alternative pays for (payers,)."""
    paid = np.zeros(len(payers), dtype=np.int64)
    paid[kept] = np.where(payers.alternative[kept] == chosen, np.round(values), 0)
    return paid


def _shares(
    block: ReducedBlock, routing: BlockColumns, values: FloatArray, rented: BoolArray
) -> FloatArray:
    """Shares of the merged buckets without the solver's residue (kept servers, merged)."""
    shares = np.zeros(block.load.shape)
    shares[routing.server, routing.bucket] = values[routing.columns]
    shares[(shares < RESIDUE) | ~rented[:, None]] = 0
    served = shares.sum(axis=0)
    return shares / np.where(served > 0, served, 1)
