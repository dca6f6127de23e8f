"""Prices in the versions of a store, by DuckDB where they lie on this machine."""

import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final

import pandas as pd

from costopt.catalog.schema import OFFERS
from costopt.catalog.store.files import VERSIONS_FOLDER
from costopt.catalog.store.history import HISTORY_COLUMNS, PAST_COLUMNS, PriceQuestion, answering
from costopt.catalog.store.lineage import READERS
from costopt.catalog.store.moment import iso_text
from costopt.catalog.store.parquet import ROLL_BACK, decode_tables
from costopt.catalog.store.part import PartStatus
from costopt.catalog.store.version import Version
from costopt.errors import CatalogFileError, MissingDependencyError

CARRIED_FLAGS: Final = frozenset({"quarantined", "not_refreshed", "option_not_told"})
"""Flags of an offer that stands in for a price that is not trusted, or was not told."""

_READ_COLUMNS: Final = (*PAST_COLUMNS, "flags")
_GLOB: Final = re.compile(r"[*?\[\]]")
"""What DuckDB takes for a pattern in a path, with no way to escape it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _OffersFile:
    """The offers of one provider in one version."""

    version: Version
    name: str
    provider: str

    @property
    def status(self) -> PartStatus:
        return self.version.manifest.providers[self.provider].status

    @property
    def stale_regions(self) -> Sequence[str]:
        return tuple(self.version.manifest.providers[self.provider].stale_regions)


def version_history(
    versions: Sequence[Version], question: PriceQuestion, root: Path | None
) -> pd.DataFrame:
    """Prices of versions that answer a question, oldest version first.

    A price counts as fresh if its provider was fresh, its region was not carried over alone, and
    the offer itself does not stand in for a price that was refused or not told.

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
    asked = question.conditions().get("provider")
    by_place = {
        f"{VERSIONS_FOLDER}/{version.manifest.id}/{name}": _OffersFile(
            version=version, name=name, provider=entry.provider
        )
        for version in versions
        for name, entry in version.manifest.files.items()
        if entry.table == OFFERS.name and (asked is None or entry.provider in asked)
    }
    if root is None or _GLOB.search(str(root)):
        rows = _by_reading(by_place, question)
    else:
        _refuse_other_lengths(root, by_place)
        rows = _by_duckdb(root, list(by_place), question) if by_place else _no_rows()
    manifests = {place: held.version.manifest for place, held in by_place.items()}
    created = {place: iso_text(manifest.created_at) for place, manifest in manifests.items()}
    told = rows.assign(
        version=_mapped(rows["place"], {place: one.id for place, one in manifests.items()}),
        created_at=_mapped(rows["place"], created),
        status=_statuses(rows, by_place),
        basis="offer",
    )
    order = ["created_at", "version", *OFFERS.key]
    return told.sort_values(order, ignore_index=True, na_position="first")[list(HISTORY_COLUMNS)]


def _statuses(rows: pd.DataFrame, by_place: Mapping[str, _OffersFile]) -> "pd.Series[str]":
    """Return how each price came into its version: fresh, or carried from an earlier one."""
    status = _mapped(rows["place"], {place: one.status.value for place, one in by_place.items()})
    stale = {(place, region) for place, one in by_place.items() for region in one.stale_regions}
    places = pd.Series(zip(rows["place"], rows["region"], strict=True), index=rows.index)
    flags = rows["flags"]
    stands_in = {text for text in flags.unique() if not CARRIED_FLAGS.isdisjoint(text.split(";"))}
    return status.mask(places.isin(stale) | flags.isin(stands_in), PartStatus.CARRIED.value)


def _by_reading(by_place: Mapping[str, _OffersFile], question: PriceQuestion) -> pd.DataFrame:
    def checked(place: str) -> pd.DataFrame:
        held = by_place[place]
        offers = decode_tables(OFFERS, [(place, held.version.read(held.name))])
        return answering(offers, question)[list(_READ_COLUMNS)].assign(place=place)

    with ThreadPoolExecutor(READERS) as pool:
        return pd.concat([_no_rows(), *pool.map(checked, by_place)], ignore_index=True)


def _by_duckdb(root: Path, places: Sequence[str], question: PriceQuestion) -> pd.DataFrame:
    try:
        import duckdb
    except ImportError as error:
        raise MissingDependencyError("duckdb", "history") from error
    conditions = question.conditions()
    parts = [f"{name} IN ({', '.join('?' * len(of))})" for name, of in conditions.items()]
    where = " AND ".join(parts) or "true"
    query = (
        f"SELECT {', '.join(_READ_COLUMNS)}, filename AS place "
        f"FROM read_parquet(?, filename = true, union_by_name = true) WHERE {where}"
    )
    paths = [str(root / place) for place in places]
    try:
        with duckdb.connect() as connection:
            answer = connection.sql(query, params=[paths, *chain(*conditions.values())])
            found: pd.DataFrame = answer.to_arrow_table().to_pandas()
    except duckdb.Error as error:
        raise CatalogFileError(
            f"{root}/{VERSIONS_FOLDER}", f"cannot be read by DuckDB ({error})", ROLL_BACK
        ) from error
    typed = found.astype(_no_rows().dtypes.to_dict())
    return typed.assign(place=_mapped(typed["place"], dict(zip(paths, places, strict=True))))


def _refuse_other_lengths(root: Path, by_place: Mapping[str, _OffersFile]) -> None:
    for place, held in by_place.items():
        path = root / place
        expected = held.version.manifest.files[held.name].size_bytes
        found = path.stat().st_size if path.is_file() else 0
        if found != expected:
            raise CatalogFileError(
                str(path), f"has {found} bytes where the manifest says {expected}", ROLL_BACK
            )


def _no_rows() -> pd.DataFrame:
    offers = decode_tables(OFFERS, [])
    return offers[list(_READ_COLUMNS)].assign(place=pd.Series(dtype="str"))


def _mapped(places: "pd.Series[str]", meaning: dict[str, str]) -> "pd.Series[str]":
    return places.map(meaning).astype("str")
