"""What stands beside a plan over time: no commitments, less demand, terms without a price."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from costopt.catalog.catalog import Catalog
from costopt.commitment.time_value import mean_factor
from costopt.evaluate.beside import FALL, NO_COMMITMENT
from costopt.evaluate.unpriced_terms import unpriced_terms
from costopt.plan.beside import Baseline
from costopt.plan.line import OfferKey
from costopt.plan.schedule import DemandFall, Schedule, Tranche, UnpricedTerm
from costopt.planning.over_time import FoundOverTime
from costopt.planning.over_time_others import OF_OTHERS
from costopt.planning.over_time_problem import HourlyAssembly, over_hours
from costopt.planning.over_time_resources import none_but
from costopt.solve.hours.problem import BY_THE_HOUR, HourlyProblem
from costopt.solve.hours.run import solve_hours
from costopt.workload.demand_hours import demand_hours, served_names
from costopt.workload.request import PlanRequest

BESIDE_SECONDS: Final = 1.0
"""Time for each search beside the plan, or that of the plan if that is less [s]."""

BESIDE_GAP: Final = 5e-3
"""Gap at which a search beside the plan stops [1]."""

FEW_KINDS: Final = 16
"""Kinds of hours, in each scenario, over which a search beside the plan looks; each is planned at
its highest, so that what it finds is too dear rather than too cheap [1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What is told beside a plan over time.

    Attributes:
        baselines: the best plan without commitments, where there are any.
        demand_fall: what the commitments cost if demand falls; None without any.
        unpriced_terms: types that run on demand and have no price with a term of a year.
    """

    baselines: tuple[Baseline, ...]
    demand_fall: DemandFall | None
    unpriced_terms: tuple[UnpricedTerm, ...]


def beside(found: FoundOverTime, request: PlanRequest, catalog: Catalog) -> Beside:
    """Work out what stands beside a plan.

    Args:
        found: what the search came to, with an answer.
        request: the question.
        catalog: at the prices that are paid.
    """
    written = found.scheduled
    if written is None:
        return Beside(baselines=(), demand_fall=None, unpriced_terms=())
    schedule = written.schedule
    unpriced = unpriced_terms(written.lines, schedule, request, catalog)
    if not schedule.tranches:
        return Beside(baselines=(), demand_fall=None, unpriced_terms=unpriced)
    cost = sum(line.line_cost_total for line in written.lines)
    coarse = _coarser(_from_nothing(found.assembly), request, catalog)
    return Beside(
        baselines=_without_commitments(coarse, cost, request),
        demand_fall=_demand_fall(coarse, schedule, request),
        unpriced_terms=unpriced,
    )


def _from_nothing(assembly: HourlyAssembly) -> HourlyAssembly:
    """Return the problem as if nothing ran before, for any money: so stands all beside a plan."""
    return replace(assembly, problem=replace(assembly.problem, changes=None, budgets=()))


def _coarser(assembly: HourlyAssembly, request: PlanRequest, catalog: Catalog) -> HourlyAssembly:
    """Return the problem over few kinds of hours, so that a second is enough to solve it."""
    profile = request.demand_profile
    if profile is None or assembly.problem.hours_are_coupled or request.eligible_usage:
        return assembly
    fewer = profile.model_copy(update={"kinds": min(profile.kinds or FEW_KINDS, FEW_KINDS)})
    hours = demand_hours(fewer, served_names(request), catalog, request.horizon_hours)
    return replace(assembly, problem=over_hours(assembly.problem, hours, request))


def _without_commitments(
    assembly: HourlyAssembly, cost: float, request: PlanRequest
) -> tuple[Baseline, ...]:
    """Return the best plan that commits nothing; nothing where none is found in time."""
    least = _least(_uncommitted(assembly.problem), request)
    if least is None:
        return ()
    least -= _others(assembly)
    left = 1 - request.price_decline
    hours, discount = request.horizon_hours, 1 / (1 + request.cost_of_capital)
    paid = least * mean_factor(left, hours) / mean_factor(left * discount, hours)
    return (
        Baseline(
            name=NO_COMMITMENT,
            text="without commitments",
            horizon_hours=hours,
            cost_total=paid,
            difference=paid - cost,
            difference_fraction=(paid - cost) / cost if cost else None,
            is_proven=False,
        ),
    )


def _others(assembly: HourlyAssembly) -> float:
    """Return what other eligible usage costs without any plan, present value [plan currency]."""
    problem = assembly.problem
    charges = problem.spends.other_price @ problem.spends.other_usage
    counted = (assembly.service == OF_OTHERS) & (problem.quantity == BY_THE_HOUR)
    first = len(problem.blocks) - int(counted.sum())
    charges = charges + problem.price_per_hour[counted] @ problem.demand_factor[first:]
    expected = problem.weight * problem.probability[problem.scenario]
    return float(charges @ expected)


def _demand_fall(
    assembly: HourlyAssembly, schedule: Schedule, request: PlanRequest
) -> DemandFall | None:
    """Plan anew at less demand, with these commitments and with none."""
    whole = assembly.problem
    others = whole.server[assembly.service == OF_OTHERS]
    is_others = np.isin(whole.first_server[:-1], others)
    fallen = replace(
        whole,
        demand_factor=whole.demand_factor * np.where(is_others, 1, 1 - FALL)[:, None],
        work=replace(whole.work, amount=whole.work.amount * (1 - FALL)),
    )
    paid = sum(one.present_value for one in schedule.tranches)
    by_hour = _least(committed(fallen, assembly, schedule.tranches), request)
    without = _least(_uncommitted(fallen), request)
    if by_hour is None or without is None:
        return None
    return DemandFall(
        fraction=FALL,
        cost_total=paid + by_hour,
        without_commitments=without,
        loss=paid + by_hour - without,
    )


def _uncommitted(problem: HourlyProblem) -> HourlyProblem:
    """Return a problem in which nothing can be committed."""
    quantities = replace(problem.quantities, upper=np.zeros(len(problem.quantities)))
    spends = replace(problem.spends, upper=np.zeros(len(problem.spends)))
    resources = replace(problem.resources, upper=np.zeros(len(problem.resources)))
    return replace(problem, quantities=quantities, spends=spends, resources=resources)


def committed(
    problem: HourlyProblem, assembly: HourlyAssembly, tranches: Sequence[Tranche]
) -> HourlyProblem:
    """Return a problem in which just some commitments can be used, and are paid for.

    Args:
        problem: over the hours that are looked at.
        assembly: whose products the commitments are among.
        tranches: what is committed.
    """
    instances = np.zeros(len(problem.quantities))
    owned = np.zeros_like(problem.spends.owned)
    units = np.zeros(len(problem.resources))
    for one in tranches:
        if (product := assembly.resources.bought(one)) is not None:
            units[product] = round(one.quantity / assembly.resources.step[product])
            continue
        if one.instances is not None:
            instances[assembly.quantities.keys.index(key_of(one))] = one.instances
            continue
        for plan, template in enumerate(assembly.spends.tranches):
            if _same_plan(one.model_dump(), template.model_dump()):
                scale = assembly.spends.present_value[plan] / assembly.problem.spends.cost[plan]
                owned[plan] = one.quantity * scale
    return replace(
        problem,
        quantities=replace(
            problem.quantities, cost=np.zeros(len(problem.quantities)), upper=instances
        ),
        spends=replace(problem.spends, owned=owned, upper=np.zeros(len(problem.spends))),
        resources=none_but(problem.resources, units),
    )


def key_of(tranche: Tranche) -> OfferKey:
    """Return the offer that a commitment of instances is bought by.

    Args:
        tranche: of instances.
    """
    return OfferKey(**{name: getattr(tranche, name) for name in OfferKey.model_fields})


def _same_plan(bought: dict[str, object], offered: dict[str, object]) -> bool:
    named = ("provider", "region", "zone", "family", "kind", "term_years", "payment")
    return all(bought[name] == offered[name] for name in named)


def _least(problem: HourlyProblem, request: PlanRequest) -> float | None:
    """Return the mean cost of the scenarios in the best plan found in time; None without any."""
    seconds = min(BESIDE_SECONDS, request.time_limit_seconds)
    solution = solve_hours(problem, gap=BESIDE_GAP, time_limit_seconds=seconds)
    return None if solution.costs is None else solution.costs.expected
