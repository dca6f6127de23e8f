"""What stands beside a plan over time: no commitments, less demand, terms without a price."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from costopt.catalog.catalog import Catalog
from costopt.commitment.time_value import mean_factor, present_value_of_terms
from costopt.evaluate.other_usage import other_usage_of, with_others
from costopt.evaluate.schedule_figures import Weights
from costopt.evaluate.schedule_money import line_prices, tranche_prices_of, usage_of
from costopt.plan.beside import Baseline
from costopt.plan.line import OfferKey, PlanLine
from costopt.plan.schedule import DemandFall, Schedule, Tranche, UnpricedTerm
from costopt.planning.over_time import FoundOverTime
from costopt.planning.over_time_problem import HourlyAssembly, over_hours
from costopt.solve.hours.problem import HourlyProblem
from costopt.solve.hours.run import solve_hours
from costopt.units import HOURS_PER_YEAR
from costopt.workload.demand_hours import demand_hours
from costopt.workload.limits import TERM_OPTIONS
from costopt.workload.request import PlanRequest

FALL: Final = 0.3
"""Part of the demand that is taken away to see what the commitments then cost [0..1]."""

BESIDE_SECONDS: Final = 1.0
"""Time for each search beside the plan, or that of the plan if that is less [s]."""

BESIDE_GAP: Final = 5e-3
"""Gap at which a search beside the plan stops [1]."""

FEW_KINDS: Final = 16
"""Kinds of hours, in each scenario, over which a search beside the plan looks; each is planned at
its highest, so that what it finds is too dear rather than too cheap [1]."""

MOST_UNPRICED: Final = 3
"""Instance types without a price for a term that a plan names, the dearest first."""


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
    unpriced = _unpriced(written.lines, schedule, request, catalog)
    if not schedule.tranches:
        return Beside(baselines=(), demand_fall=None, unpriced_terms=unpriced)
    cost = sum(line.line_cost_total for line in written.lines)
    unbounded = replace(found.assembly, problem=replace(found.assembly.problem, budgets=()))
    coarse = _coarser(unbounded, request, catalog)
    return Beside(
        baselines=_without_commitments(coarse, cost, request),
        demand_fall=_demand_fall(coarse, schedule, request),
        unpriced_terms=unpriced,
    )


def _coarser(assembly: HourlyAssembly, request: PlanRequest, catalog: Catalog) -> HourlyAssembly:
    """Return the problem over few kinds of hours, so that a second is enough to solve it."""
    profile = request.demand_profile
    if profile is None or len(assembly.problem.work) or request.eligible_usage:
        return assembly
    fewer = profile.model_copy(update={"kinds": min(profile.kinds or FEW_KINDS, FEW_KINDS)})
    names = [name for name, _ in request.named_workloads]
    hours = demand_hours(fewer, names, catalog, request.horizon_hours)
    return replace(assembly, problem=over_hours(assembly.problem, hours, request))


def _without_commitments(
    assembly: HourlyAssembly, cost: float, request: PlanRequest
) -> tuple[Baseline, ...]:
    """Return the best plan that commits nothing; nothing where none is found in time."""
    least = _least(_uncommitted(assembly.problem), request)
    if least is None:
        return ()
    least -= _others(assembly.problem)
    left = 1 - request.price_decline
    hours, discount = request.horizon_hours, 1 / (1 + request.cost_of_capital)
    paid = least * mean_factor(left, hours) / mean_factor(left * discount, hours)
    return (
        Baseline(
            name="no_commitment",
            text="without commitments",
            horizon_hours=hours,
            cost_total=paid,
            difference=paid - cost,
            difference_fraction=(paid - cost) / cost,
            is_proven=False,
        ),
    )


def _others(problem: HourlyProblem) -> float:
    """Return what other eligible usage costs without any plan, present value [plan currency]."""
    charges = problem.spends.other_price @ problem.spends.other_usage
    expected = problem.weight * problem.probability[problem.scenario]
    return float(charges @ expected)


def _demand_fall(
    assembly: HourlyAssembly, schedule: Schedule, request: PlanRequest
) -> DemandFall | None:
    """Plan anew at less demand, with these commitments and with none."""
    whole = assembly.problem
    fallen = replace(
        whole,
        demand_factor=whole.demand_factor * (1 - FALL),
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
    return replace(problem, quantities=quantities, spends=spends)


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
    for one in tranches:
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


def _unpriced(
    lines: Sequence[PlanLine], schedule: Schedule, request: PlanRequest, catalog: Catalog
) -> tuple[UnpricedTerm, ...]:
    """Find types that run on demand, and for which no price with a term of a year is known.

    What no other commitment covers of the first instance costs P in the horizon. It would be
    cheaper with a commitment below P over the hours of the whole terms that the horizon takes,
    both as present values, the commitment paid by the hour.
    """
    if TERM_OPTIONS.isdisjoint(request.limits.options):
        return ()
    weights = Weights.of(schedule).hours
    prices = with_others(line_prices(lines, request, catalog), request)
    of_tranches = tranche_prices_of(schedule.tranches, request, catalog)
    others = other_usage_of(schedule, schedule.tranches, request)
    usage = usage_of(lines, schedule.hours, schedule.tranches, of_tranches, prices, others)
    first_paid = weights @ np.minimum(usage.by_hour, 1.0) * prices.present
    one, year = np.ones(1), np.array([HOURS_PER_YEAR])
    terms = present_value_of_terms(
        one, 0 * one, year, request.horizon_hours, request.cost_of_capital
    )
    offers = catalog.offers
    yearly = offers[offers["purchase_option"].isin(TERM_OPTIONS) & (offers["term_years"] == 1.0)]
    known = set(yearly[["provider", "region", "instance_type"]].itertuples(index=False, name=None))
    found: dict[tuple[str, str, str], UnpricedTerm] = {}
    for row, line in enumerate(lines):
        place = line.offer.provider, line.offer.region, line.offer.instance_type
        if line.offer.purchase_option != "on_demand" or place in known:
            continue
        wins_below = float(first_paid[row] / terms[0])
        if wins_below and (place not in found or found[place].wins_below_per_hour < wins_below):
            found[place] = UnpricedTerm(
                provider=place[0],
                region=place[1],
                instance_type=place[2],
                wins_below_per_hour=wins_below,
            )
    dearest = sorted(found.values(), key=lambda one: -one.wins_below_per_hour)
    return tuple(dearest[:MOST_UNPRICED])
