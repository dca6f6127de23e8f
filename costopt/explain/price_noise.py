"""A plan at usual prices: the cheapest of thousands of noisy prices is low by chance."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.candidate.find import NamedWorkload
from costopt.catalog.catalog import Catalog
from costopt.catalog.store.history import PriceQuestion
from costopt.catalog.store.part import PartStatus
from costopt.explain.field import Field, OfferMatch, lines_of
from costopt.explain.price_history import FEWEST, MOST_VERSIONS, past_prices
from costopt.explain.price_place import IN_REGION, IN_ZONE, OFFER
from costopt.plan.answer import cost_figure, lines_in_words
from costopt.plan.line import PlanLine
from costopt.plan.plan import Plan
from costopt.plan.shared_node import rented
from costopt.plan.words import counted, signed_percent

Floats = NDArray[np.float64]

PERCENTILE: Final = 0.75
"""Place in its own history of the price that each pool is taken at.

Source: a planning choice, the upper quartile; Smith and Winkler, "The Optimizer's Curse"
(Management Science 52(3), 2006), on why the chosen minimum disappoints on average.
"""

SAME_COST: Final = 2e-3
"""Relative difference up to which two costs count as equal here [1]."""

PLACE: Final = ("provider", "region", "instance_type", "currency")
"""Columns in which a price of the past and an offer agree, whatever the basis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceNoise:
    """A plan costed at the 75th percentile of the history of each spot pool.

    Attributes:
        pools: spot pools of the plan whose history is known [1].
        unknown: spot pools of the plan without one, left at today's price [1].
        cost_total: of the plan at these prices [plan currency].
        other_lines: of the plan that is cheapest at these prices, where it is another one.
        saving: of that plan against this one at these prices; 0 where this one is cheapest
            [plan currency].
        text: in words; empty where no history of the plan's pools is known.
    """

    pools: int = 0
    unknown: int = 0
    cost_total: float | None = None
    other_lines: tuple[PlanLine, ...] = ()
    saving: float = 0.0
    text: str = ""


def price_noise(plan: Plan, workloads: Sequence[NamedWorkload], catalog: Catalog) -> PriceNoise:
    """Cost a plan at each spot pool's 75th-percentile price, and plan again at these.

    All spot pools that could be rented are taken at their own percentile where at least three
    fresh sightings are known, and at today's price otherwise.

    Args:
        plan: with lines.
        workloads: with their candidates.
        catalog: what the plan was made from.
    """
    spot = [line for line in plan.lines if line.is_spot]
    if not spot:
        return PriceNoise()
    past = past_spot_prices(workloads, catalog)
    if past.empty:
        return PriceNoise(unknown=len({line.offer for line in spot}))
    changes = [usual_changes(item.candidates.offers, past) for item in workloads]
    own = {item.name: (item, change) for item, change in zip(workloads, changes, strict=True)}
    moved = {line.offer: _change_of(line, *own[line.workload]) for line in spot}
    known = {offer for offer, change in moved.items() if np.isfinite(change)}
    if not known:
        return PriceNoise(unknown=len(moved))
    dearer = sum(
        count * line.hours * moved[line.offer]
        for line, count in zip(plan.lines, rented(plan.lines), strict=True)
        if line.offer in known
    )
    cost = (plan.cost_total or 0.0) + dearer
    field = Field(plan=plan, workloads=workloads, catalog=catalog)
    found = field.at_prices([np.nan_to_num(change) for change in changes])
    best = found.solution.cost
    held = cost + plan.switching_cost
    saving = 0.0 if best is None else held - best * plan.horizon_hours
    other = tuple(lines_of(found)) if saving > SAME_COST * cost else ()
    return PriceNoise(
        pools=len(known),
        unknown=len(moved) - len(known),
        cost_total=cost,
        other_lines=other,
        saving=saving if other else 0.0,
        text=noise_in_words(plan, cost, len(known), len(moved), other, saving),
    )


def noise_in_words(
    plan: Plan, cost: float, known: int, pools: int, other: Sequence[PlanLine], saving: float
) -> str:
    """Say what a plan costs at usual prices, and whether another one is then cheaper.

    Args:
        plan: with lines.
        cost: of it at these prices [plan currency].
        known: spot pools of it whose history is known [1].
        pools: all of them [1].
        other: lines of a plan that is then clearly cheaper; empty without one.
        saving: of that plan [plan currency].
    """
    share = signed_percent(cost / plan.cost_total - 1) if plan.cost_total else ""
    of = counted(pools, "spot pool") if known == pools else f"{known} of its {pools} spot pools"
    whose = "its" if known == pools == 1 else "their"
    text = f"with {of} at {whose} 75th-percentile price: {cost_figure(plan, cost)} ({share})"
    if not other:
        return f"{text}; no other plan is then clearly cheaper"
    figure = cost_figure(plan, saving)
    return f"{text}; {lines_in_words(other, 2)} would then be {figure} cheaper"


def past_spot_prices(workloads: Sequence[NamedWorkload], catalog: Catalog) -> pd.DataFrame:
    """Read the fresh past prices of all spot pools that could be rented.

    Args:
        workloads: with their candidates.
        catalog: whose store and compiled histories are read.
    """
    offers = pd.concat([item.candidates.offers for item in workloads], ignore_index=True)
    spot = offers[offers["purchase_option"] == "spot"]
    question = PriceQuestion(
        provider=sorted(set(spot["provider"])),
        region=sorted(set(spot["region"])),
        instance_type=sorted(set(spot["instance_type"])),
        purchase_option="spot",
        newest_versions=MOST_VERSIONS,
    )
    read, _ = past_prices(question, catalog, compiled=catalog.has_compiled_prices)
    if not read:
        return pd.DataFrame(columns=["basis", "status"])
    past = pd.concat(read, ignore_index=True)
    return past[past["status"] != PartStatus.CARRIED.value]


def usual_changes(offers: pd.DataFrame, past: pd.DataFrame) -> Floats:
    """Return what each spot offer costs more at its percentile (offers,) [plan currency/h].

    NaN where too few sightings are known, and for all other offers.

    Args:
        offers: of a workload.
        past: fresh past prices.
    """
    price = np.full(len(offers), np.nan)
    spot = (offers["purchase_option"] == "spot").to_numpy(dtype=np.bool_)
    in_zone = (offers["zone"] != "").to_numpy(dtype=np.bool_)
    for rows, bases in ((spot & in_zone, IN_ZONE), (spot & ~in_zone, IN_REGION)):
        for basis in bases:
            open_rows = rows & np.isnan(price)
            if open_rows.any():
                price[open_rows] = _percentiles(offers[open_rows], past, basis)
    rate = offers["exchange_rate"].to_numpy(dtype=np.float64)
    today = offers["effective_per_hour"].to_numpy(dtype=np.float64)
    return np.asarray((price - today) * rate, dtype=np.float64)


def _percentiles(offers: pd.DataFrame, past: pd.DataFrame, basis: str) -> Floats:
    """Return the percentile of each offer's past prices of one basis; NaN with too few."""
    columns = [*PLACE, *(["zone"] if basis in (OFFER, "zone") else [])]
    seen = past[past["basis"] == basis]
    text = {name: seen[name].astype(str) for name in columns}
    prices = seen.assign(**text).groupby(columns)["effective_per_hour"]
    known = prices.quantile(PERCENTILE)[prices.count() >= FEWEST]
    keys = pd.MultiIndex.from_frame(offers[columns].astype(str))
    return known.reindex(keys).to_numpy(dtype=np.float64)


def _change_of(line: PlanLine, item: NamedWorkload, changes: Floats) -> float:
    """Return what one instance of a line costs more [plan currency/h]."""
    match = OfferMatch(values=tuple(line.offer.model_dump().items()))
    return float(changes[match.rows(item.candidates.offers)][0])
