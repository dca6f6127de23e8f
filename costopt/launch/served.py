"""What a line that generates tokens really counts on: admission, lengths, and one request size."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from costopt.candidate.confidence import planned_hardware
from costopt.candidate.layout import placement
from costopt.candidate.profiled import planned_replicas, profiled_replicas
from costopt.candidate.serving import late_choices, rate_cells
from costopt.candidate.serving_setup import setup_of
from costopt.candidate.settings import RateSettings
from costopt.candidate.sizes import Sizes, sizes_of
from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.evaluate.facts import types_of
from costopt.model import ModelSpec
from costopt.performance.bands import Work
from costopt.performance.dimensions import decoder_of
from costopt.performance.hardware import Hardware
from costopt.performance.limits import LatencyLimits
from costopt.performance.memory import CACHE_BLOCK_TOKENS, paged_tokens
from costopt.performance.replica import replica_on
from costopt.performance.serving import ServingRates, serving_rates
from costopt.performance.serving_setup import ServingSetup
from costopt.performance.serving_state import serving_state
from costopt.performance.tier_settings import BATCH_CHUNK_TOKENS, CHUNK_TOKENS, ENGINE_MEMORY
from costopt.plan.line import PlanLine
from costopt.precision import Formats, formats_named
from costopt.workload.batch import BatchInference
from costopt.workload.serving import InferenceService
from costopt.workload.traffic import RequestSizes

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredSize:
    """The weightiest request size of a line, served alone by one replica.

    Attributes:
        input_tokens: prompt [tokens].
        output_tokens: answer [tokens].
        share_fraction: part of the line's requests [0..1].
        running_requests: at the planned load, in whole requests [1].
        requests_per_second: while so many are running [1/s].
    """

    input_tokens: int
    output_tokens: int
    share_fraction: float
    running_requests: int
    requests_per_second: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedFigures:
    """What the rate of a line assumes of each of its replicas.

    Attributes:
        admitted_requests: of the line's own mix that memory and engine hold at once, or as many as
            are measured [1].
        longest_tokens: prompt and answer of the longest request [tokens].
        step_tokens: prompt tokens that one step takes in [tokens].
        memory_fraction: share of the memory that the engine may take [0..1].
        size: request size to be measured; None where every one of them may be late.
    """

    admitted_requests: int
    longest_tokens: int
    step_tokens: int
    memory_fraction: float
    size: MeasuredSize | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Rated:
    """One replica of a line on every request size.

    Attributes:
        model: what runs.
        formats: of weights and cache.
        setup: software that runs it, shared prompts and drafts.
        rates: shape (1, buckets).
        hardware: at the speed that is planned with, by profiles where they speak of it.
        is_batch: True where only throughput counts.
    """

    model: ModelSpec
    formats: Formats
    setup: ServingSetup
    rates: ServingRates
    hardware: Hardware
    is_batch: bool


def served_figures(
    catalog: Catalog,
    workload: InferenceService | BatchInference,
    line: PlanLine,
    settings: RateSettings,
) -> ServedFigures:
    """Work out what a line counts on, as its rate was worked out.

    Args:
        catalog: where model, trace, type and accelerator are described.
        workload: a service with traffic, or a batch of requests.
        line: of the plan.
        settings: of the plan's request, which decide the planned speed.

    Raises:
        InvalidInputError: the offer or the request sizes are not those of the plan.
    """
    asked = _request_sizes(workload)
    sizes = sizes_of(asked, catalog)
    weights = _weights(workload, line, sizes)
    rated = _rated(catalog, workload, line, sizes, settings)
    state = serving_state(
        rated.model,
        rated.hardware,
        rated.formats,
        sizes.tokens,
        weights[None, :],
        rated.setup,
        batch=rated.is_batch,
    )
    longest = paged_tokens(_upper_ends(asked, catalog, sizes)[weights > 0]).max()
    fits = rated.rates.kv_tokens[0] // CACHE_BLOCK_TOKENS * CACHE_BLOCK_TOKENS
    size = _measured(sizes, weights, rated)
    measured = size.running_requests if size is not None else 1
    return ServedFigures(
        admitted_requests=max(measured, int(state.admitted_requests[0])),
        longest_tokens=int(min(longest, fits, decoder_of(rated.model).max_context)),
        step_tokens=BATCH_CHUNK_TOKENS if rated.is_batch else CHUNK_TOKENS,
        memory_fraction=ENGINE_MEMORY[rated.setup.tier].budget_fraction,
        size=size,
    )


def _request_sizes(workload: InferenceService | BatchInference) -> RequestSizes:
    if isinstance(workload, BatchInference):
        return workload
    if workload.traffic is None:
        raise InvalidInputError("launch recipe", ["the service has no traffic"])
    return workload.traffic


def _weights(workload: InferenceService | BatchInference, line: PlanLine, sizes: Sizes) -> Floats:
    """Share of each request size among the line's own requests (buckets,)."""
    if isinstance(workload, BatchInference):
        return sizes.shares
    if len(line.routing) != len(sizes.shares):
        raise InvalidInputError(
            "launch recipe",
            [f"the routing of {line.place} does not have {len(sizes.shares)} buckets"],
        )
    served = np.array(line.routing) * sizes.shares
    return np.asarray(served / served.sum(), dtype=np.float64)


def _rated(
    catalog: Catalog,
    workload: InferenceService | BatchInference,
    line: PlanLine,
    sizes: Sizes,
    settings: RateSettings,
) -> _Rated:
    """Rate one replica of the line, as its candidates were rated."""
    model, setup = catalog.model(workload.model), setup_of(workload)
    precision = line.layout.precision
    kind = types_of(catalog, [line])[0]
    hardware = Hardware.of([placement(catalog, kind, line.layout.tensor_parallel)])
    formats = formats_named(precision, workload.kv_precision)
    if isinstance(workload, BatchInference):
        known = profiled_replicas(hardware, workload, catalog, precision, settings.profiles)
        planned = planned_hardware(known, Work.SERVING, settings.confidence).hardware
        rates = serving_rates(model, planned, formats, sizes.tokens, LatencyLimits(), 1.0, setup)
        is_batch = True
    else:
        planned = planned_replicas(hardware, workload, catalog, precision, settings).hardware
        free = late_choices(workload, sizes)[0]
        rates = rate_cells(model, planned, workload, sizes, precision, free).rated
        is_batch = workload.max_ttft_ms is None and workload.max_tpot_ms is None
    return _Rated(
        model=model,
        formats=formats,
        setup=setup,
        rates=rates,
        hardware=planned,
        is_batch=is_batch,
    )


def _upper_ends(asked: RequestSizes, catalog: Catalog, sizes: Sizes) -> Floats:
    """Most tokens of a request of each bucket: its bounds in a trace, its mean in a histogram."""
    means = sizes.tokens.input_tokens + sizes.tokens.output_tokens
    if asked.trace is None:
        return means
    trace = catalog.trace(asked.trace)
    bounds = (trace["input_high_tokens"] + trace["output_high_tokens"]).to_numpy(np.float64)
    return np.where(np.isfinite(bounds), bounds, means)


def _measured(sizes: Sizes, weights: Floats, rated: _Rated) -> MeasuredSize | None:
    """Return the weightiest size with a rate of its own.

    Tokens and requests are whole numbers in a measurement, so the rate is that of whole numbers:
    a run that does just that then says that the model is right. Memory may be what decides how
    many requests run, which is why no more of them than planned are asked for.
    """
    running = rated.rates.running_requests[0]
    rated_weights = np.where(running > 0, weights, 0.0)
    bucket = int(np.argmax(rated_weights))
    if not rated_weights[bucket] > 0:
        return None
    input_tokens = round(float(sizes.tokens.input_tokens[bucket]))
    output_tokens = max(1, round(float(sizes.tokens.output_tokens[bucket])))
    requests = max(1, int(running[bucket]))
    alone = replace(
        sizes.tokens,
        input_tokens=np.array([float(input_tokens)]),
        output_tokens=np.array([float(output_tokens)]),
    )
    replica = replica_on(
        rated.model, rated.hardware, rated.formats, alone, setup=rated.setup, batch=rated.is_batch
    )
    return MeasuredSize(
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        share_fraction=float(weights[bucket]),
        running_requests=requests,
        requests_per_second=float(replica.times.rate(np.array([[float(requests)]]))[0, 0]),
    )
