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
from costopt.evaluate.schedule_money import mean_factors
from costopt.planning.assemble import AssembledProblem, assemble
from costopt.planning.changes_over_time import changes_over_time
from costopt.planning.over_time_gangs import gangs_among
from costopt.planning.over_time_others import (
    OF_OTHERS,
    OtherColumns,
    charges_of_others,
    numbered_places,
    with_factors_of_others,
)
from costopt.planning.over_time_products import (
    QuantityProducts,
    SpendProducts,
    has_budget,
    quantity_products,
    spend_products,
)
from costopt.planning.over_time_resources import (
    ResourceProducts,
    places_of,
    refuse_two_discounts,
    resource_products,
)
from costopt.planning.over_time_servers import fewer_servers
from costopt.planning.over_time_starts import only, sequence_of
from costopt.planning.over_time_useful import OfferedOverTime, useful_offers
from costopt.planning.over_time_work import served_and_worked, stands_beside, within_rounds
from costopt.planning.search import shared_limits
from costopt.planning.service_columns import ServiceColumns
from costopt.solve.hours.commitments import QuantityCommitments, SpendCommitments
from costopt.solve.hours.problem import HourlyProblem, Scenarios
from costopt.solve.hours.whole_limits import TypeLimit
from costopt.workload.demand_hours import DemandHours
from costopt.workload.request import PlanRequest

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HourlyAssembly:
    """The problem over hours, and what its columns and commitments stand for.

    Attributes:
        problem: what the solver gets.
        service: workload of each offer of the problem, jobs after services; OF_OTHERS for what
            other teams run (offers,).
        row: row of the service's offers (offers,).
        layout: index of the service's layouts (offers,).
        server: index of the server inside the service's block; of a job's own server (offers,).
        place: number of its provider, region and instance type (offers,).
        instances: rented with one offer of the problem; more than 1 only where availability is
            promised (offers,) [1].
        quantities: what the quantity commitments are.
        spends: what the spend commitments are.
        resources: what the resource commitments are.
        is_lossy: whether configurations of gangs were left out that might have been cheaper.
    """

    problem: HourlyProblem
    service: Integers
    row: Integers
    layout: Integers
    server: Integers
    place: Integers
    instances: Integers
    quantities: QuantityProducts
    spends: SpendProducts
    resources: ResourceProducts
    is_lossy: bool = False


def assemble_over_time(
    workloads: Sequence[NamedWorkload],
    hours: DemandHours,
    request: PlanRequest,
    catalog: Catalog,
    *,
    is_staying: bool = False,
    all_gangs: bool = False,
) -> HourlyAssembly:
    """Write the problem of a request with a demand profile.

    What is paid once for changes is not spread: it is no part of any price. Prices are means over
    the horizon of present values, as ``line_prices`` has them. Savings
    plans are not offers here but rates on what runs on demand; so that the discount is that of
    today's prices, their rates and what is committed stand at the same mean.

    Args:
        workloads: services with their candidates, then all others with theirs.
        hours: kinds of hours.
        request: limits and settings.
        catalog: at the prices that are paid.
        is_staying: whether only what ran before may run.
        all_gangs: whether to plan with every configuration of a gang that may be needed.
    """
    assembled = assemble([without_budget(item) for item in workloads], shared_limits(request))
    columns = _columns(workloads, assembled)
    quantities = quantity_products(columns, request)
    spends = spend_products(columns, request, catalog)
    places = places_of(columns)
    resources = resource_products(places, request, catalog)
    refuse_two_discounts(spends.rate, resources.needs, places)
    price = _hourly_prices(assembled.problem.price_per_hour, columns, request)
    whole = assembled.problem
    if has_budget(request):
        # Held over all hours together; here it says that what is paid counts too.
        whole = replace(whole, budget_per_hour=np.inf)
    is_job = np.array([stands_beside(item) for item in workloads])[columns["service"]]
    starts = sequence_of(columns, is_job, request, catalog)
    changes = changes_over_time(columns, request, catalog)
    offered = OfferedOverTime(
        workloads=workloads,
        problem=whole,
        columns=columns,
        price=price,
        quantities=quantities,
        spends=spends,
        resources=resources,
        starts=starts,
        changes=changes,
    )
    useful = useful_offers(
        offered, hours, request, catalog, is_staying=is_staying, all_gangs=all_gangs
    )
    fewer = fewer_servers(whole.blocks, useful.servers)
    kept = np.flatnonzero(useful.offers & useful.servers[whole.server])
    used = np.unique(quantities.product[kept])
    quantities = quantities.only(used[used >= 0])
    others = OtherColumns.of(quantities.keys, spends, resources, request, catalog)
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
        gangs=gangs_among(workloads, columns.iloc[kept], catalog),
        sequence=only(starts, kept),
        changes=None if changes is None else changes.only(kept),
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
        resources=resources.commitments(kept),
    )  # fmt: skip
    of_others = np.full(len(others.usage), OF_OTHERS)
    return HourlyAssembly(
        problem=over_hours(others.beside(problem, scale), hours, request),
        service=np.append(columns["service"].to_numpy(dtype=np.int64)[kept], of_others),
        row=np.append(columns["row"].to_numpy(dtype=np.int64)[kept], of_others),
        layout=np.append(columns["layout"].to_numpy(dtype=np.int64)[kept], of_others),
        server=np.append(fewer.local[whole.server[kept]], of_others),
        place=numbered_places(columns.iloc[kept], others, request),
        instances=np.append(
            columns["instances"].to_numpy(dtype=np.int64)[kept], np.ones_like(of_others)
        ),
        quantities=quantities,
        spends=spends,
        resources=resources,
        is_lossy=useful.is_lossy,
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
        demand_factor=with_factors_of_others(hours.factor, hours, request),
        spends=replace(
            spends,
            owned=np.zeros((len(spends), kinds)),
            other_usage=charges_of_others(hours, request),
        ),
        scenarios=_scenarios(hours, request),
    )


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
    present = mean_factors(columns, request, discount=1 / (1 + request.cost_of_capital))
    committed = columns["term_hours"].notna().to_numpy() & (options != "owned").to_numpy()
    return np.asarray(np.where(committed, 0.0, per_hour * present))


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
