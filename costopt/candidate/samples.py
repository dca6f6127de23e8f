"""Every way to serve an encoder, vision or speech model at a rate of samples."""

from collections.abc import Sequence

import numpy as np

from costopt.candidate.confidence import planned_factor
from costopt.candidate.eligible import EligibleOffers
from costopt.candidate.formats import format_names
from costopt.candidate.layout import InstanceType, Layout, instance_types_of, placement
from costopt.candidate.misses import codes_of
from costopt.candidate.service import LayoutRates, ServiceCandidates, assemble_service
from costopt.candidate.settings import CandidateSettings
from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.performance.hardware import Hardware
from costopt.performance.precision import WEIGHT_FORMATS
from costopt.performance.reasons import Reason
from costopt.performance.samples import SampleRates, sample_rates
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
    usable = [index for index, kind in enumerate(kinds) if kind.chip and kind.hosts == 1]
    hardware = whole_instances(catalog, [kinds[index] for index in usable])
    layouts: list[Layout] = []
    rates: list[LayoutRates] = []
    precisions = format_names(workload.precision)
    for precision in precisions:
        rated = rate_samples(workload, catalog, hardware, precision)
        layouts += [whole_instance_layout(kinds[index], precision) for index in usable]
        rates.append(_layout_rates(rated, workload, settings.confidence))
    return assemble_service(
        workload=workload,
        demand=np.array([workload.samples_per_second]),
        eligible=eligible,
        settings=settings,
        kinds=kinds,
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
        workload.tokens_per_sample,
        workload.max_latency_ms,
        workload.percentile,
        workload.max_utilisation,
    )


def _layout_rates(
    rated: SampleRates, workload: InferenceService, confidence: float
) -> LayoutRates:
    """Planned rates of one instance in each layout."""
    band = rated.band
    factor = planned_factor(band.low_factor, band.high_factor, band.origin, confidence)
    words = [_miss(rated, workload, row) for row in range(len(factor))]
    return LayoutRates(
        rates=(rated.samples_per_second * factor)[:, None],
        low_factor=band.low_factor,
        high_factor=band.high_factor,
        planned_factor=factor,
        origin=band.origin,
        reason=codes_of(rated.reason),
        miss=np.array(words, dtype=object),
    )


def _miss(rated: SampleRates, workload: InferenceService, row: int) -> str:
    reason = Reason(int(rated.reason[row]))
    if reason is Reason.LATENCY:
        idle = rated.idle_latency_ms[row]
        return f"{idle:,.1f} ms for a single sample, {workload.max_latency_ms:,.0f} allowed"
    if reason is Reason.WEIGHTS:
        return f"{rated.vram_shortfall_gib[row]:,.1f} GiB short"
    return ""
