"""Replica: times and memory of one replica on each row, before any load or limit."""

from dataclasses import dataclass, replace

import numpy as np

from costopt.model import ModelSpec
from costopt.performance.arrays import Floats, Integers
from costopt.performance.constants import shipped_constants
from costopt.performance.dimensions import Decoder, decoder_of
from costopt.performance.efficiency import serving_efficiency
from costopt.performance.engine import EngineTimes, engine_times, message_seconds
from costopt.performance.hardware import Hardware
from costopt.performance.parallelism import cache_divisor
from costopt.performance.reasons import Reason
from costopt.performance.serving_memory import kv_budget_gib, loaded_vram
from costopt.performance.serving_setup import ServingSetup
from costopt.performance.speculation import speculating
from costopt.performance.tier_settings import (
    BATCH_CHUNK_TOKENS,
    CHUNK_TOKENS,
    ENGINE_MEMORY,
    ENGINE_REQUESTS,
    UNLIMITED_REQUESTS,
)
from costopt.performance.vram import VramTerms
from costopt.performance.work import RequestSizes, ServingWork, serving_work
from costopt.precision import Formats
from costopt.units import GIB


@dataclass(frozen=True, slots=True, kw_only=True)
class Replica:
    """One replica of a model on each row of the hardware.

    Attributes:
        decoder: the model.
        work: counted work, shapes that broadcast to (n, B).
        times: seconds of steps and prompts.
        places: requests that memory and the engine admit, shape (n, B) [1].
        own_cache_bytes: memory of one accelerator for what requests hold for themselves, shape
            (n, 1) [B].
        cap: requests that the engine admits whatever memory allows [1].
        kv_budget_bytes: memory of one accelerator for the cache; negative by what is missing,
            shape (n,) [B].
        kv_tokens: tokens that fit into it, every layer holding them, shape (n,) [tokens].
        vram: terms when the engine has taken all memory that it takes, shape (n,).
        reason: why nothing runs on a row at all, shape (n,).
    """

    decoder: Decoder
    work: ServingWork
    times: EngineTimes
    places: Floats
    own_cache_bytes: Floats
    cap: float
    kv_budget_bytes: Floats
    kv_tokens: Floats
    vram: VramTerms
    reason: Integers


def replica_on(
    model: ModelSpec,
    hardware: Hardware,
    formats: Formats,
    requests: RequestSizes,
    *,
    setup: ServingSetup,
    batch: bool,
) -> Replica:
    """Times and memory of one replica.

    Args:
        model: what runs.
        hardware: where, n rows.
        formats: of weights and cache.
        requests: sizes, B buckets [tokens].
        setup: software that runs it, shared prompts and drafts.
        batch: True where only throughput counts.
    """
    decoder = decoder_of(model)
    constants = shipped_constants()
    tier = setup.tier
    experts = decoder.routed_parameters > 0
    efficiency = serving_efficiency(hardware, formats, tier, constants, experts=experts)
    work = serving_work(decoder, formats, hardware.accelerators, requests, setup)
    chunk = BATCH_CHUNK_TOKENS if batch else CHUNK_TOKENS
    engine = replace(ENGINE_MEMORY[tier], prompt_tokens=float(chunk))
    loaded = loaded_vram(decoder, formats, hardware.accelerators, engine)
    with_draft = 1.0 + setup.draft_share
    loaded = replace(loaded, weights_gib=loaded.weights_gib * with_draft)
    budget = kv_budget_gib(loaded, hardware.usable_bytes, engine)
    free_bytes = np.maximum(budget, 0.0) * GIB
    cap = float((UNLIMITED_REQUESTS if batch else ENGINE_REQUESTS)[tier])
    split = cache_divisor(decoder, hardware.accelerators)
    per_token = decoder.cache_numbers_per_token * formats.kv.value_bytes / split * with_draft
    own_bytes = np.maximum(free_bytes[:, None] - work.shared_cache_bytes, 0.0)
    times = engine_times(work, efficiency, float(chunk))
    return Replica(
        decoder=decoder,
        work=work,
        times=speculating(times, message_seconds(work, efficiency), setup),
        places=np.minimum(own_bytes / work.held_cache_bytes, cap),
        own_cache_bytes=own_bytes,
        cap=cap,
        kv_budget_bytes=budget * GIB,
        kv_tokens=free_bytes / per_token,
        vram=replace(loaded, kv_cache_gib=np.maximum(budget, 0.0)),
        reason=_reason(decoder, hardware, formats, budget),
    )


def _reason(decoder: Decoder, hardware: Hardware, formats: Formats, budget: Floats) -> Integers:
    """Why nothing runs on a row, the most fundamental reason first."""
    shared = hardware.accelerators > 1
    unlinked = np.isnan(hardware.link_bytes_per_second)
    no_figures = np.isnan(hardware.bandwidth_bytes_per_second) | np.isnan(hardware.usable_bytes)
    conditions = (
        (Reason.NO_BANDWIDTH, no_figures),
        (Reason.WEIGHTS, ~(budget > 0.0)),
        (Reason.NO_RATE, np.isnan(hardware.peak_for(formats.weights))),
        (Reason.UNKNOWN_LINK, shared & unlinked),
        (Reason.HEADS, np.mod(decoder.attention_heads, hardware.accelerators) != 0),
    )
    masks = [mask for _, mask in conditions]
    return np.select(masks, [np.int64(reason) for reason, _ in conditions], np.int64(0))
