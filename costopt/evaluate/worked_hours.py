"""What the lines of a job do in each hour, and whether it is done in time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import floor

import numpy as np
from numpy.typing import NDArray

from costopt.candidate.batch import rate_instances
from costopt.candidate.batch_by_hour import working_seconds
from costopt.candidate.confidence import planned_factor
from costopt.candidate.rated_gangs import total_tokens
from costopt.catalog.catalog import Catalog
from costopt.evaluate.facts import types_of
from costopt.evaluate.gang_hours import trained_in_hours
from costopt.evaluate.hours_operated import HourOperated
from costopt.evaluate.job_point import row_of
from costopt.evaluate.limits import TOLERANCE
from costopt.evaluate.operate import NOT_WORKED_OUT, Operated
from costopt.evaluate.rate_basis import rate_bases
from costopt.plan.line import PlanLine
from costopt.plan.schedule import Schedule
from costopt.workload.batch import BatchInference
from costopt.workload.request import AnyWorkload, Job, PlanRequest
from costopt.workload.training import FineTuneJob, TrainingJob

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JobHours:
    """One job in a schedule.

    Attributes:
        rows: positions of its lines among those of the plan.
        lines: the same lines with rates and memory.
        done: work of each line in each kind of hour (hours, lines) [units].
        hour: of the profile, that each kind of hour is; from 0 (hours,).
        scenario: of each kind of hour (hours,).
        units: to be done in each round of the profile; 0 for nodes that only run [units].
        last: first hour after the deadline [h].
    """

    rows: tuple[int, ...]
    lines: tuple[PlanLine, ...]
    done: Floats
    hour: NDArray[np.int64]
    scenario: NDArray[np.int64]
    units: float
    last: int

    @property
    def pace(self) -> Floats:
        """Work of each kind of hour over that of an even pace in its scenario (hours,) [1]."""
        whole = np.bincount(self.scenario, weights=self.done.sum(axis=1))
        even = whole / np.bincount(self.scenario)
        return np.asarray(self.done.sum(axis=1) / np.where(even > 0, even, 1.0)[self.scenario])


def job_hours(
    name: str,
    workload: AnyWorkload,
    lines: Sequence[PlanLine],
    schedule: Schedule,
    request: PlanRequest,
    catalog: Catalog,
) -> JobHours:
    """Work out what the lines of a job do in each hour, from their counts alone.

    Equal nodes have no deadline and nothing to be done; their work is that they run.

    Args:
        name: what the plan calls the job.
        workload: the job, or nodes that run in every hour.
        lines: of the whole plan.
        schedule: kinds of hours with their counts.
        request: the question, for confidence and profiles.
        catalog: what it runs on.

    Raises:
        InvalidInputError: a layout is none of its instance type's.
    """
    rows = tuple(row for row, line in enumerate(lines) if line.workload == name)
    own = [lines[row] for row in rows]
    counts = np.array([[hour.counts[row] for row in rows] for hour in schedule.hours])
    counts = counts.reshape(len(schedule.hours), len(rows))
    places = {
        number: (scenario, hour)
        for scenario, numbers in enumerate(schedule.kind_of_hour)
        for hour, number in enumerate(numbers)
    }
    placed = np.array([places[number] for number in range(len(schedule.hours))], dtype=np.int64)
    if isinstance(workload, BatchInference):
        rated = tuple(_rated(workload, line, request, catalog) for line in own)
        speed = np.array([line.rate_per_instance or 0.0 for line in rated])
        done = counts * speed * working_seconds(catalog)
    elif isinstance(workload, FineTuneJob | TrainingJob):
        follows = np.full(len(schedule.hours), -1, dtype=np.int64)
        for numbers in schedule.kind_of_hour:
            follows[list(numbers[1:])] = numbers[:-1]
        rated, done = trained_in_hours(workload, own, counts, follows, request, catalog)
    else:
        rated = tuple(line.model_copy(update=NOT_WORKED_OUT) for line in own)
        done = counts.astype(np.float64)
    return JobHours(
        rows=rows,
        lines=rated,
        done=done,
        hour=placed[:, 1],
        scenario=placed[:, 0],
        units=_units(workload),
        last=_last(workload, len(schedule.kind_of_hour[0])),
    )


def _units(workload: AnyWorkload) -> float:
    """Return what is to be done in each round; 0 for nodes."""
    if isinstance(workload, BatchInference):
        return float(workload.requests or workload.samples or 0)
    return total_tokens(workload) if isinstance(workload, FineTuneJob | TrainingJob) else 0.0


def _last(workload: AnyWorkload, hours: int) -> int:
    """Return the first hour after the deadline, which is within the round."""
    return min(floor(workload.deadline_hours), hours) if isinstance(workload, Job) else hours


def _rated(
    workload: BatchInference, line: PlanLine, request: PlanRequest, catalog: Catalog
) -> PlanLine:
    """Fill in what one instance of a line does."""
    kinds = types_of(catalog, [line])
    precision = line.layout.precision
    rates = rate_instances(workload, catalog, kinds, [""], precision, request.profiles)
    row = row_of(rates, line)
    band = rates.band.take(np.array([row]))
    factor = planned_factor(band.low_factor, band.high_factor, band.origin, request.confidence)
    origin, told = rate_bases(band, request.confidence)[0]
    figures = {
        "rate_per_instance": float(rates.units_per_second[row] * factor[0]),
        "rate_unit": "requests/s" if workload.requests is not None else "samples/s",
        "rate_origin": origin,
        "rate_band": told,
        "vram_used_gib": rates.vram_gib(row),
        "vram_usable_gib": float(rates.usable_gib[row]) or None,
        "max_utilisation": 1.0,
    }
    return line.model_copy(update=NOT_WORKED_OUT | figures)


def with_work(schedule: Schedule, name: str, job: JobHours) -> Schedule:
    """Write what a job does in each hour as its demand, and who does it as its routing.

    Args:
        schedule: with the counts of its hours.
        name: what the plan calls the job.
        job: of the schedule.
    """
    whole = job.done.sum(axis=1)
    parts = job.done / np.where(whole > 0, whole, 1.0)[:, None]
    hours = []
    for number, (hour, pace) in enumerate(zip(schedule.hours, job.pace.tolist(), strict=True)):
        routing = list(hour.routing)
        for row, part in zip(job.rows, parts[number].tolist(), strict=True):
            routing[row] = (part,) if hour.counts[row] else ()
        update = {"demand_factor": {**hour.demand_factor, name: pace}, "routing": tuple(routing)}
        hours.append(hour.model_copy(update=update))
    return schedule.model_copy(update={"hours": tuple(hours)})


def worked_by_hour(job: JobHours, schedule: Schedule) -> tuple[HourOperated, ...]:
    """Return the job in every kind of hour in which something runs for it.

    Args:
        job: of the schedule.
        schedule: with its work written in.
    """
    found = []
    for number in np.flatnonzero(job.done.any(axis=1)).tolist():
        hour = schedule.hours[number]
        running = [index for index, row in enumerate(job.rows) if hour.counts[row]]
        rows = tuple(job.rows[index] for index in running)
        lines = tuple(
            job.lines[index].model_copy(
                update={
                    "count": hour.counts[row],
                    "routing": hour.routing[row],
                    "share": hour.routing[row][0],
                }
            )
            for index, row in zip(running, rows, strict=True)
        )
        ended = float(job.hour[number] + 1) if job.units else None
        operated = Operated(lines=lines, duration_hours=ended)
        found.append(
            HourOperated(hour=number, rows=rows, factor=float(job.pace[number]), operated=operated)
        )
    return tuple(found)


def broken_work(job: JobHours, scenarios: Sequence[str]) -> Iterator[str]:
    """Yield a sentence where a job is not done by its deadline, or runs after it.

    Args:
        job: of a schedule.
        scenarios: names.
    """
    if any(line.is_spot for line in job.lines):
        yield "runs on spot, and beside a demand profile firm capacity alone is planned for it"
    late = np.flatnonzero((job.hour >= job.last) & job.done.any(axis=1))
    if len(late):
        yield f"runs in hour {int(job.hour[late[0]])}, due by hour {job.last}"
    for number, name in enumerate(scenarios):
        inside = (job.scenario == number) & (job.hour < job.last)
        done = float(job.done[inside].sum())
        if not done >= job.units * (1 - TOLERANCE):
            yield f"{done:,.6g} of {job.units:,.6g} done by hour {job.last} in scenario {name}"
