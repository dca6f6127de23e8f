"""Prices over time: the offers of every version, by DuckDB on a local store's parquet."""

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, TypeAlias

import pandas as pd

from costopt.catalog.schema import OFFERS
from costopt.catalog.store.files import VERSIONS_FOLDER
from costopt.catalog.store.moment import iso_text
from costopt.catalog.store.parquet import ROLL_BACK, decode_tables
from costopt.catalog.store.version import Version
from costopt.errors import CatalogFileError, MissingDependencyError

_GLOB: Final = re.compile(r"[*?\[\]]")
"""What DuckDB takes for a pattern in a path, with no way to escape it."""

_OFFER_COLUMNS: Final = (
    *OFFERS.key,
    "recurring_per_hour",
    "upfront",
    "effective_per_hour",
    "currency",
    "as_of",
    "source",
)

HISTORY_COLUMNS: Final = ("version", "created_at", "status", "basis", *_OFFER_COLUMNS)
"""Columns of a history: the version and when it was made, how the provider stood in it
(a carried price is an old one seen again), what the price is of (``offer`` in versions; region,
zone or lowest_zone in bundled histories), and the offer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceQuestion:
    """Which prices to show; None leaves a column open.

    Attributes:
        provider: short name.
        region: the provider's own name.
        instance_type: the provider's own name.
        purchase_option: such as spot.
    """

    provider: str | None = None
    region: str | None = None
    instance_type: str | None = None
    purchase_option: str | None = None

    def conditions(self) -> dict[str, str]:
        """Column -> the value that it must have."""
        return {name: value for name, value in asdict(self).items() if value is not None}


PastPrices: TypeAlias = Callable[[PriceQuestion], pd.DataFrame]
"""Answers a question from the versions of a store, in ``HISTORY_COLUMNS``."""


def version_history(
    versions: Sequence[Version], question: PriceQuestion, root: Path | None
) -> pd.DataFrame:
    """Prices of all versions that answer a question, oldest version first.

    A local store is read by DuckDB, and only the length of each file is checked; any other store,
    and one below a folder with ``*``, ``?``, ``[`` or ``]`` in its name, is read whole and checked
    byte by byte.

    Args:
        versions: the versions.
        question: which prices.
        root: folder of a local store; None for another one.

    Raises:
        MissingDependencyError: the store is local and DuckDB is not installed.
        CatalogFileError: a file is missing, cut short or edited.
    """
    by_place = {
        f"{VERSIONS_FOLDER}/{version.manifest.id}/{name}": (version, name, entry.provider)
        for version in versions
        for name, entry in version.manifest.files.items()
        if entry.table == OFFERS.name and question.provider in (None, entry.provider)
    }
    if root is None or _GLOB.search(str(root)):
        found = [_checked(place, *of, question) for place, of in by_place.items()]
        rows = pd.concat([_no_rows(), *found], ignore_index=True)
    else:
        _refuse_other_lengths(root, by_place)
        rows = _by_duckdb(root, list(by_place), question) if by_place else _no_rows()
    placed = rows["place"]
    told = rows.assign(
        version=_mapped(placed, {p: v.manifest.id for p, (v, _, _) in by_place.items()}),
        created_at=_mapped(
            placed, {p: iso_text(v.manifest.created_at) for p, (v, _, _) in by_place.items()}
        ),
        status=_mapped(
            placed,
            {p: v.manifest.providers[name].status.value for p, (v, _, name) in by_place.items()},
        ),
        basis="offer",
    )
    order = ["created_at", "version", *OFFERS.key]
    return told.sort_values(order, ignore_index=True, na_position="first")[list(HISTORY_COLUMNS)]


def joined_history(
    spot_history: pd.DataFrame, past: PastPrices | None, question: PriceQuestion
) -> pd.DataFrame:
    """Compiled spot histories that answer a question, then the versions of a store.

    Args:
        spot_history: rows of the table of that name.
        past: reads the versions; None where there are none.
        question: which prices.

    Raises:
        MissingDependencyError: a local store is read by DuckDB, which is not installed.
        CatalogFileError: a version cannot be read.
    """
    compiled = _spot_history_rows(spot_history, question)
    if past is None:
        return compiled
    return pd.concat([compiled, past(question)], ignore_index=True)


def past_of_both(first: PastPrices | None, second: PastPrices | None) -> PastPrices | None:
    """Join what two catalogues know of the past; a version of both counts once."""
    if first is None or second is None:
        return first or second

    def both(question: PriceQuestion) -> pd.DataFrame:
        rows = pd.concat([first(question), second(question)], ignore_index=True)
        return rows.drop_duplicates(ignore_index=True)

    return both


def _spot_history_rows(spot_history: pd.DataFrame, question: PriceQuestion) -> pd.DataFrame:
    kept = _answering(spot_history.assign(purchase_option="spot"), question)
    told = kept.assign(
        **dict.fromkeys(("version", "created_at", "status", "kind", "payment"), ""),
        term_years=float("nan"),
        upfront=0.0,
        recurring_per_hour=kept["spot_per_hour"],
        effective_per_hour=kept["spot_per_hour"],
    )
    order = ["as_of", "provider", "region", "zone", "instance_type", "basis"]
    return told.sort_values(order, ignore_index=True)[list(HISTORY_COLUMNS)]


def _answering(rows: pd.DataFrame, question: PriceQuestion) -> pd.DataFrame:
    for column, value in question.conditions().items():
        rows = rows[rows[column] == value]
    return rows


def _checked(
    place: str, version: Version, name: str, provider: str, question: PriceQuestion
) -> pd.DataFrame:
    offers = decode_tables(OFFERS, [(place, version.read(name))])
    return _answering(offers, question)[list(_OFFER_COLUMNS)].assign(place=place)


def _by_duckdb(root: Path, places: Sequence[str], question: PriceQuestion) -> pd.DataFrame:
    try:
        import duckdb
    except ImportError as error:
        raise MissingDependencyError("duckdb", "history") from error
    conditions = question.conditions()
    where = " AND ".join(f"{column} = ?" for column in conditions) or "true"
    query = (
        f"SELECT {', '.join(_OFFER_COLUMNS)}, filename AS place "
        f"FROM read_parquet(?, filename = true, union_by_name = true) WHERE {where}"
    )
    paths = [str(root / place) for place in places]
    try:
        with duckdb.connect() as connection:
            answer = connection.sql(query, params=[paths, *conditions.values()])
            found: pd.DataFrame = answer.to_arrow_table().to_pandas()
    except duckdb.Error as error:
        raise CatalogFileError(
            f"{root}/{VERSIONS_FOLDER}", f"cannot be read by DuckDB ({error})", ROLL_BACK
        ) from error
    typed = found.astype(_no_rows().dtypes.to_dict())
    return typed.assign(place=_mapped(typed["place"], dict(zip(paths, places, strict=True))))


def _refuse_other_lengths(root: Path, by_place: dict[str, tuple[Version, str, str]]) -> None:
    for place, (version, name, _) in by_place.items():
        path = root / place
        expected = version.manifest.files[name].size_bytes
        found = path.stat().st_size if path.is_file() else 0
        if found != expected:
            raise CatalogFileError(
                str(path), f"has {found} bytes where the manifest says {expected}", ROLL_BACK
            )


def _no_rows() -> pd.DataFrame:
    offers = decode_tables(OFFERS, [])
    return offers[list(_OFFER_COLUMNS)].assign(place=pd.Series(dtype="str"))


def _mapped(places: "pd.Series[str]", meaning: dict[str, str]) -> "pd.Series[str]":
    return places.map(meaning).astype("str")
