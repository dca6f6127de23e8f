"""Every way to rent the hardware that a requirement describes."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from costopt.candidate.buckets import Buckets
from costopt.candidate.eligible import EligibleOffers
from costopt.candidate.equal_nodes import equal_nodes
from costopt.candidate.job import NO_OFFER, JobCandidates
from costopt.candidate.layout import InstanceType, Layout, instance_types_of
from costopt.candidate.misses import Miss
from costopt.candidate.payers import with_payers
from costopt.candidate.reasons import types_of_offers
from costopt.candidate.service import LayoutRates, ServiceCandidates, assemble_service
from costopt.candidate.settings import CandidateSettings
from costopt.catalog.catalog import Catalog
from costopt.catalog.narrow import matching_names
from costopt.errors import UnknownNameError
from costopt.performance.reasons import Origin
from costopt.workload.requirement import Requirement

Floats = NDArray[np.float64]


def requirement_candidates(
    workload: Requirement,
    catalog: Catalog,
    eligible: EligibleOffers,
    settings: CandidateSettings,
) -> JobCandidates | ServiceCandidates:
    """Return the offers whose hardware meets a requirement, as equal nodes or as a mix.

    Args:
        workload: the requirement.
        catalog: where accelerators are described.
        eligible: offers that the limits allow.
        settings: of the request.

    Raises:
        UnknownNameError: an accelerator, a link or an instance type is not in the catalogue.
    """
    _refuse_unknown_types(workload, catalog)
    kinds = instance_types_of(eligible.offers[eligible.excluded.taking_part])
    reasons = hardware_reasons(workload, catalog, kinds)
    if workload.throughput_per_second is not None or settings.by_hour:
        return _mixed(workload, catalog, eligible, settings, kinds, reasons)
    misses = tuple(Miss(reason=reason) for reason in reasons)
    type_index, type_reason = types_of_offers(eligible.offers, kinds, misses)
    excluded = eligible.excluded.where_empty(type_reason)
    rows = np.flatnonzero(excluded.taking_part)
    offers = eligible.offers.iloc[rows].reset_index(drop=True)
    alone = equal_nodes(workload.nodes, offers, type_index[rows], settings)
    gangs, payers = with_payers(alone, offers)
    unused = np.full(len(eligible.offers), "", dtype=object)
    unused[rows] = "spot_share"
    unused[rows[gangs.offer]] = ""
    unused[rows[gangs.spot_offer[gangs.spot_offer != NO_OFFER]]] = ""
    return JobCandidates(
        workload=workload.name or workload.kind,
        rate_unit="",
        horizon_hours=settings.horizon_hours,
        offers=offers,
        types=kinds,
        type_of_offer=type_index[rows],
        layout_at=lambda index: plain_layout(kinds[index]),
        gangs=gangs,
        payers=payers,
        excluded=excluded.where_empty(unused),
        misses=misses,
    )


def _refuse_unknown_types(workload: Requirement, catalog: Catalog) -> None:
    """Refuse measurements on an instance type that nobody sells."""
    known = catalog.known_names["instance_type"]
    for name in [*(workload.throughput_per_second or {}), *(workload.latency_ms or {})]:
        if name not in known:
            raise UnknownNameError("instance type", name, known)


def plain_layout(kind: InstanceType) -> Layout:
    """Layout of hardware on which costopt lays nothing out."""
    return Layout(accelerator=kind.accelerator, accelerators=kind.count, precision="")


def _mixed(
    workload: Requirement,
    catalog: Catalog,
    eligible: EligibleOffers,
    settings: CandidateSettings,
    kinds: tuple[InstanceType, ...],
    reasons: NDArray[np.object_],
) -> ServiceCandidates:
    """Share a demand between instance types at rates that the user measured.

    Equal nodes that are planned hour by hour come here too: each does one node's part.
    """
    rates = workload.throughput_per_second or {kind.name: 1.0 for kind in kinds}
    codes = reasons.copy()
    for index, kind in enumerate(kinds):
        if not codes[index] and kind.name not in rates:
            codes[index] = "no_throughput"
    speed = np.array([rates.get(kind.name, 0.0) for kind in kinds])
    one = np.ones(len(kinds))
    return assemble_service(
        workload=workload,
        buckets=Buckets.single(workload.demand_per_second or float(workload.nodes)),
        eligible=eligible,
        settings=settings,
        kinds=kinds,
        unusable=[""] * len(kinds),
        layouts=tuple(plain_layout(kind) for kind in kinds),
        type_of_layout=np.arange(len(kinds)),
        rates=LayoutRates(
            rates=np.where(codes == "", speed, 0.0)[:, None],
            max_utilisation=one * workload.max_utilisation,
            low_factor=one,
            high_factor=one,
            planned_factor=one,
            origin=np.full(len(kinds), Origin.MEASURED, dtype=np.int64),
            misses=tuple(Miss(reason=code) for code in codes),
        ),
    )


def hardware_reasons(
    workload: Requirement, catalog: Catalog, kinds: tuple[InstanceType, ...]
) -> NDArray[np.object_]:
    """Return a reason for each type that does not meet the requirement; empty for the others."""
    names = _names(catalog, workload.accelerator_types)
    links = workload.intra_node_interconnect
    known = catalog.known_names["intra_node_interconnect"]
    wanted = matching_names("intra-node interconnect", links, known) if links else None
    reasons = np.full(len(kinds), "", dtype=object)
    for index, kind in enumerate(kinds):
        linked = wanted is None or kind.interconnect in wanted
        named = names is None or kind.accelerator in names
        if not (linked and named and _is_enough(workload, catalog, kind)):
            reasons[index] = "hardware"
        elif workload.latency_ms is not None and workload.max_latency_ms is not None:
            measured = workload.latency_ms.get(kind.name)
            if measured is None:
                reasons[index] = "no_latency"
            elif measured > workload.max_latency_ms:
                reasons[index] = "latency"
    return reasons


def _names(catalog: Catalog, patterns: Sequence[str] | None) -> frozenset[str] | None:
    """Accelerators that names, aliases or wildcards mean."""
    if patterns is None:
        return None
    aliases = catalog.table("accelerator_aliases").set_index("alias")["accelerator"]
    known = frozenset(catalog.accelerators["name"]) | frozenset(aliases.index)
    found = matching_names("accelerator", patterns, known)
    return frozenset(str(aliases.get(name, name)) for name in found)


def _is_enough(workload: Requirement, catalog: Catalog, kind: InstanceType) -> bool:
    """Return whether count, memory and peak rate of an instance type are enough."""
    wanted = workload.accelerators_per_node
    if wanted is not None and kind.count != wanted:
        return False
    usable = kind.usable_gib or 0.0
    if usable < (workload.vram_gib_per_accelerator or 0.0):
        return False
    parts = max(1.0, kind.count)
    if usable * workload.nodes * parts < (workload.vram_gib_total or 0.0):
        return False
    if workload.tflops_total is None:
        return True
    if not kind.chip:
        return False
    peak = catalog.accelerator(kind.chip).peak_tflops.get(workload.tflops_format, 0.0)
    engines = (kind.vcpus or 0.0) if kind.is_cpu else kind.count
    return peak * engines * workload.nodes >= workload.tflops_total
