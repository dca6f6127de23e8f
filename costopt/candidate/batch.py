"""Every way to work off a batch by its deadline: equal instances, each on its own replicas."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from costopt.candidate.batch_sizes import batch_sizes, paces_of, sizes_before
from costopt.candidate.confidence import planned_factor
from costopt.candidate.eligible import EligibleOffers
from costopt.candidate.formats import format_names
from costopt.candidate.gang_costs import GangWork
from costopt.candidate.gang_pairs import owned_until
from costopt.candidate.job import JobCandidates
from costopt.candidate.layout import (
    InstanceType,
    Layout,
    instance_types_of,
    unusable_reasons,
)
from costopt.candidate.memory import vram_by_term
from costopt.candidate.misses import Miss, code_of, too_little_memory
from costopt.candidate.profiled import profiled_replicas, profiled_samples
from costopt.candidate.renting import rent_gangs, start_hours
from costopt.candidate.samples import whole_instance_layout, whole_instances
from costopt.candidate.serving import replicas_on
from costopt.candidate.serving_setup import setup_of
from costopt.candidate.settings import CandidateSettings
from costopt.candidate.sizes import sizes_of
from costopt.catalog.catalog import Catalog
from costopt.performance.bands import Band
from costopt.performance.limits import LatencyLimits
from costopt.performance.reasons import Reason
from costopt.performance.samples import sample_rates
from costopt.performance.serving import serving_rates
from costopt.performance.support import Task
from costopt.precision import WEIGHT_FORMATS, formats_named
from costopt.profile.profile import Profile
from costopt.units import GIB, SECONDS_PER_HOUR
from costopt.workload.batch import BatchInference

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class InstanceRates:
    """What one instance does of a batch in each layout; arrays of shape (layouts,).

    Attributes:
        owners: index of the instance type.
        layouts: the layouts.
        units_per_second: requests or samples of the batch's own mix at the expected rate; 0
            with a reason [1/s].
        band: origin and 80 % band.
        reason: ``Reason`` codes.
        shortfall_gib: missing memory of one accelerator [GiB].
        vram_gib: memory of one accelerator by term [GiB].
        usable_gib: what it has [GiB].
    """

    owners: Integers
    layouts: tuple[Layout, ...]
    units_per_second: Floats
    band: Band
    reason: Integers
    shortfall_gib: Floats
    vram_gib: Callable[[int], dict[str, float]]
    usable_gib: Floats


def batch_candidates(
    workload: BatchInference,
    catalog: Catalog,
    eligible: EligibleOffers,
    settings: CandidateSettings,
) -> JobCandidates:
    """Rate every layout on the batch's mix, and price gangs that end in time.

    Args:
        workload: the batch.
        catalog: where model, trace and accelerators are described.
        eligible: offers that the limits allow.
        settings: of the request.

    Raises:
        UnknownNameError: the model or the trace is not in the catalogue.
        InvalidInputError: the model does not fit the kind of batch.
    """
    kinds = instance_types_of(eligible.offers[eligible.excluded.taking_part])
    task = Task.SERVING if workload.requests is not None else Task.SAMPLES
    unusable = unusable_reasons(catalog, kinds, task, multi_host=False)
    names = format_names(workload.precision)
    own = settings.profiles
    parts = [rate_instances(workload, catalog, kinds, unusable, name, own) for name in names]
    layouts = tuple(layout for part in parts for layout in part.layouts)
    owners = np.concatenate([part.owners for part in parts])
    units = float(workload.requests or workload.samples or 0)
    low = np.concatenate([part.band.low_factor for part in parts])
    high = np.concatenate([part.band.high_factor for part in parts])
    origin = np.concatenate([part.band.origin for part in parts])
    factor = planned_factor(low, high, origin, settings.confidence)
    speed = np.concatenate([part.units_per_second for part in parts]) * factor
    runs = np.flatnonzero(speed > 0)
    alone_hours = units / speed[runs] / SECONDS_PER_HOUR
    row, nodes = _tried(alone_hours, workload.deadline_hours, catalog, eligible)
    layout = runs[row]
    work = GangWork(
        type_index=owners[layout],
        layout=layout,
        nodes=nodes,
        work_hours=alone_hours[row] / nodes,
        rate=speed[layout] * nodes,
        low_factor=low[layout],
        high_factor=high[layout],
        planned_factor=factor[layout],
        origin=origin[layout],
        writers=nodes,
        state_bytes=0.0,
        nodes_fail_together=False,
    )
    return rent_gangs(
        workload=workload,
        catalog=catalog,
        eligible=eligible,
        settings=settings,
        kinds=kinds,
        unusable=unusable,
        work_for=lambda _: (work, layouts.__getitem__),
        misses=[miss for part in parts for miss in misses_of(part)],
        owners=owners,
        rate_unit="requests/s" if workload.requests is not None else "samples/s",
    )


def _tried(
    alone_hours: Floats, deadline_hours: float, catalog: Catalog, eligible: EligibleOffers
) -> tuple[Integers, Integers]:
    """Return layout and number of instances of each gang worth pricing (gangs,)."""
    offers = eligible.offers[eligible.excluded.taking_part]
    ends = float(owned_until(offers).min(initial=np.inf))
    sizes = np.hstack(
        [
            batch_sizes(alone_hours, deadline_hours, paces_of(catalog, offers)),
            sizes_before(alone_hours, deadline_hours, ends, start_hours(catalog)),
        ]
    )
    row, size = np.nonzero(sizes > 0)
    tried = np.unique(np.stack([row, sizes[row, size]], axis=1), axis=0)
    return tried[:, 0], tried[:, 1]


def rate_instances(
    workload: BatchInference,
    catalog: Catalog,
    kinds: Sequence[InstanceType],
    unusable: Sequence[str],
    precision: str,
    profiles: Sequence[Profile] = (),
) -> InstanceRates:
    """Rate one instance of each type on the batch's own mix, in one number format.

    Args:
        workload: the batch.
        catalog: where model, trace and accelerators are described.
        kinds: instance types.
        unusable: why nothing is tried on a type; empty where layouts are tried.
        precision: number format of the weights.
        profiles: of the request.
    """
    rate = _rate_requests if workload.requests is not None else _rate_samples
    return rate(workload, catalog, kinds, unusable, precision, profiles)


def misses_of(rates: InstanceRates) -> list[Miss]:
    """Say why each layout cannot run the batch."""
    return [
        too_little_memory(float(gib), float(usable)) if gib > 0 else Miss(reason=code_of(reason))
        for reason, gib, usable in zip(
            rates.reason.tolist(), rates.shortfall_gib, rates.usable_gib, strict=True
        )
    ]


def _rate_requests(
    workload: BatchInference,
    catalog: Catalog,
    kinds: Sequence[InstanceType],
    unusable: Sequence[str],
    precision: str,
    profiles: Sequence[Profile],
) -> InstanceRates:
    """Rate instances on the mix of requests: ``1 / sum_b (share_b / rate_b)``."""
    model = catalog.model(workload.model)
    sizes = sizes_of(workload, catalog)
    found = replicas_on(catalog, kinds, unusable, model, precision)
    formats = formats_named(precision, workload.kv_precision)
    hardware = profiled_replicas(found.hardware, workload, catalog, precision, profiles)
    rated = serving_rates(
        model,
        hardware,
        formats,
        sizes.tokens,
        LatencyLimits(),
        max_utilisation=1.0,
        setup=setup_of(workload),
    )
    able = rated.reason == Reason.NONE
    rates = np.where(able, rated.requests_per_second, 1.0)
    seconds_per_request = (sizes.shares[None, :] / rates).sum(axis=1)
    replicas = np.array([layout.replicas for layout in found.layouts], dtype=np.float64)
    return InstanceRates(
        owners=found.owners,
        layouts=found.layouts,
        units_per_second=np.where(able.all(axis=1), replicas / seconds_per_request, 0.0),
        band=rated.band,
        reason=rated.reason.max(axis=1),
        shortfall_gib=rated.vram_shortfall_gib,
        vram_gib=lambda row: vram_by_term(rated.vram, row),
        usable_gib=found.hardware.usable_bytes / GIB,
    )


def _rate_samples(
    workload: BatchInference,
    catalog: Catalog,
    kinds: Sequence[InstanceType],
    unusable: Sequence[str],
    precision: str,
    profiles: Sequence[Profile],
) -> InstanceRates:
    """Rate whole instances on samples."""
    usable = [index for index, reason in enumerate(unusable) if not reason]
    hardware = whole_instances(catalog, [kinds[index] for index in usable])
    hardware = profiled_samples(hardware, workload, catalog, precision, profiles)
    rated = sample_rates(
        catalog.model(workload.model),
        hardware,
        WEIGHT_FORMATS[precision],
        tokens_per_sample=workload.tokens_per_sample,
        max_latency_ms=None,
        max_utilisation=1.0,
    )
    return InstanceRates(
        owners=np.array(usable, dtype=np.int64),
        layouts=tuple(whole_instance_layout(kinds[index], precision) for index in usable),
        units_per_second=rated.samples_per_second,
        band=rated.band,
        reason=rated.reason,
        shortfall_gib=rated.vram_shortfall_gib,
        vram_gib=lambda row: vram_by_term(rated.vram, row),
        usable_gib=hardware.usable_bytes / GIB,
    )
