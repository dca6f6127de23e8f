"""Firm nodes of one gang that several offers pay for: what is owned, and the offer beside it."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.candidate.gang_pairs import PLACE, is_owned
from costopt.candidate.job import Gangs, Payers
from costopt.candidate.pricing import PRICE_COLUMNS, priced

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

KEY = ["place", "in_zone", "layout", "nodes", "spot_offer", "spot_nodes"]
"""Columns that two gangs share when they differ only in the offer of their firm nodes."""


def with_payers(gangs: Gangs, offers: pd.DataFrame) -> tuple[Gangs, Payers]:
    """Let firm nodes run on what is owned in their place, each on one offer.

    The gang and its hours stay the same; each firm node is charged as its own offer is. Nodes of
    one gang stand in one zone: what is owned in another one does not pay for them.

    Args:
        gangs: whose firm nodes are all of one offer.
        offers: that may be rented.
    """
    if not len(gangs) or not is_owned(offers).any():
        return gangs, Payers.none(gangs)
    shared = _shared(gangs, offers)
    if shared.empty:
        return gangs, Payers.none(gangs)
    alone = np.setdiff1d(np.arange(len(gangs)), shared["row"])
    variants, first = np.unique(shared["variant"], return_index=True)
    rows = np.concatenate([alone, shared["row"].to_numpy(dtype=np.int64)[first]])
    gang = len(alone) + np.searchsorted(variants, shared["variant"])
    found, offer = gangs.take(rows), shared["offer"].to_numpy(dtype=np.int64)
    columns = offers[list(PRICE_COLUMNS)]
    own_cost = found.cost_total.copy()
    own_cost[len(alone) :] = _spot_cost(found, columns)[len(alone) :]
    return found, Payers(
        gang=gang.astype(np.int64),
        offer=offer,
        cost=priced(columns.iloc[offer], found.firm_hours[gang]).total,
        own_cost=own_cost,
    )


def _spot_cost(gangs: Gangs, offers: pd.DataFrame) -> Floats:
    """Cost of the spot nodes of each gang (gangs,) [plan currency]."""
    has_spot = gangs.spot_nodes > 0
    hours = np.where(has_spot, gangs.spot_hours, 1.0)
    each = priced(offers.iloc[np.where(has_spot, gangs.spot_offer, 0)], hours).total
    return np.asarray(np.where(has_spot, gangs.spot_nodes * each, 0.0))


def _shared(gangs: Gangs, offers: pd.DataFrame) -> pd.DataFrame:
    """Pair gangs with the offers that may pay for their firm nodes.

    A gang of a whole region stands in each zone where something is owned. Of gangs that differ
    only in what is owned, the first stands for all, and none where the nodes can be bought.

    Returns:
        One row for each payer: ``variant`` (one gang in one zone), ``row`` of the gang and
        ``offer``; only gangs with several.
    """
    places = offers.groupby(PLACE, sort=False).ngroup().to_numpy()
    owned, zones = is_owned(offers), offers["zone"].to_numpy(dtype=object)
    mine = pd.DataFrame({"place": places, "zone": zones, "offer": np.arange(len(offers))})[owned]
    firm = np.flatnonzero((gangs.nodes > gangs.spot_nodes) & np.isin(places[gangs.offer],
                                                                      mine["place"]))  # fmt: skip
    lead, beside = gangs.offer[firm], gangs.spot_offer[firm]
    spot_zone = np.where(gangs.spot_nodes[firm] > 0, zones[np.maximum(beside, 0)], "")
    leads = pd.DataFrame(
        {
            "row": firm,
            "place": places[lead],
            "zone": np.where(zones[lead] == "", spot_zone, zones[lead]),
            "layout": gangs.layout[firm],
            "nodes": gangs.nodes[firm],
            "spot_offer": beside,
            "spot_nodes": gangs.spot_nodes[firm],
            "lead": lead,
            "is_owned": owned[lead],
        }
    )
    leads = _in_zones(leads, mine)
    leads["is_bought_too"] = ~leads.groupby(KEY)["is_owned"].transform("all")
    again = leads["is_owned"] & (leads["is_bought_too"] | leads.duplicated([*KEY, "is_owned"]))
    leads = leads[~again].assign(variant=lambda kept: np.arange(len(kept)))
    paying = leads.merge(mine, on="place", how="inner", suffixes=("", "_owned"))
    paying = paying[(paying["zone_owned"] == "") | (paying["zone_owned"] == paying["in_zone"])]
    bought = leads.loc[~leads["is_owned"]].assign(offer=lambda kept: kept["lead"])
    columns = ["variant", "row", "offer"]
    pairs = pd.concat([bought[columns], paying[columns]], ignore_index=True)
    several = pairs.groupby("variant")["offer"].transform("size") > 1
    return pairs[several].sort_values(["variant"], kind="stable", ignore_index=True)


def _in_zones(leads: pd.DataFrame, mine: pd.DataFrame) -> pd.DataFrame:
    """Put each gang into its zone, or into every zone of its place where something is owned."""
    zones = mine.loc[mine["zone"] != "", ["place", "zone"]].drop_duplicates()
    anywhere = leads[leads["zone"] == ""]
    spread = anywhere.merge(
        zones.rename(columns={"zone": "in_zone"}), on="place", how="left"
    ).fillna({"in_zone": ""})
    there = leads[leads["zone"] != ""].assign(in_zone=lambda kept: kept["zone"])
    return pd.concat([there, spread], ignore_index=True)
