"""How a batch runs on nodes that services share, from catalogue and performance model alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from costopt.candidate.batch import rate_instances
from costopt.candidate.confidence import planned_factor
from costopt.candidate.renting import start_hours
from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.evaluate.facts import types_of
from costopt.evaluate.job_point import row_of, work_fractions_of
from costopt.performance.bands import Band
from costopt.plan.line import PlanLine
from costopt.units import SECONDS_PER_HOUR
from costopt.workload.batch import BatchInference
from costopt.workload.request import Job, PlanRequest

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BesidePoint:
    """What a batch comes to on shared nodes; arrays of shape (lines,).

    Attributes:
        rate_per_instance: planned rate of the replicas on one instance [1/s].
        hours: from the start until the last line has done its part [h].
        vram_gib: memory of one accelerator by term [GiB].
        usable_gib: what it has [GiB].
        band: origin and 80 % band of the expected rates.
    """

    rate_per_instance: Floats
    hours: float
    vram_gib: tuple[dict[str, float], ...]
    usable_gib: Floats
    band: Band


def beside_point(
    catalog: Catalog, workload: Job, lines: Sequence[PlanLine], request: PlanRequest
) -> BesidePoint:
    """Recompute when a batch is done that works on nodes beside services.

    ``h = s + max_l U p_l / (n_l r_l)``: s hours until the nodes are ready, U units of work, of
    which line l does the part p on n instances at the rate r each.

    Args:
        catalog: where model and types are described.
        workload: the job.
        lines: of it; all of them on shared nodes.
        request: the question, for the confidence and profiles.

    Raises:
        InvalidInputError: a line has a node to itself, the job is no batch, a layout is none of
            its type's, or the lines do not do the whole of the work.
    """
    if not isinstance(workload, BatchInference) or not all(line.shared_node for line in lines):
        raise InvalidInputError(
            "plan", ["a job works on shared nodes in some lines, and not as a batch in all"]
        )
    work_fractions_of(workload, lines)
    rates, vram, usable, bands = [], [], [], []
    for row, line in enumerate(lines):
        kinds = types_of(catalog, [line])
        precision = line.layout.precision
        rated = rate_instances(workload, catalog, kinds, [""], precision, request.profiles)
        place = row_of(rated, line)
        band = rated.band.take(np.array([place]))
        factor = planned_factor(band.low_factor, band.high_factor, band.origin, request.confidence)
        part = line.layout.replicas / rated.layouts[place].replicas
        rates.append(float(rated.units_per_second[place] * factor[0]) * part)
        vram.append(rated.vram_gib(place))
        usable.append(float(rated.usable_gib[place]))
        bands.append(([row], band))
    rate = np.array(rates)
    units = float(workload.requests or workload.samples or 0)
    parts = np.array([line.routing[0] / line.count for line in lines])
    with np.errstate(divide="ignore"):
        seconds = float((units * parts / rate).max())
    return BesidePoint(
        rate_per_instance=rate,
        hours=start_hours(catalog) + seconds / SECONDS_PER_HOUR,
        vram_gib=tuple(vram),
        usable_gib=np.array(usable),
        band=Band.joined(bands),
    )
