"""What a plan says of the quotas of its account: whom to ask for more, and for what."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.account.quotas import Taker, increase_words
from costopt.account.records import Quota
from costopt.candidate.find import NamedWorkload
from costopt.catalog.offer_keys import OfferNames
from costopt.plan.beside import Exclusion
from costopt.workload.counted import CountedLimit

MOST_NAMED: Final = 3
"""Quotas that one sentence or list names; the account holds them all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Increase:
    """A quota of the account that concerns what a request could use.

    Attributes:
        words: of the increase request.
        lacks: what one instance of an offer takes beyond what is left; 0 where each fits [unit].
    """

    words: str
    lacks: float

    @property
    def excludes(self) -> bool:
        """Whether it leaves too little for one instance of an offer."""
        return self.lacks > 0


def increases(
    quotas: Sequence[tuple[Quota, CountedLimit]],
    offers: pd.DataFrame,
) -> tuple[Increase, ...]:
    """Return the quotas that concern what a request could use, in words; least lacking first.

    Args:
        quotas: of the account, and how they limit a plan.
        offers: that the request could use, beside the facts of their instance types.
    """
    names = OfferNames.of(offers)
    found = []
    for quota, counted in quotas:
        taken = counted.weights(offers, names)
        if not taken.any():
            continue
        too_much = counted.exceeded_by(taken)
        taker, lacks = None, 0.0
        if too_much.any():
            least = int(np.where(too_much, taken, np.inf).argmin())
            kind = str(offers["instance_type"].iloc[least])
            taker = Taker(instance_type=kind, amount=float(taken[least]))
            lacks = taker.amount - counted.allowed
        found.append(Increase(words=increase_words(quota, taker), lacks=lacks))
    return tuple(sorted(found, key=lambda one: one.lacks))


def take_part(workloads: Sequence[NamedWorkload]) -> NDArray[np.bool_]:
    """Return which offers take part for a workload (offers,)."""
    parts = [item.candidates.excluded.taking_part for item in workloads]
    return np.asarray(np.logical_or.reduce(parts))


def quotas_exclude(workloads: Sequence[NamedWorkload]) -> bool:
    """Return whether a quota excludes an offer."""
    return any((item.candidates.excluded.codes == "quota").any() for item in workloads)


def with_increases(
    exclusions: Sequence[Exclusion], quotas: Sequence[Increase]
) -> tuple[Exclusion, ...]:
    """Say beside what a quota excludes which quota to ask for.

    Args:
        exclusions: of the plan.
        quotas: of the account, that concern the request.
    """
    words = [one.words for one in quotas if one.excludes]
    if not words:
        return tuple(exclusions)
    return tuple(
        item.model_copy(update={"text": f"{item.text} ({'; '.join(_first(words))})"})
        if item.reason == "quota"
        else item
        for item in exclusions
    )


def refused_by_quotas(because: Sequence[str], quotas: Sequence[Increase]) -> tuple[str, ...]:
    """Say why there is no plan, with the quotas of the account that may stand against it.

    Args:
        because: what was found; empty where there is a plan.
        quotas: of the account, that concern the request.
    """
    if not because:
        return ()
    named = any("quota" in sentence for sentence in because)
    return (*because, *_first([one.words for one in quotas if named or one.excludes]))


def _first(words: Sequence[str]) -> list[str]:
    """Return the first few, and how many more there are."""
    rest = len(words) - MOST_NAMED
    return [*words[:MOST_NAMED], *([f"and {rest:,} more quotas likewise"] if rest > 0 else [])]
