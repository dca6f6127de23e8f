"""Starts in a plan over time, told from the counts of its hours alone."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.candidate.starts import start_up_hours
from costopt.catalog.catalog import Catalog
from costopt.plan.line import PlanLine
from costopt.plan.schedule import Schedule, ScheduledHour
from costopt.workload.demand_hours import served_names
from costopt.workload.request import PlanRequest

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def with_starts(schedule: Schedule, request: PlanRequest) -> Schedule:
    """Write how many instances of each line start in each hour, where that matters.

    Before the first hour of a round comes the last one.

    Args:
        schedule: with the counts of its hours, each an hour of the profile.
        request: the question, which says whether starting or stopping takes time.
    """
    started = np.zeros_like(_counts(schedule))
    for numbers in schedule.kind_of_hour:
        course = _counts(schedule)[list(numbers)]
        started[list(numbers)] = np.maximum(course - np.roll(course, 1, axis=0), 0)
    ties_hours = request.demand_profile is not None and request.demand_profile.ties_hours
    hours = tuple(
        hour.model_copy(update={"starts": tuple(row) if ties_hours else ()})
        for hour, row in zip(schedule.hours, started.tolist(), strict=True)
    )
    return schedule.model_copy(update={"hours": hours})


def _counts(schedule: Schedule) -> Integers:
    return np.array([hour.counts for hour in schedule.hours], dtype=np.int64)


def charged_for_starts(
    lines: Sequence[PlanLine], offers: pd.DataFrame, request: PlanRequest, catalog: Catalog
) -> Floats:
    """Return the hours that are charged for a start of each line (lines,) [h].

    Those of a job are none: what its starts take counts as hours in which it does not work. Nor
    are those of nodes that run in every hour, whoever pays for them.

    Args:
        lines: of the plan.
        offers: of the lines.
        request: the question.
        catalog: where the time from request to ready is.
    """
    if request.demand_profile is None:
        return np.zeros(len(lines))
    names = served_names(request)
    served = np.array([line.workload in names for line in lines], dtype=np.bool_)
    return np.where(served, start_up_hours(offers, request.demand_profile, catalog), 0.0)


def started_hours(hours: Sequence[ScheduledHour], start_up: Floats) -> Floats:
    """Return the instance-hours that are charged for starts (hours, lines) [h].

    Args:
        hours: kinds of hours with their starts, or without any.
        start_up: hours charged for a start of each line (lines,) [h].
    """
    starts = [hour.starts or (0,) * len(start_up) for hour in hours]
    return np.asarray(np.array(starts, dtype=np.float64) * start_up)


def broken_starts(
    lines: Sequence[PlanLine], schedule: Schedule, request: PlanRequest
) -> Iterator[str]:
    """Yield a sentence for each line of which an instance stops before its time is up.

    The instance that has run longest stops first. So by hour ``t`` as many may have stopped as
    had started by hour ``t - U``, ``U`` hours earlier. The round of hours is followed until the
    first one is ``U`` hours back.

    Args:
        lines: of the plan.
        schedule: with its starts.
        request: the question.
    """
    least = (request.demand_profile and request.demand_profile.min_up_hours) or 1
    if least == 1:
        return
    for name, numbers in zip(schedule.scenarios, schedule.kind_of_hour, strict=True):
        round_hours = len(numbers)
        rounds = -(-least // round_hours) + 1
        counts = np.tile(_counts(schedule)[list(numbers)], (rounds, 1))
        change = np.diff(counts, axis=0, prepend=counts[-1:])
        started = np.maximum(change, 0).cumsum(axis=0)
        stopped = np.maximum(-change, 0).cumsum(axis=0)
        last = slice(len(counts) - round_hours, len(counts))
        earlier = slice(last.start - least, last.stop - least)
        early = stopped[last] > started[earlier] + counts[-1]
        for row in np.flatnonzero(early.any(axis=0)).tolist():
            hour = int(early[:, row].argmax())
            yield (
                f"{lines[row].place}: an instance stops in hour {hour} of scenario {name} before "
                f"it has run {least} h"
            )
