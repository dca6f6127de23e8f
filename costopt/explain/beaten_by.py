"""Which other offer does all that an offer does, for less."""

from typing import Final

import numpy as np

from costopt.candidate.service import ServiceCandidates
from costopt.explain.field import OfferMatch
from costopt.plan.words import counted, money

AS_FAST: Final = 1 - 1e-9
"""Share of a rate from which another counts as as high; the rest is rounding [0..1]."""


def beaten_by(service: ServiceCandidates, match: OfferMatch, currency: str) -> str:
    """Name an offer of which ``m`` serve every request size at least as fast and cost no more.

    ``m c' <= c`` and ``m r'_b >= r_b`` for every request size ``b``, with ``m = floor(c / c')``.
    An offer on spot beats only offers on spot.

    Args:
        service: with its candidates.
        match: the offers that are asked about; the cheapest of them is meant.
        currency: of the prices.
    """
    rates = service.prompt_rates * service.layout_rates.max_utilisation[:, None]
    best = np.zeros((len(service.types), rates.shape[1]))
    np.maximum.at(best, service.type_of_layout, rates)
    own, price = match.rows(service.offers), service.prices.per_hour
    if not own.any() or not len(best):
        return ""
    here = int(np.flatnonzero(own)[np.argmin(price[own])])
    able = best[service.type_of_offer]
    firm = ~service.is_spot | service.is_spot[here]
    copies = np.floor(price[here] / np.where(price > 0, price, np.inf) * (2 - AS_FAST))
    enough = (copies[:, None] * able >= AS_FAST * able[here]).all(axis=1)
    rivals = np.flatnonzero(firm & ~own & (copies >= 1) & enough)
    if not len(rivals):
        return ""
    rival = int(rivals[np.argmin(copies[rivals] * price[rivals])])
    offer, count = service.offers.iloc[rival], int(copies[rival])
    kind = service.offers.iloc[here]["instance_type"]
    cost, least = float(price[here]), float(price[rival])
    return (
        f"{counted(count, 'instance')} of {offer['instance_type']} in {offer['region']} "
        f"({str(offer['purchase_option']).replace('_', ' ')}) at {money(least, currency)}/h each "
        f"serve every request size at least as fast as one {kind} at {money(cost, currency)}/h"
    )
