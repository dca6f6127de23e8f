"""How the instances of a service really run under the routing of a plan."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from costopt.candidate.layout import InstanceType, placement
from costopt.candidate.memory import vram_by_term
from costopt.candidate.profiled import planned_replicas
from costopt.candidate.serving import late_choices, rate_cells
from costopt.candidate.serving_setup import setup_of
from costopt.candidate.settings import RateSettings
from costopt.candidate.sizes import Sizes, sizes_of
from costopt.candidate.slice_hardware import sliced, with_slices_analytic
from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.evaluate.facts import types_of
from costopt.evaluate.limits import TOLERANCE
from costopt.model import ModelSpec
from costopt.performance.bands import Band, Work
from costopt.performance.hardware import Hardware
from costopt.performance.reasons import Reason
from costopt.performance.serving_state import ServingState, serving_state
from costopt.performance.vram import VramTerms
from costopt.plan.line import PlanLine
from costopt.precision import formats_named
from costopt.units import GIB
from costopt.workload.serving import InferenceService

Floats = NDArray[np.float64]

BISECTIONS = 50
"""Halvings of a latency interval; the result is exact to far below a microsecond."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ServingPoint:
    """Operating point of every line of a service; arrays of shape (lines,).

    Attributes:
        feasible: True where all that is routed to the line is served.
        shares: part of all requests that is routed to the line [0..1].
        load: instances that would be needed at full load, over those there are [0..1].
        rate_per_instance: of the line's own mix, at full load [requests/s].
        ttft_ms: that the percentile of the line's requests do not exceed [ms].
        tpot_ms: time per output token, at the percentile of the batch's size [ms].
        vram_gib: memory of one accelerator by term, the cache as far as it is used [GiB].
        usable_gib: memory of one accelerator [GiB].
        service_ttft_ms: that the percentile of all requests do not exceed [ms].
        late: share of the line's requests that miss the limit on the first token [0..1].
        late_fraction: the same of all requests [0..1].
        band: origin and 80 % band of the expected rates.
    """

    feasible: NDArray[np.bool_]
    shares: Floats
    load: Floats
    rate_per_instance: Floats
    ttft_ms: Floats
    tpot_ms: Floats
    vram_gib: tuple[dict[str, float], ...]
    usable_gib: Floats
    service_ttft_ms: float
    late: Floats
    late_fraction: float
    band: Band


def serving_point(
    catalog: Catalog,
    workload: InferenceService,
    lines: Sequence[PlanLine],
    settings: RateSettings,
) -> ServingPoint:
    """Recompute how each line runs from catalogue, workload and performance model alone.

    Args:
        catalog: where model, trace, types and accelerators are described.
        workload: the service.
        lines: of the plan, with counts and routing.
        settings: what decides the planned speed.

    Raises:
        InvalidInputError: an offer or a bucket of the lines is not the catalogue's.
    """
    if workload.traffic is None:
        raise InvalidInputError("serving", ["the service has no traffic"])
    model = catalog.model(workload.model)
    sizes = sizes_of(workload.traffic, catalog)
    demand = sizes.shares * workload.traffic.requests_per_second
    routing = _routing(lines, len(demand))
    instances = np.array([line.count for line in lines], dtype=np.float64)
    replicas = instances * np.array([line.layout.replicas for line in lines])
    arrivals = routing * demand[None, :] / replicas[:, None]
    kinds = types_of(catalog, lines)
    tried = (
        _by_precision(catalog, workload, lines, kinds, model, sizes, arrivals, settings, free)
        for free in late_choices(workload, sizes)
    )
    parts = _first_that_holds(tried, [line.max_utilisation for line in lines])
    total = arrivals.sum(axis=1)
    weights = total * replicas
    limit = workload.max_ttft_ms
    late = parts.late @ weights / weights.sum() if limit is not None else 0.0
    return ServingPoint(
        feasible=parts.feasible,
        shares=routing @ sizes.shares,
        load=parts.load,
        rate_per_instance=total / np.maximum(parts.load, 1e-300) * replicas / instances,
        ttft_ms=parts.ttft_ms,
        tpot_ms=parts.tpot_ms,
        vram_gib=parts.vram_gib,
        usable_gib=parts.usable_gib,
        service_ttft_ms=_quantile(parts, weights, workload.percentile / 100),
        late=parts.late,
        late_fraction=float(late),
        band=parts.band,
    )


def _routing(lines: Sequence[PlanLine], buckets: int) -> Floats:
    """Routing of the lines (lines, buckets).

    Raises:
        InvalidInputError: a line has another number of buckets than the trace.
    """
    if any(len(line.routing) != buckets for line in lines):
        raise InvalidInputError("plan", [f"the routing of a line does not have {buckets} buckets"])
    return np.array([line.routing for line in lines], dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Parts:
    """Figures of all lines, put together from the formats that they run in."""

    load: Floats
    feasible: NDArray[np.bool_]
    ttft_ms: Floats
    tpot_ms: Floats
    late: Floats
    vram_gib: tuple[dict[str, float], ...]
    usable_gib: Floats
    band: Band
    states: tuple[tuple[NDArray[np.int64], ServingState], ...]


def _by_precision(
    catalog: Catalog,
    workload: InferenceService,
    lines: Sequence[PlanLine],
    kinds: Sequence[InstanceType],
    model: ModelSpec,
    sizes: Sizes,
    arrivals: Floats,
    settings: RateSettings,
    free: NDArray[np.bool_],
) -> _Parts:
    """Recompute rates and states, one number format at a time."""
    precisions = [line.layout.precision for line in lines]
    count, buckets = arrivals.shape
    rates = np.full((count, buckets), np.nan)
    feasible = np.zeros(count, dtype=np.bool_)
    ttft, tpot, late, usable = (np.zeros(count) for _ in range(4))
    vram: list[dict[str, float]] = [{} for _ in lines]
    states: list[tuple[NDArray[np.int64], ServingState]] = []
    bands: list[tuple[list[int], Band]] = []
    for precision in dict.fromkeys(precisions):
        rows = [row for row, name in enumerate(precisions) if name == precision]
        layouts = [lines[row].layout for row in rows]
        placed = [
            placement(catalog, kinds[row], lines[row].layout.tensor_parallel) for row in rows
        ]
        hardware = sliced(Hardware.of(placed), layouts)
        found = with_slices_analytic(
            planned_replicas(hardware, workload, catalog, precision, settings),
            hardware,
            layouts,
            Work.SERVING,
            settings.confidence,
        )
        bands.append((rows, found.band))
        planned = found.hardware
        cells = rate_cells(model, planned, workload, sizes, precision, free)
        able = cells.reason == Reason.NONE
        rates[rows] = np.where(able, cells.requests_per_second, np.nan)
        formats = formats_named(precision, workload.kv_precision)
        state = serving_state(
            model, planned, formats, sizes.tokens, arrivals[rows], setup_of(workload)
        )
        served = (able | (arrivals[rows] == 0)).all(axis=1)
        feasible[rows] = state.feasible & served
        ttft[rows] = state.ttft_quantile_ms(workload.percentile / 100)
        tpot[rows] = state.tpot_quantile_ms(workload.percentile / 100)
        usable[rows] = hardware.usable_bytes / GIB
        if workload.max_ttft_ms is not None:
            late[rows] = (state.shares * state.ttft_exceeds(workload.max_ttft_ms)).sum(axis=1)
        for row, terms in zip(rows, _terms(cells.rated.vram, state), strict=True):
            vram[row] = terms
        states.append((np.array(rows), state))
    return _Parts(
        load=(arrivals / np.where(arrivals > 0, rates, 1.0)).sum(axis=1),
        feasible=feasible,
        ttft_ms=ttft,
        tpot_ms=tpot,
        late=late,
        vram_gib=tuple(vram),
        usable_gib=usable,
        band=Band.joined(bands),
        states=tuple(states),
    )


def _first_that_holds(tried: Iterator[_Parts], planned: Sequence[float]) -> _Parts:
    """Return the first figures with which every line carries its load, or else the very first.

    Which of the longest prompts were counted as late when a plan was made is not written in it.
    """
    first = next(tried)
    most = np.array(planned) * (1 + TOLERANCE)
    for parts in chain((first,), tried):
        if parts.feasible.all() and (parts.load <= most).all():
            return parts
    return first


def _terms(vram: VramTerms, state: ServingState) -> list[dict[str, float]]:
    """Memory by term, with the part of the cache that the load really holds."""
    held = np.minimum(state.kv_used_fraction, 1.0)
    used = replace(vram, kv_cache_gib=vram.kv_cache_gib * held)
    return [vram_by_term(used, row) for row in range(len(held))]


def _quantile(parts: _Parts, weights: Floats, share: float) -> float:
    """Time to first token that ``share`` of the requests of all lines do not exceed [ms]."""
    if not parts.feasible.all() or not weights.sum():
        return float("inf")
    low, high = 0.0, float(parts.ttft_ms.max())
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        late = np.zeros(len(weights))
        for rows, state in parts.states:
            late[rows] = (state.shares * state.ttft_exceeds(middle)).sum(axis=1)
        too_many = float(late @ weights / weights.sum()) > 1 - share
        low, high = (middle, high) if too_many else (low, middle)
    return high
