"""Quotas of an account as limits of a request, and the words to ask for more."""

from collections.abc import Mapping, Sequence
from typing import Final

import pandas as pd

from costopt.account.prices import key_rows
from costopt.account.records import Quota
from costopt.workload.limits import Limits

QUOTA_PARTS: Final = 3
"""Parts of a quota key that always stand there: provider, region, instance type."""


def quota_key(key: str) -> str:
    """Write a key of offers as a key of ``Limits.quota``.

    >>> [quota_key(key) for key in ("aws", "aws/us-east-1", "aws/*/p5.*/spot")]
    ['aws/*/*', 'aws/us-east-1/*', 'aws/*/p5.*/spot']
    """
    parts = key.split("/")
    return "/".join([*parts, *["*"] * (QUOTA_PARTS - len(parts))])


def quotas_left(
    quotas: Sequence[Quota], offers: pd.DataFrame, known: Mapping[str, frozenset[str]]
) -> dict[str, int]:
    """Return what is left of each quota that concerns an offer here, by key of ``Limits.quota``.

    Args:
        quotas: of the account.
        offers: the offers table.
        known: column -> names that there are, with or without an offer here.

    Raises:
        UnknownNameError: a part of a key matches no name at all.
    """
    left: dict[str, int] = {}
    for quota in in_force(quotas, offers, known):
        key = quota_key(quota.key)
        left[key] = min(quota.left, left.get(key, quota.left))
    return left


def with_quotas(limits: Limits, left: Mapping[str, int]) -> Limits:
    """Add quotas to limits; of two for one key the smaller counts."""
    if not left:
        return limits
    own = limits.quota or {}
    joined = {key: min(left.get(key, count), count) for key, count in own.items()}
    return limits.model_copy(update={"quota": {**left, **joined}})


def in_force(
    quotas: Sequence[Quota], offers: pd.DataFrame, known: Mapping[str, frozenset[str]]
) -> tuple[Quota, ...]:
    """Return the quotas that concern an offer here."""
    return tuple(quota for quota in quotas if key_rows(offers, quota.key, known).any())


def increase_words(quota: Quota) -> str:
    """Return the words of an increase request: what there is, in use, and whom to ask.

    >>> increase_words(Quota(key="aws/*/p5.*", limit=2, used=2, name="P instances"))
    "raise 'P instances' for aws/*/p5.* at the provider: 0 of 2 instances are left"
    """
    return (
        f"raise {quota.name!r} for {quota.key} at the provider: {quota.left:,} of "
        f"{quota.limit:,} instances are left"
    )
