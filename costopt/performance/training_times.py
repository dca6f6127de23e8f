"""Seconds of one optimizer step of a gang, from work, layout and efficiencies."""

from dataclasses import dataclass

import numpy as np

from costopt.performance.arrays import Floats
from costopt.performance.constants import Constants
from costopt.performance.efficiency import matmul_ceiling
from costopt.performance.hardware import Hardware, HardwareClass
from costopt.performance.links import LinkKind
from costopt.performance.tiers import Tier
from costopt.performance.training_work import TrainingWork
from costopt.precision import WeightFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a gang works on a batch; arrays that broadcast with the hardware.

    Attributes:
        per_node: accelerators in each instance of the gang [1].
        data: data-parallel ranks [1].
        tensor: accelerators that split each layer, inside a node [1].
        pipeline: groups that hold different layers [1].
        micro_batch: sequences that a rank computes at once [1].
        accumulation: micro-batches of a rank in one optimizer step [1].
        sequence_length: tokens in one sequence [tokens].
        recompute: 1 where activations are computed again in the backward pass, else 0.
        gathers: 1 where weights are split over the ranks and gathered (ZeRO-3), else 0.
        splits_optimizer: 1 where the optimizer's state is split over the ranks, else 0.
    """

    per_node: Floats
    data: Floats
    tensor: Floats
    pipeline: Floats
    micro_batch: Floats
    accumulation: Floats
    sequence_length: Floats
    recompute: Floats
    gathers: Floats
    splits_optimizer: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingEfficiency:
    """What one accelerator really reaches in training; arrays of one shape.

    Attributes:
        linear_flops: linear layers [FLOP/s].
        attention_flops: attention [FLOP/s].
        memory_bytes_per_second: element-wise work and the optimizer [B/s].
        link_bytes_per_second: between accelerators of a node, one direction [B/s].
        network_bytes_per_second: between nodes, one node's share of one direction [B/s].
        layer_seconds: launching one layer, forward and backward [s].
        element_bytes: traffic of element-wise work per token, layer and width [B].
        expanding_bytes: traffic of expanding one frozen weight, per micro-batch [B].
        optimizer_bytes: traffic of the optimizer per trained weight [B].
        exposed_share: share of hidden communication that still delays [0..1].
    """

    linear_flops: Floats
    attention_flops: Floats
    memory_bytes_per_second: Floats
    link_bytes_per_second: Floats
    network_bytes_per_second: Floats
    layer_seconds: Floats
    element_bytes: Floats
    expanding_bytes: Floats
    optimizer_bytes: Floats
    exposed_share: Floats


def training_efficiency(
    hardware: Hardware,
    compute: WeightFormat,
    tier: Tier,
    constants: Constants,
    network_bytes_per_second: Floats,
    *,
    frozen: bool,
) -> TrainingEfficiency:
    """Efficiency of training on each row of the hardware.

    Args:
        hardware: one row per node of a gang.
        compute: format that linear layers are multiplied in.
        tier: software that trains.
        constants: the reviewed constants.
        network_bytes_per_second: one direction between nodes, per node; NaN when unknown [B/s].
        frozen: True for adapters, whose trainers launch layers more slowly.
    """
    share = matmul_ceiling(hardware, constants) * constants["training.compute_share"]
    if tier is Tier.VENDOR_TUNED:
        share = share * constants["training.compute_share.vendor_tuned"]
    neuron = hardware.hardware_class == HardwareClass.AWS_NEURON
    share = np.where(neuron, share * constants["training.compute_share.aws_neuron"], share)
    low = constants["training.compute_share.fp8"] if compute.name == "fp8" else 1.0
    attention = _attention_ceiling(hardware, tier, constants)
    attention = attention * constants["training.attention_share"]
    bus = hardware.link_kind == LinkKind.BUS
    link = np.where(bus, constants["link_share.bus"], constants["link_share.direct"])
    every, speed = np.ones(len(hardware)), hardware.speed
    network = network_bytes_per_second * constants["training.network_share"]
    trainer = ".adapters" if frozen else ""
    return TrainingEfficiency(
        linear_flops=hardware.peak_for(compute) * share * low * speed,
        attention_flops=hardware.half_precision_peak * attention * speed,
        memory_bytes_per_second=hardware.bandwidth_bytes_per_second * speed,
        link_bytes_per_second=hardware.link_bytes_per_second * link * speed,
        network_bytes_per_second=network * speed,
        layer_seconds=constants[f"training.layer_seconds{trainer}"] / speed,
        element_bytes=every * constants["training.element_bytes"],
        expanding_bytes=every * constants["training.expanding_bytes"],
        optimizer_bytes=every * constants["training.optimizer_bytes"],
        exposed_share=every * constants[f"training.exposed_share{trainer}"],
    )


def _attention_ceiling(hardware: Hardware, tier: Tier, constants: Constants) -> Floats:
    """Share of the peak that fused attention reaches alone, by architecture and software [0..1].

    It sets the ratio between architectures; ``training.attention_share``, fitted, is what whole
    training steps reach of it. Open kernels written for Ampere reach half as much of Hopper's
    peak, whose matrix units they do not feed; vendors' own stacks have kernels for each
    architecture.

    Source: FlashAttention-3 (arXiv 2407.08608), abstract.
    """
    ceiling = "training.attention_ceiling"
    names, positions = np.unique(hardware.architectures, return_inverse=True)
    own = [f"{ceiling}.{name}" for name in names]
    values = [constants[name if name in constants else f"{ceiling}.any"] for name in own]
    share = np.asarray(values, dtype=np.float64)[positions.reshape(-1)]
    if tier is not Tier.VENDOR_TUNED:
        return share
    return np.maximum(share, constants[f"{ceiling}.vendor_tuned"])


def step_seconds(work: TrainingWork, reach: TrainingEfficiency, layout: Layout) -> Floats:
    """One optimizer step of the gang [s].

    A micro-batch of ``T`` tokens on ``t`` tensor and ``p`` pipeline splits costs linear layers,
    attention, element-wise traffic and launches; with recomputation one more forward pass. Tensor
    parallelism sends two all-reduces of ``T * h`` numbers per layer and pass. A pipeline idles
    ``(p - 1) / m`` of its ``m`` micro-batches. Weights gathered for each micro-batch (forward and
    backward) and gradients reduced once per step run beside the computation; what is longer than
    it, and a share of the rest, delays.

    Source: Narayanan et al. (arXiv 2104.04473) section 3 for bubble and messages; ZeRO
    (arXiv 1910.02054) section 7 for the volume of gathered weights.
    """
    compute = _micro_batch_seconds(work, reach, layout)
    gathering = layout.gathers * _gather_seconds(work, reach, layout)
    micro = _beside(compute, gathering, reach)
    bubble = (layout.pipeline - 1.0) / layout.accumulation
    reducing = _reduce_seconds(work, reach, layout)
    backward = compute * (work.passes - 1.0) / work.passes
    delay = _beside(backward, reducing, reach) - backward
    optimizer = _optimizer_seconds(work, reach, layout)
    return layout.accumulation * micro * (1.0 + bubble) + delay + optimizer


def _beside(computing: Floats, sending: Floats, reach: TrainingEfficiency) -> Floats:
    """Seconds of computing and sending side by side."""
    longer = np.maximum(computing, sending)
    return longer + reach.exposed_share * np.minimum(computing, sending)


def _micro_batch_seconds(work: TrainingWork, reach: TrainingEfficiency, layout: Layout) -> Floats:
    tokens = layout.micro_batch * layout.sequence_length
    passes = work.passes + layout.recompute
    split = layout.tensor * layout.pipeline
    linear = passes * work.linear_flops * tokens / split / reach.linear_flops
    attention = passes * work.attention_flops * tokens / split / reach.attention_flops
    layers = work.layers / layout.pipeline
    moved = tokens * layers * work.hidden_size * reach.element_bytes / layout.tensor
    elements = moved * passes / 3.0 / reach.memory_bytes_per_second
    launches = layers * reach.layer_seconds
    weights = work.parameters / split * np.where(work.expanded, reach.expanding_bytes, 0.0)
    expanding = weights / reach.memory_bytes_per_second
    ring = 2.0 * (layout.tensor - 1.0) / layout.tensor
    messages = 2.0 * passes * layers * 2.0 * tokens * work.hidden_size * ring
    link = np.where(layout.tensor > 1, reach.link_bytes_per_second, np.inf)
    return linear + attention + elements + launches + expanding + messages / link


def _gather_seconds(work: TrainingWork, reach: TrainingEfficiency, layout: Layout) -> Floats:
    """Weights gathered twice, and gradients scattered, for one micro-batch [s]."""
    sent = 2.0 * work.gathered_bytes + work.reduced_bytes
    return sent / (layout.tensor * layout.pipeline) * _seconds_per_byte(reach, layout)


def _reduce_seconds(work: TrainingWork, reach: TrainingEfficiency, layout: Layout) -> Floats:
    """Gradients reduced and spread once per step, where weights are not gathered [s]."""
    sent = 2.0 * work.reduced_bytes * (1.0 - layout.gathers)
    return sent / (layout.tensor * layout.pipeline) * _seconds_per_byte(reach, layout)


def _seconds_per_byte(reach: TrainingEfficiency, layout: Layout) -> Floats:
    """One byte of every rank through a ring over all data-parallel ranks [s/B].

    Inside a node over its link, between nodes over the network, which all ranks of a node share.
    """
    inside = np.minimum(layout.data, layout.per_node / layout.tensor)
    inside = np.maximum(inside, 1.0)
    across = np.maximum(layout.data / inside, 1.0)
    link = np.where(inside > 1, reach.link_bytes_per_second, np.inf)
    local = (inside - 1.0) / inside / link
    sharing = np.maximum(layout.per_node / inside, 1.0)
    network = np.where(across > 1, reach.network_bytes_per_second, np.inf)
    remote = (across - 1.0) / across * sharing / network
    return local + remote


def _optimizer_seconds(work: TrainingWork, reach: TrainingEfficiency, layout: Layout) -> Floats:
    """Reading and writing the state of the weights that a rank holds; adapters are free [s]."""
    ranks = np.where(layout.splits_optimizer > 0, layout.data, 1.0)
    trained = np.where(work.frozen, 0.0, work.parameters)
    held = trained / (layout.tensor * layout.pipeline * ranks)
    return held * reach.optimizer_bytes / reach.memory_bytes_per_second
