"""How facts write truths and numbers, and how the catalogue does."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import pandas as pd

from costopt.errors import InvalidInputError

_TRUTHS: Final = {"yes": "true", "no": "false", "": ""}


def truth_words(values: "pd.Series[str]") -> "pd.Series[str]":
    """Turn yes and no into true and false; empty text stays unknown.

    Raises:
        InvalidInputError: a value is neither.
    """
    odd = sorted(set(values) - set(_TRUTHS))
    if odd:
        raise InvalidInputError(
            f"facts column {values.name}", [f"{word!r} is neither yes nor no" for word in odd]
        )
    return meanings(values, _TRUTHS)


def meanings(words: "pd.Series[str]", dictionary: Mapping[str, str]) -> "pd.Series[str]":
    """Return what each word means, and empty text for a word that is not in the dictionary.

    >>> meanings(pd.Series(["yes", "maybe"]), {"yes": "true"}).tolist()
    ['true', '']
    """
    found = words.map(dict(dictionary)).astype(object)
    return found.where(found.notna(), "").astype("str")


def decimal_text(value: Decimal) -> str:
    """Write a decimal without exponent and without trailing zeros.

    >>> decimal_text(Decimal("39.500")), decimal_text(Decimal("1E+3"))
    ('39.5', '1000')
    """
    return f"{value.normalize():f}"
