"""From a solution over hours to lines and schedule: what runs when, and what is committed."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from costopt.candidate.find import NamedWorkload
from costopt.candidate.service import ServiceCandidates
from costopt.catalog.catalog import Catalog
from costopt.errors import PlanCheckError
from costopt.evaluate.tranche_prices import SPEND_OPTION
from costopt.plan.line import PlanLine
from costopt.plan.schedule import Schedule, ScheduledHour, Tranche
from costopt.planning.lines import written_line
from costopt.planning.over_time_others import OF_OTHERS
from costopt.planning.over_time_problem import HourlyAssembly
from costopt.planning.over_time_work import stands_beside
from costopt.solve.hours.solution import HourlyDecision, HourlySolution
from costopt.workload.demand_hours import DemandHours

Floats = NDArray[np.float64]

LEAST_SPEND: Final = 1e-6
"""Money per hour below which a commitment is the solver's rounding [plan currency/h]."""


def lines_over_time(
    workloads: Sequence[NamedWorkload],
    assembly: HourlyAssembly,
    decision: HourlyDecision,
    hours: DemandHours,
    horizon_hours: float,
    catalog: Catalog,
) -> tuple[tuple[PlanLine, ...], tuple[ScheduledHour, ...]]:
    """Write a line for each offer in each layout that runs in some hour, and the hours.

    Configurations of one offer in one layout are one line. Figures follow once both are known.

    Args:
        workloads: services with their candidates, then jobs with theirs.
        assembly: what the columns of the problem stand for.
        decision: of the solver.
        hours: kinds of hours.
        horizon_hours: over which the profile repeats [h].
        catalog: where exchange rates and spot signals are.
    """
    used = np.flatnonzero(decision.counts.any(axis=1) & (assembly.service != OF_OTHERS))
    used = used[np.lexsort((-decision.counts[used].sum(axis=1), assembly.service[used]))]
    rented: dict[tuple[int, ...], list[int]] = {}
    for column in used.tolist():
        place = (assembly.service[column], assembly.row[column], assembly.layout[column])
        rented.setdefault(tuple(map(int, place)), []).append(column)
    of_lines = list(rented.values())
    counts = np.array(
        [assembly.instances[own] @ decision.counts[own] for own in of_lines], dtype=np.int64
    ).reshape(len(of_lines), len(hours.hours))
    lines = tuple(
        _line(workloads, assembly, own[0], int(most), horizon_hours, catalog)
        for own, most in zip(of_lines, counts.max(axis=1, initial=0), strict=True)
    )
    routing = [
        np.sum([_routing(assembly, decision, column) for column in own], axis=0)
        for own in of_lines
    ]
    names = [item.name for item in workloads if not stands_beside(item)]
    each = horizon_hours / hours.profile_hours
    scheduled = tuple(
        ScheduledHour(
            scenario=hours.scenarios[int(hours.scenario[number])],
            hours=float(hours.hours[number]) * each,
            demand_factor=dict(zip(names, hours.factor[:, number].tolist(), strict=True)),
            counts=tuple(counts[:, number].tolist()),
            routing=tuple(
                tuple(parts[number].tolist()) if running[number] else ()
                for running, parts in zip(counts, routing, strict=True)
            ),
        )
        for number in range(len(hours.hours))
    )
    return lines, scheduled


def _line(
    workloads: Sequence[NamedWorkload],
    assembly: HourlyAssembly,
    column: int,
    most: int,
    horizon_hours: float,
    catalog: Catalog,
) -> PlanLine:
    item = workloads[int(assembly.service[column])]
    candidates = _service(item)
    layout = int(assembly.layout[column])
    return written_line(
        item.name,
        candidates.offers.iloc[int(assembly.row[column])],
        candidates.layouts[layout],
        catalog,
        count=most,
        hours=horizon_hours,
        share=0.0,
        routing=(0.0,) * len(candidates.demand),
        max_utilisation=float(candidates.layout_rates.max_utilisation[layout]),
    )


def _service(item: NamedWorkload) -> ServiceCandidates:
    if not isinstance(item.candidates, ServiceCandidates):
        raise PlanCheckError([f"{item.name} is no service, and was planned over time"])
    return item.candidates


def _routing(assembly: HourlyAssembly, decision: HourlyDecision, column: int) -> Floats:
    """Return the share of each prompt size that an offer takes in each hour (hours, prompts).

    Of a job nothing is told here: what its instances do follows from their number.
    """
    service, server = int(assembly.service[column]), int(assembly.server[column])
    if assembly.problem.server[column] < 0:
        return np.zeros((decision.counts.shape[1], 1))
    beside = (assembly.service == service) & (assembly.server == server)
    rented = decision.counts[beside].sum(axis=0)
    part = decision.counts[column] / np.maximum(rented, 1)
    shares = decision.shares[service][decision.kind, server]
    return np.asarray(shares * part[:, None])


def tranches_of(assembly: HourlyAssembly, solution: HourlySolution) -> tuple[Tranche, ...]:
    """Write what is committed, no more of it than some hour uses; prices follow.

    Args:
        assembly: what the commitments of the problem are.
        solution: with a decision.

    Raises:
        PlanCheckError: the solution has none.
    """
    decision, coverage = solution.decision, solution.coverage
    if decision is None or coverage is None:
        raise PlanCheckError(["there is no solution to write down"])
    problem = assembly.problem
    tranches = []
    for product, committed in enumerate(decision.commitments.quantities.tolist()):
        on_it = decision.counts[problem.quantity == product]
        most = min(int(committed), int(on_it.sum(axis=0).max(initial=0)))
        if most:
            tranches.append(_instances(assembly, product, most))
    for plan, committed in enumerate(decision.commitments.spends.tolist()):
        drawn = np.nan_to_num(problem.spends.rate[plan]) @ coverage.spends[plan]
        drawn += np.nan_to_num(problem.spends.other_rate[plan]) @ coverage.others[plan]
        spend = min(float(committed), float(drawn.max(initial=0.0))) / _scale(assembly, plan)
        if spend > LEAST_SPEND:
            template = assembly.spends.tranches[plan]
            tranches.append(template.model_copy(update={"spend_per_hour": spend}))
    amounts = problem.resources.needs.T @ decision.counts
    for product, units in enumerate(decision.commitments.resources.tolist()):
        found = assembly.resources.written(product, units, float(amounts[product].max()))
        tranches.extend([] if found is None else [found])
    return tuple(tranches)


def _scale(assembly: HourlyAssembly, plan: int) -> float:
    """Return the problem's money of a plan over money of today."""
    return float(assembly.spends.present_value[plan] / assembly.problem.spends.cost[plan])


def _instances(assembly: HourlyAssembly, product: int, instances: int) -> Tranche:
    """Write a commitment of instances."""
    key = assembly.quantities.keys[product]
    if key.purchase_option == SPEND_OPTION or key.term_years is None:
        raise PlanCheckError([f"{key.instance_type}: {key.purchase_option} commits no instances"])
    return Tranche(**key.model_dump(), family="", instances=instances, spend_per_hour=None)


def with_schedule(
    hours: DemandHours, scheduled: Sequence[ScheduledHour], tranches: Sequence[Tranche]
) -> Schedule:
    """Put the decisions of a plan over time together; figures follow.

    Args:
        hours: kinds of hours.
        scheduled: the same with what runs in them.
        tranches: what is committed.
    """
    return Schedule(
        hours=tuple(scheduled),
        kind_of_hour=tuple(tuple(row) for row in hours.kind_of_hour.tolist()),
        scenarios=hours.scenarios,
        probability=tuple(hours.probability.tolist()),
        excess_fraction=hours.excess_fraction,
        tranches=tuple(tranches),
    )
