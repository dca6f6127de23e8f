"""What gangs of a plan over time do in each hour: training jobs, and equal nodes."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from costopt.candidate.confidence import planned_factor
from costopt.candidate.gangs_by_hour import hours_lost_with_a_start
from costopt.catalog.catalog import Catalog
from costopt.evaluate.job_point import rated_gang
from costopt.evaluate.operate import NOT_WORKED_OUT
from costopt.evaluate.rate_basis import rate_bases
from costopt.plan.line import PlanLine
from costopt.plan.schedule import Schedule
from costopt.units import SECONDS_PER_HOUR
from costopt.workload.request import PlanRequest
from costopt.workload.requirement import Requirement
from costopt.workload.training import FineTuneJob, TrainingJob

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]


def gang_size(workload: FineTuneJob | TrainingJob | Requirement, lines: Sequence[PlanLine]) -> int:
    """Return how many instances must run at once [1].

    Args:
        workload: a job that trains, or equal nodes.
        lines: of that workload.
    """
    if isinstance(workload, Requirement):
        return workload.nodes
    return lines[0].layout.nodes_per_gang if lines else 1


def trained_in_hours(
    workload: FineTuneJob | TrainingJob,
    lines: Sequence[PlanLine],
    counts: Integers,
    follows: Integers,
    request: PlanRequest,
    catalog: Catalog,
) -> tuple[tuple[PlanLine, ...], Floats]:
    """Rate the gang of a job, and work out what its lines do in each kind of hour.

    A whole gang works for the hour; a part of one does nothing. Where it did not run in the hour
    before, it loses the time to start, to read a checkpoint and to write the next one.

    Args:
        workload: the job.
        lines: of the job.
        counts: instances of each line in each kind of hour (hours, lines) [1].
        follows: kind of the hour before each; -1 for the first of a round (hours,).
        request: the question, for confidence and profiles.
        catalog: what it runs on.

    Returns:
        The lines with rates and memory, and their work (hours, lines) [tokens].
    """
    if not lines:
        return (), np.zeros(counts.shape)
    size = gang_size(workload, lines)
    gang = rated_gang(catalog, workload, lines[0], size, request.profiles)
    band = gang.band
    factor = planned_factor(band.low_factor, band.high_factor, band.origin, request.confidence)
    speed = gang.rate * float(factor[0])
    origin, told = rate_bases(band, request.confidence)[0]
    figures = {
        "layout": gang.layout,
        "rate_per_instance": speed / size,
        "rate_unit": "tokens/s",
        "rate_origin": origin,
        "rate_band": told,
        "vram_used_gib": dict(gang.vram_gib),
        "vram_usable_gib": gang.usable_gib or None,
        "max_utilisation": 1.0,
    }
    rated = tuple(line.model_copy(update=NOT_WORKED_OUT | figures) for line in lines)
    running: Flags = counts.sum(axis=1) == size
    went_on = running & np.where(follows >= 0, running[follows], False)
    writers = np.array([size * gang.hosts], dtype=np.int64)
    lost = float(hours_lost_with_a_start(gang.state_bytes, writers, catalog)[0])
    hours = np.where(running, np.where(went_on, 1.0, 1.0 - lost), 0.0)
    return rated, hours[:, None] * speed * SECONDS_PER_HOUR * counts / size


def broken_gangs(
    name: str,
    workload: FineTuneJob | TrainingJob | Requirement,
    lines: Sequence[PlanLine],
    schedule: Schedule,
) -> Iterator[str]:
    """Yield a sentence where lines are not one gang, or a part of it runs alone.

    Args:
        name: what the plan calls the workload.
        workload: a job that trains, or equal nodes.
        lines: of the whole plan.
        schedule: with the counts of its hours.
    """
    rows = [row for row, line in enumerate(lines) if line.workload == name]
    own = [lines[row] for row in rows]
    places = {(line.offer.provider, line.offer.region, line.offer.instance_type) for line in own}
    zones = {line.offer.zone for line in own} - {""}
    if len(places) > 1 or len(zones) > 1 or len({line.layout for line in own}) > 1:
        yield "its lines are not one gang of one instance type in one place"
    size = gang_size(workload, own)
    may_rest = not isinstance(workload, Requirement)
    for number, hour in enumerate(schedule.hours):
        count = sum(hour.counts[row] for row in rows)
        if count != size and not (count == 0 and may_rest):
            yield f"{count} instances run in hour {number}, {size} must at once"
