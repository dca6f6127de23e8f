"""Hardware of the layouts of a service, one number format at a time, as it is planned with."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from costopt.candidate.layout import placement
from costopt.candidate.profiled import planned_replicas
from costopt.candidate.service import ServiceCandidates
from costopt.candidate.settings import RateSettings
from costopt.candidate.slice_hardware import sliced, with_slices_analytic
from costopt.catalog.catalog import Catalog
from costopt.performance.bands import Work
from costopt.performance.hardware import Hardware
from costopt.workload.serving import InferenceService


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlannedRows:
    """Layouts of one number format.

    Attributes:
        precision: number format of the weights.
        rows: indices of the layouts (rows,).
        replicas: of one instance in each of them (rows,) [1].
        hardware: one replica of each, at the speed that is planned with.
    """

    precision: str
    rows: NDArray[np.int64]
    replicas: NDArray[np.float64]
    hardware: Hardware


def planned_rows(
    workload: InferenceService,
    candidates: ServiceCandidates,
    catalog: Catalog,
    settings: RateSettings,
) -> Iterator[PlannedRows]:
    """Yield the layouts of a language model's service, one number format at a time.

    Args:
        workload: a service with traffic.
        candidates: of the service.
        catalog: where types and accelerators are described.
        settings: what decides the planned speed.
    """
    precisions = [layout.precision for layout in candidates.layouts]
    for precision in dict.fromkeys(precisions):
        rows = [row for row, name in enumerate(precisions) if name == precision]
        layouts = [candidates.layouts[row] for row in rows]
        kinds = [candidates.types[candidates.type_of_layout[row]] for row in rows]
        hardware = sliced(
            Hardware.of(
                [
                    placement(catalog, kind, layout.tensor_parallel)
                    for kind, layout in zip(kinds, layouts, strict=True)
                ]
            ),
            layouts,
        )
        found = planned_replicas(hardware, workload, catalog, precision, settings)
        work, confidence = Work.SERVING, settings.confidence
        yield PlannedRows(
            precision=precision,
            rows=np.array(rows),
            replicas=np.array([layout.replicas for layout in layouts], dtype=np.float64),
            hardware=with_slices_analytic(found, hardware, layouts, work, confidence).hardware,
        )
