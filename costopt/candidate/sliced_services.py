"""A service's candidates with its replicas on slices of accelerators beside the whole ones."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, groupby

import numpy as np
from numpy.typing import NDArray

from costopt.candidate.confidence import PlannedHardware
from costopt.candidate.formats import format_names
from costopt.candidate.layout import InstanceType, Layout, placement
from costopt.candidate.misses import Miss
from costopt.candidate.samples import rate_samples
from costopt.candidate.service import LayoutRates, ServiceCandidates
from costopt.candidate.serving import rate_cells
from costopt.candidate.settings import RateSettings
from costopt.candidate.sizes import sizes_of
from costopt.candidate.slice_hardware import sliced, with_slices_analytic
from costopt.candidate.slices import PROFILES, held_inside, partitions, size_of
from costopt.catalog.catalog import Catalog
from costopt.performance.bands import Work, band_of
from costopt.performance.hardware import Hardware
from costopt.workload.serving import InferenceService

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sliced:
    """One way to stand on slices.

    Attributes:
        owner: index of the instance type.
        kind: the instance type.
        layout: with as many replicas as an instance has slices of that size.
    """

    owner: int
    kind: InstanceType
    layout: Layout


def with_slices(
    workload: InferenceService,
    candidates: ServiceCandidates,
    catalog: Catalog,
    settings: RateSettings,
) -> ServiceCandidates:
    """Add the slices on which the service runs within its limits; nothing where there are none.

    Args:
        workload: the service.
        candidates: rated on whole accelerators.
        catalog: where model, trace and accelerators are described.
        settings: what decides the planned speed.
    """
    joined = candidates
    for precision in format_names(workload.precision):
        found = list(_ways(candidates, precision))
        if found:
            joined = _with_rated(joined, workload, catalog, settings, precision, found)
    return joined


def _ways(candidates: ServiceCandidates, precision: str) -> Iterator[_Sliced]:
    """Yield the slices of every instance type whose accelerators have some."""
    most = np.array(partitions()).max(axis=0).tolist()
    rented = set(np.unique(candidates.type_of_offer).tolist())
    for owner, kind in enumerate(candidates.types):
        if owner not in rented or kind.count < 1:
            continue
        for slots, name in zip(most, PROFILES.get(kind.chip, ()), strict=False):
            layout = Layout(
                accelerator=kind.chip,
                accelerators=kind.count,
                precision=precision,
                replicas=int(kind.count) * slots,
                slice=name,
            )
            yield _Sliced(owner=owner, kind=kind, layout=layout)


def _with_rated(
    candidates: ServiceCandidates,
    workload: InferenceService,
    catalog: Catalog,
    settings: RateSettings,
    precision: str,
    found: list[_Sliced],
) -> ServiceCandidates:
    """Rate slices in one format and add those that serve anything."""
    layouts = [one.layout for one in found]
    hardware = sliced(Hardware.of([placement(catalog, one.kind, 1) for one in found]), layouts)
    work = Work.SAMPLES if workload.traffic is None else Work.SERVING
    plain = PlannedHardware(
        hardware=hardware, band=band_of(hardware, work), factor=np.ones(len(found))
    )
    planned = with_slices_analytic(plain, hardware, layouts, work, settings.confidence)
    rates = _rates(candidates, workload, catalog, precision, planned.hardware)
    kept = np.flatnonzero((rates > 0).any(axis=1) & ~_outdone(rates, found))
    added = LayoutRates(
        rates=rates[kept] * np.array([layouts[row].replicas for row in kept])[:, None],
        max_utilisation=np.full(len(kept), workload.max_utilisation),
        low_factor=planned.band.low_factor[kept],
        high_factor=planned.band.high_factor[kept],
        planned_factor=planned.factor[kept],
        origin=planned.band.origin[kept],
        misses=tuple(Miss() for _ in kept),
    )
    owners = np.array([one.owner for one in found], dtype=np.int64)
    return replace(
        candidates,
        layouts=(*candidates.layouts, *(layouts[row] for row in kept)),
        type_of_layout=np.concatenate([candidates.type_of_layout, owners[kept]]),
        layout_rates=LayoutRates.joined([candidates.layout_rates, added]),
    )


def _outdone(rates: Floats, found: Sequence[_Sliced]) -> NDArray[np.bool_]:
    """Which slices are outdone by as many smaller ones as stand in their place (rows,).

    In every place of a slice with C parts of compute and M of memory stand ``min(C // c, M // m)``
    slices of c and m parts, whatever the two sizes are.

    Args:
        rates: of one slice on each bucket alone (rows, buckets) [1/s].
        found: instance type and layout of each row, by type and size.
    """
    outdone = np.zeros(len(found), dtype=np.bool_)
    owners = [one.owner for one in found]
    sizes = [size_of(one.layout) for one in found]
    for _, rows in groupby(range(len(found)), key=owners.__getitem__):
        for small, large in combinations(rows, 2):
            wide, narrow = sizes[large], sizes[small]
            if wide is not None and narrow is not None:
                together = held_inside(wide, narrow) * rates[small]
                outdone[large] |= bool((together >= rates[large]).all())
    return outdone


def _rates(
    candidates: ServiceCandidates,
    workload: InferenceService,
    catalog: Catalog,
    precision: str,
    hardware: Hardware,
) -> Floats:
    """Planned rate of one slice on each bucket alone (rows, buckets) [1/s]."""
    if workload.traffic is None:
        return rate_samples(workload, catalog, hardware, precision).samples_per_second[:, None]
    cells = rate_cells(
        catalog.model(workload.model),
        hardware,
        workload,
        sizes_of(workload.traffic, catalog),
        precision,
        candidates.buckets.may_be_late,
    )
    return cells.requests_per_second
