"""Prices over time: compiled spot histories, and the offers in the versions of a store."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import pandas as pd

from costopt.catalog.schema import OFFERS
from costopt.errors import InvalidInputError

PAST_COLUMNS: Final = (
    *OFFERS.key,
    "recurring_per_hour",
    "upfront",
    "effective_per_hour",
    "currency",
    "as_of",
    "source",
)
"""Columns of an offer that a history holds."""

HISTORY_COLUMNS: Final = ("version", "created_at", "status", "basis", *PAST_COLUMNS)
"""Columns of a history: the version and when it was made, whether the price was fresh in it or
carried (an old one seen again), what the price is of (``offer`` in versions; region, zone or
lowest_zone in bundled histories), and the offer."""

Names: TypeAlias = str | Sequence[str] | None
"""One name, or several of which any will do; None for all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceQuestion:
    """Which prices to show; None leaves a column open.

    Raises:
        InvalidInputError: a list of names is empty.

    Attributes:
        provider: short names.
        region: the providers' own names.
        instance_type: the providers' own names.
        purchase_option: such as spot.
        newest_versions: versions of a store to look at, the newest ones; all when None [1].
    """

    provider: Names = None
    region: Names = None
    instance_type: Names = None
    purchase_option: Names = None
    newest_versions: int | None = None

    def __post_init__(self) -> None:
        empty = [column for column, names in self.conditions().items() if not names]
        if empty:
            raise InvalidInputError(
                "history", [f"{', '.join(empty)} names nothing; give a name, or leave it out"]
            )

    def conditions(self) -> dict[str, tuple[str, ...]]:
        """Column -> the values that it may have."""
        given = {
            "provider": self.provider,
            "region": self.region,
            "instance_type": self.instance_type,
            "purchase_option": self.purchase_option,
        }
        return {
            column: (names,) if isinstance(names, str) else tuple(names)
            for column, names in given.items()
            if names is not None
        }


PastPrices: TypeAlias = Callable[[PriceQuestion], pd.DataFrame]
"""Answers a question from the versions of a store, in ``HISTORY_COLUMNS``."""


def past_of_both(first: PastPrices | None, second: PastPrices | None) -> PastPrices | None:
    """Join what two catalogues know of the past; a version of both counts once."""
    if first is None or second is None:
        return first or second

    def both(question: PriceQuestion) -> pd.DataFrame:
        rows = pd.concat([first(question), second(question)], ignore_index=True)
        return rows.drop_duplicates(ignore_index=True)

    return both


def compiled_history(spot_history: pd.DataFrame, question: PriceQuestion) -> pd.DataFrame:
    """Compiled spot histories that answer a question, oldest day first, as a history.

    Args:
        spot_history: rows of the table of that name.
        question: which prices.
    """
    kept = answering(spot_history.assign(purchase_option="spot"), question)
    told = kept.assign(
        **dict.fromkeys(("version", "created_at", "status", "kind", "payment"), ""),
        term_years=float("nan"),
        upfront=0.0,
        recurring_per_hour=kept["spot_per_hour"],
        effective_per_hour=kept["spot_per_hour"],
    )
    order = ["as_of", "provider", "region", "zone", "instance_type", "basis"]
    return told.sort_values(order, ignore_index=True)[list(HISTORY_COLUMNS)]


def answering(rows: pd.DataFrame, question: PriceQuestion) -> pd.DataFrame:
    """Return the rows of offers, or of a history, that answer a question."""
    for column, names in question.conditions().items():
        rows = rows[rows[column].isin(names)]
    return rows
