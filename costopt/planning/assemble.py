"""From candidates to one problem: servers, offers, choices and the limits that join them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.candidate.find import Candidates, NamedWorkload
from costopt.candidate.job import JobCandidates
from costopt.candidate.service import ServiceCandidates
from costopt.catalog.offer_keys import OfferNames
from costopt.planning.service_columns import ServiceColumns, service_columns
from costopt.solve.problem import Choice, LimitRow, Payers, Problem, ServingBlock
from costopt.workload.counted import CountedLimit

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

AVAILABILITY: Final = "availability"
"""What the limits on the chances of a service's configurations are called."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AssembledProblem:
    """The problem and how its columns map back to the candidates.

    Attributes:
        problem: what the solver gets.
        services: one entry per service, in the order of its blocks.
    """

    problem: Problem
    services: tuple[ServiceColumns, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedLimits:
    """Limits that join all workloads of a request.

    Attributes:
        quotas: of the request.
        budget: cost at most over the horizon [plan currency].
        max_distinct_types: instance types at most.
        horizon_hours: over which services are charged [h].
    """

    quotas: tuple[CountedLimit, ...]
    budget: float | None
    max_distinct_types: int | None
    horizon_hours: float


def assemble(workloads: Sequence[NamedWorkload], limits: SharedLimits) -> AssembledProblem:
    """Join the candidates of all workloads into one problem.

    Costs are per hour of the horizon; a job's total cost is spread over it, so that the budget
    counts both alike.

    Args:
        workloads: of the request, in order, with their candidates and their own limits.
        limits: quotas, budget and number of types, which join the workloads.
    """
    candidates = [item.candidates for item in workloads]
    services = [item for item in candidates if isinstance(item, ServiceCandidates)]
    jobs = [item for item in candidates if isinstance(item, JobCandidates)]
    columns: list[ServiceColumns] = []
    blocks: list[ServingBlock] = []
    first = 0
    for service in services:
        column, block = service_columns(service, first)
        columns.append(column)
        blocks.append(block)
        first += len(column.offer)
    groups = _type_groups(candidates)
    server_offsets = np.cumsum([0, *(len(block.max_utilisation) for block in blocks)])
    problem = Problem(
        price_per_hour=_joined(
            [_prices(service, column) for service, column in zip(services, columns, strict=True)]
        ),
        server=_joined_whole(
            [c.server + offset for c, offset in zip(columns, server_offsets, strict=False)]
        ),
        upper=np.full(first, np.inf),
        group=_joined_whole(
            [_groups(s, groups)[c.offer] for s, c in zip(services, columns, strict=True)]
        ),
        blocks=tuple(blocks),
        choices=tuple(_choice(job, groups) for job in jobs),
        rows=tuple(_limit_rows(workloads, columns, limits)),
        budget_per_hour=None if limits.budget is None else limits.budget / limits.horizon_hours,
        max_groups=limits.max_distinct_types,
    )
    return AssembledProblem(problem=problem, services=tuple(columns))


def _type_groups(candidates: Sequence[Candidates]) -> Mapping[tuple[str, str], int]:
    """Number the instance types of all workloads, for the limit on distinct types."""
    names = {(kind.provider, kind.name) for item in candidates for kind in item.types}
    return {name: index for index, name in enumerate(sorted(names))}


def _prices(service: ServiceCandidates, column: ServiceColumns) -> Floats:
    """Price of each program offer: of all instances rented with it [plan currency/h]."""
    prices: Floats = service.prices.per_hour[column.offer] * column.instances
    return prices


def _groups(item: Candidates, groups: Mapping[tuple[str, str], int]) -> Integers:
    """Return the type group of each offer."""
    of_type = np.array([groups[kind.provider, kind.name] for kind in item.types], dtype=np.int64)
    return of_type[item.type_of_offer] if len(of_type) else np.zeros(0, dtype=np.int64)


def _choice(job: JobCandidates, groups: Mapping[tuple[str, str], int]) -> Choice:
    gangs, payers = job.gangs, job.payers
    return Choice(
        cost=payers.own_cost / job.horizon_hours,
        group=_groups(job, groups)[gangs.offer] if len(gangs) else gangs.offer,
        payers=Payers(
            alternative=payers.gang,
            instances=(gangs.nodes - gangs.spot_nodes)[payers.gang],
            cost=payers.cost / job.horizon_hours,
        ),
    )


def forbidding_row(
    workloads: Sequence[NamedWorkload],
    assembled: AssembledProblem,
    forbidden: Callable[[pd.DataFrame], NDArray[np.bool_]],
) -> LimitRow:
    """Write a row that keeps some offers out.

    Args:
        workloads: with their candidates.
        assembled: their problem.
        forbidden: offers of a workload -> which of them may not be used.
    """
    weights = [forbidden(item.candidates.offers).astype(np.float64) for item in workloads]
    return _weighted_row(workloads, assembled.services, "forbidden offers", 0.0, weights)


def _limit_rows(
    workloads: Sequence[NamedWorkload], columns: Sequence[ServiceColumns], limits: SharedLimits
) -> Iterator[LimitRow]:
    """Yield quotas of the request and of each workload, and budgets of each workload."""
    names = [OfferNames.of(item.candidates.offers) for item in workloads]
    for counted in limits.quotas:
        yield from _quota_rows(workloads, columns, counted, names)
    for index, item in enumerate(workloads):
        own = item.workload.limits
        only = [one if position == index else None for position, one in enumerate(names)]
        for counted in own.counted:
            yield from _quota_rows(workloads, columns, counted, only)
        if own.budget is not None:
            yield _budget_row(workloads, columns, own.budget / limits.horizon_hours, index)
    yield from _availability_rows(workloads, columns)


def _availability_rows(
    workloads: Sequence[NamedWorkload], columns: Sequence[ServiceColumns]
) -> Iterator[LimitRow]:
    """Write ``sum_o w_o n_o <= -ln a`` for each service whose availability is promised.

    ``w`` is ``-ln`` of the chance that a configuration has what is counted on. The chance that
    all have it at once is at least the product of theirs: reclaims of different pools, as far as
    measured, come together or have nothing to do with each other, and events that each become
    likelier with more capacity are then positively associated.

    Source: J. D. Esary, F. Proschan and D. W. Walkup, "Association of random variables, with
    applications", Annals of Mathematical Statistics 38 (1967): P(all) >= product of P(each).
    """
    services = [
        (item.name, item.candidates)
        for item in workloads
        if isinstance(item.candidates, ServiceCandidates)
    ]
    jobs = [item.candidates for item in workloads if isinstance(item.candidates, JobCandidates)]
    for index, (name, service) in enumerate(services):
        if service.promises.availability:
            yield LimitRow(
                name=availability_row(name),
                offer_coefficients=_joined(
                    [one.weight * (row == index) for row, one in enumerate(columns)]
                ),
                choice_coefficients=tuple(np.zeros(len(job.gangs)) for job in jobs),
                payer_coefficients=tuple(np.zeros(len(job.payers)) for job in jobs),
                upper=-float(np.log(service.promises.availability)),
            )


def availability_row(workload: str) -> str:
    """Name the row that keeps the availability promised to a workload.

    Args:
        workload: its name.
    """
    return f"{AVAILABILITY} of {workload}"


def _quota_rows(
    workloads: Sequence[NamedWorkload],
    columns: Sequence[ServiceColumns],
    counted: CountedLimit,
    names: Sequence[OfferNames | None],
) -> Iterator[LimitRow]:
    """Write one quota, unless it concerns no candidate.

    Args:
        workloads: with their candidates.
        columns: of the services.
        counted: the quota.
        names: of the offers of each workload; None for those that it does not count.
    """
    weights = [
        np.zeros(len(item.candidates.offers))
        if own is None
        else counted.weights(item.candidates.offers, own)
        for item, own in zip(workloads, names, strict=True)
    ]
    if any(taken.any() for taken in weights):
        yield _weighted_row(workloads, columns, counted.name, counted.allowed, weights)


def _weighted_row(
    workloads: Sequence[NamedWorkload],
    columns: Sequence[ServiceColumns],
    name: str,
    upper: float,
    weights: Sequence[Floats],
) -> LimitRow:
    """Write one row that weighs the instances of each workload's offers."""
    offers, gangs, payers = [], [], []
    services = iter(columns)
    for item, taken in zip(workloads, weights, strict=True):
        if isinstance(item.candidates, ServiceCandidates):
            column = next(services)
            offers.append(taken[column.offer] * column.instances)
        else:
            gangs.append(_gang_weights(item.candidates, taken))
            payers.append(taken[item.candidates.payers.offer])
    return LimitRow(
        name=name,
        offer_coefficients=_joined(offers),
        choice_coefficients=tuple(gangs),
        payer_coefficients=tuple(payers),
        upper=upper,
    )


def _budget_row(
    workloads: Sequence[NamedWorkload],
    columns: Sequence[ServiceColumns],
    per_hour: float,
    counted: int,
) -> LimitRow:
    """Write the budget of one workload, per hour of the horizon."""
    offers, gangs, payers = [], [], []
    services = iter(columns)
    for index, item in enumerate(workloads):
        found = item.candidates
        if isinstance(found, ServiceCandidates):
            offers.append(_prices(found, next(services)) * (index == counted))
        else:
            gangs.append(found.payers.own_cost / found.horizon_hours * (index == counted))
            payers.append(found.payers.cost / found.horizon_hours * (index == counted))
    return LimitRow(
        name="budget",
        offer_coefficients=_joined(offers),
        choice_coefficients=tuple(gangs),
        payer_coefficients=tuple(payers),
        upper=per_hour,
    )


def _gang_weights(job: JobCandidates, weights: Floats) -> Floats:
    """Return what each alternative takes of a limit that weighs the instances of offers.

    Firm nodes that payers share count with them.
    """
    gangs = job.gangs
    if not len(gangs):
        return np.zeros(0)
    firm = (gangs.nodes - gangs.spot_nodes) * weights[gangs.offer]
    firm[job.payers.gang] = 0.0
    spot = gangs.spot_nodes * weights[np.maximum(gangs.spot_offer, 0)]
    return np.asarray(firm + np.where(gangs.spot_offer >= 0, spot, 0), dtype=np.float64)


def _joined(parts: Sequence[Floats]) -> Floats:
    return np.concatenate([*parts, np.zeros(0)])


def _joined_whole(parts: Sequence[Integers]) -> Integers:
    return np.concatenate([*parts, np.zeros(0, dtype=np.int64)]).astype(np.int64)
