"""Facts of a catalogue, looked up by name: models, accelerators, traces, rates, past prices."""

from dataclasses import replace

import pandas as pd

from costopt.accelerator import Accelerator
from costopt.catalog import lookup
from costopt.catalog.age_limits import MAX_AGE_MONTHS
from costopt.catalog.currency import ExchangeRate, find_rate
from costopt.catalog.offer_view import describe_types
from costopt.catalog.store.history import PriceQuestion, compiled_history
from costopt.catalog.tables import Tables
from costopt.model import ModelSpec


class NamedFacts(Tables):
    """Tables, and what a name in them stands for."""

    def model(self, name: str) -> ModelSpec:
        """Dimensions of a model, by its name or an alias.

        Raises:
            UnknownNameError: neither a model nor an alias has this name.
        """
        if name not in self._models:
            models, aliases = self._tables["models"], self._tables["model_aliases"]
            self._models[name] = lookup.model(models, aliases, name)
        return self._models[name]

    def accelerator(self, name: str) -> Accelerator:
        """Facts of an accelerator, by its name or an alias.

        Raises:
            UnknownNameError: neither an accelerator nor an alias has this name.
        """
        if name not in self._accelerators:
            self._accelerators[name] = lookup.accelerator(
                self._tables["accelerators"], self._tables["accelerator_aliases"], name
            )
        found = self._accelerators[name]
        return replace(found, peak_tflops=dict(found.peak_tflops))

    @property
    def described_types(self) -> pd.DataFrame:
        """Facts of each instance type, priced or not; one row per type."""
        return describe_types(self._tables)

    def trace(self, name: str) -> pd.DataFrame:
        """Request-size histogram of a published trace.

        Raises:
            UnknownNameError: there is no such trace.
        """
        return lookup.trace(self._tables["traces"], name)

    def exchange_rate(
        self,
        base: str,
        quote: str,
        max_age_months: float = MAX_AGE_MONTHS["exchange_rate"],
    ) -> ExchangeRate:
        """Newest usable rate from one currency to another.

        Raises:
            MissingExchangeRateError: there is none, or only ones that are too old.
        """
        return find_rate(self._tables["exchange_rates"], base, quote, self.as_of, max_age_months)

    def conversion(
        self,
        currencies: "pd.Series[str]",
        quote: str,
        max_age_months: float = MAX_AGE_MONTHS["exchange_rate"],
    ) -> "pd.Series[float]":
        """Factor for each row from its currency to another.

        Raises:
            MissingExchangeRateError: a currency of a row has no usable rate.
        """
        rates = {
            base: self.exchange_rate(base, quote, max_age_months).rate
            for base in currencies.unique()
        }
        return currencies.map(rates).astype(float)

    @property
    def has_compiled_prices(self) -> bool:
        """True where there is a table of spot histories; a catalogue in memory may lack it."""
        return "spot_history" in self._tables or self._dated is not None

    def compiled_prices(self, question: PriceQuestion) -> pd.DataFrame:
        """Compiled spot histories that answer a question, as ``Catalog.history`` gives them.

        Raises:
            CatalogFileError: this catalogue holds no spot_history, or it cannot be read.
        """
        return compiled_history(self.table("spot_history"), question)

    def version_prices(self, question: PriceQuestion) -> pd.DataFrame | None:
        """Prices in the versions of the store, as ``Catalog.history`` gives them.

        Returns:
            None where the catalogue comes from no store.

        Raises:
            MissingDependencyError: a local store is read by DuckDB, which is not installed.
            CatalogFileError: a file is missing, cut short or edited.
        """
        return None if self._past is None else self._past(question)
