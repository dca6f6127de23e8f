"""A batch beside a demand profile: instances on firm capacity, chosen hour by hour."""

import numpy as np

from costopt.candidate.batch import misses_of, rate_instances
from costopt.candidate.buckets import Buckets
from costopt.candidate.confidence import planned_factor
from costopt.candidate.eligible import EligibleOffers
from costopt.candidate.formats import format_names
from costopt.candidate.gangs_by_hour import firm_only
from costopt.candidate.layout import instance_types_of, unusable_reasons
from costopt.candidate.renting import start_hours
from costopt.candidate.service import LayoutRates, ServiceCandidates, assemble_service
from costopt.candidate.settings import CandidateSettings
from costopt.catalog.catalog import Catalog
from costopt.performance.support import Task
from costopt.units import SECONDS_PER_HOUR
from costopt.workload.batch import BatchInference


def batch_by_hour_candidates(
    workload: BatchInference,
    catalog: Catalog,
    eligible: EligibleOffers,
    settings: CandidateSettings,
) -> ServiceCandidates:
    """Rate one instance of each type on the batch; its demand is that of an even pace.

    Spot takes no part: what a reclaim costs depends on the hours before it.

    Args:
        workload: the batch.
        catalog: where model, trace and accelerators are described.
        eligible: offers that the limits allow.
        settings: of the request.

    Raises:
        UnknownNameError: the model or the trace is not in the catalogue.
        InvalidInputError: the model does not fit the kind of batch.
    """
    eligible = firm_only(eligible)
    kinds = instance_types_of(eligible.offers[eligible.excluded.taking_part])
    task = Task.SERVING if workload.requests is not None else Task.SAMPLES
    unusable = unusable_reasons(catalog, kinds, task, multi_host=False)
    parts = [
        rate_instances(workload, catalog, kinds, unusable, name, settings.profiles)
        for name in format_names(workload.precision)
    ]
    low = np.concatenate([part.band.low_factor for part in parts])
    high = np.concatenate([part.band.high_factor for part in parts])
    origin = np.concatenate([part.band.origin for part in parts])
    factor = planned_factor(low, high, origin, settings.confidence)
    speed = np.concatenate([part.units_per_second for part in parts]) * factor
    units = float(workload.requests or workload.samples or 0)
    return assemble_service(
        workload=workload,
        buckets=Buckets.single(units / (workload.deadline_hours * SECONDS_PER_HOUR)),
        eligible=eligible,
        settings=settings,
        kinds=kinds,
        unusable=unusable,
        layouts=tuple(layout for part in parts for layout in part.layouts),
        type_of_layout=np.concatenate([part.owners for part in parts]),
        rates=LayoutRates(
            rates=speed[:, None],
            max_utilisation=np.ones(len(speed)),
            low_factor=low,
            high_factor=high,
            planned_factor=factor,
            origin=origin,
            misses=tuple(miss for part in parts for miss in misses_of(part)),
        ),
    )


def working_seconds(catalog: Catalog) -> float:
    """Return the part of an hour in which an instance works, be it its first [s].

    Each hour counts as if the instance started in it, so that a job is done in time whichever
    instances it is given from hour to hour.

    Args:
        catalog: where the time from request to ready is.
    """
    return SECONDS_PER_HOUR * (1 - start_hours(catalog))
