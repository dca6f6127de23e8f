"""Gangs: instances that run together, all of one configuration or none, in arrays."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from costopt.solve.problem import BoolArray, FloatArray, IntArray

NO_GANG: Final = -1
"""Configuration of an offer whose instances run in any number."""

EVERY_HOUR: Final = -1
"""Job of a task that runs in every hour instead of working on one."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gangs:
    """Tasks of whole gangs: each runs in one of its configurations, the same in all hours.

    In an hour either none of a configuration's offers has an instance, or together they have
    just its size; which of them pays may change from hour to hour. A gang that runs in an hour
    and did not in the one before, or in the first hour of a round, has started, and loses work.

    Attributes:
        configuration: of each offer; NO_GANG = none (offers,).
        size: instances of each configuration (configurations,) [1].
        lost_hours: hours of its work that are lost with a start (configurations,) [h].
        task: of each configuration (configurations,).
        job: job of the deferrable work that each task does; EVERY_HOUR = none (tasks,).
    """

    configuration: IntArray
    size: IntArray
    lost_hours: FloatArray
    task: IntArray
    job: IntArray

    @classmethod
    def none(cls) -> "Gangs":
        """Return no gangs."""
        nothing = np.zeros(0, dtype=np.int64)
        return cls(
            configuration=nothing, size=nothing, lost_hours=np.zeros(0), task=nothing, job=nothing
        )

    def __len__(self) -> int:
        """Return the number of tasks."""
        return len(self.job)

    @property
    def works(self) -> BoolArray:
        """Configurations that work on a job, in some hours (configurations,)."""
        works: BoolArray = self.job[self.task] != EVERY_HOUR
        return works

    def whole(self, counts: IntArray) -> IntArray:
        """Instances of each configuration (configurations, hours) [1].

        Args:
            counts: instances of each offer (offers, hours) [1].
        """
        running = np.zeros((len(self.size), counts.shape[1]), dtype=np.int64)
        mine = np.flatnonzero(self.configuration >= 0)
        np.add.at(running, self.configuration[mine], counts[mine])
        return running


def runs_started(running: BoolArray) -> BoolArray:
    """Hours in which something starts that did not run in the hour before (things, hours).

    Args:
        running: hours of one round in which each runs, in order (things, hours).
    """
    started: BoolArray = running & ~np.pad(running, ((0, 0), (1, 0)))[:, :-1]
    return started
