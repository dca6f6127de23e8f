"""Tables: the named tables of one date, those of dated material read when asked for."""

from collections.abc import Callable, Mapping
from functools import cached_property
from hashlib import sha256

import pandas as pd

from costopt.accelerator import Accelerator
from costopt.catalog import lookup
from costopt.catalog.dates import age_table, newest_day
from costopt.catalog.schema import DATED_MATERIAL, TABLES
from costopt.errors import CatalogFileError, EmptyCatalogError


class Tables:
    """Named tables in the columns of ``costopt.catalog.schema``; every read gives a copy."""

    def __init__(
        self,
        tables: Mapping[str, pd.DataFrame],
        *,
        place: str,
        fingerprint: str = "",
        as_of: str = "",
        dated: Callable[[str], pd.DataFrame] | None = None,
    ) -> None:
        """Hold tables; ``Catalog.bundled()`` and ``Catalog.open()`` are the usual ways in.

        Args:
            tables: name of a table -> its rows.
            place: where the tables come from, for people.
            fingerprint: sha256 of the snapshot; computed from the rows when left out.
            as_of: date from which ages are measured; the newest offer's when left out.
            dated: reads a table of dated material when it is asked for.
        """
        self._tables = dict(tables)
        self._place = place
        self._given_fingerprint = fingerprint
        self._given_as_of = as_of
        self._dated = dated
        self._accelerators: dict[str, Accelerator] = {}

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

    @property
    def offers(self) -> pd.DataFrame:
        """Every way to pay for an instance type in a region, in native currency."""
        return self.table("offers")

    @property
    def instance_types(self) -> pd.DataFrame:
        """Every instance type, those without a price included."""
        return self.table("instance_types")

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
    def as_of(self) -> str:
        """Newest date among the offers, from which ages are measured; an ISO day.

        A narrowed catalogue keeps the date of the whole one.

        Raises:
            EmptyCatalogError: there are no offers.
        """
        if self._given_as_of:
            return self._given_as_of
        if self._tables["offers"].empty:
            raise EmptyCatalogError("at all")
        return newest_day(self._tables["offers"]["as_of"])

    @property
    def age(self) -> pd.DataFrame:
        """Rows, oldest and newest date and age in days, by provider and purchase option."""
        return age_table(self._tables["offers"], self.as_of)

    @cached_property
    def fingerprint(self) -> str:
        """sha256 that changes whenever a row changes."""
        if self._given_fingerprint:
            return self._given_fingerprint
        digest = sha256()
        for name in sorted(set(TABLES) - DATED_MATERIAL):
            digest.update(self._tables[name].to_csv(index=False).encode())
        return digest.hexdigest()
