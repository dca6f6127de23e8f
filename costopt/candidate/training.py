"""Every way to train or fine-tune by a deadline: instance types x gang sizes x formats."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from costopt.candidate.eligible import EligibleOffers
from costopt.candidate.find_gangs import all_gangs
from costopt.candidate.formats import format_names
from costopt.candidate.gang_costs import GangOffers, GangWork
from costopt.candidate.gang_sizes import sizes_between
from costopt.candidate.job import JobCandidates
from costopt.candidate.layout import Layout, instance_types_of, unusable_reasons
from costopt.candidate.profiled_gangs import gang_points
from costopt.candidate.rated_gangs import RatedGangs, training_setup
from costopt.candidate.renting import rent_gangs
from costopt.candidate.settings import CandidateSettings
from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.model import ModelSpec
from costopt.performance.profiled import ProfilePoints
from costopt.performance.support import Task
from costopt.workload.training import FineTuneJob, TrainingJob

Integers = NDArray[np.int64]


def training_candidates(
    workload: FineTuneJob | TrainingJob,
    catalog: Catalog,
    eligible: EligibleOffers,
    settings: CandidateSettings,
) -> JobCandidates:
    """Rate gangs of every eligible type, and price those that end in time.

    A gang of one node needs no network; larger ones need a known speed between nodes. A slice
    over several hosts is one node.

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
    refuse_longer_than_context(workload, model)
    points = {
        name: found
        for name in format_names(workload.precision)
        if (found := profile_points(workload, catalog, name, settings)) is not None
    }
    used = [kinds[index] for index in usable]
    gangs = RatedGangs.on_grid(workload, model, catalog, used, points)

    def rated_around(renting: GangOffers) -> tuple[GangWork, Callable[[int], Layout]]:
        found = _filled_in(gangs, renting, usable, settings)
        return found.work(usable, settings), found.layout

    return rent_gangs(
        workload=workload,
        catalog=catalog,
        eligible=eligible,
        settings=settings,
        kinds=kinds,
        unusable=unusable,
        work_for=rated_around,
        misses=gangs.misses(),
        owners=usable,
        rate_unit="tokens/s",
    )


def profile_points(
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


def _filled_in(
    gangs: RatedGangs, renting: GangOffers, usable: Integers, settings: CandidateSettings
) -> RatedGangs:
    """Rate more sizes until every one around the cheapest and the first in time is rated."""
    if not len(usable):
        return gangs
    row_of_type = np.full(int(usable.max(initial=-1)) + 2, -1, dtype=np.int64)
    row_of_type[usable] = np.arange(len(usable))
    deadline = gangs.workload.deadline_hours
    while True:
        priced = all_gangs(gangs.work(usable, settings), renting, deadline, settings)
        row, nodes = sizes_between(
            priced, row_of_type[renting.type_index], deadline, gangs.tried_sizes()
        )
        if not len(row):
            return gangs
        gangs = gangs.with_sizes(row, nodes)


def refuse_longer_than_context(workload: FineTuneJob | TrainingJob, model: ModelSpec) -> None:
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
