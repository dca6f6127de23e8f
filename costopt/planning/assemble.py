"""From candidates to one problem: servers, offers, choices and the limits that join them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.candidate.find import Candidates, NamedWorkload
from costopt.candidate.job import JobCandidates
from costopt.candidate.service import ServiceCandidates
from costopt.catalog.own_prices import quota_rows
from costopt.solve.problem import Choice, LimitRow, Problem, ServingBlock

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ServiceColumns:
    """Which offer and layout each program offer of one service stands for.

    Attributes:
        offer: row of the candidates' offers (program offers of the service,).
        layout: index of the candidates' layouts (program offers of the service,).
        server: index of the server inside the block (program offers of the service,).
        first: position of the first of them among all program offers.
    """

    offer: Integers
    layout: Integers
    server: Integers
    first: int


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
        quota: key -> instances at most.
        budget: cost at most over the horizon [plan currency].
        max_distinct_types: instance types at most.
        horizon_hours: over which services are charged [h].
    """

    quota: tuple[tuple[str, int], ...]
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
        column, block = _service_columns(service, first)
        columns.append(column)
        blocks.append(block)
        first += len(column.offer)
    groups = _type_groups(candidates)
    server_offsets = np.cumsum([0, *(len(block.max_utilisation) for block in blocks)])
    problem = Problem(
        price_per_hour=_joined(
            [s.prices.per_hour[c.offer] for s, c in zip(services, columns, strict=True)]
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


def _service_columns(
    service: ServiceCandidates, first: int
) -> tuple[ServiceColumns, ServingBlock]:
    """Pair offers with the layouts of their type; one server per layout and reliability.

    The program routes prompt sizes, not buckets: how long an answer becomes is known to nobody
    when its request is routed.
    """
    rates = service.prompt_rates
    offers = pd.DataFrame({"type": service.type_of_offer, "spot": service.is_spot})
    offers["offer"] = np.arange(len(offers))
    layouts = pd.DataFrame({"type": service.type_of_layout})
    layouts["layout"] = np.arange(len(layouts))
    able = layouts[(rates > 0).any(axis=1)]
    pairs = able.merge(offers, on="type", how="inner")
    servers = pairs[["layout", "spot"]].drop_duplicates(ignore_index=True)
    servers["server"] = np.arange(len(servers))
    pairs = pairs.merge(servers, on=["layout", "spot"], how="left")
    layout = servers["layout"].to_numpy(dtype=np.int64)
    block = ServingBlock(
        demand=service.buckets.prompt_demand,
        rates=rates[layout],
        max_utilisation=service.layout_rates.max_utilisation[layout],
        is_spot=servers["spot"].to_numpy(dtype=np.bool_),
        max_spot_fraction=service.max_spot_fraction,
    )
    column = ServiceColumns(
        offer=pairs["offer"].to_numpy(dtype=np.int64),
        layout=pairs["layout"].to_numpy(dtype=np.int64),
        server=pairs["server"].to_numpy(dtype=np.int64),
        first=first,
    )
    return column, block


def _type_groups(candidates: Sequence[Candidates]) -> Mapping[tuple[str, str], int]:
    """Number the instance types of all workloads, for the limit on distinct types."""
    names = {(kind.provider, kind.name) for item in candidates for kind in item.types}
    return {name: index for index, name in enumerate(sorted(names))}


def _groups(item: Candidates, groups: Mapping[tuple[str, str], int]) -> Integers:
    """Return the type group of each offer."""
    of_type = np.array([groups[kind.provider, kind.name] for kind in item.types], dtype=np.int64)
    return of_type[item.type_of_offer] if len(of_type) else np.zeros(0, dtype=np.int64)


def _choice(job: JobCandidates, groups: Mapping[tuple[str, str], int]) -> Choice:
    return Choice(
        cost=job.gangs.cost_total / job.horizon_hours,
        group=_groups(job, groups)[job.gangs.offer] if len(job.gangs) else job.gangs.offer,
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

    def offers(service: ServiceCandidates, column: ServiceColumns) -> Floats:
        return forbidden(service.offers)[column.offer].astype(np.float64)

    def gangs(job: JobCandidates) -> Floats:
        return _gang_weights(job, forbidden(job.offers))

    everything = [True] * len(workloads)
    columns = assembled.services
    return _row(workloads, columns, "forbidden offers", 0.0, everything, (offers, gangs))


def _limit_rows(
    workloads: Sequence[NamedWorkload], columns: Sequence[ServiceColumns], limits: SharedLimits
) -> Iterator[LimitRow]:
    """Yield quotas of the request and of each workload, and budgets of each workload."""
    everything = [True] * len(workloads)
    for key, allowed in limits.quota:
        yield _quota_row(workloads, columns, key, allowed, everything)
    for index, item in enumerate(workloads):
        own = item.workload.limits
        counted = [position == index for position in range(len(workloads))]
        for key, allowed in (own.quota or {}).items():
            yield _quota_row(workloads, columns, key, allowed, counted)
        if own.budget is not None:
            yield _budget_row(workloads, columns, own.budget / limits.horizon_hours, counted)


def _quota_row(
    workloads: Sequence[NamedWorkload],
    columns: Sequence[ServiceColumns],
    key: str,
    allowed: int,
    counted: Sequence[bool],
) -> LimitRow:
    """Write one quota: instances of the counted workloads that the key names."""

    def offers(service: ServiceCandidates, column: ServiceColumns) -> Floats:
        return quota_rows(service.offers, key)[column.offer].astype(np.float64)

    def gangs(job: JobCandidates) -> Floats:
        return _gang_weights(job, quota_rows(job.offers, key))

    return _row(workloads, columns, f"quota {key}", float(allowed), counted, (offers, gangs))


def _budget_row(
    workloads: Sequence[NamedWorkload],
    columns: Sequence[ServiceColumns],
    per_hour: float,
    counted: Sequence[bool],
) -> LimitRow:
    """Write the budget of one workload, per hour of the horizon."""

    def offers(service: ServiceCandidates, column: ServiceColumns) -> Floats:
        return service.prices.per_hour[column.offer]

    def gangs(job: JobCandidates) -> Floats:
        return job.gangs.cost_total / job.horizon_hours

    return _row(workloads, columns, "budget", per_hour, counted, (offers, gangs))


def _row(
    workloads: Sequence[NamedWorkload],
    columns: Sequence[ServiceColumns],
    name: str,
    upper: float,
    counted: Sequence[bool],
    weights: tuple[
        Callable[[ServiceCandidates, ServiceColumns], Floats], Callable[[JobCandidates], Floats]
    ],
) -> LimitRow:
    """Write one row over all columns; workloads that do not count weigh nothing."""
    of_offers, of_gangs = weights
    offers, gangs = [], []
    services = iter(columns)
    for item, counts in zip(workloads, counted, strict=True):
        if isinstance(item.candidates, ServiceCandidates):
            offers.append(of_offers(item.candidates, next(services)) * counts)
        else:
            gangs.append(of_gangs(item.candidates) * counts)
    return LimitRow(
        name=name,
        offer_coefficients=_joined(offers),
        choice_coefficients=tuple(gangs),
        upper=upper,
    )


def _gang_weights(job: JobCandidates, counted: NDArray[np.bool_]) -> Floats:
    """Instances of each alternative that a quota counts."""
    gangs = job.gangs
    if not len(gangs):
        return np.zeros(0)
    firm = (gangs.nodes - gangs.spot_nodes) * counted[gangs.offer]
    spot = gangs.spot_nodes * counted[np.maximum(gangs.spot_offer, 0)]
    return np.asarray(firm + np.where(gangs.spot_offer >= 0, spot, 0), dtype=np.float64)


def _joined(parts: Sequence[Floats]) -> Floats:
    return np.concatenate([*parts, np.zeros(0)])


def _joined_whole(parts: Sequence[Integers]) -> Integers:
    return np.concatenate([*parts, np.zeros(0, dtype=np.int64)]).astype(np.int64)
