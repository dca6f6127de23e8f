"""Every way to train or fine-tune by a deadline: instance types x gang sizes x formats."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from costopt.candidate.eligible import EligibleOffers
from costopt.candidate.find_gangs import all_gangs
from costopt.candidate.gang_costs import GangOffers, GangWork
from costopt.candidate.gang_sizes import sizes_between
from costopt.candidate.job import JobCandidates
from costopt.candidate.layout import Layout
from costopt.candidate.rated_gangs import RatedGangs
from costopt.candidate.renting import rent_gangs
from costopt.candidate.settings import CandidateSettings
from costopt.candidate.types_that_train import types_that_train
from costopt.catalog.catalog import Catalog
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
    found = types_that_train(workload, catalog, eligible, settings)
    usable = found.usable

    def rated_around(renting: GangOffers) -> tuple[GangWork, Callable[[int], Layout]]:
        gangs = _filled_in(found.gangs, renting, usable, settings)
        return gangs.work(usable, settings), gangs.layout

    return rent_gangs(
        workload=workload,
        catalog=catalog,
        eligible=eligible,
        settings=settings,
        kinds=found.kinds,
        unusable=found.unusable,
        work_for=rated_around,
        misses=found.gangs.misses(),
        owners=usable,
        rate_unit="tokens/s",
    )


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
