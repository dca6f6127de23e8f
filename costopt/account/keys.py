"""Keys of an account held against the offers of a catalogue."""

from collections.abc import Mapping
from typing import Final

from costopt.catalog.narrow import Mask
from costopt.catalog.offer_keys import (
    OfferNames,
    key_columns,
    known_matches,
    only_known,
)
from costopt.errors import InvalidInputError, UnknownNameError

QUOTA_PARTS: Final = 3
"""Parts of a quota key that always stand there: provider, region, instance type."""


def key_rows(
    names: OfferNames, key: str, known: Mapping[str, frozenset[str]], origin: str = ""
) -> Mask:
    """Return which offers a key names; none of a narrowed catalogue is an answer too.

    Args:
        names: of the offers.
        key: of an account, read from the left.
        known: column -> names that there are, with or without an offer here.
        origin: where the key was read; a provider may name what the catalogue does not have.

    Raises:
        UnknownNameError: a part of a key that a person wrote matches no name at all.
        InvalidInputError: an instance type stands where the region belongs.
    """
    columns = key_columns(key)
    if not origin:
        for column, pattern in columns.items():
            _refuse_unknown(names, column, pattern, known, key)
    return names.rows(columns)


def _refuse_unknown(
    names: OfferNames,
    column: str,
    pattern: str,
    known: Mapping[str, frozenset[str]],
    key: str,
) -> None:
    """Refuse a pattern that matches no name of its column; say where it would fit."""
    try:
        known_matches(column, pattern, names.known(column, known))
    except UnknownNameError:
        types = names.known("instance_type", known)
        if column not in ("provider", "region") or not only_known(pattern, types):
            raise
        whole = "/".join(["*"] if column == "provider" else key.split("/")[:1])
        raise InvalidInputError(
            "account",
            [
                f"{key!r} has an instance type where the {column} belongs; keys of an account "
                f"are provider/region/instance_type, so write {whole}/*/{pattern}"
            ],
        ) from None


def limit_key(
    names: OfferNames, key: str, known: Mapping[str, frozenset[str]], origin: str = ""
) -> str:
    """Write a key of an account as a key of ``Limits.quota``.

    Of a key that was read, alternatives that the catalogue does not know are left out.

    Args:
        names: of the offers.
        key: of an account, which names an offer.
        known: column -> names that there are, with or without an offer here.
        origin: where the key was read.
    """
    parts = [
        only_known(pattern, names.known(column, known)) if origin else pattern
        for column, pattern in key_columns(key).items()
    ]
    return "/".join([*parts, *["*"] * (QUOTA_PARTS - len(parts))])


def plain_key(key: str) -> str:
    """Return a key without trailing parts that name everything, in small letters.

    >>> [plain_key(key) for key in ("aws", "AWS/*", "aws/*/*", "*", "aws/*/p5.*")]
    ['aws', 'aws', 'aws', '*', 'aws/*/p5.*']
    """
    parts = key.lower().split("/")
    while len(parts) > 1 and parts[-1] == "*":
        parts.pop()
    return "/".join(parts)
