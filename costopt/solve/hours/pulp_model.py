"""The program over hours once more, written with PuLP from its sets and formulas.

It shares no matrix code with `costopt.solve.hours.assembly`, and merges, prunes and takes apart
nothing: every hour of the problem is written, so that a mistake in either shows.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, pairwise
from math import isfinite
from typing import TYPE_CHECKING

import pulp

from costopt.solve.hours.problem import HourlyProblem
from costopt.solve.hours.pulp_counts import counts_of
from costopt.solve.hours.pulp_gangs import PulpGangs
from costopt.solve.hours.pulp_parts import refuse_unwritten
from costopt.solve.problem import FloatArray
from costopt.solve.pulp_block import PulpBlock, write_block
from costopt.solve.pulp_program import PulpProgram, numbered, plain

if TYPE_CHECKING:
    from costopt.solve.hours.pulp_answer import PulpHoursAnswer

ByItem = Mapping[int, pulp.LpVariable]
"""Variable of each item that may be above 0."""

ByPlan = Mapping[tuple[int, int], pulp.LpVariable]
"""Variable of each plan and item."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HourlyNames:
    """What variables are named by; numbers alone where nothing is given.

    Attributes:
        offers: of each offer.
        quantities: of each commitment of instances.
        spends: of each plan of money.
    """

    offers: Sequence[str] = ()
    quantities: Sequence[str] = ()
    spends: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PulpHours(PulpProgram):
    """One problem over hours as a PuLP model; what an hour has of its own stands by hour.

    Attributes:
        problem: what it was written from.
        counts: ``n_ot``, whole, of each offer in each hour.
        blocks: ``x``, the routing of each workload in each hour.
        quantities: ``Q_c``, whole instances committed.
        spends: ``v_p``, money per hour committed anew [currency/h].
        resources: ``R_k``, whole units committed.
        covered: ``y_pot``, instances of an offer billed under a plan.
        others: ``e_plt``, units of other usage billed under a plan.
        amounts: ``a_rt``, amounts of a resource that commitments cover.
        started: ``s_ot``, instances started.
        gangs: which configuration each task has, when it runs and starts.
        paid: ``C_s``, paid by the hour in each scenario over the horizon [currency].
        at_risk: ``h`` and ``g_s``, value at risk and what a scenario costs beyond it [currency];
            empty where the mean alone counts.
        begun: ``b_k``, mean instances of each kind that are more than ran before, the last of all
            kinds of which none did; empty where nothing is said to have run.
        ended: ``d_k``, mean instances of each kind that are fewer than ran before.
    """

    problem: HourlyProblem
    counts: Sequence[ByItem]
    blocks: Sequence[Sequence[PulpBlock]]
    quantities: Sequence[pulp.LpVariable]
    spends: Sequence[pulp.LpVariable]
    resources: Sequence[pulp.LpVariable]
    covered: Sequence[ByPlan]
    others: Sequence[ByPlan]
    amounts: Sequence[ByItem]
    started: Sequence[ByItem]
    gangs: PulpGangs
    paid: Sequence[pulp.LpVariable]
    at_risk: Sequence[pulp.LpVariable]
    begun: Sequence[pulp.LpVariable]
    ended: Sequence[pulp.LpVariable]

    def solve(
        self,
        solver: str | pulp.LpSolver = "HiGHS",
        *,
        gap: float = 1e-4,
        time_limit_seconds: float = 60.0,
    ) -> "PulpHoursAnswer":
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
        from costopt.solve.hours.pulp_answer import solve_pulp_hours

        return solve_pulp_hours(self, solver, gap=gap, time_limit_seconds=time_limit_seconds)

    def __str__(self) -> str:
        """Return the program as mathematics: sets, decisions, goal and constraints."""
        from costopt.solve.hours.pulp_mathematics import mathematics

        return mathematics(self)


def write_pulp_hours(problem: HourlyProblem, names: HourlyNames | None = None) -> PulpHours:
    """Write a problem over hours as a PuLP model.

    Args:
        problem: a checked problem.
        names: of offers and commitments, for the names of variables.

    Raises:
        InvalidInputError: the problem has a part that is not written with PuLP.
    """
    refuse_unwritten(problem)
    named = names or HourlyNames()
    model = pulp.LpProblem("costopt_over_hours", pulp.LpMinimize)
    offers = [plain(name) for name in named.offers] or [""] * problem.offer_count
    hours = range(problem.hour_count)
    counts = [counts_of(model, problem, offers, hour) for hour in hours]
    written = PulpHours(
        problem=problem,
        model=model,
        counts=counts,
        blocks=[tuple(_blocks(model, problem, counts[hour], hour)) for hour in hours],
        quantities=_committed(
            model, "Q", problem.quantities.upper.tolist(), named.quantities, pulp.LpInteger
        ),
        spends=_committed(
            model, "v", problem.spends.upper.tolist(), named.spends, pulp.LpContinuous
        ),
        resources=_committed(model, "R", problem.resources.upper.tolist(), (), pulp.LpInteger),
        covered=[_billed(model, f"y_{hour}", problem.spends.rate, counts[hour]) for hour in hours],
        others=[
            _billed(model, f"e_{hour}", problem.spends.other_rate, others_of(problem))
            for hour in hours
        ],
        amounts=[
            {
                resource: model.add_variable(f"a_{hour}_{resource}", 0)
                for resource in range(len(problem.resources.price))
            }
            for hour in hours
        ],
        started=[_started(model, problem, counts[hour], hour) for hour in hours],
        gangs=PulpGangs.written(model, problem),
        paid=[model.add_variable(f"C_{scenario}") for scenario in range(len(problem.probability))],
        at_risk=_at_risk(model, problem),
        begun=_changed(model, "b", problem, 1),
        ended=_changed(model, "d", problem, 0),
    )
    from costopt.solve.hours.pulp_rows import hourly_rows, objective_of
    from costopt.solve.hours.pulp_whole_rows import whole_rows

    model += objective_of(written), "objective"
    for name, row in chain(hourly_rows(written), whole_rows(written)):
        model += row, name
    return written


def rounds_of(problem: HourlyProblem) -> list[list[int]]:
    """Hours of each scenario, in order."""
    rounds: list[list[int]] = [[] for _ in problem.probability]
    for hour, scenario in enumerate(problem.scenario.tolist()):
        rounds[scenario].append(hour)
    return rounds


def others_of(problem: HourlyProblem) -> range:
    """Lines of other usage."""
    return range(len(problem.spends.other_price))


def _blocks(
    model: pulp.LpProblem, problem: HourlyProblem, counts: ByItem, hour: int
) -> Iterator[PulpBlock]:
    """Write the routing of each workload in one hour, at the demand of that hour."""
    rented: list[list[pulp.LpVariable]] = [[] for _ in range(int(problem.first_server[-1]))]
    for offer, server in enumerate(problem.server.tolist()):
        if server >= 0 and offer in counts:
            rented[server].append(counts[offer])
    for index, (block, (first, last)) in enumerate(
        zip(problem.blocks, pairwise(problem.first_server.tolist()), strict=True)
    ):
        now = replace(block, demand=block.demand * problem.demand_factor[index, hour])
        yield write_block(model, f"{index}_h{hour}", now, rented[first:last])


def _committed(
    model: pulp.LpProblem,
    letter: str,
    uppers: Sequence[float],
    names: Sequence[str],
    category: str,
) -> list[pulp.LpVariable]:
    """Add how much is committed of each commitment."""
    known = [plain(name) for name in names] or [""] * len(uppers)
    return [
        model.add_variable(
            numbered(letter, number, name), 0, upper if isfinite(upper) else None, category
        )
        for number, (upper, name) in enumerate(zip(uppers, known, strict=True))
    ]


def _billed(
    model: pulp.LpProblem, letter: str, rate: FloatArray, items: Iterable[int]
) -> dict[tuple[int, int], pulp.LpVariable]:
    """Add how much of each item is billed under each plan that it is eligible to."""
    return {
        (plan, item): model.add_variable(f"{letter}_{plan}_{item}", 0)
        for plan in range(len(rate))
        for item in items
        if isfinite(rate[plan, item])
    }


def _started(
    model: pulp.LpProblem, problem: HourlyProblem, counts: ByItem, hour: int
) -> dict[int, pulp.LpVariable]:
    """Add ``s_ot`` for each offer to which starts make a difference."""
    if problem.sequence is None:
        return {}
    charged, kept = problem.sequence.start_up_hours, problem.sequence.min_up_hours
    return {
        offer: model.add_variable(f"s_{hour}_{offer}", 0)
        for offer in counts
        if charged[offer] > 0 or kept[offer] > 1
    }


def _changed(
    model: pulp.LpProblem, letter: str, problem: HourlyProblem, others: int
) -> list[pulp.LpVariable]:
    """Add a column for each kind that ran before, and for some others together."""
    if problem.changes is None:
        return []
    kinds = range(len(problem.changes.running) + others)
    return [model.add_variable(f"{letter}_{kind}", 0) for kind in kinds]


def _at_risk(model: pulp.LpProblem, problem: HourlyProblem) -> list[pulp.LpVariable]:
    """Add ``h`` and ``g_s``, at least 0, where the dearest scenarios weigh more."""
    if not problem.tail_weight:
        return []
    beyond = [model.add_variable(f"g_{one}", 0) for one in range(len(problem.probability))]
    return [model.add_variable("h", 0), *beyond]
