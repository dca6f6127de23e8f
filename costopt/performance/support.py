"""What kind of work the software of today runs on an accelerator: one reviewed table."""

from enum import StrEnum
from typing import Final

from costopt.accelerator import Accelerator


class Task(StrEnum):
    """Kinds of work that need software of their own."""

    SERVING = "serving"
    SAMPLES = "samples"
    TRAINING = "training"
    QLORA = "qlora"


LEAST_COMPUTE_CAPABILITY: Final = {
    Task.SERVING: 7.0,
    Task.SAMPLES: 6.0,
    Task.TRAINING: 7.0,
    Task.QLORA: 7.0,
}
"""CUDA compute capability that NVIDIA cards need.

Source: vLLM installation guide (7.0 or higher) for serving; bitsandbytes installation guide
(4-bit from 6.0) and PyTorch release notes, whose CUDA 12.8 builds begin at 7.0, for training;
TensorRT support matrix (Pascal) for samples.
"""

ROCM_TARGETS: Final = frozenset(
    {"gfx90a", "gfx942", "gfx950", "gfx1100", "gfx1101", "gfx1200", "gfx1201"}
)
"""AMD targets with current software. Source: vLLM installation guide for ROCm."""

TPU_ARCHITECTURES: Final = {
    Task.SERVING: frozenset({"tpu-v4", "tpu-v5e", "tpu-v5p", "tpu-v6e", "tpu-v7x"}),
    Task.SAMPLES: frozenset({"tpu-v3", "tpu-v4", "tpu-v5e", "tpu-v5p", "tpu-v6e", "tpu-v7x"}),
    Task.TRAINING: frozenset({"tpu-v3", "tpu-v4", "tpu-v5e", "tpu-v5p", "tpu-v6e", "tpu-v7x"}),
    Task.QLORA: frozenset[str](),
}
"""TPU generations with software for the work; bitsandbytes has none.

Source: vLLM TPU documentation; MaxText documentation; bitsandbytes installation guide.
"""

NEURON_CHIPS: Final = {
    Task.SERVING: frozenset({"Inferentia2", "Trainium", "Trainium2", "Trainium3"}),
    Task.SAMPLES: frozenset({"Inferentia", "Inferentia2", "Trainium", "Trainium2", "Trainium3"}),
    Task.TRAINING: frozenset({"Trainium", "Trainium2", "Trainium3"}),
    Task.QLORA: frozenset[str](),
}
"""AWS chips with software for the work: Inferentia is sold for inference.

Source: AWS Neuron documentation, PyTorch NeuronX "for training on Trn1 and Trn2" and "for
inference on Inf2, Trn1 and Trn2"; PyTorch Neuron for inference on Inf1.
"""

GAUDI_TASKS: Final = frozenset(Task)
"""Task with software for Intel Gaudi. Source: vLLM Gaudi plugin; Optimum Habana; bitsandbytes."""

CPU_TASKS: Final = frozenset({Task.SERVING, Task.SAMPLES})
"""Task that is planned on CPUs; nobody publishes training rates for them."""


def is_supported(accelerator: Accelerator, task: Task) -> bool:
    """Return whether current software runs a kind of work on an accelerator.

    Args:
        accelerator: the accelerator, or a CPU rate per vCPU.
        task: what should run on it.
    """
    if accelerator.usable_gib is None and accelerator.memory_gib is None:
        return task in CPU_TASKS
    if accelerator.vendor == "nvidia":
        capability = accelerator.compute_capability  # unnamed chips have none: judged by rates
        return not capability or float(capability) >= LEAST_COMPUTE_CAPABILITY[task]
    if accelerator.vendor == "amd":
        return accelerator.compute_capability in ROCM_TARGETS
    if accelerator.vendor == "google":
        return accelerator.architecture in TPU_ARCHITECTURES[task]
    if accelerator.vendor == "aws":
        return accelerator.name in NEURON_CHIPS[task]
    return accelerator.vendor == "intel" and task in GAUDI_TASKS
