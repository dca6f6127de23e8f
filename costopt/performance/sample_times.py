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


def lanes(hardware: Hardware) -> Floats:
    """Servers into which each accelerator divides itself; 1 for all but Neuron chips [1]."""
    names, positions = np.unique(hardware.architectures, return_inverse=True)
    counts = np.array([_LANES.get(str(name), 1.0) for name in names])
    return np.asarray(counts[positions.reshape(-1)])


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchTimes:
    """``t(b) = fixed + max(b * sample, weights)``; arrays of one shape.

    Attributes:
        fixed_seconds: launching the layers [s].
        sample_seconds: operations of one sample [s].
        weights_seconds: reading the weights once [s].
    """

    fixed_seconds: Floats
    sample_seconds: Floats
    weights_seconds: Floats

    def seconds(self, samples: Floats) -> Floats:
        """One batch of ``samples`` [s]."""
        work = np.maximum(samples * self.sample_seconds, self.weights_seconds)
        return self.fixed_seconds + work

    def batch_at_rate(self, rate: Floats) -> Floats:
        """Samples that arrive while a batch is worked off, at least 1 [1].

        ``b = rate * t(b)`` where operations dominate, ``b = rate * fixed / (1 - rate * sample)``,
        or where weights do, ``b = rate * (fixed + weights)``; the larger of both.
        """
        free = np.maximum(1.0 - rate * self.sample_seconds, 1e-9)
        by_work = rate * self.fixed_seconds / free
        by_weights = rate * (self.fixed_seconds + self.weights_seconds)
        return np.maximum(np.maximum(by_work, by_weights), 1.0)


def batch_times(
    work: SampleWork, hardware: Hardware, weights: WeightFormat, constants: Constants
) -> BatchTimes:
    """Seconds of a batch on each row of the hardware, one lane each.

    The cores of a Neuron chip share its published rates, and run whole compiled graphs, so that
    their layers are not launched one by one.
    """
    compute = sample_compute_share(work, hardware, weights, constants) * hardware.speed
    bandwidth = hardware.bandwidth_bytes_per_second * constants["serving.bandwidth_share"]
    bandwidth = bandwidth * hardware.speed
    compiled = hardware.hardware_class == HardwareClass.AWS_NEURON
    launch = np.where(compiled, 0.0, constants["samples.layer_seconds"] / hardware.speed)
    shared = lanes(hardware)
    return BatchTimes(
        fixed_seconds=work.layers * launch,
        sample_seconds=shared * work.flops / (hardware.peak_for(weights) * compute),
        weights_seconds=shared * work.weight_bytes / bandwidth,
    )


def sample_compute_share(
    work: SampleWork, hardware: Hardware, weights: WeightFormat, constants: Constants
) -> Floats:
    """Share of the dense peak that large batches reach [0..1]."""
    kind = "convolution" if work.convolutional else "encoder"
    share = matmul_ceiling(hardware, constants) * constants[f"samples.compute_share.{kind}"]
    if weights.name == "int8":
        share = share * constants["samples.compute_share.int8"]
    slot = constants["samples.compute_share.slot"]
    share = np.where(hardware.hardware_class == HardwareClass.NVIDIA_PCIE, share * slot, share)
    cpu = constants["serving.compute_share.cpu"]
    return np.where(hardware.hardware_class == HardwareClass.CPU, cpu, share)
