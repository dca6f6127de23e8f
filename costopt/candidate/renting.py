"""Offers that a job can be rented from, with the risk of their spot pools."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.candidate.eligible import EligibleOffers
from costopt.candidate.find_gangs import find_gangs
from costopt.candidate.gang_costs import GangOffers, GangWork
from costopt.candidate.gang_sizes import MOST_NODES
from costopt.candidate.job import JobCandidates
from costopt.candidate.layout import InstanceType, Layout
from costopt.candidate.misses import Miss, nearest_misses
from costopt.candidate.payers import with_payers
from costopt.candidate.reasons import types_of_offers
from costopt.candidate.settings import CandidateSettings
from costopt.catalog.catalog import Catalog
from costopt.interruption.signal import NO_SIGNAL, SpotRisk, spot_risk
from costopt.workload.request import Job


def rent_gangs(
    *,
    workload: Job,
    catalog: Catalog,
    eligible: EligibleOffers,
    settings: CandidateSettings,
    kinds: tuple[InstanceType, ...],
    unusable: Sequence[str],
    work_for: Callable[[GangOffers], tuple[GangWork, Callable[[int], Layout]]],
    misses: Sequence[Miss],
    owners: NDArray[np.int64],
    rate_unit: str,
) -> JobCandidates:
    """Price the gangs of a job on the eligible offers.

    Args:
        workload: the job.
        catalog: where spot signals are.
        eligible: offers that the limits allow.
        settings: of the request.
        kinds: instance types of the eligible offers.
        unusable: why nothing is tried on a type; empty where layouts are tried.
        work_for: offers -> what each gang worth pricing has to do, and index of a layout -> the
            layout.
        misses: of each rated layout.
        owners: instance type of each rated layout.
        rate_unit: what the rates count.
    """
    of_types = nearest_misses(owners, misses, unusable)
    type_index, type_reason = types_of_offers(eligible.offers, kinds, of_types)
    excluded = eligible.excluded.where_empty(type_reason)
    rows = np.flatnonzero(excluded.taking_part)
    offers = eligible.offers.iloc[rows].reset_index(drop=True)
    renting = GangOffers(
        offers=offers,
        type_index=type_index[rows],
        risk=risk_of(catalog, offers),
        start_hours=start_hours(catalog),
    )
    work, layout_at = work_for(renting)
    found, offer_reasons = find_gangs(work, renting, workload.deadline_hours, settings)
    gangs, payers = with_payers(found, offers)
    codes_of_all = np.full(len(eligible.offers), "", dtype=object)
    codes_of_all[rows] = offer_reasons
    return JobCandidates(
        workload=workload.name or workload.kind,
        rate_unit=rate_unit,
        horizon_hours=settings.horizon_hours,
        offers=offers,
        types=kinds,
        type_of_offer=type_index[rows],
        layout_at=layout_at,
        gangs=gangs,
        payers=payers,
        excluded=excluded.where_empty(codes_of_all),
        misses=with_late_types(of_types, work, workload.deadline_hours - renting.start_hours),
    )


def with_late_types(
    misses: Sequence[Miss],
    work: GangWork,
    hours_left: float,
    types: NDArray[np.int64] | None = None,
) -> tuple[Miss, ...]:
    """Say of types whose fastest gang works too long by how much.

    Args:
        misses: of each type, empty where it runs (types,).
        work: of every gang that was tried.
        hours_left: for work, until the deadline [h].
        types: index that the work knows each type by; None = its position (types,).
    """
    found = list(misses)
    numbers = range(len(found)) if types is None else types.tolist()
    for kind, number in enumerate(numbers):
        rows = np.flatnonzero(work.type_index == number)
        if not len(rows):
            continue
        fastest = rows[np.argmin(work.work_hours[rows])]
        hours, nodes = float(work.work_hours[fastest]), int(work.nodes[fastest])
        if hours > hours_left > 0:
            most = ", the most that are tried" if nodes == MOST_NODES else ""
            found[kind] = Miss(
                reason="deadline",
                words=f"works {hours:,.1f} h at its fastest, on {nodes:,} instances{most}; "
                f"{hours_left:,.1f} h are left after the start",
                distance=hours / hours_left - 1,
            )
    return tuple(found)


def risk_of(catalog: Catalog, offers: pd.DataFrame) -> SpotRisk:
    """Planning rates of reclaims for offers."""
    return spot_risk(
        offers,
        catalog.table("interruptions"),
        catalog.table("interruption_defaults"),
        catalog.table("spot_notices"),
    )


def start_hours(catalog: Catalog) -> float:
    """Hours from request to ready on firm capacity: the reviewed default without a signal."""
    defaults = catalog.table("interruption_defaults").set_index(["signal", "bucket"])
    return float(defaults.loc[NO_SIGNAL, "provisioning_hours"])  # type: ignore[arg-type]
