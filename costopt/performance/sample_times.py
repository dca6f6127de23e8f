"""Seconds of one batch of samples, as a function of its size."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from costopt.performance.arrays import Floats
from costopt.performance.constants import Constants
from costopt.performance.efficiency import matmul_ceiling
from costopt.performance.hardware import Hardware, HardwareClass
from costopt.performance.sample_work import SampleWork
from costopt.precision import WeightFormat

_LANES: Final = {
    "neuroncore-v1": 4.0,
    "neuroncore-v2": 2.0,
    "neuroncore-v3": 8.0,
    "neuroncore-v4": 8.0,
}
"""Cores of one chip that each work off batches of their own, by architecture [1].

Source: AWS Neuron documentation, architecture of Inferentia, Inferentia2, Trainium2 and Trainium3.
"""


_LOW_POWER: Final = ("L4", "P4", "T4", "T4G")
"""Boards that the slot alone feeds, 70 to 75 W: they cannot hold their boost clock under load.

Source: NVIDIA's datasheets; for the throttling of the T4, Jia et al. (arXiv 1903.07486).
"""


def lanes(hardware: Hardware) -> Floats:
    """Servers into which each accelerator divides itself; 1 for all but Neuron chips [1]."""
    names, positions = np.unique(hardware.architectures, return_inverse=True)
    counts = np.array([_LANES.get(str(name), 1.0) for name in names])
    return np.asarray(counts[positions.reshape(-1)])


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchTimes:
    """``t(b) = fixed + b * sample``; arrays of one shape.

    Attributes:
        fixed_seconds: what a batch costs whatever its size [s].
        sample_seconds: operations of one sample [s].
    """

    fixed_seconds: Floats
    sample_seconds: Floats

    def seconds(self, samples: Floats) -> Floats:
        """One batch of ``samples`` [s]."""
        return self.fixed_seconds + samples * self.sample_seconds

    def batch_at_rate(self, rate: Floats) -> Floats:
        """Samples that arrive while a batch is worked off, at least 1 [1].

        ``b = rate * t(b)``, so ``b = rate * fixed / (1 - rate * sample)``.
        """
        free = np.maximum(1.0 - rate * self.sample_seconds, 1e-9)
        return np.maximum(rate * self.fixed_seconds / free, 1.0)


def batch_times(
    work: SampleWork, hardware: Hardware, weights: WeightFormat, constants: Constants
) -> BatchTimes:
    """Seconds of a batch on each row of the hardware, one lane each.

    Weights are read while layers are launched, so the longer of both counts; 8-bit networks launch
    more kernels, which quantize between the layers. The cores of a Neuron chip share its published
    rates, and run whole compiled graphs, so that their layers are not launched one by one.
    """
    compute = sample_compute_share(work, hardware, constants) * hardware.speed
    bandwidth = hardware.bandwidth_bytes_per_second * constants["serving.bandwidth_share"]
    bandwidth = bandwidth * hardware.speed
    compiled = hardware.hardware_class == HardwareClass.AWS_NEURON
    quantizing = constants["samples.layer_seconds.int8"] if weights.name == "int8" else 1.0
    layer = constants["samples.layer_seconds"] * quantizing / hardware.speed
    launch = np.where(compiled, 0.0, layer)
    shared = lanes(hardware)
    return BatchTimes(
        fixed_seconds=np.maximum(work.layers * launch, shared * work.weight_bytes / bandwidth),
        sample_seconds=shared * work.flops / (hardware.peak_for(weights) * compute),
    )


def sample_compute_share(work: SampleWork, hardware: Hardware, constants: Constants) -> Floats:
    """Share of the dense peak that large batches reach [0..1]."""
    kind = "convolution" if work.convolutional else "encoder"
    share = matmul_ceiling(hardware, constants) * constants[f"samples.compute_share.{kind}"]
    board = np.where(
        np.isin(hardware.names, _LOW_POWER),
        constants["samples.compute_share.low_power"],
        constants["samples.compute_share.slot"],
    )
    slot = hardware.hardware_class == HardwareClass.NVIDIA_PCIE
    share = np.where(slot, share * board, share)
    cpu = constants["serving.compute_share.cpu"]
    return np.where(hardware.hardware_class == HardwareClass.CPU, cpu, share)
