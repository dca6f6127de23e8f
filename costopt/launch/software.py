"""Which software a rate assumes on an accelerator, and whether commands are written for it."""

from collections.abc import Mapping
from typing import Final

from costopt.accelerator import Accelerator
from costopt.performance.hardware import HardwareClass, hardware_class
from costopt.workload.served import Software

WRITTEN_FOR: Final = frozenset({"nvidia", "amd"})
"""Vendors whose accelerators run vLLM and LLaMA-Factory with the arguments in the tables.

Source: vLLM installation guide (CUDA, ROCm); LLaMA-Factory README.md.
"""

SERVING: Final[Mapping[str, str]] = {
    "aws": "vLLM with the plugin for AWS Neuron (vllm-neuron)",
    "google": "vLLM for TPU (tpu-inference)",
    "intel": "vLLM with the plugin for Gaudi (vllm-gaudi)",
    "cpu": "vLLM built for CPUs",
}
"""Serving software of other hardware by vendor. Source: vLLM documentation, installation."""

TRAINING: Final[Mapping[str, str]] = {
    "aws": "PyTorch on AWS Neuron (NeuronX Distributed)",
    "google": "MaxText, or PyTorch on XLA",
    "intel": "Optimum for Gaudi",
}
"""Training software of other hardware by vendor.

Source: AWS Neuron, MaxText and Optimum Habana documentation.
"""

SPLITTING: Final = "Megatron-LM, torchtitan or the like"
"""Training software for tensor and pipeline parallelism.

Source: Megatron-LM (arXiv 2104.04473); pytorch/torchtitan README.md.
"""

TUNED: Final[Mapping[str, str]] = {
    "nvidia": "TensorRT-LLM (trtllm-serve)",
    "aws": "NeuronX Distributed Inference",
}
"""Serving software that vendors compile and tune themselves, by vendor.

Source: NVIDIA TensorRT-LLM documentation, trtllm-serve; AWS Neuron documentation.
"""

PLAIN: Final = "plain PyTorch (Hugging Face Transformers or the like)"
"""Serving software without an engine."""

UNNAMED: Final = "the vendor's own software"
"""What is assumed where no product is named."""


def other_serving_software(accelerator: Accelerator, software: Software) -> str:
    """Return the software that a serving rate assumes; empty where vLLM's arguments hold.

    Args:
        accelerator: that it runs on.
        software: kind that the workload names.
    """
    if software == "framework":
        return PLAIN
    if software == "vendor_tuned":
        return TUNED.get(accelerator.vendor, UNNAMED)
    if hardware_class(accelerator) is HardwareClass.CPU:
        return SERVING["cpu"]
    if accelerator.vendor in WRITTEN_FOR:
        return ""
    return SERVING.get(accelerator.vendor, UNNAMED)


def other_training_software(accelerator: Accelerator) -> str:
    """Return the software that a training rate assumes; empty where a configuration is written."""
    if accelerator.vendor in WRITTEN_FOR:
        return ""
    return TRAINING.get(accelerator.vendor, UNNAMED)
