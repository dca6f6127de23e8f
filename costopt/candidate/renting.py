"""Offers that a job can be rented from, with the risk of their spot pools."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.candidate.eligible import EligibleOffers
from costopt.candidate.gang_costs import GangOffers, GangWork, find_gangs
from costopt.candidate.job import JobCandidates
from costopt.candidate.layout import InstanceType, Layout, types_of_offers
from costopt.candidate.misses import nearest_miss
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
    layouts: tuple[Layout, ...],
    work: GangWork,
    codes: NDArray[np.object_],
    misses: NDArray[np.object_],
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
        layouts: ways to lay the job out.
        work: what each gang has to do.
        codes: reason of each rated layout; empty where it runs.
        misses: by how much, in words, for each rated layout.
        owners: instance type of each rated layout.
        rate_unit: what the rates count.
    """
    reasons, words = nearest_miss(owners, codes, misses, len(kinds))
    for index, kind in enumerate(kinds):
        if not kind.chip:
            reasons[index] = "no_rate"
    type_index, type_reason = types_of_offers(eligible.offers, kinds, reasons)
    excluded = eligible.excluded.where_empty(type_reason)
    rows = np.flatnonzero(excluded.taking_part)
    offers = eligible.offers.iloc[rows].reset_index(drop=True)
    renting = GangOffers(
        offers=offers,
        type_index=type_index[rows],
        risk=risk_of(catalog, offers),
        start_hours=start_hours(catalog),
    )
    gangs, offer_reasons = find_gangs(work, renting, workload.deadline_hours, settings)
    codes_of_all = np.full(len(eligible.offers), "", dtype=object)
    codes_of_all[rows] = offer_reasons
    return JobCandidates(
        workload=workload.name or workload.kind,
        rate_unit=rate_unit,
        offers=offers,
        types=kinds,
        type_of_offer=type_index[rows],
        layouts=layouts,
        gangs=gangs,
        excluded=excluded.where_empty(codes_of_all),
        misses={kind.name: str(word) for kind, word in zip(kinds, words, strict=True) if word},
    )


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
