"""Which gangs are rented from which offers: all firm, all spot, or both in one place."""

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.account.owned import ON_DEMAND, OWNED
from costopt.candidate.gang_costs import GangOffers, GangPairs, GangWork
from costopt.candidate.job import NO_OFFER

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

PLACE = ["provider", "region", "instance_type"]
"""Columns that two offers share when their instances can stand side by side, beside the zone."""

MOST_OWNED: Final = 64
"""Numbers of firm nodes beside spot that are tried one by one where as many are owned [1]."""


def firm_pairs(work: GangWork, renting: GangOffers) -> GangPairs:
    """Pair every gang with every firm offer of its type."""
    return _one_offer(work, renting, ~is_spot(renting.offers))


def spot_only_pairs(work: GangWork, renting: GangOffers) -> GangPairs:
    """Pair every gang with every spot offer of its type."""
    return _one_offer(work, renting, is_spot(renting.offers))


def step_pairs(work: GangWork, renting: GangOffers, max_spot_fraction: float) -> GangPairs:
    """Pair gangs that work in step with spot offers and firm offers of the same place.

    With ``s`` of ``n`` nodes on spot, each spot node is paid for ``b`` hours and each firm node
    for ``h``, where ``A h <= b <= h`` at availability ``A``. So ``s b <= f (s b + (n - s) h)``
    holds up to ``floor(f n)`` in any case and never above ``f n / (A (1 - f) + f)``. Both ends
    and the number below the upper one are paired; so is one spot node, because reclaims grow with
    ``s`` and what a gang costs is concave in it. Pairs above the share are for the caller to drop.

    Where something is owned, firm nodes cost less up to as many, so that every number of firm
    nodes up to that is paired too. Elsewhere, a share of 1 leaves nothing to pair.

    Args:
        work: what each gang has to do.
        renting: offers.
        max_spot_fraction: f, largest share of the hours on spot [0..1].
    """
    rows, firm, spot = places(work, renting)
    owned = owned_room(renting.offers)
    if max_spot_fraction >= 1:
        beside = owned[spot] > 0
        rows, firm, spot = rows[beside], firm[beside], spot[beside]
    nodes = work.nodes[rows]
    available = renting.risk.availability_fraction[spot]
    fraction = max_spot_fraction
    most = np.floor(fraction * nodes / (available * (1 - fraction) + fraction) + 1e-9)
    surely = np.floor(fraction * nodes + 1e-9)
    room = np.minimum(owned[spot], MOST_OWNED)
    on_firm = np.arange(1, int(room.max(initial=0)) + 1)
    others = nodes[:, None] - on_firm
    useful = (on_firm <= room[:, None]) & (others >= 1) & (others <= most[:, None])
    ends = np.stack([np.ones(len(nodes)), surely, most - 1, most], axis=1)
    tried = np.hstack([ends, np.where(useful, others, 1)]).astype(np.int64)
    tried = np.sort(tried, axis=1)
    fresh = np.diff(tried, axis=1, prepend=0) > 0
    pair, which = np.nonzero(fresh & (tried < nodes[:, None]))
    on_spot = tried[pair, which]
    return GangPairs(
        work=rows[pair],
        firm=firm[pair],
        spot=spot[pair],
        firm_nodes=nodes[pair] - on_spot,
        spot_nodes=on_spot,
        spot_work_fraction=on_spot / nodes[pair],
    )


def places(work: GangWork, renting: GangOffers) -> tuple[Integers, Integers, Integers]:
    """Pair rows of work with a spot offer and a firm offer of its place.

    Returns:
        Row of the work, firm offer and spot offer (pairs,).
    """
    spot_rows = is_spot(renting.offers)
    pairs = _on_type(work, renting.type_index, spot_rows)
    spot = pairs["offer"].to_numpy(dtype=np.int64)
    firm = _firm_beside(renting.offers, spot_rows)[spot]
    beside = firm != NO_OFFER
    return pairs["work"].to_numpy(dtype=np.int64)[beside], firm[beside], spot[beside]


def is_spot(offers: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which offers may be taken back."""
    return (offers["purchase_option"] == "spot").to_numpy(dtype=np.bool_)


def is_owned(offers: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which offers are paid for already."""
    return (offers["purchase_option"] == OWNED).to_numpy(dtype=np.bool_)


def owned_room(offers: pd.DataFrame) -> Floats:
    """Instances that are owned in the place of each offer, all commitments together (offers,)."""
    owned = is_owned(offers)
    if not owned.any():
        return np.zeros(len(offers))
    room = offers["owned_room"].where(owned, 0.0)
    return room.groupby([offers[name] for name in PLACE]).transform("sum").to_numpy()


def owned_until(offers: pd.DataFrame) -> Floats:
    """Hours left of what is owned in the place of each offer, the shortest (offers,) [h].

    ``inf`` where nothing is.
    """
    owned = is_owned(offers)
    if not owned.any():
        return np.full(len(offers), np.inf)
    hours = offers["term_hours"].where(owned, np.inf)
    return hours.groupby([offers[name] for name in PLACE]).transform("min").to_numpy()


def _one_offer(work: GangWork, renting: GangOffers, wanted: NDArray[np.bool_]) -> GangPairs:
    pairs = _on_type(work, renting.type_index, wanted)
    rows = pairs["work"].to_numpy(dtype=np.int64)
    offer = pairs["offer"].to_numpy(dtype=np.int64)
    nodes = work.nodes[rows]
    all_spot = is_spot(renting.offers)[offer]
    return GangPairs(
        work=rows,
        firm=offer,
        spot=np.where(all_spot, offer, NO_OFFER),
        firm_nodes=np.where(all_spot, 0, nodes),
        spot_nodes=np.where(all_spot, nodes, 0),
        spot_work_fraction=all_spot.astype(np.float64),
    )


def _on_type(work: GangWork, type_index: Integers, wanted: NDArray[np.bool_]) -> pd.DataFrame:
    """Pair rows of work with the wanted offers of their instance type."""
    rows = pd.DataFrame({"type": work.type_index, "work": np.arange(len(work.type_index))})
    offers = pd.DataFrame({"type": type_index, "offer": np.arange(len(type_index))})
    return rows.merge(offers[wanted], on="type", how="inner")


def _firm_beside(offers: pd.DataFrame, spot_rows: NDArray[np.bool_]) -> Integers:
    """Return the on-demand offer of the same place for each offer, else one that is owned.

    NO_OFFER without either.
    """
    on_demand = (offers["purchase_option"] == ON_DEMAND).to_numpy(dtype=np.bool_)
    found = np.full(len(offers), NO_OFFER, dtype=np.int64)
    for wanted in (is_owned(offers), on_demand):
        firm, spot = side_by_side(offers, wanted, spot_rows)
        in_zone_last = np.argsort((offers["zone"] != "").to_numpy()[firm], kind="stable")
        found[spot[in_zone_last]] = firm[in_zone_last]
    return found


def side_by_side(
    offers: pd.DataFrame, firm: NDArray[np.bool_], spot: NDArray[np.bool_]
) -> tuple[Integers, Integers]:
    """Pair every firm offer with every spot offer that it can stand beside.

    A firm offer of a whole region can be had in each of its zones, where spot prices differ.

    Args:
        offers: that may be rented.
        firm: which of them may be the firm ones (offers,).
        spot: which of them may be the spot ones (offers,).

    Returns:
        Firm offer and spot offer (pairs,).
    """
    rows = offers[[*PLACE, "zone"]].assign(row=np.arange(len(offers)))
    pairs = rows[firm].merge(rows[spot], on=PLACE, how="inner", suffixes=("_firm", "_spot"))
    pairs = pairs[(pairs["zone_firm"] == "") | (pairs["zone_firm"] == pairs["zone_spot"])]
    return (
        pairs["row_firm"].to_numpy(dtype=np.int64),
        pairs["row_spot"].to_numpy(dtype=np.int64),
    )
