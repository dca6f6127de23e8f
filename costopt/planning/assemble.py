"""From candidates to one problem: servers, offers, choices and the limits that join them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.candidate.find import Candidates
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


def assemble(candidates: Sequence[Candidates], limits: SharedLimits) -> AssembledProblem:
    """Join the candidates of all workloads into one problem.

    Costs are per hour of the horizon; a job's total cost is spread over it, so that the budget
    counts both alike.

    Args:
        candidates: of each workload of the request, in order.
        limits: quotas, budget and number of types, which join the workloads.
    """
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
        choices=tuple(_choice(job, groups, limits.horizon_hours) for job in jobs),
        rows=_quota_rows(services, columns, jobs, limits),
        budget_per_hour=None if limits.budget is None else limits.budget / limits.horizon_hours,
        max_groups=limits.max_distinct_types,
    )
    return AssembledProblem(problem=problem, services=tuple(columns))


def _service_columns(
    service: ServiceCandidates, first: int
) -> tuple[ServiceColumns, ServingBlock]:
    """Pair offers with the layouts of their type; one server per layout and reliability."""
    offers = pd.DataFrame({"type": service.type_of_offer, "spot": service.is_spot})
    offers["offer"] = np.arange(len(offers))
    layouts = pd.DataFrame({"type": service.type_of_layout})
    layouts["layout"] = np.arange(len(layouts))
    able = layouts[(service.layout_rates.rates > 0).any(axis=1)]
    pairs = able.merge(offers, on="type", how="inner")
    servers = pairs[["layout", "spot"]].drop_duplicates(ignore_index=True)
    servers["server"] = np.arange(len(servers))
    pairs = pairs.merge(servers, on=["layout", "spot"], how="left")
    layout = servers["layout"].to_numpy(dtype=np.int64)
    block = ServingBlock(
        demand=service.demand,
        rates=service.layout_rates.rates[layout],
        max_utilisation=np.full(len(servers), service.max_utilisation),
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


def _choice(
    job: JobCandidates, groups: Mapping[tuple[str, str], int], horizon_hours: float
) -> Choice:
    return Choice(
        cost=job.gangs.cost_total / horizon_hours,
        group=_groups(job, groups)[job.gangs.offer] if len(job.gangs) else job.gangs.offer,
    )


def _quota_rows(
    services: Sequence[ServiceCandidates],
    columns: Sequence[ServiceColumns],
    jobs: Sequence[JobCandidates],
    limits: SharedLimits,
) -> tuple[LimitRow, ...]:
    """Write one row per quota: instances of all workloads that the key names."""
    rows = []
    for key, allowed in limits.quota:
        counted = [
            quota_rows(service.offers, key)[column.offer].astype(np.float64)
            for service, column in zip(services, columns, strict=True)
        ]
        gangs = [_gang_weights(job, quota_rows(job.offers, key)) for job in jobs]
        rows.append(
            LimitRow(
                name=f"quota {key}",
                offer_coefficients=_joined(counted),
                choice_coefficients=tuple(gangs),
                upper=float(allowed),
            )
        )
    return tuple(rows)


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
