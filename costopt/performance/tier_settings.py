"""Settings of serving software by tier: memory, admission, and prompt tokens per step."""

from collections.abc import Mapping
from typing import Final

from costopt.performance.serving_memory import EngineMemory
from costopt.performance.tiers import Tier

CHUNK_TOKENS: Final = 2048
"""Prompt tokens that one step takes in where answers have a latency limit [tokens].

Source: vLLM documentation, Optimization and Tuning, chunked prefill: 2,048 is the default of
``max_num_batched_tokens`` that favours the time between tokens.
"""

BATCH_CHUNK_TOKENS: Final = 8192
"""Prompt tokens that one step takes in where only throughput counts [tokens].

Source: vLLM documentation, Optimization and Tuning: more than 8,096 for throughput.
"""

ENGINE_REQUESTS: Final[Mapping[Tier, int]] = {
    Tier.ENGINE: 256,
    Tier.VENDOR_TUNED: 2048,
    Tier.LEGACY_ENGINE: 128,
    Tier.FRAMEWORK: 64,
    Tier.LOCAL_ENGINE: 64,
}
"""Requests that the software admits at once, whatever memory allows [1].

Source: vLLM ``max_num_seqs`` default; TensorRT-LLM ``max_batch_size`` default; Text Generation
Inference 1.0 ``max_concurrent_requests`` default; the last two are planning choices.
"""

UNLIMITED_REQUESTS: Final[Mapping[Tier, int]] = {**ENGINE_REQUESTS, Tier.ENGINE: 1024}
"""The same where a run was set up for throughput: MLPerf entries of vLLM raise the default."""

RESERVING_TIERS: Final = frozenset({Tier.VENDOR_TUNED})
"""Software that admits a request once the cache of its whole answer is free.

Source: TensorRT-LLM executor documentation: ``GUARANTEED_NO_EVICT`` is the default capacity
scheduler policy.
"""

ENGINE_MEMORY: Final[Mapping[Tier, EngineMemory]] = {
    tier: EngineMemory(
        budget_fraction=0.9 if tier is Tier.ENGINE else 1.0,
        free_fraction=1.0 if tier is Tier.ENGINE else 0.9,
        prompt_tokens=float(BATCH_CHUNK_TOKENS),
    )
    for tier in Tier
}
"""How the software divides memory.

Source: vLLM ``gpu_memory_utilization`` 0.9 of all; TensorRT-LLM ``free_gpu_memory_fraction`` 0.9
of what is free after loading, taken for the others as well.
"""
