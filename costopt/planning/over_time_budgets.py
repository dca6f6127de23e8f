"""Budgets of a plan over time: what is paid over the horizon, whatever is minimised."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from costopt.candidate.find import NamedWorkload
from costopt.candidate.service import ServiceCandidates
from costopt.catalog.catalog import Catalog
from costopt.commitment.time_value import mean_factor
from costopt.errors import PlanCheckError
from costopt.evaluate.schedule_money import DECLINING, tranche_prices_of
from costopt.evaluate.tranche_prices import tranche_price
from costopt.plan.schedule import Tranche
from costopt.planning.over_time_problem import HourlyAssembly
from costopt.solve.hours.whole_limits import Budget
from costopt.workload.request import PlanRequest

Floats = NDArray[np.float64]


def least_budget(request: PlanRequest) -> float | None:
    """Return the least of the budgets of the whole request; None without any [plan currency].

    Args:
        request: of one workload, whose own budget counts too, or of several.
    """
    budgets = [request.limits.budget]
    if len(request.workloads) == 1:
        budgets.append(request.workloads[0].limits.budget)
    return min((one for one in budgets if one is not None), default=None)


def with_budgets(
    assembly: HourlyAssembly,
    workloads: Sequence[NamedWorkload],
    request: PlanRequest,
    catalog: Catalog,
    signed: Sequence[Tranche] | None = None,
) -> HourlyAssembly:
    """Return a problem that keeps the budgets of its request.

    A budget counts what is paid, not its present value, in every scenario: for each hour that no
    commitment covers, and for commitments as a whole. That of one workload among several counts
    its own offers, which then have no commitments to share.

    Args:
        assembly: the problem without budgets.
        workloads: in the order of the offers' services.
        request: the question.
        catalog: at the prices that are paid.
        signed: the only commitments there are, which are paid for whatever runs; None = they are
            decided, and count.
    """
    problem, least = assembly.problem, least_budget(request)
    owned = [item.workload.limits.budget for item in workloads] if len(workloads) > 1 else []
    if least is None and all(one is None for one in owned):
        return assembly
    whole = _whole(assembly, workloads, request, catalog)
    if signed is not None:
        whole = _beside_signed(whole)
        paid = sum(one.cost_total for one in signed)
        least = None if least is None else max(least - paid, 0.0)
    budgets = [] if least is None else [replace(whole, upper=least)]
    for index, upper in enumerate(owned):
        if upper is not None:
            own = whole.price_per_hour * (assembly.service == index)
            name = f"budget of {workloads[index].name}"
            budgets.append(replace(whole, name=name, price_per_hour=own, upper=upper))
    return replace(assembly, problem=replace(problem, budgets=tuple(budgets)))


def _whole(
    assembly: HourlyAssembly,
    workloads: Sequence[NamedWorkload],
    request: PlanRequest,
    catalog: Catalog,
) -> Budget:
    """Return a budget of nothing that counts everything."""
    problem, spends, resources = assembly.problem, assembly.spends, assembly.resources
    bought = [
        Tranche(**key.model_dump(), family="", instances=1, spend_per_hour=None)
        for key in assembly.quantities.keys
    ]
    cost = np.array([_paid(one, request, catalog) for one in (*bought, *spends.tranches)])
    per_unit = problem.spends.cost / spends.present_value
    of_amounts = tranche_prices_of(resources.tranches, request, catalog)
    each = np.array([one.over(request.horizon_hours).total[0] for one in of_amounts])
    listed = np.array([one.replaced_per_hour for one in of_amounts])
    falls = mean_factor(1 - request.price_decline, request.horizon_hours)
    return Budget(
        name="budget",
        price_per_hour=_paid_per_hour(assembly, workloads, request),
        quantities=cost[: len(bought)],
        spends=cost[len(bought) :] * per_unit,
        resources=each * resources.step,
        amounts=listed * falls,
        upper=0.0,
    )


def _beside_signed(whole: Budget) -> Budget:
    """Return a budget that counts no commitment: what is signed is taken off it."""
    return replace(
        whole,
        name="budget beside what is signed",
        quantities=np.zeros_like(whole.quantities),
        spends=np.zeros_like(whole.spends),
        resources=np.zeros_like(whole.resources),
    )


def _paid(tranche: Tranche, request: PlanRequest, catalog: Catalog) -> float:
    """Return what one unit of a commitment costs over the horizon [plan currency]."""
    price = tranche_price(tranche, request, catalog)
    return float(price.over(request.horizon_hours).total[0])


def _paid_per_hour(
    assembly: HourlyAssembly, workloads: Sequence[NamedWorkload], request: PlanRequest
) -> Floats:
    """Return what is paid for an hour of each offer; 0 where a commitment pays (offers,)."""
    paid = np.zeros(len(assembly.row))
    falls = mean_factor(1 - request.price_decline, request.horizon_hours)
    for index, item in enumerate(workloads):
        if not isinstance(item.candidates, ServiceCandidates):
            raise PlanCheckError([f"{item.name} is no service, and was planned over time"])
        mine = np.flatnonzero((assembly.service == index) & (assembly.problem.quantity < 0))
        row = assembly.row[mine]
        listed = item.candidates.offers["purchase_option"].isin(DECLINING).to_numpy()[row]
        price = item.candidates.prices.per_hour[row] * assembly.instances[mine]
        paid[mine] = price * np.where(listed, falls, 1.0)
    return paid
