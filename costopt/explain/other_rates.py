"""Candidates of a workload at other rates of one accelerator, or on some instance types alone."""

from collections.abc import Callable, Collection
from dataclasses import replace
from math import ceil

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.candidate.eligible import EligibleOffers
from costopt.candidate.find import NamedWorkload, candidates_among
from costopt.candidate.formats import format_names
from costopt.candidate.job import JobCandidates, Payers
from costopt.candidate.rated_gangs import training_setup
from costopt.candidate.reasons import Excluded
from costopt.candidate.service import ServiceCandidates
from costopt.catalog.catalog import Catalog
from costopt.performance.reasons import Origin
from costopt.workload.batch import BatchInference
from costopt.workload.request import Job, PlanRequest
from costopt.workload.training import FineTuneJob, TrainingJob

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

MEASURED = "measured"
"""Origin of a rate that somebody measured, which leaves nothing to know."""

Kept = Callable[["pd.Index"], Flags]
"""Provider and instance type of some rows -> which of them take part."""


def is_measured(origin: NDArray[np.int64]) -> Flags:
    """Return which rates rest on a measurement.

    Args:
        origin: ``Origin`` codes.
    """
    return np.array(
        [Origin(code).name.lower() == MEASURED for code in origin.tolist()], dtype=bool
    )


def among(names: Collection[tuple[str, str]], *, inside: bool = True) -> Kept:
    """Return a test for instance types.

    Args:
        names: provider and instance type.
        inside: True to keep these, False to keep all others.
    """
    return lambda index: np.asarray(index.isin(list(names)) == inside, dtype=np.bool_)


def type_names(offers: pd.DataFrame) -> "pd.Index":
    """Provider and instance type of each offer."""
    return pd.MultiIndex.from_frame(offers[["provider", "instance_type"]])


def service_at(
    service: ServiceCandidates, accelerator: str, factor: float, kept: Kept | None = None
) -> ServiceCandidates:
    """Return a service whose accelerator is faster or slower than planned.

    Rates that somebody measured stay as they are.

    Args:
        service: with its candidates.
        accelerator: catalogue name.
        factor: true over planned rate [1].
        kept: instance types that take part; all when left out.
    """
    rates = service.layout_rates
    named = np.array([layout.accelerator == accelerator for layout in service.layouts], dtype=bool)
    scale = np.where(named & ~is_measured(rates.origin), factor, 1.0)
    if kept is not None:
        names = [(kind.provider, kind.name) for kind in service.types]
        of_type = kept(pd.MultiIndex.from_tuples(names)) if names else np.zeros(0, dtype=bool)
        scale = np.where(of_type[service.type_of_layout], scale, 0.0)
    return replace(service, layout_rates=replace(rates, rates=rates.rates * scale[:, None]))


def gangs_left(job: JobCandidates, kept: Kept) -> JobCandidates:
    """Return a job with the gangs of some instance types alone."""
    gangs = job.gangs
    stays = kept(type_names(job.offers))[gangs.offer] if len(gangs) else np.zeros(0, dtype=bool)
    return gangs_at(job, stays)


def gangs_at(job: JobCandidates, stays: Flags) -> JobCandidates:
    """Return a job with some of its gangs alone.

    Args:
        job: with its candidates.
        stays: which gangs are left (alternatives,).
    """
    gangs, payers = job.gangs, job.payers
    paid = stays[payers.gang]
    position = np.cumsum(stays) - 1
    return replace(
        job,
        gangs=gangs.take(stays),
        payers=Payers(
            gang=position[payers.gang[paid]],
            offer=payers.offer[paid],
            cost=payers.cost[paid],
            own_cost=payers.own_cost[stays],
        ),
    )


def offers_left(eligible: EligibleOffers, kept: Kept) -> EligibleOffers:
    """Return the eligible offers of some instance types, without all others."""
    rows = kept(type_names(eligible.offers)) & eligible.excluded.taking_part
    offers = eligible.offers[rows].reset_index(drop=True)
    return EligibleOffers(offers=offers, excluded=Excluded.none_yet(len(offers)))


def job_at(
    item: NamedWorkload,
    factor: float,
    request: PlanRequest,
    catalog: Catalog,
    eligible: EligibleOffers,
) -> JobCandidates:
    """Rate and price a job again where all its rates are other than planned.

    A gang at ``f`` times the rate does the work as one at the planned rate does ``1 / f`` of it.

    Args:
        item: the job.
        factor: true over planned rate [1].
        request: limits and settings.
        catalog: where model and accelerators are described.
        eligible: the only offers that take part.
    """
    if not isinstance(item.workload, Job):
        raise TypeError(f"{item.name} is no job")
    changed = with_work(item.workload, 1.0 / factor)
    found = candidates_among(changed, request, catalog, eligible)
    if not isinstance(found, JobCandidates):
        raise TypeError(f"{item.name} has no gangs")
    return replace(found, gangs=replace(found.gangs, rate=factor * found.gangs.rate))


def with_work(job: Job, share: float) -> Job:
    """Return a job with a multiple of the work, in steps of the same size.

    Args:
        job: the job.
        share: of the work [1].
    """
    if isinstance(job, BatchInference):
        counted = "requests" if job.requests is not None else "samples"
        return job.model_copy(update={counted: ceil((getattr(job, counted) or 0) * share)})
    if isinstance(job, TrainingJob):
        batch = training_setup(job, format_names(job.precision)[0]).batch_tokens
        return job.model_copy(update={"tokens": job.tokens * share, "tokens_per_batch": batch})
    return _with_passes(job, share)


def _with_passes(job: FineTuneJob, share: float) -> FineTuneJob:
    if job.tokens is not None:
        return job.model_copy(update={"tokens": job.tokens * share})
    return job.model_copy(update={"epochs": job.epochs * share})
