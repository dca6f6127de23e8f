"""How much of the published peaks software reaches: constants spread over the hardware."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from costopt.performance.arrays import Flags, Floats
from costopt.performance.constants import Constants
from costopt.performance.hardware import Hardware, HardwareClass
from costopt.performance.links import LinkKind
from costopt.performance.tiers import Tier
from costopt.precision import Formats

_CEILING: Final = "matmul_ceiling"

_NORMAL_FLOATS: Final = ("nf4", "nf4_double_quantized")
"""Formats that frameworks expand in kernels of their own, layer by layer."""

_LAUNCHING_AHEAD: Final = (Tier.FRAMEWORK, Tier.LEGACY_ENGINE)
"""Software without graphs of kernels: it launches them one by one, ahead of the device.

Source: PyTorch documentation, CUDA semantics, asynchronous execution.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Efficiency:
    """What one accelerator really reaches, at its speed; arrays of one shape.

    Attributes:
        weight_bytes_per_second: reading weights [B/s].
        cache_bytes_per_second: reading the cache [B/s].
        linear_flops: linear layers [FLOP/s].
        attention_flops: attention over a prompt [FLOP/s].
        link_bytes_per_second: through the link, one direction [B/s].
        hop_seconds: one message over the link [s].
        layer_seconds: launching one layer [s].
        step_seconds: scheduling one step [s].
        request_seconds: host work for each running request in one step [s].
        first_token_seconds: from the socket to the scheduler and back, once per request [s].
        launches_ahead: True where kernels are launched one by one while others run, so that a
            step takes the longer of both; elsewhere the gaps between kernels add up.
        pads_cache: True where the cache is read up to its largest size in every step.
    """

    weight_bytes_per_second: Floats
    cache_bytes_per_second: Floats
    linear_flops: Floats
    attention_flops: Floats
    link_bytes_per_second: Floats
    hop_seconds: Floats
    layer_seconds: Floats
    step_seconds: Floats
    request_seconds: Floats
    first_token_seconds: Floats
    launches_ahead: Flags
    pads_cache: Flags


def matmul_ceiling(hardware: Hardware, constants: Constants) -> Floats:
    """Best measured share of the dense peak in a large matrix product, by architecture [0..1].

    Source: stas00/ml-engineering compute/accelerator/README.md, table of maximum achievable
    matmul FLOPS.
    """
    names, positions = np.unique(hardware.architectures, return_inverse=True)
    shares = [
        constants[f"{_CEILING}.{name}" if f"{_CEILING}.{name}" in constants else f"{_CEILING}.any"]
        for name in names
    ]
    return np.asarray(shares, dtype=np.float64)[positions.reshape(-1)]


def serving_efficiency(
    hardware: Hardware, formats: Formats, tier: Tier, constants: Constants, *, experts: bool
) -> Efficiency:
    """Efficiency of serving on each row of the hardware.

    Args:
        hardware: where it runs.
        formats: of weights and cache.
        tier: software that runs it.
        constants: the reviewed constants.
        experts: True for models with routed experts, whose matrices are small.
    """
    speed = hardware.speed
    bandwidth = hardware.bandwidth_bytes_per_second * _bandwidth_share(hardware, tier, constants)
    bandwidth = bandwidth * speed
    compute = _compute_share(hardware, formats, tier, constants) * speed
    link = hardware.link_bytes_per_second * _link_share(hardware, tier, constants)
    scattered = constants["serving.experts_share"] if experts else 1.0
    launches = 1.0
    if tier is Tier.FRAMEWORK and formats.weights.name in _NORMAL_FLOATS:
        launches = constants["serving.launch_factor.normal_float"]
    is_neuron = hardware.hardware_class == HardwareClass.AWS_NEURON
    attention = np.where(
        is_neuron,
        constants["serving.attention_share.aws_neuron"],
        constants["serving.attention_share"],
    )
    cache = np.where(is_neuron, constants["serving.cache_share.aws_neuron"], 1.0)
    return Efficiency(
        weight_bytes_per_second=bandwidth * scattered,
        cache_bytes_per_second=bandwidth * cache,
        linear_flops=hardware.peak_for(formats.weights) * compute * scattered,
        attention_flops=hardware.half_precision_peak * compute * attention,
        link_bytes_per_second=link * speed,
        hop_seconds=_hop_seconds(hardware, constants) / speed,
        layer_seconds=launches * _by_tier("layer_seconds", tier, constants) / speed,
        step_seconds=_by_tier("step_seconds", tier, constants) / speed,
        request_seconds=_by_tier("request_seconds", tier, constants) / speed,
        first_token_seconds=_by_tier("first_token_seconds", tier, constants) / speed,
        launches_ahead=np.full(len(hardware), tier in _LAUNCHING_AHEAD),
        pads_cache=is_neuron,
    )


def _by_tier(quantity: str, tier: Tier, constants: Constants) -> float:
    """The tier's own constant, or the one that tiers share."""
    own = f"serving.{quantity}.{tier}"
    return constants[own if own in constants else f"serving.{quantity}"]


def _bandwidth_share(hardware: Hardware, tier: Tier, constants: Constants) -> Floats:
    share = np.full(len(hardware), _by_tier("bandwidth_share", tier, constants))
    kind = hardware.hardware_class
    if tier is Tier.LOCAL_ENGINE:
        on_board = constants["serving.bandwidth_share.local_engine.on_board"]
        share = np.where(kind == HardwareClass.NVIDIA_DATACENTER, share * on_board, share)
    neuron = constants["serving.bandwidth_share.aws_neuron"]
    share = np.where(kind == HardwareClass.AWS_NEURON, share * neuron, share)
    cpu = constants["serving.bandwidth_share.cpu"]
    return np.where(kind == HardwareClass.CPU, cpu, share)


def _compute_share(
    hardware: Hardware, formats: Formats, tier: Tier, constants: Constants
) -> Floats:
    kind = hardware.hardware_class
    share = matmul_ceiling(hardware, constants) * _by_tier("compute_share", tier, constants)
    if tier is not Tier.LOCAL_ENGINE:
        slot = constants["serving.compute_share.slot"]
        share = np.where(kind == HardwareClass.NVIDIA_PCIE, share * slot, share)
    if formats.weights.name == "fp4":
        share = share * constants["serving.compute_share.fp4"]
    neuron = constants["serving.compute_share.aws_neuron"]
    share = np.where(kind == HardwareClass.AWS_NEURON, share * neuron, share)
    cpu = constants["serving.compute_share.cpu"]
    return np.where(kind == HardwareClass.CPU, cpu, share)


def _link_share(hardware: Hardware, tier: Tier, constants: Constants) -> Floats:
    direct = constants["serving.link_share.direct"]
    bus = _by_tier("link_share.bus", tier, constants)
    return np.where(hardware.link_kind == LinkKind.BUS, bus, direct)


def _hop_seconds(hardware: Hardware, constants: Constants) -> Floats:
    board, host = constants["hop_seconds.direct"], constants["hop_seconds.bus"]
    nvidia = hardware.hardware_class == HardwareClass.NVIDIA_DATACENTER
    return np.where((hardware.link_kind == LinkKind.DIRECT) & nvidia, board, host)
