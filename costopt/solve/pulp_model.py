"""The program once more, written with PuLP from its sets and formulas, to read and to hand on.

It shares no matrix code with `costopt.solve.assembly`: both are written from the problem alone,
so that a mistake in one shows against the other.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite
from typing import TYPE_CHECKING, Any

import pulp

from costopt.solve.changes import NEW
from costopt.solve.problem import Problem
from costopt.solve.pulp_block import PulpBlock, useful_instances, write_block
from costopt.solve.pulp_program import PulpProgram, numbered, plain, weighted

if TYPE_CHECKING:
    from costopt.solve.pulp_answer import PulpAnswer


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PulpModel(PulpProgram):
    """One problem as a PuLP model.

    Attributes:
        problem: what it was written from.
        counts: ``n``, whole, of each offer.
        blocks: ``x``, the routing of each workload over its servers.
        taken: ``z``, 0 or 1, of each alternative of each job.
        paid: ``u``, whole, of each payer of each job.
        types: ``y``, 0 or 1, of each type group; empty where types are not limited.
        started: ``s``, whole, of each kind of instance that runs already.
        stopped: ``d``, likewise.
    """

    problem: Problem
    counts: Sequence[pulp.LpVariable]
    blocks: Sequence[PulpBlock]
    taken: Sequence[Sequence[pulp.LpVariable]]
    paid: Sequence[Sequence[pulp.LpVariable]]
    types: Mapping[int, pulp.LpVariable]
    started: Sequence[pulp.LpVariable]
    stopped: Sequence[pulp.LpVariable]

    def solve(
        self,
        solver: str | pulp.LpSolver = "HiGHS",
        *,
        gap: float = 1e-4,
        time_limit_seconds: float = 60.0,
    ) -> "PulpAnswer":
        """Solve the model with any solver that PuLP knows; the answer is rechecked.

        Args:
            solver: a name that PuLP lists, or a solver made by hand, whose own settings count.
            gap: relative distance to the proven bound at which to stop [0..1].
            time_limit_seconds: wall-clock limit [s].

        Raises:
            UnknownNameError: PuLP has no solver of that name.
            InvalidInputError: the solver is not installed, or ended in a way that PuLP cannot
                read.
            PlanCheckError: the answer breaks a row of the problem.
        """
        from costopt.solve.pulp_answer import solve_pulp_model

        return solve_pulp_model(self, solver, gap=gap, time_limit_seconds=time_limit_seconds)

    def __str__(self) -> str:
        """Return the program as mathematics: sets, decisions, goal and constraints."""
        from costopt.solve.pulp_mathematics import mathematics

        return mathematics(self)


def write_pulp_model(problem: Problem, offer_names: Sequence[str] = ()) -> PulpModel:
    """Write a problem as a PuLP model.

    Args:
        problem: a checked problem.
        offer_names: of the offers, for the names of variables; numbers where left out.
    """
    useful = [most for block in problem.blocks for most in useful_instances(block)]
    written = declared(problem, useful, offer_names)
    add_rows(written)
    return written


def declared(problem: Problem, useful: Sequence[int], offer_names: Sequence[str]) -> PulpModel:
    """Declare the variables of a problem, without a goal or rows.

    Args:
        problem: a checked problem.
        useful: most instances of each server that can be loaded (servers,) [1].
        offer_names: of the offers; numbers where left out.
    """
    model = pulp.LpProblem("costopt", pulp.LpMinimize)
    counts = _counts(model, problem, useful, offer_names)
    return PulpModel(
        problem=problem,
        model=model,
        counts=counts,
        blocks=tuple(_blocks(model, problem, counts)),
        taken=_taken(model, problem),
        paid=_paid(model, problem),
        types=_types(model, problem),
        started=_switched(model, problem, "s"),
        stopped=_switched(model, problem, "d"),
    )


def add_rows(written: PulpModel) -> None:
    """Add the goal and every row to a model whose variables are declared.

    Args:
        written: the model.
    """
    model, cost = written.model, running_cost(written)
    from costopt.solve.pulp_rows import rows_of

    model += cost + _switching_cost(written), "cost_per_hour"
    for name, row in rows_of(written, cost):
        model += row, name


def _counts(
    model: pulp.LpProblem, problem: Problem, useful: Sequence[int], offer_names: Sequence[str]
) -> list[pulp.LpVariable]:
    """Add ``n_o``, whole, from 0 to the quota and to all that its server could be loaded with."""
    names = [plain(name) for name in offer_names] or [""] * problem.offer_count
    most_counts = _most_counts(problem, useful)
    return [
        model.add_variable(numbered("n", offer, name), 0, most, pulp.LpInteger)
        for offer, (name, most) in enumerate(zip(names, most_counts, strict=True))
    ]


def _most_counts(problem: Problem, useful: Sequence[int]) -> Iterator[int]:
    """Yield the most instances of each offer that quota and load leave useful.

    What runs already may go on idle where stopping it costs more.
    """
    held = [0] * problem.offer_count
    if problem.changes is not None:
        held = problem.changes.running_of_offer.tolist()
    quotas = zip(problem.server.tolist(), problem.upper.tolist(), held, strict=True)
    for server, upper, running in quotas:
        most = max(useful[server], running) if useful[server] else 0
        yield min(most, int(upper)) if isfinite(upper) else most


def _blocks(
    model: pulp.LpProblem, problem: Problem, counts: Sequence[pulp.LpVariable]
) -> Iterator[PulpBlock]:
    """Write the routing of each workload over the instances of its servers."""
    rented: list[list[pulp.LpVariable]] = [[] for _ in range(int(problem.first_server[-1]))]
    for count, server in zip(counts, problem.server.tolist(), strict=True):
        rented[server].append(count)
    for index, (block, (first, last)) in enumerate(
        zip(problem.blocks, pairwise(problem.first_server.tolist()), strict=True)
    ):
        yield write_block(model, str(index), block, rented[first:last])


def _taken(model: pulp.LpProblem, problem: Problem) -> list[list[pulp.LpVariable]]:
    return [
        [
            model.add_variable(f"z_{job}_{way}", 0, 1, pulp.LpBinary)
            for way in range(len(choice.cost))
        ]
        for job, choice in enumerate(problem.choices)
    ]


def _paid(model: pulp.LpProblem, problem: Problem) -> list[list[pulp.LpVariable]]:
    return [
        [
            model.add_variable(f"u_{job}_{payer}", 0, most, pulp.LpInteger)
            for payer, most in enumerate(choice.payers.instances.tolist())
        ]
        for job, choice in enumerate(problem.choices)
    ]


def _types(model: pulp.LpProblem, problem: Problem) -> dict[int, pulp.LpVariable]:
    if problem.max_groups is None:
        return {}
    groups = {*problem.group.tolist()}.union(*(c.group.tolist() for c in problem.choices))
    return {group: model.add_variable(f"y_{group}", 0, 1, pulp.LpBinary) for group in groups}


def _switched(model: pulp.LpProblem, problem: Problem, letter: str) -> list[pulp.LpVariable]:
    """Add a count for each kind that runs; 0 where nothing may change."""
    if problem.changes is None:
        return []
    most = 0 if problem.changes.is_frozen else None
    kinds = range(len(problem.changes.running))
    return [model.add_variable(f"{letter}_{kind}", 0, most, pulp.LpInteger) for kind in kinds]


def of_kind(written: PulpModel, kind: int) -> list[Any]:
    """Instances of one kind that are rented; of those that nothing runs of for ``NEW``."""
    changes = written.problem.changes
    if changes is None:
        return []
    terms = weighted(changes.rented * (changes.kind == kind), written.counts)
    for gang, ways, payers in zip(changes.gangs, written.taken, written.paid, strict=True):
        taken = gang.new if kind == NEW else gang.running[:, kind]
        terms += weighted(taken, ways) + weighted(gang.payer_kind == kind, payers)
    return terms


def _switching_cost(written: PulpModel) -> pulp.LpAffineExpression:
    """Cost of all starts and stops [currency/h]."""
    changes = written.problem.changes
    if changes is None:
        return pulp.lpSum([])
    starts = pulp.lpSum([*written.started, *of_kind(written, NEW)])
    return changes.start_cost * starts + changes.stop_cost * pulp.lpSum(written.stopped)


def running_cost(written: PulpModel) -> pulp.LpAffineExpression:
    """Cost of instances, alternatives and payers [currency/h]."""
    problem = written.problem
    terms = weighted(problem.price_per_hour, written.counts)
    for choice, ways, payers in zip(problem.choices, written.taken, written.paid, strict=True):
        terms += weighted(choice.cost, ways) + weighted(choice.payers.cost, payers)
    return pulp.lpSum(terms)
