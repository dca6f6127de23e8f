"""Readings: what monitoring saw of each accelerator, and what that says of a deployment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from costopt.errors import InvalidInputError
from costopt.profile.measured import Watched
from costopt.units import GIB

MIB: Final = 2**20
"""Bytes in one MiB. Source: IEC 80000-13."""

MIB_PER_GIB: Final = GIB / MIB

PERCENT: Final = 100.0

SAME_TOTAL: Final = 1.02
"""Factor within which accelerators of one kind have the same memory: drivers round it [1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """What monitoring saw of one accelerator.

    Attributes:
        busy_fractions: share of time in which a kernel ran, one for each reading [0..1].
        used_gib: memory in use, one for each reading [GiB].
        total_gib: all memory [GiB].
    """

    busy_fractions: Sequence[float]
    used_gib: Sequence[float]
    total_gib: float

    @property
    def ever_busy(self) -> bool:
        """Whether a kernel ran in any reading."""
        return any(fraction > 0 for fraction in self.busy_fractions)

    @property
    def busy_fraction(self) -> float:
        """Mean share of time in which a kernel ran [0..1]."""
        return sum(self.busy_fractions) / len(self.busy_fractions)

    @property
    def peak_gib(self) -> float:
        """Highest memory in use [GiB]."""
        return max(self.used_gib)


def watched(readings: Mapping[str, Readings], accelerators: int, place: str) -> Watched:
    """Return what monitoring showed of the accelerators of a deployment.

    Idle accelerators in the file beyond those of the deployment are left out; those within it
    count, because they are paid for.

    Args:
        readings: of each accelerator in the file, by its name there.
        accelerators: of the deployment [1].
        place: the file, for messages.

    Raises:
        InvalidInputError: no accelerator was busy, more were than the deployment has, or they
            are of several kinds.
    """
    busy = [one for one in readings.values() if one.ever_busy]
    if not busy:
        raise InvalidInputError(
            place,
            [
                f"no kernel ran on any of the {len(readings)} accelerators in any reading: the "
                "deployment ran elsewhere, or at another time"
            ],
        )
    if len(busy) > accelerators:
        raise InvalidInputError(
            place,
            [
                f"{len(busy)} accelerators in the file were busy, and accelerators = "
                f"{accelerators}: keep only those of the deployment in the file"
            ],
        )
    idle = [one for one in readings.values() if not one.ever_busy]
    own_idle = idle[: accelerators - len(busy)]
    own = [*busy, *own_idle]
    totals = sorted(one.total_gib for one in own)
    if totals[-1] > SAME_TOTAL * totals[0]:
        raise InvalidInputError(
            place,
            [
                f"the accelerators have from {totals[0]:.1f} to {totals[-1]:.1f} GiB: keep those "
                "of one kind in the file"
            ],
        )
    fullest = max(own, key=lambda one: one.peak_gib / one.total_gib)
    fractions = [fraction for one in own for fraction in one.busy_fractions]
    return Watched(
        accelerator_busy_fraction=sum(fractions) / len(fractions),
        least_busy_fraction=min(one.busy_fraction for one in busy),
        vram_peak_gib=fullest.peak_gib,
        vram_total_gib=fullest.total_gib,
        samples=len(fractions),
        watched_accelerators=len(own),
        idle_accelerators=len(own_idle),
        left_out_accelerators=len(idle) - len(own_idle),
    )


def checked(name: str, one: Readings, place: str) -> Readings:
    """Return the readings of one accelerator, or refuse figures that cannot be.

    Args:
        name: of the accelerator in the file.
        one: its readings.
        place: the file, for messages.

    Raises:
        InvalidInputError: a share of time outside 0..1, or negative memory.
    """
    problems = []
    if not all(0 <= fraction <= 1 for fraction in one.busy_fractions):
        problems.append(f"accelerator {name}: utilisation must be from 0 to 100 %")
    if not all(used >= 0 for used in one.used_gib) or not one.total_gib > 0:
        problems.append(f"accelerator {name}: memory must be at least 0, and all of it above 0")
    if problems:
        raise InvalidInputError(place, problems)
    return one
