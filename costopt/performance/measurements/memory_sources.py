"""How sources of memory figures ran and read their meters, where a row does not say."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from costopt.performance.memory import CacheStyle
from costopt.performance.vram import CONTEXT_GIB


@dataclass(frozen=True, slots=True, kw_only=True)
class MemorySource:
    """What a source says once for all its rows.

    Attributes:
        whole_device: True where the device was read, with driver context and memory that the
            allocator reserves and does not use; False for the allocator's own count.
        context_gib: what the driver and all loaded kernels take [GiB].
        lora_rank: width of adapters [1].
        recipes: names of optimizer recipes of full training, the first that fits into the
            accelerator is taken; empty where the row tells.
        own_head: True where a head that shares its weights with the embedding is held again.
        style: how cache and scores are held in plain generation; None where the row tells.
        chunked_loss: True where the scores are computed in parts.
        one_accelerator: True where each run used one accelerator of the machine that it names.
        decimal: True where figures are in 10^9 bytes.
    """

    whole_device: bool = False
    context_gib: float = CONTEXT_GIB
    lora_rank: int = 8
    recipes: tuple[str, ...] = ()
    own_head: bool = False
    style: CacheStyle | None = None
    chunked_loss: bool = False
    one_accelerator: bool = False
    decimal: bool = False


EAGER_CONTEXT_GIB: Final = 3.0
"""Context of a process that loads every kernel of every library when it starts [GiB].

Source: fit to NVIDIA/FasterTransformer docs/gpt_guide.md, where models of 0.35 and 1.3 billion
parameters take as much more than their weights and cache.
"""

_SOURCES: Final[Mapping[str, MemorySource]] = {
    "QwenLM/Qwen README.md": MemorySource(
        whole_device=True,
        lora_rank=64,
        recipes=("adamw_fp32_gradients",),
        style=CacheStyle.GROWING,
    ),
    "Lightning-AI/litgpt tutorials": MemorySource(decimal=True),
    "Lightning-AI/litgpt config_hub": MemorySource(
        recipes=("adamw_bf16", "adam8bit", "paged_adam8bit"),
        own_head=True,
        one_accelerator=True,
        decimal=True,
    ),
    "NVIDIA/FasterTransformer": MemorySource(whole_device=True, context_gib=EAGER_CONTEXT_GIB),
    "casper-hansen/AutoAWQ": MemorySource(style=CacheStyle.CONTIGUOUS_ALL_LOGITS),
    "pytorch/torchtune": MemorySource(chunked_loss=True),
}
"""Sources by the beginning of their names.

Source: QwenLM/Qwen finetune.py (``lora_r`` 64) and finetune/finetune_ds.sh (DeepSpeed); LitGPT
divides ``torch.cuda.max_memory_allocated`` by 1e9, its model.py keeps ``lm_head`` apart,
config_hub/finetune/README.md says that all its runs are on one accelerator, and full training
there is in pure bf16; AutoAWQ runs on transformers before 4.41; torchtune recipes use
``CEWithChunkedOutputLoss``.
"""


def memory_source(name: str) -> MemorySource:
    """What is known of a source, or what most do."""
    known = [prefix for prefix in _SOURCES if name.startswith(prefix)]
    return _SOURCES[max(known, key=len)] if known else MemorySource()
