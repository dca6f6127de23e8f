"""Hardware: one row per way to place one replica, or per node of a training gang."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Final, Self

import numpy as np

from costopt.accelerator import COMPUTE_FORMATS, Accelerator
from costopt.errors import InvalidInputError
from costopt.performance.arrays import Floats, Integers, Texts
from costopt.performance.links import link_bytes_per_second, link_kind
from costopt.precision import WeightFormat
from costopt.units import GB, GIB, TERA

CPU_USABLE_FRACTION: Final = 0.9
"""Share of the host memory that a model on CPUs may use; the system keeps the rest.

Source: a planning choice, the same tenth that vLLM leaves free on an accelerator.
"""


class HardwareClass(IntEnum):
    """Accelerators that share efficiencies."""

    NVIDIA_DATACENTER = 0
    NVIDIA_PCIE = 1
    AWS_NEURON = 2
    GOOGLE_TPU = 3
    AMD = 4
    INTEL_GAUDI = 5
    CPU = 6
    OTHER = 7


_CLASS_OF_VENDOR: Final = {
    "aws": HardwareClass.AWS_NEURON,
    "google": HardwareClass.GOOGLE_TPU,
    "amd": HardwareClass.AMD,
    "intel": HardwareClass.INTEL_GAUDI,
}


NO_PROFILE: Final = -1
"""Stands in ``Hardware.profiled`` where no profile of one's own says anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """One way to place a replica: which accelerators of an instance type it takes.

    Attributes:
        accelerator: the accelerator, or a CPU rate per vCPU.
        accelerators: how many work as one (the tensor-parallel degree, or all of a node) [1].
        fraction: share of one accelerator that the instance type has; below 1 only with
            ``accelerators`` 1 [0..1].
        usable_gib: memory per accelerator (or share) that a workload can use, where the
            catalogue knows it for the instance type; otherwise the accelerator's [GiB].
        interconnect: link inside the instance type in the catalogue's words; empty unknown.
        vcpus: virtual CPUs, for CPU rates [1].
        host_memory_gib: memory of the host, for CPU rates [GiB].
    """

    accelerator: Accelerator
    accelerators: int = 1
    fraction: float = 1.0
    usable_gib: float | None = None
    interconnect: str = ""
    vcpus: float | None = None
    host_memory_gib: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hardware:
    """Arrays of shape (n,), one row per placement.

    Rates and memory are of one accelerator, or of the share of it that the instance has. NaN
    stands for a figure that nobody published; it becomes a reason, never a rate.

    Attributes:
        names: accelerator of each row.
        architectures: chip generation of each row.
        hardware_class: ``HardwareClass`` codes.
        accelerators: how many work as one [1].
        usable_bytes: memory that a workload can use [B].
        bandwidth_bytes_per_second: memory bandwidth, published peak [B/s].
        peak_flops: dense peak by compute format, shape (n, formats) [FLOP/s].
        link_kind: ``LinkKind`` codes.
        link_bytes_per_second: one direction of the link between the accelerators [B/s].
        speed: how much faster everything is than modelled, rates, links and overheads alike: by
            a profile, and by the quantile that is planned with [1].
        profiled: ``Origin`` codes of rows that a profile of one's own speaks for, else
            ``NO_PROFILE``.
    """

    names: Texts
    architectures: Texts
    hardware_class: Integers
    accelerators: Floats
    usable_bytes: Floats
    bandwidth_bytes_per_second: Floats
    peak_flops: Floats
    link_kind: Integers
    link_bytes_per_second: Floats
    speed: Floats
    profiled: Integers

    def __len__(self) -> int:
        return len(self.names)

    def take(self, rows: Integers) -> Self:
        """The rows at these positions, in this order."""
        return type(self)(
            **{field.name: getattr(self, field.name)[rows] for field in fields(self)}
        )

    def distinct(self) -> tuple[Self, Integers]:
        """Rows that differ, and for each row the position of its like among them.

        Clouds sell the same accelerators in many instance types; what rates only depend on
        hardware is computed once for all of them.
        """
        _, codes = np.unique(self.names, return_inverse=True)
        _, chips = np.unique(self.architectures, return_inverse=True)
        key = np.column_stack(
            [
                codes.reshape(-1),
                chips.reshape(-1),
                self.hardware_class,
                self.accelerators,
                self.usable_bytes,
                self.bandwidth_bytes_per_second,
                self.link_kind,
                self.link_bytes_per_second,
                self.speed,
                self.profiled,
                self.peak_flops,
            ]
        )
        known = np.where(np.isnan(key), -1.0, key)
        _, first, positions = np.unique(known, axis=0, return_index=True, return_inverse=True)
        return self.take(first), positions.reshape(-1)

    @classmethod
    def of(cls, placements: Sequence[Placement]) -> Self:
        """Arrays of the placements, in their order.

        Raises:
            InvalidInputError: a placement contradicts itself.
        """
        _refuse_contradictions(placements)
        scale = np.array([_scale(placement) for placement in placements], dtype=np.float64)
        kinds = [link_kind(row.interconnect, row.accelerators) for row in placements]
        return cls(
            names=np.array([row.accelerator.name for row in placements], dtype=np.str_),
            architectures=np.array(
                [row.accelerator.architecture for row in placements], dtype=np.str_
            ),
            hardware_class=np.array(
                [hardware_class(row.accelerator) for row in placements], dtype=np.int64
            ),
            accelerators=np.array([row.accelerators for row in placements], dtype=np.float64),
            usable_bytes=np.array([_usable_gib(row) for row in placements]) * GIB,
            bandwidth_bytes_per_second=np.array([_bandwidth(row) for row in placements]) * scale,
            peak_flops=_peaks(placements) * scale[:, None],
            link_kind=np.array(kinds, dtype=np.int64),
            link_bytes_per_second=np.array(
                [
                    link_bytes_per_second(row.accelerator, kind)
                    for row, kind in zip(placements, kinds, strict=True)
                ],
                dtype=np.float64,
            ),
            speed=np.ones(len(placements)),
            profiled=np.full(len(placements), NO_PROFILE, dtype=np.int64),
        )

    def peak_for(self, weights: WeightFormat) -> Floats:
        """Dense peak in the format that the weights are multiplied in, NaN without [FLOP/s]."""
        peak = np.full(len(self), np.nan)
        for compute_format in weights.compute_formats:
            published = self.peak_flops[:, COMPUTE_FORMATS.index(compute_format)]
            peak = np.where(np.isnan(peak), published, peak)
        return peak

    @property
    def half_precision_peak(self) -> Floats:
        """Dense peak in the format that attention is computed in [FLOP/s].

        16 bit where there is a rate for it, otherwise 32 bit.
        """
        peak = np.full(len(self), np.nan)
        for compute_format in ("bf16", "fp16", "fp32"):
            published = self.peak_flops[:, COMPUTE_FORMATS.index(compute_format)]
            peak = np.where(np.isnan(peak), published, peak)
        return peak


def hardware_class(accelerator: Accelerator) -> HardwareClass:
    """Class whose efficiencies an accelerator shares.

    NVIDIA boards with NVLink on the board are built for it and cooled for their full rate; cards
    in PCI Express slots, bridged or not, run at lower sustained clocks.
    """
    if accelerator.memory_gib is None and accelerator.usable_gib is None:
        return HardwareClass.CPU
    if accelerator.vendor == "nvidia":
        link = accelerator.interconnect
        on_board = link.startswith("nvlink") and not link.endswith("bridge")
        return HardwareClass.NVIDIA_DATACENTER if on_board else HardwareClass.NVIDIA_PCIE
    return _CLASS_OF_VENDOR.get(accelerator.vendor, HardwareClass.OTHER)


def _is_cpu(placement: Placement) -> bool:
    return hardware_class(placement.accelerator) is HardwareClass.CPU


def _refuse_contradictions(placements: Sequence[Placement]) -> None:
    """Refuse counts and shares that no instance type can have."""
    problems = []
    for row in placements:
        name = row.accelerator.name
        if row.accelerators < 1 or not 0.0 < row.fraction <= 1.0:
            problems.append(
                f"{row.accelerators} x {row.fraction} of {name}: the count must be 1 or more and "
                "the share above 0 and at most 1"
            )
        elif row.fraction < 1.0 and row.accelerators > 1:
            problems.append(f"shares of {name} cannot work as one; use accelerators=1")
        elif _is_cpu(row) and (row.vcpus is None or row.host_memory_gib is None):
            problems.append(f"{name} is a rate per vCPU; give vcpus and host_memory_gib")
    if problems:
        raise InvalidInputError("placements", problems[:3])


def _scale(placement: Placement) -> float:
    """How much of the published rates the placement has: a share, or so many vCPUs."""
    return float(placement.vcpus or 0.0) if _is_cpu(placement) else placement.fraction


def _usable_gib(placement: Placement) -> float:
    if _is_cpu(placement):
        return float(placement.host_memory_gib or 0.0) * CPU_USABLE_FRACTION
    if placement.usable_gib is not None:
        return placement.usable_gib
    usable = placement.accelerator.usable_gib
    return np.nan if usable is None else usable * placement.fraction


def _bandwidth(placement: Placement) -> float:
    published = placement.accelerator.bandwidth_gb_per_second
    return np.nan if published is None else published * GB


def _peaks(placements: Sequence[Placement]) -> Floats:
    rows = [
        [row.accelerator.peak_tflops.get(name, np.nan) for name in COMPUTE_FORMATS]
        for row in placements
    ]
    return np.array(rows, dtype=np.float64).reshape(len(rows), len(COMPUTE_FORMATS)) * TERA
