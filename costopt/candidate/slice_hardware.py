"""What a slice of an accelerator does: its parts of compute, memory and bandwidth."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from costopt.candidate.confidence import PlannedHardware, planned_factor
from costopt.candidate.layout import Layout
from costopt.candidate.slices import COMPUTE_PARTS, MEMORY_PARTS, SIZES, size_of
from costopt.performance.bands import Band, Work, band_named
from costopt.performance.hardware import NO_PROFILE, Hardware


def sliced(hardware: Hardware, layouts: Sequence[Layout]) -> Hardware:
    """Return the rows whose layouts stand on slices with the part of them that a slice has.

    Rates of compute shrink to c/7, memory and bandwidth to m/8; what a step costs whatever runs
    stays. Source: NVIDIA, Multi-Instance GPU User Guide, "Supported MIG Profiles".

    Args:
        hardware: one accelerator or more on each row.
        layouts: of the rows.
    """
    sizes = [size_of(layout) for layout in layouts]
    is_slice = np.array([size is not None for size in sizes], dtype=np.bool_)
    if not is_slice.any():
        return hardware
    whole = (COMPUTE_PARTS, MEMORY_PARTS)
    parts = np.array(
        [whole if size is None else (SIZES[size].compute, SIZES[size].memory) for size in sizes]
    ) / np.array(whole)
    return replace(
        hardware,
        accelerators=np.where(is_slice, 1.0, hardware.accelerators),
        peak_flops=hardware.peak_flops * parts[:, :1],
        bandwidth_bytes_per_second=hardware.bandwidth_bytes_per_second * parts[:, 1],
        usable_bytes=hardware.usable_bytes * parts[:, 1],
    )


def with_slices_analytic(
    found: PlannedHardware,
    hardware: Hardware,
    layouts: Sequence[Layout],
    work: Work,
    confidence: float,
) -> PlannedHardware:
    """Plan slices on published peaks alone, whatever is known of whole accelerators.

    Args:
        found: all rows as they are planned with if nothing is sliced.
        hardware: the same at the modelled speed.
        layouts: of the rows.
        work: kind of work, which decides the band.
        confidence: probability that the planned rate is reached [0..1].
    """
    is_slice = np.array([size_of(layout) is not None for layout in layouts], dtype=np.bool_)
    if not is_slice.any():
        return found
    unknown = np.full(len(layouts), "", dtype=np.str_)
    band = band_named(unknown, unknown, work)
    factor = planned_factor(band.low_factor, band.high_factor, band.origin, confidence)
    return PlannedHardware(
        hardware=replace(
            found.hardware,
            speed=np.where(is_slice, hardware.speed * factor, found.hardware.speed),
            profiled=np.where(is_slice, NO_PROFILE, found.hardware.profiled),
        ),
        band=Band(
            origin=np.where(is_slice, band.origin, found.band.origin),
            low_factor=np.where(is_slice, band.low_factor, found.band.low_factor),
            high_factor=np.where(is_slice, band.high_factor, found.band.high_factor),
        ),
        factor=np.where(is_slice, factor, found.factor),
    )
