"""Parts of a problem that only shared limits join: each workload, each job."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from costopt.solve.problem import FloatArray, IntArray, LimitRow, Problem
from costopt.solve.recheck import total_cost, used_of_limits
from costopt.solve.solution import Decision


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """One workload of a problem, or one job.

    Attributes:
        problem: the part alone, at its true prices, within the limits that are its own.
        shared: the same with the shared rows alone, to count what it takes of them.
        offers: where its offers stand in the whole problem (offers of the part,).
    """

    problem: Problem
    shared: Problem
    offers: IntArray

    def priced(self, prices: FloatArray) -> Problem:
        """Return the part with what it takes of the shared rows added to its costs.

        Args:
            prices: of one unit of each shared row, at least 0 (shared rows,) [currency/h].
        """
        shared = self.shared
        return replace(
            self.problem,
            price_per_hour=shared.price_per_hour + shared.row_coefficients @ prices,
            choices=tuple(
                replace(
                    choice,
                    cost=choice.cost + shared.choice_row_coefficients(job) @ prices,
                    payers=replace(
                        choice.payers,
                        cost=choice.payers.cost + shared.payer_row_coefficients(job) @ prices,
                    ),
                )
                for job, choice in enumerate(shared.choices)
            ),
        )

    def cost(self, decision: Decision) -> float:
        """Cost of a decision of this part at true prices [currency/h]."""
        return total_cost(self.problem, decision)

    def taken(self, decision: Decision) -> FloatArray:
        """What a decision of this part takes of each shared row (shared rows,) [units]."""
        return used_of_limits(self.shared, decision)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Parts:
    """A problem taken apart.

    Attributes:
        whole: the problem.
        parts: workloads in the order of its blocks, then its jobs.
        uppers: right-hand sides of the rows that join the parts (shared rows,) [units].
    """

    whole: Problem
    parts: tuple[Part, ...]
    uppers: FloatArray

    def joined(self, decisions: Sequence[Decision]) -> Decision:
        """Put one decision for each part together to one of the whole problem."""
        counts = np.zeros(self.whole.offer_count, dtype=np.int64)
        for part, decision in zip(self.parts, decisions, strict=True):
            counts[part.offers] = decision.counts
        return Decision(
            counts=counts,
            shares=tuple(share for decision in decisions for share in decision.shares),
            chosen=tuple(way for decision in decisions for way in decision.chosen),
            paid=tuple(paid for decision in decisions for paid in decision.paid),
        )


def parts_of(problem: Problem) -> Parts | None:
    """Take a problem apart; None where one part is all, or more than linear rows join them.

    A row that concerns one part stays inside it, and one without a limit goes. A budget is a row
    whose coefficients are costs.

    Args:
        problem: a checked problem.
    """
    members = [(block, -1) for block in range(len(problem.blocks))]
    members += [(-1, job) for job in range(len(problem.choices))]
    if len(members) < 2 or problem.max_groups is not None or problem.changes is not None:
        return None
    rows = [row for row in (*problem.rows, *_budget(problem)) if row.upper < np.inf]
    concerned = np.array([[_concerns(problem, row, *one) for one in members] for row in rows])
    concerned = concerned.reshape(len(rows), len(members))
    is_shared = concerned.sum(axis=1) > 1
    shared = [row for row, joins in zip(rows, is_shared, strict=True) if joins]
    parts = []
    for number, (block, job) in enumerate(members):
        own = [
            row
            for row, joins, mine in zip(rows, is_shared, concerned[:, number], strict=True)
            if mine and not joins
        ]
        offers = np.flatnonzero(problem.offer_block == block) if block >= 0 else _none()
        alone = _alone(problem, offers, block, job)
        parts.append(
            Part(
                problem=replace(
                    alone,
                    upper=_fitting(problem, shared, offers),
                    rows=_cut(own if block >= 0 else [*own, *shared], offers, job),
                ),
                shared=replace(alone, rows=_cut(shared, offers, job)),
                offers=offers,
            )
        )
    uppers = np.array([row.upper for row in shared], dtype=np.float64)
    return Parts(whole=problem, parts=tuple(parts), uppers=uppers)


def _none() -> IntArray:
    return np.zeros(0, dtype=np.int64)


def _budget(problem: Problem) -> list[LimitRow]:
    """Write the budget as a row."""
    if problem.budget_per_hour is None:
        return []
    return [
        LimitRow(
            name="budget",
            offer_coefficients=problem.price_per_hour,
            choice_coefficients=tuple(choice.cost for choice in problem.choices),
            payer_coefficients=tuple(choice.payers.cost for choice in problem.choices),
            upper=problem.budget_per_hour,
        )
    ]


def _concerns(problem: Problem, row: LimitRow, block: int, job: int) -> bool:
    """Return whether a row counts anything of one part."""
    if block >= 0:
        return bool(row.offer_coefficients[problem.offer_block == block].any())
    paid = row.payer_coefficients[job].any() if row.payer_coefficients else False
    return bool(row.choice_coefficients[job].any() or paid)


def _alone(problem: Problem, offers: IntArray, block: int, job: int) -> Problem:
    """Return one workload or one job without any limit row."""
    first = problem.first_server[block] if block >= 0 else 0
    return Problem(
        price_per_hour=problem.price_per_hour[offers],
        server=problem.server[offers] - first,
        upper=problem.upper[offers],
        group=problem.group[offers],
        blocks=(problem.blocks[block],) if block >= 0 else (),
        choices=(problem.choices[job],) if job >= 0 else (),
    )


def _fitting(problem: Problem, shared: Sequence[LimitRow], offers: IntArray) -> FloatArray:
    """Most instances of each offer that every shared row leaves to it alone (offers,) [1]."""
    upper = problem.upper[offers]
    for row in shared:
        weight = row.offer_coefficients[offers]
        with np.errstate(divide="ignore", invalid="ignore"):
            upper = np.minimum(upper, np.where(weight > 0, row.upper / weight, np.inf))
    return np.floor(upper * (1 + 1e-9))


def _cut(rows: Sequence[LimitRow], offers: IntArray, job: int) -> tuple[LimitRow, ...]:
    """Return rows with the coefficients of one part alone."""
    return tuple(
        LimitRow(
            name=row.name,
            offer_coefficients=row.offer_coefficients[offers],
            choice_coefficients=row.choice_coefficients[job : job + 1] if job >= 0 else (),
            payer_coefficients=row.payer_coefficients[job : job + 1] if job >= 0 else (),
            upper=row.upper,
        )
        for row in rows
    )
