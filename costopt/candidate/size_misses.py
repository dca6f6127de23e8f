"""By how much a layout misses a request size, and which layout comes nearest to serving it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from costopt.candidate.misses import (
    CLOSENESS,
    REASON_CODES,
    Miss,
    code_of,
    too_little_memory,
    too_slow,
)
from costopt.candidate.sizes import Sizes
from costopt.model import ModelSpec
from costopt.performance.reasons import Reason
from costopt.performance.serving import ServingRates
from costopt.units import GIB
from costopt.workload.serving import InferenceService

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CellRates:
    """Rates of one replica, rows by buckets, and why a cell has none.

    Attributes:
        requests_per_second: at full load of the bucket alone (rows, buckets) [1/s].
        reason: ``Reason`` codes (rows, buckets).
        rated: what the strict limits gave, for saying by how much a cell misses.
    """

    requests_per_second: Floats
    reason: NDArray[np.int64]
    rated: ServingRates


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Missing:
    """What misses of one number format are worked out from.

    Attributes:
        cells: rates of one replica, and why there are none.
        usable_bytes: memory of one accelerator on each row (rows,) [B].
        names: instance type of each row.
    """

    cells: CellRates
    usable_bytes: Floats
    names: Sequence[str]


def cell_miss(
    missing: Missing,
    row: int,
    bucket: int,
    workload: InferenceService,
    model: ModelSpec,
    sizes: Sizes,
) -> Miss:
    """Say by how much one row misses one request size.

    Args:
        missing: rates and reasons.
        row: of the hardware.
        bucket: of the sizes.
        workload: the service, for its limits.
        model: what runs, for its context.
        sizes: buckets of the workload.
    """
    reason, rated = Reason(int(missing.cells.reason[row, bucket])), missing.cells.rated
    prompt = f"a prompt of {sizes.tokens.input_tokens[bucket]:,.0f} tokens"
    total = float(sizes.tokens.input_tokens[bucket] + sizes.tokens.output_tokens[bucket])
    if reason is Reason.WEIGHTS:
        usable = float(missing.usable_bytes[row]) / GIB
        return too_little_memory(float(rated.vram_shortfall_gib[row]), usable)
    if reason is Reason.TTFT and workload.max_ttft_ms is not None:
        idle = float(rated.idle_ttft_ms[row, bucket])
        return too_slow("ttft", prompt, idle, workload.max_ttft_ms)
    if reason is Reason.TPOT and workload.max_tpot_ms is not None:
        idle = float(rated.idle_tpot_ms[row, bucket])
        return too_slow("tpot", "a token", idle, workload.max_tpot_ms)
    if reason is Reason.CONTEXT and model.max_context is not None:
        return _too_many("context", total, model.max_context, "the model's context is {:,.0f}")
    if reason is Reason.KV_CACHE:
        held, share = float(rated.kv_tokens[row]), workload.prefix_cache_fraction
        longer = sizes.tokens.input_tokens.max() - sizes.tokens.input_tokens[bucket]
        words = "the cache beside the weights holds {:,.0f}"
        if share > 0:
            words = f"with the shared part of the longest prompt; {words}"
        return _too_many("vram", total + share * float(longer), held, words)
    return Miss(reason=code_of(reason))


def _too_many(reason: str, total: float, most: float, words: str) -> Miss:
    """Return the miss of a request that is too long."""
    return Miss(
        reason=reason,
        words=f"prompt and answer have {total:,.0f} tokens, {words.format(most)}",
        distance=total / most - 1 if most > 0 else float("inf"),
    )


def size_misses(
    missing: Sequence[Missing], workload: InferenceService, model: ModelSpec, sizes: Sizes
) -> tuple[Miss, ...]:
    """Say for each request size that nothing serves what comes nearest to serving it.

    Args:
        missing: of every number format.
        workload: the service, for its limits.
        model: what runs.
        sizes: buckets of the workload.

    Returns:
        One for each bucket; empty where something serves it.
    """
    return tuple(
        _nearest(missing, bucket, workload, model, sizes) for bucket in range(len(sizes.shares))
    )


def _nearest(
    missing: Sequence[Missing],
    bucket: int,
    workload: InferenceService,
    model: ModelSpec,
    sizes: Sizes,
) -> Miss:
    """Return the miss of the row that comes nearest to one bucket."""
    if any((one.cells.reason[:, bucket] == Reason.NONE).any() for one in missing):
        return Miss()
    nearest = Miss()
    for one in missing:
        if not len(one.names):
            continue
        row = _nearest_row(one.cells, bucket)
        miss = cell_miss(one, row, bucket, workload, model, sizes)
        if not nearest.reason or miss.order < nearest.order:
            nearest = Miss(
                reason=miss.reason,
                words=_with_name(miss, one.names[row]),
                distance=miss.distance,
            )
    return nearest


def _with_name(miss: Miss, name: str) -> str:
    """Name the instance type that comes nearest; a model's context is the same on all."""
    if not miss.words or miss.reason == "context":
        return miss.words
    return f"on {name}, which comes nearest, {miss.words}"


def _nearest_row(cells: CellRates, bucket: int) -> int:
    """Return the row whose reason is nearest to running, by the least amount."""
    reasons, rated = cells.reason[:, bucket], cells.rated
    rank = np.array([CLOSENESS.index(REASON_CODES[Reason(int(code))]) for code in reasons])
    amount = {
        Reason.TTFT: rated.idle_ttft_ms[:, bucket],
        Reason.TPOT: rated.idle_tpot_ms[:, bucket],
        Reason.KV_CACHE: -rated.kv_tokens,
        Reason.WEIGHTS: rated.vram_shortfall_gib,
    }
    best = np.flatnonzero(rank == rank.max())
    short = [float(amount[code][row]) if (code := Reason(int(reasons[row]))) in amount else 0.0
             for row in best]  # fmt: skip
    return int(best[int(np.argmin(short))])
