"""How long a run that measures a rate takes, by a stated rule."""

from typing import Final

from costopt.candidate.find import NamedWorkload
from costopt.candidate.renting import start_hours
from costopt.catalog.catalog import Catalog
from costopt.precision import WEIGHT_FORMATS
from costopt.units import GB, SECONDS_PER_MINUTE
from costopt.workload.requirement import Requirement
from costopt.workload.training import TrainingJob

LOADING_BYTES_PER_SECOND: Final = 0.5 * GB
"""Weights from an object store into the memory of accelerators [B/s].

Source: planning choice; a download of that rate fills half of a 10 Gbit/s network.
"""

WARM_UP_MINUTES: Final = 2.0
"""Compiling, capturing graphs and the first requests or steps [min].

Source: planning choice.
"""

MEASURED_MINUTES: Final = 10.0
"""Time in which the rate is taken [min].

Source: MLPerf inference rules (mlcommons/inference_policies), shortest valid run of 600 s.
"""

MINUTES_PER_HOUR: Final = 60.0


def run_minutes(item: NamedWorkload, precision: str, catalog: Catalog) -> float:
    """Minutes that a measuring run is charged for: start, load weights, warm up, measure [min].

    A job that trains from scratch loads nothing.

    Args:
        item: the workload whose rate is measured.
        precision: number format of the weights.
        catalog: where the model is described, and how long instances take to start.
    """
    starting = start_hours(catalog) * MINUTES_PER_HOUR
    return (
        starting + _loading_minutes(item, precision, catalog) + WARM_UP_MINUTES + MEASURED_MINUTES
    )


def _loading_minutes(item: NamedWorkload, precision: str, catalog: Catalog) -> float:
    if isinstance(item.workload, TrainingJob | Requirement):
        return 0.0
    parameters = catalog.model(item.workload.model).parameters
    held = parameters * WEIGHT_FORMATS[precision].linear_bytes
    return held / LOADING_BYTES_PER_SECOND / SECONDS_PER_MINUTE
