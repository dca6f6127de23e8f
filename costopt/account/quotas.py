"""Quotas of an account as limits of a request, and the words to ask for more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from costopt.account.keys import key_rows, limit_key
from costopt.account.records import Quota
from costopt.catalog.offer_keys import OfferNames
from costopt.workload.counted import CountedLimit


@dataclass(frozen=True, slots=True, kw_only=True)
class Taker:
    """An instance type that takes the least of a quota.

    Attributes:
        instance_type: its name.
        amount: what one of it takes [unit of the quota].
    """

    instance_type: str
    amount: float


def quota_limits(
    quotas: Sequence[Quota], names: OfferNames, known: Mapping[str, frozenset[str]]
) -> tuple[CountedLimit, ...]:
    """Return what is left of each quota that concerns an offer here.

    Args:
        quotas: of the account.
        names: of the offers.
        known: column -> names that there are, with or without an offer here.

    Raises:
        UnknownNameError: a part of a key matches no name at all.
    """
    return tuple(
        quota_limit(quota, names, known) for quota in quotas_in_force(quotas, names, known)
    )


def quota_limit(
    quota: Quota, names: OfferNames, known: Mapping[str, frozenset[str]]
) -> CountedLimit:
    """Return what is left of one quota that concerns an offer here."""
    key = limit_key(names, quota.key, known, quota.origin)
    return CountedLimit(unit=quota.counts, key=key, allowed=float(quota.left))


def quotas_in_force(
    quotas: Sequence[Quota], names: OfferNames, known: Mapping[str, frozenset[str]]
) -> tuple[Quota, ...]:
    """Return the quotas that concern an offer here.

    Raises:
        UnknownNameError: a part of a key matches no name at all.
    """
    return tuple(one for one in quotas if key_rows(names, one.key, known, one.origin).any())


def increase_words(quota: Quota, taker: Taker | None = None) -> str:
    """Return the words of an increase request: what there is, in use, and whom to ask.

    Args:
        quota: that leaves too little.
        taker: what it leaves too little for.

    >>> increase_words(Quota(key="aws/*/p5.*", limit=2, used=2, name="P instances"))
    "raise 'P instances' for aws/*/p5.* at the provider: 0 of 2 instances are left"
    """
    words = (
        f"raise {quota.name!r} for {quota.key} at the provider: {quota.left:,} of "
        f"{quota.counts.amount(quota.limit)} are left"
    )
    if taker is None or quota.unit == "instances":
        return words
    return f"{words}, one {taker.instance_type} takes {taker.amount:,.10g}"
