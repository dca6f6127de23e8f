"""Speed of hardware by profiles of one's own: what was measured over what is modelled.

A profile is compared with the model at its own point: its accelerator, layout, lengths and load.
The ratio makes everything there faster or slower (rates, links and overheads alike), so that at
that point the model gives what was measured. Elsewhere the ratio tells less:

    measured  same accelerator and layout, lengths and load near    ratio
    scaled    same accelerator, anything else different             ratio
    sister    another accelerator of the same architecture          ratio ^ 0.5
    nothing   lengths or load beyond a factor of eight              1

The bands come from published measurements, each taken as a profile for the others
(``calibration/transfer.py``). On its own accelerator a power of 0.6 would leave a tenth less error
than the whole ratio does, but what nobody measured would then look faster than what turned out
slow beside it, and plans would flee there.

Where several points fit, the nearest layout and lengths count; between the loads of one sweep the
ratio is interpolated in the logarithms.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np

from costopt.performance.arrays import Flags, Floats, Integers
from costopt.performance.hardware import NO_PROFILE, Hardware, Placement
from costopt.performance.reasons import PROFILED, Origin

LENGTH_TOLERANCE: Final = 1.25
"""Factor up to which lengths count as those that were measured [1].

Source: a planning choice: a size bucket of a trace is wider than that.
"""

LOAD_TOLERANCE: Final = 1.5
"""Factor up to which a load counts as the one that was measured [1].

Source: a planning choice: sweeps double the load from point to point, so each load between two
points is nearer than that to one of them. Published pairs within it agree to 6 % on the median.
"""

REACH: Final = 8.0
"""Factor in lengths or load beyond which a measurement tells nothing [1].

Source: a planning choice: a run that reads prompts alone, or a single request, is bound by another
part of the hardware than a full batch is. Sweeps seldom span more than eight times between points.
"""

SISTER_SHARE: Final = 0.5
"""Power of the ratio that carries over to another accelerator of the same architecture [1].

Source: costopt calibration, published measurements that speak of sister accelerators. What is left
of the error on the logarithm without a profile, by this power, and by the whole ratio is, on the
mean, 0.20, 0.15 and 0.17 of 293 serving rates, 0.15, 0.13 and 0.16 of 103 of samples, and 0.14,
0.12 and 0.14 of 103 of training; no power is better by more than 0.002.
"""

_SAME_BANDWIDTH: Final = 0.01
"""Relative difference of bandwidths above which an instance has another share of the chip."""

_NOWHERE: Final = len(PROFILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfilePoint:
    """One load of a profile, beside the model.

    Attributes:
        placement: what one replica, or one node of a gang, ran on.
        lengths: of what was worked on; as many for every point of one kind of work [tokens].
        load: requests in one replica, or nodes of the gang [1].
        speed: measured over modelled rate [1].
    """

    placement: Placement
    lengths: tuple[float, ...]
    load: float
    speed: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ProfilePoints:
    """Points of all profiles that speak about one workload in one format; arrays of shape (p,).

    Attributes:
        hardware: what one replica, or one node of a gang, ran on.
        lengths: of what was worked on, shape (p, lengths) [tokens].
        load: requests in one replica, or nodes of the gang [1].
        speed: measured over modelled rate [1].
        sweep: number of the sweep that each point belongs to: points that differ in load only.
    """

    hardware: Hardware
    lengths: Floats
    load: Floats
    speed: Floats
    sweep: Integers

    @classmethod
    def of(cls, points: Sequence[ProfilePoint]) -> Self:
        """Arrays of the points, in their order."""
        hardware = Hardware.of([point.placement for point in points])
        lengths = np.array([point.lengths for point in points], dtype=np.float64)
        lengths = lengths.reshape(len(points), -1)
        _, chip = np.unique(hardware.names, return_inverse=True)
        alike = [
            chip.reshape(-1),
            hardware.accelerators,
            hardware.link_kind,
            hardware.bandwidth_bytes_per_second,
            lengths,
        ]
        _, sweep = np.unique(np.column_stack(alike), axis=0, return_inverse=True)
        return cls(
            hardware=hardware,
            lengths=lengths,
            load=np.array([point.load for point in points], dtype=np.float64),
            speed=np.array([point.speed for point in points], dtype=np.float64),
            sweep=sweep.reshape(-1),
        )

    def concern(self, hardware: Hardware) -> Flags:
        """True for rows of an accelerator that was measured, or of a sister of one (n,)."""
        known = _same_chip(hardware, self) | _sisters(hardware, self)
        return np.asarray(known.any(axis=1))


def with_speed(
    hardware: Hardware,
    points: ProfilePoints,
    lengths: Sequence[float],
    loads: tuple[Floats, Floats],
    *,
    usual: Flags | bool = True,
    load_reach: float = REACH,
) -> Hardware:
    """Hardware at the speed that profiles show, and what that speed rests on.

    Args:
        hardware: one row per replica or node.
        points: what was measured, one at least.
        lengths: of the workload [tokens].
        loads: of each row, as it is planned and at most, shapes (n,) [1].
        usual: whether the work of the workload is mostly of each point's lengths (p,).
        load_reach: factor in load beyond which a point tells nothing [1].
    """
    planned, most = loads
    outside = np.maximum(
        np.log(planned)[:, None] - np.log(points.load),
        np.log(points.load) - np.log(most)[:, None],
    )
    beyond = np.maximum(outside, 0.0)
    stretch = np.abs(np.log(np.asarray(lengths, dtype=np.float64)) - np.log(points.lengths))
    longer = np.max(stretch, axis=1, initial=0.0)
    near = (longer <= np.log(LENGTH_TOLERANCE)) & (beyond <= np.log(LOAD_TOLERANCE)) & usual
    reached = (longer <= np.log(REACH)) & (beyond <= np.log(load_reach))
    code = _codes(hardware, points, near, reached)
    shape = np.abs(np.log(hardware.accelerators)[:, None] - np.log(points.hardware.accelerators))
    nearest = _least(code, longer + shape, beyond)
    ratio = _at_load(points, points.sweep[nearest], planned)
    found = np.take_along_axis(code, nearest[:, None], axis=1)[:, 0]
    own = found < _NOWHERE
    share = np.where(found == Origin.PROFILE_SISTER, SISTER_SHARE, 1.0)
    return replace(
        hardware,
        speed=np.where(own, ratio**share, hardware.speed),
        profiled=np.where(own, found, NO_PROFILE),
    )


def _codes(hardware: Hardware, points: ProfilePoints, near: Flags, reached: Flags) -> Integers:
    """What each row could rest on by each point: ``Origin`` codes, or ``_NOWHERE`` (n, p)."""
    measured = points.hardware
    bandwidth = hardware.bandwidth_bytes_per_second[:, None]
    known = measured.bandwidth_bytes_per_second
    whole = np.abs(bandwidth - known) <= _SAME_BANDWIDTH * known
    alike = hardware.accelerators[:, None] == measured.accelerators
    alike = alike & (hardware.link_kind[:, None] == measured.link_kind) & whole
    chip = _same_chip(hardware, points)
    return np.select(
        [chip & alike & near, chip & reached, _sisters(hardware, points) & reached],
        [np.int64(origin) for origin in PROFILED],
        np.int64(_NOWHERE),
    )


def _same_chip(hardware: Hardware, points: ProfilePoints) -> Flags:
    return np.asarray(hardware.names[:, None] == points.hardware.names)


def _sisters(hardware: Hardware, points: ProfilePoints) -> Flags:
    own = hardware.architectures[:, None]
    return np.asarray((own == points.hardware.architectures) & (own != ""))


def _least(*keys: Integers | Floats) -> Integers:
    """Position of the least point of each row, by the first key, then by the next (n,)."""
    left = np.ones(keys[0].shape, dtype=np.bool_)
    for key in keys:
        masked = np.where(left, key, np.inf)
        left &= masked <= masked.min(axis=1, keepdims=True) + 1e-9
    return np.asarray(np.argmax(left, axis=1))


def _at_load(points: ProfilePoints, sweep: Integers, load: Floats) -> Floats:
    """Measured over modelled of each row's sweep, at the load of the row (n,) [1].

    Points of equal load count with their geometric mean; beyond the ends the end's ratio holds.
    """
    ratio = np.ones(len(load))
    for number in np.unique(sweep):
        members = points.sweep == number
        at, where = np.unique(np.log(points.load[members]), return_inverse=True)
        total = np.bincount(where.reshape(-1), weights=np.log(points.speed[members]))
        mean = total / np.bincount(where.reshape(-1))
        rows = sweep == number
        ratio[rows] = np.exp(np.interp(np.log(load[rows]), at, mean))
    return ratio
