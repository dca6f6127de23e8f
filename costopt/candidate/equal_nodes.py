"""Equal nodes rented over the horizon: all firm, all spot, or some of each in one place."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.candidate.gang_pairs import is_owned, is_spot, side_by_side
from costopt.candidate.job import NO_OFFER, Gangs
from costopt.candidate.pricing import priced
from costopt.candidate.settings import CandidateSettings
from costopt.performance.reasons import Origin

Integers = NDArray[np.int64]


def equal_nodes(
    nodes: int, offers: pd.DataFrame, layout: Integers, settings: CandidateSettings
) -> Gangs:
    """Return every way to rent equal nodes: one offer for all, or firm ones beside spot.

    All nodes run for the same hours, so a share of the hours on spot is a share of the nodes:
    ``floor(f n)`` may be spot, and since every one of them that is spot costs less or none is
    worth it, as many are. Beside firm ones that are all owned, which cost less than spot, any
    number may be.

    Args:
        nodes: n, instances [1].
        offers: that may be rented.
        layout: of each offer (offers,).
        settings: of the request, for f and the horizon.
    """
    total = priced(offers, settings.horizon_hours).total
    spot = is_spot(offers)
    most = int(np.floor(settings.max_spot_fraction * nodes + 1e-9))
    alone = np.flatnonzero(~spot | (most >= nodes))
    firm_row, spot_row, mixed = _mixed(offers, spot, nodes, most)
    firm = np.concatenate([alone, firm_row])
    beside = np.concatenate([np.where(spot[alone], alone, NO_OFFER), spot_row])
    on_spot = np.concatenate([np.where(spot[alone], nodes, 0), mixed])
    count = len(firm)
    hours, one = np.full(count, settings.horizon_hours), np.ones(count)
    return Gangs(
        offer=firm,
        spot_offer=beside,
        nodes=np.full(count, nodes, dtype=np.int64),
        spot_nodes=on_spot,
        spot_work_fraction=on_spot / nodes,
        hours=hours,
        firm_hours=hours,
        spot_hours=hours,
        cost_total=total[firm] * (nodes - on_spot) + total[np.maximum(beside, 0)] * on_spot,
        layout=layout[firm],
        rate=np.full(count, np.nan),
        low_factor=one,
        high_factor=one,
        planned_factor=one,
        origin=np.full(count, Origin.MEASURED, dtype=np.int64),
    )


def _mixed(
    offers: pd.DataFrame, spot: NDArray[np.bool_], nodes: int, most: int
) -> tuple[Integers, Integers, Integers]:
    """Return firm offer, spot offer and number of spot nodes of each mix with up to ``most``."""
    firm, beside = side_by_side(offers, ~spot, spot)
    some = min(most, nodes - 1)
    bought = min(most, 1) if most < nodes else 0
    pair = np.repeat(np.arange(len(firm)), np.where(is_owned(offers)[firm], some, bought))
    fewer = np.arange(len(pair)) - np.searchsorted(pair, pair)
    return firm[pair], beside[pair], some - fewer
