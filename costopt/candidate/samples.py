"""Every way to serve an encoder, vision or speech model at a rate of samples."""

from collections.abc import Sequence

import numpy as np

from costopt.candidate.buckets import Buckets
from costopt.candidate.confidence import PlannedHardware
from costopt.candidate.eligible import EligibleOffers
from costopt.candidate.formats import format_names
from costopt.candidate.layout import (
    InstanceType,
    Layout,
    instance_types_of,
    placement,
    unusable_reasons,
)
from costopt.candidate.misses import Miss, code_of, too_little_memory, too_slow
from costopt.candidate.profiled import planned_samples
from costopt.candidate.service import LayoutRates, ServiceCandidates, assemble_service
from costopt.candidate.settings import CandidateSettings
from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.performance.hardware import Hardware
from costopt.performance.reasons import Reason
from costopt.performance.samples import SampleRates, sample_rates
from costopt.performance.support import Task
from costopt.precision import WEIGHT_FORMATS
from costopt.units import GIB
from costopt.workload.serving import InferenceService


def sample_candidates(
    workload: InferenceService,
    catalog: Catalog,
    eligible: EligibleOffers,
    settings: CandidateSettings,
) -> ServiceCandidates:
    """Rate every eligible instance type, one replica on each accelerator, in every format.

    Args:
        workload: a service with samples per second.
        catalog: where model and accelerators are described.
        eligible: offers that the limits allow.
        settings: of the request.

    Raises:
        UnknownNameError: the model is not in the catalogue.
        InvalidInputError: the model has no figure per sample.
    """
    if workload.samples_per_second is None:
        raise InvalidInputError("samples", ["the service has no samples_per_second"])
    kinds = instance_types_of(eligible.offers[eligible.excluded.taking_part])
    unusable = unusable_reasons(catalog, kinds, Task.SAMPLES, multi_host=False)
    usable = [index for index, reason in enumerate(unusable) if not reason]
    hardware = whole_instances(catalog, [kinds[index] for index in usable])
    layouts: list[Layout] = []
    rates: list[LayoutRates] = []
    precisions = format_names(workload.precision)
    for precision in precisions:
        planned = planned_samples(hardware, workload, catalog, precision, settings)
        rated = rate_samples(workload, catalog, planned.hardware, precision)
        layouts += [whole_instance_layout(kinds[index], precision) for index in usable]
        rates.append(_layout_rates(rated, planned, workload))
    return assemble_service(
        workload=workload,
        buckets=Buckets.single(workload.samples_per_second),
        eligible=eligible,
        settings=settings,
        kinds=kinds,
        unusable=unusable,
        layouts=tuple(layouts),
        type_of_layout=np.tile(np.array(usable, dtype=np.int64), len(precisions)),
        rates=LayoutRates.joined(rates),
    )


def whole_instances(catalog: Catalog, kinds: Sequence[InstanceType]) -> Hardware:
    """Hardware rows of whole instances: all accelerators, a share of one, or all vCPUs."""
    return Hardware.of([placement(catalog, kind, max(1, int(kind.count))) for kind in kinds])


def whole_instance_layout(kind: InstanceType, precision: str) -> Layout:
    """Layout with one replica on each accelerator, or one on all vCPUs."""
    return Layout(
        accelerator=kind.chip,
        accelerators=kind.count,
        precision=precision,
        replicas=max(1, int(kind.count)),
    )


def rate_samples(
    workload: InferenceService, catalog: Catalog, hardware: Hardware, precision: str
) -> SampleRates:
    """Rate whole instances in one format."""
    return sample_rates(
        catalog.model(workload.model),
        hardware,
        WEIGHT_FORMATS[precision],
        tokens_per_sample=workload.tokens_per_sample,
        max_latency_ms=workload.max_latency_ms,
        percentile=workload.percentile,
        max_utilisation=workload.max_utilisation,
    )


def _layout_rates(
    rated: SampleRates, planned: PlannedHardware, workload: InferenceService
) -> LayoutRates:
    """Planned rates of one instance in each layout."""
    usable = planned.hardware.usable_bytes / GIB
    misses = tuple(_miss(rated, workload, row, float(gib)) for row, gib in enumerate(usable))
    return LayoutRates(
        rates=rated.samples_per_second[:, None],
        max_utilisation=np.full(len(planned.factor), workload.max_utilisation),
        low_factor=planned.band.low_factor,
        high_factor=planned.band.high_factor,
        planned_factor=planned.factor,
        origin=planned.band.origin,
        misses=misses,
    )


def _miss(rated: SampleRates, workload: InferenceService, row: int, usable_gib: float) -> Miss:
    """Say by how much one layout misses."""
    reason = Reason(int(rated.reason[row]))
    if reason is Reason.LATENCY and workload.max_latency_ms is not None:
        idle = float(rated.idle_latency_ms[row])
        return too_slow("latency", "a sample", idle, workload.max_latency_ms)
    if reason is Reason.WEIGHTS:
        return too_little_memory(float(rated.vram_shortfall_gib[row]), usable_gib)
    return Miss(reason=code_of(reason))
