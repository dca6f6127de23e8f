"""The one table of vLLM's arguments and formats, and the version whose names these are."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

VLLM: Final = "vLLM 0.33.0"
"""Version that the names below were read in.

Source: package vllm 0.33.0: ``vllm/engine/arg_utils.py``, ``vllm/benchmarks/serve.py``,
``vllm/benchmarks/datasets/datasets.py``, ``vllm/config/speculative.py``.
"""


class EngineArgument(StrEnum):
    """Arguments of ``vllm serve``, by the names of the fields of ``EngineArgs``.

    NAME: by which requests name the model; what it is loaded from unless told.
    TENSOR_PARALLEL: accelerators that hold one replica together.
    REPLICAS: replicas behind one address; each has its own scheduler.
    DTYPE: format that is computed in.
    QUANTIZATION: how 16-bit weights are made smaller while they are loaded.
    KV_CACHE: format of keys and values.
    CONTEXT: most tokens of a request, prompt and answer together.
    RUNNING: most requests that run at once in one replica.
    STEP_TOKENS: most tokens that pass the model in one step.
    MEMORY: share of the accelerator's memory that the engine may take.
    PREFIX_CACHE: whether beginnings of prompts are kept for the next ones; on by default.
    DRAFT: how tokens are drafted, as JSON by the names of ``DraftField``.
    PORT: where the server answers.
    """

    NAME = "served_model_name"
    TENSOR_PARALLEL = "tensor_parallel_size"
    REPLICAS = "data_parallel_size"
    DTYPE = "dtype"
    QUANTIZATION = "quantization"
    KV_CACHE = "kv_cache_dtype"
    CONTEXT = "max_model_len"
    RUNNING = "max_num_seqs"
    STEP_TOKENS = "max_num_batched_tokens"
    MEMORY = "gpu_memory_utilization"
    PREFIX_CACHE = "enable_prefix_caching"
    DRAFT = "speculative_config"
    PORT = "port"


class DraftField(StrEnum):
    """Fields of ``--speculative-config``, by the names of ``SpeculativeConfig``.

    METHOD: where drafts come from; found out by vLLM where a model is named.
    MODEL: that drafts.
    TOKENS: drafted for each request in one step.
    ACCEPTANCE: how drafts are accepted; ``synthetic`` does so at given rates.
    RATES: probability that all drafts up to each position are accepted, for ``synthetic``.
    """

    METHOD = "method"
    MODEL = "model"
    TOKENS = "num_speculative_tokens"
    ACCEPTANCE = "rejection_sample_method"
    RATES = "synthetic_acceptance_rates"


class BenchArgument(StrEnum):
    """Arguments of ``vllm bench serve``.

    MODEL: name by which the server knows what it runs; written into the result.
    TOKENIZER: repository or folder of the tokenizer; that of the model unless told.
    DATASET: where prompts come from.
    PREFIX: tokens that all prompts begin with.
    INPUT: tokens of each prompt after those.
    OUTPUT: tokens of each answer; the random data set ignores the end-of-text token.
    CONCURRENCY: requests that are kept running.
    PROMPTS: requests in all.
    WARMUPS: requests before the clock starts.
    METRICS: of which percentiles are written down.
    PERCENTILES: that are written down.
    FILE: name of the result.
    SAVE: a flag: write the result down.
    PORT: of the server that is measured.
    """

    PORT = "port"
    MODEL = "model"
    TOKENIZER = "tokenizer"
    DATASET = "dataset_name"
    PREFIX = "random_prefix_len"
    INPUT = "random_input_len"
    OUTPUT = "random_output_len"
    CONCURRENCY = "max_concurrency"
    PROMPTS = "num_prompts"
    WARMUPS = "num_warmups"
    METRICS = "percentile_metrics"
    PERCENTILES = "metric_percentiles"
    FILE = "result_filename"
    SAVE = "save_result"


FIRST_PORT: Final = 8000
"""Port of ``vllm serve`` and ``vllm bench serve`` when none is named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineFormat:
    """How the engine comes to hold weights in a format.

    Attributes:
        dtype: format that is computed in.
        quantization: how weights are made smaller while they are loaded; empty where they are
            not.
        checkpoint: what the weights must have been stored as; empty for 16 or 32 bit.
        note: what else there is to say.
    """

    dtype: str
    quantization: str = ""
    checkpoint: str = ""
    note: str = ""


WEIGHTS: Final[Mapping[str, EngineFormat]] = {
    "fp32": EngineFormat(dtype="float32"),
    "fp16": EngineFormat(dtype="float16"),
    "bf16": EngineFormat(dtype="bfloat16"),
    "fp8": EngineFormat(dtype="bfloat16", quantization="fp8"),
    "fp8_weight_only": EngineFormat(
        dtype="bfloat16",
        quantization="fp8",
        note="where the accelerator can, vLLM multiplies in 8 bit too, which is no slower",
    ),
    "int8": EngineFormat(dtype="bfloat16", checkpoint="8-bit weights for 8-bit activations"),
    "int8_weight_only": EngineFormat(dtype="bfloat16", checkpoint="8-bit GPTQ"),
    "int4_weight_only": EngineFormat(dtype="bfloat16", checkpoint="4-bit AWQ or GPTQ"),
    "fp4": EngineFormat(dtype="bfloat16", checkpoint="NVFP4"),
    "mxfp4": EngineFormat(dtype="bfloat16", checkpoint="MXFP4"),
}
"""Formats of weights that vLLM runs; it recognises a quantised checkpoint by itself.

tf32 and 4-bit integers are not computed in, and bitsandbytes (nf4) is no longer loaded.

Source: package vllm 0.33.0, ``vllm/model_executor/layers/quantization/__init__.py`` and
``vllm/config/quantization.py``.
"""

STORED_IN_MXFP4: Final = frozenset({"gpt-oss"})
"""Families that are published in MXFP4. Source: OpenAI, model card of gpt-oss."""

CACHE: Final[Mapping[str, str]] = {
    "fp8": "fp8",
    "int8": "int8_per_token_head",
    "int4": "int4_per_token_head",
}
"""Formats of keys and values that are smaller than the model's own.

Source: package vllm 0.33.0, ``vllm/config/cache.py``, ``CacheDType``.
"""

CACHED_LIKE_MODEL: Final[Mapping[str, frozenset[str]]] = {
    "float32": frozenset({"fp32"}),
    "float16": frozenset({"fp16", "bf16"}),
    "bfloat16": frozenset({"fp16", "bf16"}),
}
"""Cache formats of as many bytes as the format computed in, which vLLM takes unless told."""

LIKE_MODEL: Final = "auto"
"""Name of the cache format that follows the model."""


def cache_format(kv_precision: str, dtype: str) -> str | None:
    """Return the engine's name of a cache format; None where it has none.

    >>> [cache_format(name, "bfloat16") for name in ("bf16", "fp8", "fp32")]
    ['auto', 'fp8', None]

    Args:
        kv_precision: name in requests and plans.
        dtype: format that is computed in.
    """
    if kv_precision in CACHED_LIKE_MODEL[dtype]:
        return LIKE_MODEL
    return CACHE.get(kv_precision)
