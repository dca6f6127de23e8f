"""PricePlace: a price of a plan among the earlier ones of its offer, as a record and in words."""

from dataclasses import dataclass
from typing import Final

from costopt.plan.line import OfferKey
from costopt.plan.words import counted, money, payment_in_words

OFFER: Final = "offer"
"""Basis of a sighting of the offer itself, in a version of a store."""

IN_REGION: Final = {OFFER: "", "region": "", "lowest_zone": " of its cheapest zone"}
"""Bases that an offer of a whole region is compared with, the best first, and what to say."""

IN_ZONE: Final = {
    OFFER: "",
    "zone": "",
    "region": " of its whole region",
    "lowest_zone": " of the cheapest zone of its region",
}
"""Bases that an offer of one zone is compared with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PricePlace:
    """Today's list price of an offer among its earlier ones, in its own currency.

    ``percentile_fraction = (b + e / 2) / m`` for ``m`` fresh sightings, of which ``b`` are cheaper
    than today's price and ``e`` equal to it: 0 is cheaper than all, 1 dearer than all.

    Attributes:
        offer: which offer of the catalogue.
        price_per_hour: list price of the whole instance today, upfront charges spread over the
            term [currency/h].
        currency: of all prices here; sightings in another one do not count.
        is_own: whether the plan pays a price of its own instead.
        is_average: whether today's price is the mean of a region's zones.
        basis: what the sightings are of: ``offer``, in the versions of a store, or ``region``,
            ``zone`` or ``lowest_zone``, on the dates of a compiled spot history.
        sightings: fresh ones: versions, today's included, or dates [1].
        close: sightings within 5 % of today's price [1].
        percentile_fraction: as above; None where there are too few sightings [0..1].
        lowest_per_hour: lowest price seen [currency/h].
        lowest_on: last day on which it was seen.
        highest_per_hour: highest price seen [currency/h].
        highest_on: last day on which it was seen.
    """

    offer: OfferKey
    price_per_hour: float
    currency: str
    is_own: bool
    is_average: bool
    basis: str
    sightings: int
    close: int
    percentile_fraction: float | None
    lowest_per_hour: float
    lowest_on: str
    highest_per_hour: float
    highest_on: str

    @property
    def brief(self) -> str:
        """The place in a line."""
        noun = "version" if self.basis == OFFER else "date"
        preposition = "in" if self.basis == OFFER else "on"
        scope = (IN_ZONE if self.offer.zone else IN_REGION)[self.basis]
        seen = f"{counted(self.sightings, noun)}{scope}"
        name = offer_in_words(self.offer)
        if self.percentile_fraction is None:
            return f"{name}: seen {preposition} {seen}, too few to place its price"
        return (
            f"{name}: percentile {100 * self.percentile_fraction:.0f}; "
            f"held within 5 % {preposition} {self.close:,} of {seen}"
        )

    @property
    def text(self) -> str:
        """The place in words, with today's, the lowest and the highest price."""
        if self.percentile_fraction is None:
            return self.brief
        now, lowest, highest = (
            money(price, self.currency)
            for price in (self.price_per_hour, self.lowest_per_hour, self.highest_per_hour)
        )
        listed = "list price " if self.is_own else ""
        average = ", the mean of its zones" if self.is_average and self.basis != OFFER else ""
        return (
            f"{self.brief}; {listed}{now}/h{average}, "
            f"lowest {lowest} ({self.lowest_on}), highest {highest} ({self.highest_on})"
        )


def offer_in_words(offer: OfferKey) -> str:
    """Name an offer: instance type, place and way to pay."""
    payment = payment_in_words(offer.purchase_option, offer.term_years, offer.payment)
    return f"{offer.instance_type} in {offer.zone or offer.region}, {payment}"
