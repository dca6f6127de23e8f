"""What reclaims cost a job that saves checkpoints: interval, billed hours, time to the end."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from costopt.units import GB, SECONDS_PER_HOUR

Floats = NDArray[np.float64]

WRITE_GB_PER_SECOND_PER_NODE: Final = 1.0
"""Rate at which one node writes its part of a checkpoint [GB/s].

Source: costopt planning default; the order of one 10 Gbit/s link or one network disk per node.
"""

LONGEST_EXPONENT: Final = 30.0
"""Above this many expected reclaims per interval a job never ends; it is reported as such."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InterruptedRun:
    """A job on capacity that is taken back; arrays of one shape.

    Attributes:
        interval_hours: time between checkpoints; NaN where none is needed [h].
        billed_hours: hours of running that are paid, lost work and restarts included [h].
        makespan_hours: from start to end, waiting for capacity included [h].
    """

    interval_hours: Floats
    billed_hours: Floats
    makespan_hours: Floats


def checkpoint_hours(state_bytes: float, writers: NDArray[np.int64]) -> Floats:
    """Time to write one checkpoint when every host writes its part [h]."""
    per_second = writers * WRITE_GB_PER_SECOND_PER_NODE * GB
    return np.asarray(state_bytes / per_second / SECONDS_PER_HOUR, dtype=np.float64)


def best_interval_hours(write_hours: Floats, mean_hours: Floats) -> Floats:
    """Return the interval that loses least, ``sqrt(2 d M) [1 + x/3 + x^2/9] - d``.

    ``x = sqrt(d / 2M)``; when a write takes longer than 2 M the interval is M.

    Args:
        write_hours: d, time to write one checkpoint [h].
        mean_hours: M, mean time between reclaims of the whole job [h].

    Source: Daly 2006, "A higher order estimate of the optimum checkpoint interval".
    """
    ratio = np.sqrt(write_hours / (2 * mean_hours))
    refined = np.sqrt(2 * write_hours * mean_hours) * (1 + ratio / 3 + ratio**2 / 9) - write_hours
    return np.where(write_hours < 2 * mean_hours, refined, mean_hours)


def interrupted_run(
    *,
    work_hours: Floats,
    write_hours: Floats,
    restart_hours: Floats,
    hazard_per_hour: Floats,
    availability_fraction: Floats,
    notice_hours: Floats,
) -> InterruptedRun:
    """Billed hours ``M e^(R/M) (e^((t+d)/M) - 1) W/t`` and makespan ``billed / A``.

    When a checkpoint fits into the notice nothing is lost but the restart: ``W e^(R/M)``.

    Args:
        work_hours: W, hours at full speed without any reclaim [h].
        write_hours: d, time to write one checkpoint [h].
        restart_hours: R, from a reclaim until work goes on [h].
        hazard_per_hour: 1/M, reclaims of the whole job per running hour [1/h].
        availability_fraction: A, share of time with capacity [0..1].
        notice_hours: warning before a reclaim [h].

    Source: Daly 2006 for the billed hours of exponential failures; the makespan assumes that the
    job waits for capacity to come back.
    """
    mean_hours = 1.0 / hazard_per_hour
    saved_in_time = write_hours <= notice_hours
    written = np.maximum(write_hours, 1e-9)
    interval = np.minimum(best_interval_hours(written, mean_hours), np.maximum(work_hours, 1e-9))
    exponent = (interval + written) / mean_hours
    hopeless = np.maximum(exponent, restart_hours / mean_hours) > LONGEST_EXPONENT
    with np.errstate(over="ignore"):
        lossy = (
            mean_hours * np.exp(restart_hours / mean_hours) * np.expm1(exponent)
            * work_hours / interval
        )  # fmt: skip
        lossless = work_hours * np.exp(restart_hours / mean_hours)
    billed = np.where(hopeless, np.inf, np.where(saved_in_time, lossless, lossy))
    return InterruptedRun(
        interval_hours=np.where(saved_in_time, np.nan, interval),
        billed_hours=billed,
        makespan_hours=billed / availability_fraction,
    )
