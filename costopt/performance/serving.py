"""Serving rates: what one replica serves of each request size within its latency limits."""

from dataclasses import dataclass, fields
from typing import Any, Final, Self

import numpy as np

from costopt.model import ModelSpec
from costopt.performance.arrays import Flags, Floats, Integers
from costopt.performance.bands import Band, Work, band_of
from costopt.performance.engine import EngineTimes
from costopt.performance.first_token import first_token, idle_seconds
from costopt.performance.hardware import Hardware
from costopt.performance.limits import LatencyLimits, check_limits, check_requests
from costopt.performance.reasons import Reason
from costopt.performance.replica import Replica, replica_on
from costopt.performance.serving_setup import ENGINE, ServingSetup
from costopt.performance.throughput import (
    concurrency_at_rate,
    crowded,
    largest,
    largest_in_time,
    largest_readable,
    mean_below,
)
from costopt.performance.vram import VramTerms
from costopt.performance.work import RequestSizes
from costopt.precision import Formats
from costopt.units import GIB, MILLISECONDS_PER_SECOND

_LEAST_SHARE: Final = 1e-6
"""Concurrency, relative to the places, below which a limit counts as out of reach."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingRates:
    """Rates of one replica, hardware rows by request-size buckets.

    Attributes:
        requests_per_second: largest rate of a bucket alone at which, planned at
            ``max_utilisation`` of it, every limit holds; 0 with a reason, shape (n, B) [1/s].
        reason: ``Reason`` codes, shape (n, B).
        running_requests: in the engine at the planned rate; 0 with a reason, shape (n, B) [1].
        admitted_requests: that memory and the engine admit, shape (n, B) [1].
        ttft_ms: at the planned rate and the limits' percentile; NaN with a reason, shape (n, B).
        tpot_ms: at the planned rate, mean; NaN with a reason, shape (n, B) [ms].
        idle_ttft_ms: of a single request; NaN where nothing runs, shape (n, B).
        idle_tpot_ms: of a single request; NaN where nothing runs, shape (n, B).
        kv_tokens: tokens that the cache holds, shape (n,) [tokens].
        vram: of one accelerator once the engine has taken its memory, shape (n,).
        vram_shortfall_gib: missing on one accelerator before any cache, shape (n,) [GiB].
        band: origin and 80 % band of the rates, shape (n,).
    """

    requests_per_second: Floats
    reason: Integers
    running_requests: Floats
    admitted_requests: Floats
    ttft_ms: Floats
    tpot_ms: Floats
    idle_ttft_ms: Floats
    idle_tpot_ms: Floats
    kv_tokens: Floats
    vram: VramTerms
    vram_shortfall_gib: Floats
    band: Band

    def take(self, rows: Integers) -> Self:
        """The hardware rows at these positions, in this order."""
        parts: dict[str, Any] = {"vram": self.vram.take(rows), "band": self.band.take(rows)}
        for field in fields(self):
            if field.name not in parts:
                parts[field.name] = getattr(self, field.name)[rows]
        return type(self)(**parts)


def serving_rates(
    model: ModelSpec,
    hardware: Hardware,
    formats: Formats,
    requests: RequestSizes,
    limits: LatencyLimits,
    max_utilisation: float,
    setup: ServingSetup = ENGINE,
) -> ServingRates:
    """Rate one replica of a model on every row of the hardware, for every request size.

    The rate of a bucket is that of a replica which serves it alone; ``engine`` shows that such
    rates combine linearly for tokens and memory. Without limits it is the rate at full memory.

    Args:
        model: a generating model.
        hardware: one row per way to place a replica.
        formats: of weights and cache.
        requests: sizes of the buckets [tokens].
        limits: that every bucket has to keep.
        max_utilisation: share of the rate that is planned with [0..1].
        setup: software that runs the model, shared prompts and drafts.

    Raises:
        InvalidInputError: the model generates no tokens, or an argument is out of its range.
    """
    check_requests(requests)
    check_limits(limits, max_utilisation)
    kinds, positions = hardware.distinct()

    def replica_at(rows: Hardware) -> Replica:
        return replica_on(model, rows, formats, requests, setup=setup, batch=limits.is_batch)

    replica = replica_at(kinds)
    runs = np.flatnonzero(replica.reason == Reason.NONE)
    cells = _cells(replica_at(kinds.take(runs)), limits, max_utilisation)
    return ServingRates(
        **cells.among(replica.reason, runs),
        admitted_requests=replica.places,
        kv_tokens=replica.kv_tokens,
        vram=replica.vram,
        vram_shortfall_gib=np.maximum(-replica.kv_budget_bytes, 0.0) / GIB,
        band=band_of(kinds, Work.SERVING),
    ).take(positions)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cells:
    """What limits and load decide, as in ``ServingRates``, of rows on which the model runs."""

    requests_per_second: Floats
    reason: Integers
    running_requests: Floats
    ttft_ms: Floats
    tpot_ms: Floats
    idle_ttft_ms: Floats
    idle_tpot_ms: Floats

    def among(self, reason: Integers, runs: Integers) -> dict[str, Any]:
        """The same among all rows; the others have their reason, no rate and no latency.

        Args:
            reason: of each of all rows, shape (n,).
            runs: positions of these rows among them.
        """
        spread: dict[str, Any] = {}
        for field in fields(self):
            cells = getattr(self, field.name)
            others = np.nan if field.name.endswith("_ms") else 0.0
            spread[field.name] = np.full((len(reason), cells.shape[1]), others, dtype=cells.dtype)
            if field.name == "reason":
                spread[field.name][:] = reason[:, None]
            spread[field.name][runs] = cells
        return spread


def _cells(replica: Replica, limits: LatencyLimits, max_utilisation: float) -> _Cells:
    """Rate rows on which the model runs."""
    idle_tpot, idle_ttft = _idle_ms(replica)
    reason = _reason(replica, limits, idle_tpot, idle_ttft)
    places = np.where(reason == Reason.NONE, replica.places, 0.0)
    tpot_seconds = _seconds(limits.max_tpot_ms)
    times = _combining_times(replica, tpot_seconds, places)
    in_time = largest_in_time(times, tpot_seconds, places)
    most = largest_readable(times, in_time)
    running = concurrency_at_rate(times, max_utilisation * times.rate(most), places)
    crowding = in_time < places * (1.0 - _LEAST_SHARE)
    running = np.where(crowding, np.minimum(running, mean_below(in_time, limits.share)), running)
    at_places = np.where(places > 0.0, times.rate(places), 1.0)
    if limits.max_ttft_ms is not None:
        bound = limits.max_ttft_ms / MILLISECONDS_PER_SECOND

        def soon(trial: Floats) -> Flags:
            distribution = first_token(times, trial, places, at_places)
            return distribution.exceeds(bound) <= 1.0 - limits.share

        running = largest(soon, running)
        out_of_reach = (running <= _LEAST_SHARE * places) & (reason == Reason.NONE)
        reason = np.where(out_of_reach, Reason.TTFT, reason)
    served = reason == Reason.NONE
    running = np.where(served, running, 0.0)
    at_load = first_token(times, running, places, at_places)
    ttft = at_load.quantile_seconds(limits.share) * MILLISECONDS_PER_SECOND
    tpot = times.tpot_seconds(crowded(running, limits.share, places)) * MILLISECONDS_PER_SECOND
    return _Cells(
        requests_per_second=np.where(served, times.rate(running) / max_utilisation, 0.0),
        reason=reason,
        running_requests=running,
        ttft_ms=np.where(served, ttft, np.nan),
        tpot_ms=np.where(served, tpot, np.nan),
        idle_ttft_ms=idle_ttft,
        idle_tpot_ms=idle_tpot,
    )


def _combining_times(
    replica: Replica, max_tpot_seconds: float | None, places: Floats
) -> EngineTimes:
    """Times whose rates combine linearly, experts along the tangent at a row's mean load."""
    if not replica.times.reads_experts:
        return replica.times
    in_time = largest_in_time(replica.times, max_tpot_seconds, places)
    running = largest_readable(replica.times, in_time)
    served = np.sum(running > 0.0, axis=1, keepdims=True)
    total = np.sum(running, axis=1, keepdims=True)
    return replica.times.straightened(total / np.maximum(served, 1))


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else milliseconds / MILLISECONDS_PER_SECOND


def _idle_ms(replica: Replica) -> tuple[Floats, Floats]:
    """Time per token and to the first one of a single request [ms]."""
    times = replica.times
    alone = np.zeros_like(replica.places)
    tpot = times.tpot_seconds(alone)
    ttft = idle_seconds(times, alone, times.turn_seconds(alone))
    return tpot * MILLISECONDS_PER_SECOND, ttft * MILLISECONDS_PER_SECOND


def _reason(
    replica: Replica, limits: LatencyLimits, idle_tpot_ms: Floats, idle_ttft_ms: Floats
) -> Integers:
    """Why a cell has no rate, the most fundamental reason first."""
    work = replica.work
    total = work.input_tokens + work.output_tokens
    max_tpot = np.inf if limits.max_tpot_ms is None else limits.max_tpot_ms
    max_ttft = np.inf if limits.max_ttft_ms is None else limits.max_ttft_ms
    conditions = (
        (total > replica.decoder.max_context, Reason.CONTEXT),
        (work.needed_cache_bytes > replica.kv_budget_bytes[:, None], Reason.KV_CACHE),
        (idle_tpot_ms > max_tpot, Reason.TPOT),
        (idle_ttft_ms > max_ttft, Reason.TTFT),
    )
    shape = replica.places.shape
    masks = [np.broadcast_to(mask, shape) for mask, _ in conditions]
    codes = [np.broadcast_to(np.int64(code), shape) for _, code in conditions]
    return np.select(masks, codes, np.int64(Reason.NONE))
