"""What profiles of observed jobs say of gangs that train."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from costopt.candidate.profile_jobs import training_points
from costopt.candidate.profiled import concerning
from costopt.catalog.catalog import Catalog
from costopt.performance.hardware import Hardware
from costopt.performance.profiled import ProfilePoints, with_speed
from costopt.performance.training_setup import TrainingSetup
from costopt.profile.profile import Profile
from costopt.workload.training import FineTuneJob, TrainingJob

Integers = NDArray[np.int64]


def gang_points(
    workload: FineTuneJob | TrainingJob,
    setup: TrainingSetup,
    catalog: Catalog,
    precision: str,
    profiles: Sequence[Profile],
) -> ProfilePoints | None:
    """Compare the profiles of a job with the model; None where none concerns it.

    Args:
        workload: the job.
        setup: what it trains in this format, and how.
        catalog: where model and accelerators are described.
        precision: number format.
        profiles: of the request.
    """
    own = concerning(profiles, workload, catalog, precision)
    return training_points(own, setup, catalog) if own else None


def profiled_nodes(
    hardware: Hardware, setup: TrainingSetup, nodes: Integers, points: ProfilePoints | None
) -> Hardware:
    """Nodes of gangs at the speed that profiles show; one node tells of gangs of any size.

    Args:
        hardware: one row per gang.
        setup: what is trained, for the length of its sequences.
        nodes: instances of each gang, or of all of them (gangs,) [1].
        points: what profiles measured; None where they say nothing.
    """
    if points is None:
        return hardware
    gangs = np.broadcast_to(nodes.astype(np.float64), (len(hardware),))
    return with_speed(
        hardware, points, (setup.sequence_length,), (gangs, gangs), load_reach=np.inf
    )
