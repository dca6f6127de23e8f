"""Sample rates: encoders, vision, speech and diffusion models, by operations per sample.

Requests that arrive while a batch is worked off form the next one, so a request waits for the rest
of the running batch and for its own. Where a batch is full the surplus waits for whole batches: a
single server whose arrivals are full batches, with squared variation ``1 / b`` of their intervals.
Source: Kingman 1961, with the exponential tail of Abate, Choudhury and Whitt (1995).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from costopt.errors import InvalidInputError
from costopt.model import ModelSpec
from costopt.performance.arrays import Flags, Floats, Integers
from costopt.performance.bands import Band, Work, band_of
from costopt.performance.constants import shipped_constants
from costopt.performance.hardware import Hardware
from costopt.performance.limits import utilisation_problems
from costopt.performance.reasons import Reason
from costopt.performance.sample_times import BatchTimes, batch_times, lanes
from costopt.performance.sample_work import sample_work
from costopt.performance.throughput import largest
from costopt.performance.vram import VramTerms, overhead_gib
from costopt.precision import WeightFormat
from costopt.units import GIB, MILLISECONDS_PER_SECOND

BATCH_SIZES: Final[Floats] = np.logspace(0, 7, 8, base=2.0)
"""Largest batches that are tried, 1 to 128 [1].

Source: a planning choice; published batches of encoders that answer requests end near 128.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleRates:
    """Rates of one accelerator (or all vCPUs) on each row; arrays of shape (n,).

    Attributes:
        samples_per_second: largest rate at which, planned at ``max_utilisation`` of it, the limit
            holds; 0 with a reason [1/s].
        reason: ``Reason`` codes.
        latency_ms: at the planned rate and percentile; NaN with a reason [ms].
        idle_latency_ms: of a single sample; NaN where nothing runs [ms].
        batch_size: largest batch that serves best; 0 with a reason [1].
        vram_gib: weights and overhead [GiB].
        vram_shortfall_gib: missing memory [GiB].
        band: origin and 80 % band of the rates.
    """

    samples_per_second: Floats
    reason: Integers
    latency_ms: Floats
    idle_latency_ms: Floats
    batch_size: Floats
    vram_gib: Floats
    vram_shortfall_gib: Floats
    band: Band

    @property
    def vram(self) -> VramTerms:
        """The same memory term by term; a batch's own working memory is not modelled."""
        nothing = np.zeros_like(self.vram_gib)
        overhead = overhead_gib(nothing + 1.0)
        return VramTerms(
            weights_gib=self.vram_gib - overhead,
            gradients_gib=nothing,
            optimizer_gib=nothing,
            activations_gib=nothing,
            logits_gib=nothing,
            kv_cache_gib=nothing,
            adapters_gib=nothing,
            overhead_gib=overhead,
        )


def sample_rates(
    model: ModelSpec,
    hardware: Hardware,
    weights: WeightFormat,
    tokens_per_sample: float | None,
    max_latency_ms: float | None,
    percentile: float = 95.0,
    max_utilisation: float = 0.8,
) -> SampleRates:
    """Rate a model that maps a sample to a result on every row of the hardware.

    A replica is one accelerator, a share of one, or all vCPUs: rows with more accelerators are
    that many replicas behind one address. Each core of a Neuron chip works off batches of its own.
    The software is the vendor's own (TensorRT, Neuron): nothing else has published measurements
    of this kind.

    Args:
        model: what runs.
        hardware: one row per instance or share.
        weights: format of weights and computation.
        tokens_per_sample: length of one sample, for text encoders [tokens].
        max_latency_ms: from arrival to result; None where only throughput counts [ms].
        percentile: share of samples that must meet the limit [%].
        max_utilisation: share of the rate that is planned with [0..1].

    Raises:
        InvalidInputError: the model has no figure per sample, or an argument is out of range.
    """
    _check(max_latency_ms, percentile, max_utilisation)
    work = sample_work(model, weights, tokens_per_sample)
    times = batch_times(work, hardware, weights, shipped_constants())
    grid = BatchTimes(
        fixed_seconds=times.fixed_seconds[:, None],
        sample_seconds=times.sample_seconds[:, None],
    )
    needed = work.weight_bytes / GIB + overhead_gib(np.ones(len(hardware)))
    shortfall = np.maximum(needed - hardware.usable_bytes / GIB, 0.0)
    idle = times.seconds(np.ones(len(hardware))) * MILLISECONDS_PER_SECOND
    reason = _reason(hardware, weights, shortfall, idle, max_latency_ms)
    served = reason == Reason.NONE
    ceiling = np.where(served[:, None], BATCH_SIZES / grid.seconds(BATCH_SIZES), 0.0)
    share = percentile / 100.0
    planned = max_utilisation * ceiling
    if max_latency_ms is not None:
        bound = max_latency_ms / MILLISECONDS_PER_SECOND

        def in_time(rate: Floats) -> Flags:
            return _latency_seconds(grid, rate, share) <= bound

        planned = largest(in_time, planned)
    best = np.argmax(planned, axis=1)[:, None]
    rate = np.take_along_axis(planned, best, axis=1)[:, 0]
    latency = np.take_along_axis(_latency_seconds(grid, planned, share), best, axis=1)[:, 0]
    reason = np.where(served & ~(rate > 0.0), Reason.LATENCY, reason)
    served = reason == Reason.NONE
    servers = hardware.accelerators * lanes(hardware)
    return SampleRates(
        samples_per_second=np.where(served, servers * rate / max_utilisation, 0.0),
        reason=reason,
        latency_ms=np.where(served, latency * MILLISECONDS_PER_SECOND, np.nan),
        idle_latency_ms=np.where(np.isin(reason, _NOTHING_RUNS), np.nan, idle),
        batch_size=np.where(served, BATCH_SIZES[best[:, 0]], 0.0),
        vram_gib=needed,
        vram_shortfall_gib=shortfall,
        band=band_of(hardware, Work.SAMPLES),
    )


_NOTHING_RUNS: Final = (Reason.NO_RATE, Reason.NO_BANDWIDTH, Reason.WEIGHTS)


def _check(max_latency_ms: float | None, percentile: float, max_utilisation: float) -> None:
    problems = utilisation_problems(max_utilisation)
    if max_latency_ms is not None and not max_latency_ms > 0.0:
        problems.append(f"max_latency_ms is {max_latency_ms} and must be above 0")
    if not 50.0 <= percentile < 100.0:
        problems.append(f"percentile is {percentile} and must be in [50, 100)")
    if problems:
        raise InvalidInputError("sample rates", problems)


def _reason(
    hardware: Hardware,
    weights: WeightFormat,
    shortfall_gib: Floats,
    idle_ms: Floats,
    max_latency_ms: float | None,
) -> Integers:
    unknown = np.isnan(hardware.bandwidth_bytes_per_second) | np.isnan(hardware.usable_bytes)
    limit = np.inf if max_latency_ms is None else max_latency_ms
    conditions = (
        (Reason.NO_BANDWIDTH, unknown),
        (Reason.WEIGHTS, shortfall_gib > 0.0),
        (Reason.NO_RATE, np.isnan(hardware.peak_for(weights))),
        (Reason.LATENCY, idle_ms > limit),
    )
    masks = [mask for _, mask in conditions]
    return np.select(masks, [np.int64(code) for code, _ in conditions], np.int64(Reason.NONE))


def _latency_seconds(times: BatchTimes, rate: Floats, share: float) -> Floats:
    """Latency that ``share`` of the samples do not exceed, for each largest batch [s].

    With batches that take ``t`` and a server busy for a share ``u``: the rest of the running batch
    lasts ``t * (1 - (1 - share) / u)`` at that quantile, its own batch ``t``, and batches that
    are full before it ``ln(rho / (1 - share)) * t / (2 b (1 - rho))`` more.
    """
    formed = np.minimum(times.batch_at_rate(rate), BATCH_SIZES)
    seconds = times.seconds(formed)
    full = times.seconds(BATCH_SIZES)
    busy = np.clip(rate * seconds / formed, 1e-9, 1.0)
    rarely = 1.0 - share
    remaining = np.where(busy > rarely, 1.0 - rarely / busy, 0.0) * seconds
    load = np.clip(rate * full / BATCH_SIZES, 1e-9, 1.0 - 1e-9)
    mean = full / (2.0 * BATCH_SIZES * (1.0 - load))
    queue = np.where(load > rarely, np.log(load / rarely) * mean, 0.0)
    return remaining + seconds + queue
