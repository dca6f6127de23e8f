"""Gangs that end in time, and why an offer has none."""

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.candidate.gang_costs import GangOffers, GangPairs, GangWork, price_gangs
from costopt.candidate.gang_pairs import (
    firm_pairs,
    is_owned,
    is_spot,
    owned_room,
    owned_until,
    spot_only_pairs,
    step_pairs,
)
from costopt.candidate.job import NO_OFFER, Gangs
from costopt.candidate.settings import CandidateSettings
from costopt.candidate.split_work import split_pairs

DEADLINE_ROUNDING: Final = 1e-9
"""Relative rounding by which a gang of just enough nodes may seem to miss its deadline."""


def find_gangs(
    work: GangWork, renting: GangOffers, deadline_hours: float, settings: CandidateSettings
) -> tuple[Gangs, NDArray[np.object_]]:
    """Price every gang on every offer of its type and keep those that end in time.

    Args:
        work: what each gang has to do.
        renting: offers.
        deadline_hours: from the start until all is done [h].
        settings: of the request; ``max_spot_fraction`` is a share of accelerator-hours.

    Returns:
        Gangs that end in time, for each offer only those that no smaller gang undercuts; and the
        reason of each offer without one (offers,).
    """
    reasons = np.full(len(renting.offers), "deadline", dtype=object)
    reasons[is_spot(renting.offers)] = "spot_share"
    gangs = all_gangs(work, renting, deadline_hours, settings)
    reasons[gangs.spot_offer[gangs.spot_offer != NO_OFFER]] = "deadline"
    endless = gangs.take(~np.isfinite(gangs.hours))
    reasons[endless.spot_offer[endless.spot_offer != NO_OFFER]] = "spot_progress"
    in_time = gangs.take(is_in_time(gangs, deadline_hours))
    used = np.concatenate([in_time.offer, in_time.spot_offer[in_time.spot_offer != NO_OFFER]])
    reasons[used] = ""
    return _thrifty(in_time, renting.offers), reasons


def all_gangs(
    work: GangWork, renting: GangOffers, deadline_hours: float, settings: CandidateSettings
) -> Gangs:
    """Price every gang on every offer of its type, whether it ends in time or not.

    Where nothing limits spot and nothing is owned, a gang that works in step is all firm or all
    spot.

    Args:
        work: what each gang has to do.
        renting: offers.
        deadline_hours: by which work that nodes share is split [h].
        settings: of the request.
    """
    fraction = settings.max_spot_fraction
    pairs = firm_pairs(work, renting)
    if fraction >= 1:
        pairs = pairs.joined(spot_only_pairs(work, renting))
    in_part = fraction < 1 or not work.nodes_fail_together or is_owned(renting.offers).any()
    if fraction > 0 and in_part:
        pairs = pairs.joined(_mixed_pairs(work, renting, deadline_hours, fraction))
    gangs = price_gangs(work, renting, pairs)
    return gangs.take(~_beyond_share(gangs, fraction))


def _beyond_share(gangs: Gangs, max_spot_fraction: float) -> NDArray[np.bool_]:
    """Return which gangs have more of their hours on spot; none of those that never end."""
    ends = np.isfinite(gangs.hours)
    on_spot = gangs.spot_nodes * np.where(ends, gangs.spot_hours, 0.0)
    on_firm = (gangs.nodes - gangs.spot_nodes) * np.where(ends, gangs.firm_hours, 0.0)
    allowed = max_spot_fraction * on_firm * (1 + DEADLINE_ROUNDING)
    return np.asarray(on_spot * (1 - max_spot_fraction) > allowed)


def is_in_time(gangs: Gangs, deadline_hours: float) -> NDArray[np.bool_]:
    """Return which gangs are done by the deadline."""
    return np.asarray(gangs.hours <= deadline_hours * (1 + DEADLINE_ROUNDING))


def _mixed_pairs(
    work: GangWork, renting: GangOffers, deadline_hours: float, fraction: float
) -> GangPairs:
    """Pair gangs with firm and spot offers of one place."""
    if work.nodes_fail_together:
        return step_pairs(work, renting, fraction)
    return split_pairs(work, renting, deadline_hours, fraction)


def _thrifty(gangs: Gangs, offers: pd.DataFrame) -> Gangs:
    """Keep, for each way to rent, the gangs that no gang of fewer nodes undercuts.

    Nothing is lost: quotas and budgets only ever count nodes and cost. Firm nodes on what is
    owned take the same off both, unless it ends before they do or stands beside spot; such gangs
    are all kept.
    """
    shared = (gangs.nodes > gangs.spot_nodes) & (owned_room(offers)[gangs.offer] > 0)
    ends = owned_until(offers)[gangs.offer] < gangs.firm_hours
    kept = shared & (ends | (gangs.spot_nodes > 0))
    frame = pd.DataFrame(
        {
            "offer": gangs.offer,
            "spot": gangs.spot_offer,
            "nodes": gangs.nodes,
            "cost": gangs.cost_total,
            "row": np.arange(len(gangs)),
        }
    ).sort_values(["offer", "spot", "nodes", "cost"], kind="stable")
    cheapest = frame.groupby(["offer", "spot"])["cost"].cummin()
    before = cheapest.groupby([frame["offer"], frame["spot"]]).shift(1)
    better = before.isna() | (frame["cost"] < before)
    kept[frame.loc[better, "row"]] = True
    return gangs.take(kept)
