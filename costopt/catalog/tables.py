"""Tables: the named tables of one date, those of dated material read when asked for."""

from collections.abc import Callable, Mapping
from functools import cached_property
from hashlib import sha256
from io import BytesIO

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv

from costopt.accelerator import Accelerator
from costopt.catalog import lookup
from costopt.catalog.components import refuse_odd_components
from costopt.catalog.dates import age_table, newest_day
from costopt.catalog.known_names import KnownNames
from costopt.catalog.schema import DATED_MATERIAL, OPTIONAL_TABLES, TABLES
from costopt.catalog.snapshot import no_rows
from costopt.catalog.store.history import PastPrices
from costopt.errors import CatalogFileError, EmptyCatalogError
from costopt.model import ModelSpec


class Tables:
    """Named tables in the columns of ``costopt.catalog.schema``; every read gives a copy."""

    def __init__(
        self,
        tables: Mapping[str, pd.DataFrame],
        *,
        place: str,
        as_of: str = "",
        dated: Callable[[str], pd.DataFrame] | None = None,
        past: PastPrices | None = None,
        known: KnownNames | None = None,
    ) -> None:
        """Hold tables; ``Catalog.bundled()`` and ``Catalog.open()`` are the usual ways in.

        Args:
            tables: name of a table -> its rows; every table but those of dated material.
            place: where the tables come from, for people.
            as_of: date from which ages are measured, an ISO day; the newest offer's when left
                out.
            dated: reads a table of dated material when it is asked for.
            past: reads the prices of all versions of the store that the tables come from.
            known: names and priced types of the catalogue that this one was narrowed from; its
                own when left out.

        Raises:
            UnknownNameError: the schema has no such table.
            CatalogFileError: a table is missing.
        """
        for name in tables:
            lookup.known_table(name)
        missing = sorted(set(TABLES) - DATED_MATERIAL - OPTIONAL_TABLES - set(tables))
        if missing:
            raise CatalogFileError(
                place,
                f"lacks the tables {', '.join(missing)}",
                "Give every table of costopt.catalog.schema, without rows where none is known.",
            )
        self._tables = {name: rows.copy(deep=False) for name, rows in tables.items()}
        for name in OPTIONAL_TABLES - set(tables):
            self._tables[name] = no_rows(TABLES[name])
        self._place = place
        self._given_as_of = as_of
        self._dated = dated
        self._past = past
        self._given_known = known
        self._accelerators: dict[str, Accelerator] = {}
        self._models: dict[str, ModelSpec] = {}

    @property
    def place(self) -> str:
        """Where the tables come from, for people."""
        return self._place

    def table(self, name: str) -> pd.DataFrame:
        """One table by its name in the schema, dated material included.

        Raises:
            UnknownNameError: the schema has no such table.
            CatalogFileError: this catalogue does not hold the table.
        """
        lookup.known_table(name)
        if name not in self._tables:
            if self._dated is None:
                raise CatalogFileError(
                    self._place, f"holds no table {name}", "Use Catalog.bundled() for it."
                )
            self._tables[name] = self._dated(name)
        return self._tables[name].copy(deep=False)

    @cached_property
    def _known(self) -> KnownNames:
        return self._given_known or KnownNames.of(self._tables)

    @property
    def known_names(self) -> Mapping[str, frozenset[str]]:
        """Column -> every name in it before narrowing, with or without a price."""
        return self._known.names

    @property
    def offers(self) -> pd.DataFrame:
        """Every way to pay for an instance type in a region, in native currency."""
        return self.table("offers")

    @property
    def instance_types(self) -> pd.DataFrame:
        """Every instance type, those without a price included."""
        return self.table("instance_types")

    @property
    def unpriced_types(self) -> pd.DataFrame:
        """Instance types without a price even before narrowing; no plan ever holds them."""
        return self._known.unpriced(self.table("instance_types"))

    @property
    def components(self) -> pd.DataFrame:
        """Prices of the resources that instances consist of, on demand and committed.

        Raises:
            InvalidInputError: a row breaks a rule.
        """
        return self._components.copy(deep=False)

    @cached_property
    def _components(self) -> pd.DataFrame:
        rows = self._tables["components"]
        refuse_odd_components(rows, self._tables["accelerators"]["name"])
        return rows

    @property
    def accelerators(self) -> pd.DataFrame:
        """Memory, bandwidth and peak rates of every accelerator, and CPU rates per vCPU."""
        return self.table("accelerators")

    @property
    def models(self) -> pd.DataFrame:
        """Dimensions of every model."""
        return self.table("models")

    @property
    def findings(self) -> pd.DataFrame:
        """What the checks found when the catalogue was built."""
        return self.table("findings")

    @cached_property
    def _reference(self) -> str:
        """Date of the catalogue; empty where neither a date nor an offer is given."""
        offers = self._tables["offers"]
        if self._given_as_of or offers.empty:
            return self._given_as_of
        return newest_day(offers["as_of"])

    @property
    def as_of(self) -> str:
        """Newest date among the offers, from which ages are measured; an ISO day.

        A narrowed catalogue keeps the date of the whole one.

        Raises:
            EmptyCatalogError: there are no offers.
        """
        if not self._reference:
            raise EmptyCatalogError("at all")
        return self._reference

    @property
    def age(self) -> pd.DataFrame:
        """Rows, oldest and newest date and age in days, by provider and purchase option."""
        return age_table(self._tables["offers"], self.as_of)

    @cached_property
    def fingerprint(self) -> str:
        """sha256 of the date and of every row but those of dated material.

        Two catalogues with the same rows in the same order have the same one, wherever they
        come from.
        """
        digest = sha256(self._reference.encode())
        for name in sorted(set(TABLES) - DATED_MATERIAL):
            if name in OPTIONAL_TABLES and self._tables[name].empty:
                continue
            rows = BytesIO()
            table = pa.Table.from_pandas(self._tables[name], preserve_index=False)
            pa_csv.write_csv(table, rows)
            digest.update(rows.getvalue())
        return digest.hexdigest()
