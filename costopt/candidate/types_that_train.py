"""Instance types that train a model, and gangs of them on the grid of sizes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from costopt.candidate.eligible import EligibleOffers
from costopt.candidate.formats import format_names
from costopt.candidate.layout import InstanceType, instance_types_of, unusable_reasons
from costopt.candidate.profiled_gangs import gang_points
from costopt.candidate.rated_gangs import RatedGangs, training_setup
from costopt.candidate.settings import CandidateSettings
from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.model import ModelSpec
from costopt.performance.profiled import ProfilePoints
from costopt.performance.support import Task
from costopt.workload.training import FineTuneJob, TrainingJob

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TypesThatTrain:
    """Instance types of the offers that take part, and gangs of those that can do a job.

    Attributes:
        kinds: all instance types.
        unusable: why each of them cannot do the job; empty where it can.
        usable: those that can, as positions in ``kinds`` (gang types,).
        gangs: of these, on the grid of sizes.
    """

    kinds: tuple[InstanceType, ...]
    unusable: list[str]
    usable: Integers
    gangs: RatedGangs


def types_that_train(
    workload: FineTuneJob | TrainingJob,
    catalog: Catalog,
    eligible: EligibleOffers,
    settings: CandidateSettings,
) -> TypesThatTrain:
    """Find the types that can do a job, and rate gangs of them.

    Args:
        workload: the job.
        catalog: where model and accelerators are described.
        eligible: offers that the limits allow.
        settings: of the request.

    Raises:
        UnknownNameError: the model is not in the catalogue.
        InvalidInputError: the model cannot be trained, or not on sequences of this length.
    """
    kinds = instance_types_of(eligible.offers[eligible.excluded.taking_part])
    qlora = isinstance(workload, FineTuneJob) and workload.method == "qlora"
    task = Task.QLORA if qlora else Task.TRAINING
    unusable = unusable_reasons(catalog, kinds, task, multi_host=True)
    usable = np.array([i for i, reason in enumerate(unusable) if not reason], dtype=np.int64)
    model = catalog.model(workload.model)
    _refuse_longer_than_context(workload, model)
    points = {
        name: found
        for name in format_names(workload.precision)
        if (found := _profile_points(workload, catalog, name, settings)) is not None
    }
    used = [kinds[index] for index in usable]
    return TypesThatTrain(
        kinds=kinds,
        unusable=unusable,
        usable=usable,
        gangs=RatedGangs.on_grid(workload, model, catalog, used, points),
    )


def _profile_points(
    workload: FineTuneJob | TrainingJob, catalog: Catalog, name: str, settings: CandidateSettings
) -> ProfilePoints | None:
    """Compare the profiles of a job with the model, in one number format.

    Args:
        workload: the job.
        catalog: where model and accelerators are described.
        name: of the number format.
        settings: of the request.
    """
    setup = training_setup(workload, name)
    return gang_points(workload, setup, catalog, name, settings.profiles)


def _refuse_longer_than_context(workload: FineTuneJob | TrainingJob, model: ModelSpec) -> None:
    """Refuse sequences that the model does not read to their end.

    Args:
        workload: the job.
        model: what is trained.

    Raises:
        InvalidInputError: they are longer.
    """
    if isinstance(workload, TrainingJob):
        length = workload.sequence_length
    else:
        length = workload.tokens_per_sequence
    if model.max_context is not None and length > model.max_context:
        raise InvalidInputError(
            f"model {model.name}",
            [f"it reads {model.max_context:,} tokens at most, not {length:,}"],
        )
