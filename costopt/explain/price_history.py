"""The prices of a plan in their own history: dear, cheap or as ever."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from costopt.catalog.catalog import Catalog
from costopt.catalog.store.history import PriceQuestion
from costopt.catalog.store.part import PartStatus
from costopt.errors import CatalogFileError, MissingDependencyError
from costopt.explain.field import OfferMatch
from costopt.explain.price_place import IN_REGION, IN_ZONE, OFFER, PricePlace, offer_in_words
from costopt.plan.line import PlanLine
from costopt.plan.plan import Plan

CLOSE: Final = 0.05
"""Relative distance from today's price within which a price counts as held."""

SAME: Final = 1e-9
"""Relative distance that is rounding."""

FEWEST: Final = 3
"""Sightings below which a price has no place in its history [1]."""

MOST_VERSIONS: Final = 90
"""Versions of a store that are looked at, the newest ones: a quarter of nightly refreshes [1]."""

AVERAGED: Final = "zone_average"
"""Flag of a price that is the mean of a region's zones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Today:
    """A list price of today [currency/h], and whether it is the mean of a region's zones."""

    price_per_hour: float
    is_average: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceHistory:
    """Places of a plan's prices, and why there are not more.

    Attributes:
        places: one for each offer that has sightings, in the order of the plan.
        gaps: one sentence for everything that could not be compared.
    """

    places: tuple[PricePlace, ...] = ()
    gaps: tuple[str, ...] = ()

    @property
    def sentences(self) -> tuple[str, ...]:
        """Places and gaps in words."""
        return (*(place.text for place in self.places), *self.gaps)

    @property
    def brief(self) -> tuple[str, ...]:
        """The same, a line for each place."""
        return (*(place.brief for place in self.places), *self.gaps)


def price_history(plan: Plan, catalog: Catalog) -> PriceHistory:
    """Find the place of each rented offer's list price in its own history.

    The versions of the store are looked at first; where they hold fewer than three fresh
    sightings, the compiled spot histories are. What cannot be read is said, and nothing else of
    the plan depends on it.

    Args:
        plan: with or without lines.
        catalog: what it was made from.
    """
    lines = {line.offer: line for line in plan.lines if not line.is_owned}
    if not lines:
        return PriceHistory()
    named = list(lines.values())
    compiled = catalog.has_compiled_prices and any(line.is_spot for line in named)
    read, gaps = past_prices(_question(named), catalog, compiled=compiled)
    if not read:
        return PriceHistory(gaps=tuple(gaps))
    past, offers = pd.concat(read, ignore_index=True), catalog.offers
    places: list[PricePlace] = []
    for line in lines.values():
        sightings = _sightings(line, past)
        if sightings is None:
            continue
        today = _today(line, offers, past)
        if isinstance(today, str):
            gaps.append(f"{offer_in_words(line.offer)}: {today}")
        else:
            places.append(_place(line, today, sightings))
    return PriceHistory(places=tuple(places), gaps=tuple(gaps))


def _question(lines: Sequence[PlanLine]) -> PriceQuestion:
    """Ask for the past prices of some lines' offers."""
    return PriceQuestion(
        provider=sorted({line.offer.provider for line in lines}),
        region=sorted({line.offer.region for line in lines}),
        instance_type=sorted({line.offer.instance_type for line in lines}),
        purchase_option=sorted({line.offer.purchase_option for line in lines}),
        newest_versions=MOST_VERSIONS,
    )


def past_prices(
    question: PriceQuestion, catalog: Catalog, *, compiled: bool
) -> tuple[list[pd.DataFrame], list[str]]:
    """Read what is known of the past of some offers, and say what cannot be read.

    Args:
        question: which offers.
        catalog: whose store and compiled histories are read.
        compiled: True to read the compiled spot histories as well.
    """
    sources: list[Callable[[PriceQuestion], pd.DataFrame | None]] = [catalog.version_prices]
    if compiled:
        sources.append(catalog.compiled_prices)
    found, unread = [], []
    for read in sources:
        try:
            rows = read(question)
        except (MissingDependencyError, CatalogFileError) as error:
            unread.append(f"past prices are not shown: {error}")
        else:
            found += [] if rows is None else [rows]
    return found, unread


def _sightings(line: PlanLine, past: pd.DataFrame) -> pd.DataFrame | None:
    """Return the fresh sightings that a line's offer is compared with; None without any.

    Of the bases that fit the offer, the first one with enough sightings counts, or else the one
    with most; bases are never mixed.
    """
    key = line.offer.model_dump()
    in_place = OfferMatch(values=tuple(key.items())).rows(past)
    anywhere = OfferMatch(values=tuple((n, v) for n, v in key.items() if n != "zone")).rows(past)
    counts = past["currency"] == line.price_currency
    counts &= past["status"] != PartStatus.CARRIED.value
    series = []
    for basis in IN_ZONE if line.offer.zone else IN_REGION:
        same = in_place if basis in (OFFER, "zone") else anywhere
        series.append(past[counts & same & (past["basis"] == basis)])
    enough = (seen for seen in series if len(seen) >= FEWEST)
    best = next(enough, max(series, key=len))
    return None if best.empty else best


def _today(line: PlanLine, offers: pd.DataFrame, past: pd.DataFrame) -> _Today | str:
    """Return today's list price of a line's offer, or why it is not known.

    A discount leaves the source and the date of the list price, so that they find it among the
    past ones; a price of your own has others.
    """
    match = OfferMatch(values=tuple(line.offer.model_dump().items()))
    here = offers[match.rows(offers)]
    if here.empty:
        return "not in this catalogue"
    is_average = AVERAGED in here["flags"].iloc[0].split(";")
    if not line.price_trail:
        price = float(here["effective_per_hour"].iloc[0])
        return _Today(price_per_hour=price, is_average=is_average)
    same = (past["source"] == line.price_source) & (past["as_of"] == line.price_as_of)
    same &= (past["basis"] == OFFER) & (past["currency"] == line.price_currency)
    listed = past.loc[same & match.rows(past), "effective_per_hour"]
    if listed.empty:
        return "at a price of your own; its history is of list prices"
    return _Today(price_per_hour=float(listed.iloc[-1]), is_average=is_average)


def _place(line: PlanLine, today: _Today, seen: pd.DataFrame) -> PricePlace:
    basis = str(seen["basis"].iloc[0])
    days = seen["created_at"].str[:10] if basis == OFFER else seen["as_of"]
    prices, now = seen["effective_per_hour"], today.price_per_hour
    equal = np.isclose(prices, now, rtol=SAME, atol=0)
    cheaper = (prices < now) & ~equal
    lowest, highest = float(prices.min()), float(prices.max())
    share = float(cheaper.mean() + equal.mean() / 2)
    return PricePlace(
        offer=line.offer,
        price_per_hour=now,
        currency=line.price_currency,
        is_own=bool(line.price_trail),
        is_average=today.is_average,
        basis=basis,
        sightings=len(prices),
        close=int(((prices / now - 1).abs() <= CLOSE + SAME).sum()),
        percentile_fraction=share if len(prices) >= FEWEST else None,
        lowest_per_hour=lowest,
        lowest_on=str(days[prices == lowest].max()),
        highest_per_hour=highest,
        highest_on=str(days[prices == highest].max()),
    )
