"""Training beside a demand profile: gangs on firm capacity that may pause between hours."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from costopt.candidate.buckets import Buckets
from costopt.candidate.eligible import EligibleOffers
from costopt.candidate.gang_costs import GangWork
from costopt.candidate.layout import InstanceType, Layout
from costopt.candidate.misses import Miss
from costopt.candidate.rated_gangs import total_tokens
from costopt.candidate.renting import start_hours, with_late_types
from costopt.candidate.service import LayoutRates, ServiceCandidates, assemble_service
from costopt.candidate.settings import CandidateSettings
from costopt.candidate.types_that_train import types_that_train
from costopt.catalog.catalog import Catalog
from costopt.interruption.checkpoint import checkpoint_hours
from costopt.units import SECONDS_PER_HOUR
from costopt.workload.training import FineTuneJob, TrainingJob

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

MOST_RUNS: Final = 168
"""Runs with pauses between them that sizes are compared at: every other hour of two weeks."""


def firm_only(eligible: EligibleOffers) -> EligibleOffers:
    """Leave spot out: what a reclaim costs depends on the hours before it.

    Args:
        eligible: offers that the limits allow.
    """
    firm = (eligible.offers["purchase_option"] != "spot").to_numpy(dtype=np.bool_)
    return EligibleOffers(
        offers=eligible.offers, excluded=eligible.excluded.unless(firm, "spot_by_hour")
    )


def gangs_by_hour_candidates(
    workload: FineTuneJob | TrainingJob,
    catalog: Catalog,
    eligible: EligibleOffers,
    settings: CandidateSettings,
) -> ServiceCandidates:
    """Rate gangs of each type on the job; a layout for each size that may be worth it.

    The rate of a layout is that of one instance of its gang, its demand that of an even pace.

    Args:
        workload: the job.
        catalog: where model and accelerators are described.
        eligible: offers that the limits allow.
        settings: of the request.

    Raises:
        UnknownNameError: the model is not in the catalogue.
        InvalidInputError: the model cannot be trained on sequences of this length.
    """
    eligible = firm_only(eligible)
    found = types_that_train(workload, catalog, eligible, settings)
    kinds, usable, gangs = found.kinds, found.usable, found.gangs
    work = gangs.work(usable, settings)
    lost = hours_lost_with_a_start(work.state_bytes, work.writers, catalog)
    kept = np.flatnonzero(_worth_trying(work, lost, workload.deadline_hours))
    seconds = workload.deadline_hours * SECONDS_PER_HOUR
    misses = with_late_types(gangs.misses(), work, workload.deadline_hours - start_hours(catalog),
                             usable)  # fmt: skip
    idle = np.setdiff1d(usable, work.type_index[kept])
    return assemble_service(
        workload=workload,
        buckets=Buckets.single(total_tokens(workload) / seconds),
        eligible=eligible,
        settings=settings,
        kinds=kinds,
        unusable=found.unusable,
        layouts=(
            *(gangs.layout(int(index)) for index in work.layout[kept]),
            *(_without_a_gang(kinds[index]) for index in idle),
        ),
        type_of_layout=np.concatenate([work.type_index[kept], idle]),
        rates=LayoutRates.joined(
            [
                _rates(work, kept),
                _no_rates([_late(misses[row]) for row in np.searchsorted(usable, idle)]),
            ]
        ),
    )


def hours_lost_with_a_start(state_bytes: float, writers: Integers, catalog: Catalog) -> Floats:
    """Hours of a gang in which it does no work, for each time that it starts and stops (gangs,).

    From request to ready, then reading the checkpoint that it goes on from, and writing one
    when it stops; reading is taken to be as fast as writing.

    Args:
        state_bytes: what a checkpoint holds [B].
        writers: hosts that write it together (gangs,) [1].
        catalog: where the time from request to ready is.
    """
    return start_hours(catalog) + 2 * checkpoint_hours(state_bytes, writers)


def _worth_trying(work: GangWork, lost: Floats, deadline_hours: float) -> Flags:
    """Return which gangs end in time, and in fewer hours than any of no more nodes (rows,).

    In k hours with s starts a gang does the work W (hours without a start) when
    ``k >= W + s L``. Where another gang of the same type and no more nodes needs no more whole
    hours, however often it starts, it takes its place in each hour, whoever pays.
    """
    starts = np.arange(1, min(int(deadline_hours // 2) + 1, MOST_RUNS) + 1)
    needed = np.ceil(work.work_hours[:, None] + lost[:, None] * starts - 1e-9)
    in_time = needed[:, 0] <= deadline_hours
    kept = np.zeros(len(needed), dtype=np.bool_)
    for kind in np.unique(work.type_index).tolist():
        rows = np.flatnonzero((work.type_index == kind) & in_time)
        rows = rows[np.lexsort((work.work_hours[rows], work.nodes[rows]))]
        best = np.minimum.accumulate(needed[rows], axis=0)
        before = np.concatenate([np.full((1, len(starts)), np.inf), best])[: len(rows)]
        kept[rows[(needed[rows] < before).any(axis=1)]] = True
    return kept


def _rates(work: GangWork, kept: Integers) -> LayoutRates:
    return LayoutRates(
        rates=(work.rate / work.nodes)[kept, None],
        max_utilisation=np.ones(len(kept)),
        low_factor=work.low_factor[kept],
        high_factor=work.high_factor[kept],
        planned_factor=work.planned_factor[kept],
        origin=work.origin[kept],
        misses=(Miss(),) * len(kept),
    )


def _no_rates(misses: list[Miss]) -> LayoutRates:
    one = np.ones(len(misses))
    return LayoutRates(
        rates=np.zeros((len(misses), 1)),
        max_utilisation=one,
        low_factor=one,
        high_factor=one,
        planned_factor=one,
        origin=np.zeros(len(misses), dtype=np.int64),
        misses=tuple(misses),
    )


def _late(miss: Miss) -> Miss:
    """Return why a type has no gang; where it runs, what its starts lose makes it late."""
    return miss if miss.reason else Miss(reason="deadline")


def _without_a_gang(kind: InstanceType) -> Layout:
    return Layout(accelerator=kind.chip, accelerators=kind.count, precision="")
