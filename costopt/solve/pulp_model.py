"""The program once more, written with PuLP from its sets and formulas, to read and to hand on.

It shares no matrix code with `costopt.solve.assembly`: both are written from the problem alone,
so that a mistake in one shows against the other.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, isfinite
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import pulp

from costopt.errors import InvalidInputError
from costopt.solve.changes import NEW
from costopt.solve.problem import MOST_INSTANCES, Problem, ServingBlock

if TYPE_CHECKING:
    from costopt.solve.pulp_answer import PulpAnswer

WRITERS: Final = {".lp": "writeLP", ".mps": "writeMPS"}
"""File endings that a model can be written to, and what of PuLP writes them."""

LONGEST_NAME: Final = 60
"""Characters of a name that are kept; the LP format ends names at 255, PuLP's writer at 100."""

Share = tuple[int, int, int]
"""Block, server of the block, bucket."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PulpModel:
    """One problem as a PuLP model.

    Attributes:
        problem: what it was written from.
        model: the model; `print` it to see every row.
        counts: ``n``, whole, of each offer.
        shares: ``x``, of each bucket on each server that can serve it.
        taken: ``z``, 0 or 1, of each alternative of each job.
        paid: ``u``, whole, of each payer of each job.
        types: ``y``, 0 or 1, of each type group; empty where types are not limited.
        started: ``s``, whole, of each kind of instance that runs already.
        stopped: ``d``, likewise.
    """

    problem: Problem
    model: pulp.LpProblem
    counts: Sequence[pulp.LpVariable]
    shares: Mapping[Share, pulp.LpVariable]
    taken: Sequence[Sequence[pulp.LpVariable]]
    paid: Sequence[Sequence[pulp.LpVariable]]
    types: Mapping[int, pulp.LpVariable]
    started: Sequence[pulp.LpVariable]
    stopped: Sequence[pulp.LpVariable]

    def write(self, path: str | Path) -> Path:
        """Write the model to a file that other solvers read; nothing half-written is left.

        Args:
            path: ends in ``.lp`` or ``.mps``.

        Raises:
            InvalidInputError: another ending, or a folder that is not there.
        """
        target = Path(path)
        writer = WRITERS.get(target.suffix)
        if writer is None:
            problem = f"{target.name} must end in {' or '.join(WRITERS)}"
            raise InvalidInputError("to_pulp", [problem])
        if not target.parent.is_dir():
            raise InvalidInputError("to_pulp", [f"there is no folder {target.parent}"])
        with TemporaryDirectory(dir=target.parent) as beside:
            written = Path(beside) / target.name
            getattr(self.model, writer)(str(written))
            written.replace(target)
        return target

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
    model = pulp.LpProblem("costopt", pulp.LpMinimize)
    written = PulpModel(
        problem=problem,
        model=model,
        counts=_counts(model, problem, offer_names),
        shares=_shares(model, problem),
        taken=_taken(model, problem),
        paid=_paid(model, problem),
        types=_types(model, problem),
        started=_switched(model, problem, "s"),
        stopped=_switched(model, problem, "d"),
    )
    cost = running_cost(written)
    from costopt.solve.pulp_rows import rows_of

    model += cost + _switching_cost(written), "cost_per_hour"
    for name, row in rows_of(written, cost):
        model += row, name
    return written


def _counts(
    model: pulp.LpProblem, problem: Problem, offer_names: Sequence[str]
) -> list[pulp.LpVariable]:
    """Add ``n_o``, whole, from 0 to the quota and to all that its server could be loaded with."""
    names = [plain(name) for name in offer_names] or [""] * problem.offer_count
    return [
        model.add_variable(numbered("n", offer, name), 0, most, pulp.LpInteger)
        for offer, (name, most) in enumerate(zip(names, _most_counts(problem), strict=True))
    ]


def plain(name: str) -> str:
    """Keep letters, digits and underscores of a name, which every format takes."""
    return re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_")[:LONGEST_NAME]


def numbered(letter: str, number: int, name: str) -> str:
    """Name a variable or a row by its letter, its number and, where it has one, its name."""
    return f"{letter}_{number}_{name}" if name else f"{letter}_{number}"


def _most_counts(problem: Problem) -> Iterator[int]:
    """Yield the most instances of each offer that quota and load leave useful.

    What runs already may go on idle where stopping it costs more.
    """
    useful = [
        ceil(sum(need for bucket in wanted(block) if (need := load_of(block, server, bucket))))
        for block in problem.blocks
        for server in range(len(block.rates))
    ]
    held = [0] * problem.offer_count
    if problem.changes is not None:
        held = problem.changes.running_of_offer.tolist()
    quotas = zip(problem.server.tolist(), problem.upper.tolist(), held, strict=True)
    for server, upper, running in quotas:
        most = max(useful[server], running) if useful[server] else 0
        yield min(most, int(upper)) if isfinite(upper) else most


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


def _shares(model: pulp.LpProblem, problem: Problem) -> dict[Share, pulp.LpVariable]:
    """Add ``x``, from 0 to 1, wherever a server can serve a bucket with demand."""
    return {
        (index, server, bucket): model.add_variable(f"x_{index}_{server}_{bucket}", 0, 1)
        for index, block in enumerate(problem.blocks)
        for server in range(len(block.rates))
        for bucket in wanted(block)
        if load_of(block, server, bucket) is not None
    }


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


def weighted(weights: Any, variables: Sequence[pulp.LpVariable]) -> list[Any]:
    """Return weight times variable wherever the weight is not 0."""
    return [
        float(weight) * variable
        for weight, variable in zip(weights, variables, strict=True)
        if weight
    ]
