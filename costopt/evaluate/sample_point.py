"""How the instances of a sample service really run under the routing of a plan."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from costopt.candidate.memory import vram_by_term
from costopt.candidate.profiled import planned_samples
from costopt.candidate.samples import rate_samples, whole_instances
from costopt.candidate.settings import RateSettings
from costopt.candidate.slice_hardware import sliced, with_slices_analytic
from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.evaluate.facts import types_of
from costopt.performance.bands import Band, Work
from costopt.plan.line import PlanLine
from costopt.units import GIB
from costopt.workload.serving import InferenceService

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SamplePoint:
    """Operating point of every line; arrays of shape (lines,).

    Attributes:
        load: instances that would be needed at full load, over those there are [0..1].
        rate_per_instance: at full load [samples/s].
        latency_ms: at the percentile, at the planned utilisation of full load [ms].
        vram_gib: memory of one accelerator by term [GiB].
        usable_gib: memory of one accelerator [GiB].
        band: origin and 80 % band of the expected rates.
    """

    load: Floats
    rate_per_instance: Floats
    latency_ms: Floats
    vram_gib: tuple[dict[str, float], ...]
    usable_gib: Floats
    band: Band


def sample_point(
    catalog: Catalog,
    workload: InferenceService,
    lines: Sequence[PlanLine],
    settings: RateSettings,
) -> SamplePoint:
    """Recompute how each line runs from catalogue, workload and performance model alone.

    Args:
        catalog: where model, types and accelerators are described.
        workload: the service.
        lines: of the plan, with counts and shares.
        settings: what decides the planned speed.

    Raises:
        InvalidInputError: the service has no samples, or an offer is not the catalogue's.
    """
    if workload.samples_per_second is None:
        raise InvalidInputError("samples", ["the service has no samples_per_second"])
    layouts = [line.layout for line in lines]
    hardware = sliced(whole_instances(catalog, types_of(catalog, lines)), layouts)
    rate, latency = (np.zeros(len(lines)) for _ in range(2))
    parts = np.array([line.layout.replicas for line in lines]) / hardware.accelerators
    vram: list[dict[str, float]] = [{} for _ in lines]
    bands: list[tuple[list[int], Band]] = []
    precisions = [line.layout.precision for line in lines]
    for precision in dict.fromkeys(precisions):
        rows = [row for row, name in enumerate(precisions) if name == precision]
        planned = with_slices_analytic(
            planned_samples(hardware, workload, catalog, precision, settings),
            hardware,
            layouts,
            Work.SAMPLES,
            settings.confidence,
        )
        rated = rate_samples(workload, catalog, planned.hardware, precision)
        bands.append((rows, planned.band.take(np.array(rows))))
        rate[rows] = (rated.samples_per_second * parts)[rows]
        latency[rows] = rated.latency_ms[rows]
        for row in rows:
            vram[row] = vram_by_term(rated.vram, row)
    counts = np.array([line.count for line in lines], dtype=np.float64)
    routed = np.array([line.routing[0] for line in lines]) * workload.samples_per_second
    with np.errstate(divide="ignore"):
        load = routed / (rate * counts)
    return SamplePoint(
        load=load,
        rate_per_instance=rate,
        latency_ms=latency,
        vram_gib=tuple(vram),
        usable_gib=hardware.usable_bytes / GIB,
        band=Band.joined(bands),
    )
