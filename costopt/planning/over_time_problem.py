"""From candidates and a demand profile to one problem over hours, commitments included."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.candidate.find import NamedWorkload
from costopt.candidate.service import ServiceCandidates
from costopt.catalog.catalog import Catalog
from costopt.commitment.time_value import mean_factor
from costopt.evaluate.other_usage import draws_of_others
from costopt.evaluate.schedule_figures import TAIL_WEIGHT
from costopt.evaluate.schedule_money import DECLINING
from costopt.evaluate.tranche_prices import SPEND_OPTION
from costopt.planning.assemble import AssembledProblem, assemble
from costopt.planning.over_time_likelier import cheaper_or_likelier
from costopt.planning.over_time_products import (
    BY_THE_HOUR,
    DEARER,
    QuantityProducts,
    SpendProducts,
    quantity_products,
    spend_products,
)
from costopt.planning.over_time_servers import fewer_servers, useful_servers
from costopt.planning.over_time_work import served_and_worked, within_rounds
from costopt.planning.search import shared_limits
from costopt.planning.service_columns import ServiceColumns
from costopt.solve.hours.commitments import QuantityCommitments, SpendCommitments
from costopt.solve.hours.problem import HourlyProblem, Scenarios
from costopt.solve.hours.whole_limits import TypeLimit
from costopt.solve.problem import Problem
from costopt.workload.demand_hours import DemandHours
from costopt.workload.request import PlanRequest

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HourlyAssembly:
    """The problem over hours, and what its columns and commitments stand for.

    Attributes:
        problem: what the solver gets.
        service: workload of each offer of the problem, jobs after services (offers,).
        row: row of the service's offers (offers,).
        layout: index of the service's layouts (offers,).
        server: index of the server inside the service's block; of a job's own server (offers,).
        instances: rented with one offer of the problem; more than 1 only where availability is
            promised (offers,) [1].
        quantities: what the quantity commitments are.
        spends: what the spend commitments are.
    """

    problem: HourlyProblem
    service: Integers
    row: Integers
    layout: Integers
    server: Integers
    instances: Integers
    quantities: QuantityProducts
    spends: SpendProducts


def assemble_over_time(
    workloads: Sequence[NamedWorkload],
    hours: DemandHours,
    request: PlanRequest,
    catalog: Catalog,
) -> HourlyAssembly:
    """Write the problem of a request with a demand profile.

    Prices are means over the horizon of present values, as ``line_prices`` has them. Savings
    plans are not offers here but rates on what runs on demand; so that the discount is that of
    today's prices, their rates and what is committed stand at the same mean.

    Args:
        workloads: services with their candidates, then jobs with theirs.
        hours: kinds of hours.
        request: limits and settings.
        catalog: at the prices that are paid.
    """
    assembled = assemble([without_budget(item) for item in workloads], shared_limits(request))
    columns = _columns(workloads, assembled)
    quantities = quantity_products(columns, request)
    spends = spend_products(columns, request, catalog)
    price = _hourly_prices(assembled.problem.price_per_hour, columns, request)
    is_spend = (columns["purchase_option"] == SPEND_OPTION).to_numpy(dtype=np.bool_)
    usable = ~is_spend & (quantities.product != DEARER)
    whole = assembled.problem
    usable &= _worth_keeping(whole, np.where(is_spend, np.nan, price), quantities, spends)
    useful = useful_servers(whole, price, quantities, spends, usable)
    fewer = fewer_servers(whole.blocks, useful)
    kept = np.flatnonzero(usable & useful[whole.server])
    used = np.unique(quantities.product[kept])
    quantities = quantities.only(used[used >= 0])
    scale = _declined(request)
    working = served_and_worked(workloads, fewer, whole.server[kept], catalog)
    problem = HourlyProblem(
        price_per_hour=price[kept],
        server=working.server,
        upper=whole.upper[kept],
        quantity=quantities.product[kept],
        blocks=working.blocks,
        rows=tuple(
            replace(row, offer_coefficients=row.offer_coefficients[kept], choice_coefficients=(),
                    payer_coefficients=())
            for row in whole.rows
        ),
        weight=np.zeros(0),
        demand_factor=np.zeros((len(working.blocks), 0)),
        work=working.work,
        types=None
        if whole.max_groups is None
        else TypeLimit(group=whole.group[kept], most=whole.max_groups),
        quantities=QuantityCommitments(
            cost=quantities.present_value, upper=np.full(len(quantities.keys), np.inf)
        ),
        spends=SpendCommitments(
            cost=spends.present_value / scale,
            upper=np.full(len(spends.tranches), np.inf),
            owned=np.zeros((len(spends.tranches), 0)),
            rate=spends.rate[:, kept] * scale,
            other_usage=np.zeros((len(request.eligible_usage), 0)),
            other_price=np.full(len(request.eligible_usage), scale),
            other_rate=draws_of_others(spends.tranches, request) * scale,
        ),
    )  # fmt: skip
    return HourlyAssembly(
        problem=over_hours(problem, hours, request),
        service=columns["service"].to_numpy(dtype=np.int64)[kept],
        row=columns["row"].to_numpy(dtype=np.int64)[kept],
        layout=columns["layout"].to_numpy(dtype=np.int64)[kept],
        server=fewer.local[whole.server[kept]],
        instances=columns["instances"].to_numpy(dtype=np.int64)[kept],
        quantities=quantities,
        spends=spends,
    )


def over_hours(problem: HourlyProblem, hours: DemandHours, request: PlanRequest) -> HourlyProblem:
    """Return a problem with other hours; nothing is owned in them.

    Args:
        problem: offers, blocks and commitments.
        hours: kinds of hours.
        request: the question, for the horizon and the scenarios.
    """
    kinds = len(hours.hours)
    spends = problem.spends
    return replace(
        problem,
        weight=hours.hours * (request.horizon_hours / hours.profile_hours),
        work=within_rounds(problem.work, hours),
        demand_factor=hours.factor,
        spends=replace(
            spends, owned=np.zeros((len(spends), kinds)), other_usage=_other_usage(hours, request)
        ),
        scenarios=_scenarios(hours, request),
    )


def _other_usage(hours: DemandHours, request: PlanRequest) -> Floats:
    """Return the charges of other usage in each kind of hour (others, kinds)."""
    charges = np.zeros((len(request.eligible_usage), len(hours.hours)))
    for row, usage in enumerate(request.eligible_usage):
        charges[row, hours.kind_of_hour] = usage.on_demand_per_hour
    return charges


def without_budget(item: NamedWorkload) -> NamedWorkload:
    """Return a workload without its own budget, which is held over all hours together.

    Args:
        item: a workload with its candidates.
    """
    limits = item.workload.limits.model_copy(update={"budget": None})
    return replace(item, workload=item.workload.model_copy(update={"limits": limits}))


def _columns(workloads: Sequence[NamedWorkload], assembled: AssembledProblem) -> pd.DataFrame:
    """Return the offer of each column of the problem, and where it belongs."""
    services = [
        item.candidates for item in workloads if isinstance(item.candidates, ServiceCandidates)
    ]
    return pd.concat(
        [
            _of_service(index, candidates, columns)
            for index, (candidates, columns) in enumerate(
                zip(services, assembled.services, strict=True)
            )
        ],
        ignore_index=True,
    )


def _of_service(
    index: int, candidates: ServiceCandidates, columns: ServiceColumns
) -> pd.DataFrame:
    offers = candidates.offers.iloc[columns.offer].reset_index(drop=True)
    return offers.assign(
        service=index,
        row=columns.offer,
        layout=columns.layout,
        server=columns.server,
        instances=columns.instances,
    )


def _declined(request: PlanRequest) -> float:
    """Return the present value of 1 of a declining list price, mean over the horizon."""
    factor = (1 - request.price_decline) / (1 + request.cost_of_capital)
    return mean_factor(factor, request.horizon_hours)


def _hourly_prices(per_hour: Floats, columns: pd.DataFrame, request: PlanRequest) -> Floats:
    """Return present values of an hour of each offer; nothing for those that are committed."""
    options = columns["purchase_option"]
    declining = options.isin(DECLINING).to_numpy(dtype=np.bool_)
    fixed = mean_factor(1 / (1 + request.cost_of_capital), request.horizon_hours)
    committed = columns["term_hours"].notna().to_numpy() & (options != "owned").to_numpy()
    return np.asarray(
        np.where(committed, 0.0, per_hour * np.where(declining, _declined(request), fixed))
    )


def _worth_keeping(
    problem: Problem, price: Floats, quantities: QuantityProducts, spends: SpendProducts
) -> NDArray[np.bool_]:
    """Return which offers may be of use: of one server, the cheapest by each way to pay.

    An instance adds the same to its server whichever offer pays for it. So without limits on
    counts only the cheapest by the hour, the cheapest under each plan of money, and the cheapest
    commitment matter; a commitment that is kept for one server stays for all that can run on it,
    as workloads may share it. With limits on counts, or a budget, which counts what is paid and
    not its present value, most are kept.

    Args:
        problem: offers of all ways to pay, with the blocks.
        price: of an hour; NaN for what is no offer of its own (offers,) [plan currency/h].
        quantities: commitments of instances.
        spends: plans of money.

    Returns:
        Shape (offers,).
    """
    counts_are_limited = bool(problem.rows) or bool(np.isfinite(problem.upper).any())
    if counts_are_limited or problem.budget_per_hour is not None:
        return cheaper_or_likelier(problem, price, quantities, spends)
    by_hour = quantities.product == BY_THE_HOUR
    kept = _cheapest(problem.server, np.where(by_hour, price, np.nan))
    for rate in spends.rate:
        kept |= _cheapest(problem.server, rate)
    cost = np.full(len(price), np.nan)
    on_product = quantities.product >= 0
    cost[on_product] = quantities.present_value[quantities.product[on_product]]
    products = np.unique(quantities.product[_cheapest(problem.server, cost)])
    kept |= np.isin(quantities.product, products) & on_product
    return kept


def _cheapest(server: Integers, price: Floats) -> NDArray[np.bool_]:
    """Return the first cheapest offer of each server, among those with a price (offers,)."""
    order = np.lexsort((price, server))
    order = order[~np.isnan(price[order])]
    _, first = np.unique(server[order], return_index=True)
    found = np.zeros(len(price), dtype=np.bool_)
    found[order[first]] = True
    return found


def _scenarios(hours: DemandHours, request: PlanRequest) -> Scenarios | None:
    """Return the scenarios of a profile; None where there is only one."""
    if len(hours.scenarios) == 1:
        return None
    cvar = request.limits.cvar
    return Scenarios(
        scenario=hours.scenario,
        probability=hours.probability,
        tail_weight=0.0 if cvar is None else TAIL_WEIGHT,
        tail_level=cvar or 0.0,
    )
