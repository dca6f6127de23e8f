"""Tier: the software that runs a model, because software alone moves results two to four times."""

from enum import StrEnum


class Tier(StrEnum):
    """Kinds of software, from the fastest to the slowest on the same hardware.

    VENDOR_TUNED: compiled by the vendor's own stack (TensorRT-LLM, Neuron, MLPerf entries).
    ENGINE: serving engines with paged cache and continuous batching (vLLM, SGLang).
    LEGACY_ENGINE: serving engines of 2023 (Text Generation Inference 1.0).
    LOCAL_ENGINE: engines for one user on one machine (llama.cpp, exllama).
    FRAMEWORK: training frameworks and plain generation (PyTorch, transformers, LitGPT).
    """

    VENDOR_TUNED = "vendor_tuned"
    ENGINE = "engine"
    LEGACY_ENGINE = "legacy_engine"
    LOCAL_ENGINE = "local_engine"
    FRAMEWORK = "framework"
