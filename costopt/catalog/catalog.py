"""Catalog: instance types, offers and facts of all clouds; immutable, narrowed by name."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from math import isfinite
from pathlib import Path
from typing import Self

import pandas as pd

from costopt.accelerator import Accelerator
from costopt.catalog import lookup
from costopt.catalog.age_limits import MAX_AGE_MONTHS
from costopt.catalog.currency import ExchangeRate, find_rate
from costopt.catalog.merge import merge_rows
from costopt.catalog.offer_view import join_offers, name_mask
from costopt.catalog.own_prices import reprice
from costopt.catalog.schema import DATED_MATERIAL, TABLES
from costopt.catalog.store.history import PriceQuestion, joined_history, past_of_both
from costopt.catalog.store.opening import Opened, open_bundled, open_place
from costopt.catalog.tables import Tables
from costopt.errors import EmptyCatalogError, InvalidInputError
from costopt.model import ModelSpec


class Catalog(Tables):
    """Instance types, offers and facts of all clouds, at one date.

    A catalogue never changes: ``filter``, ``merge`` and ``with_prices`` give a new one. Tables
    come as copies in the columns of ``costopt.catalog.schema``.
    """

    @classmethod
    def bundled(cls) -> Self:
        """The snapshot that is installed with costopt; works offline."""
        return cls._from_opened(open_bundled())

    @classmethod
    def open(cls, place: str | Path, *, version: str | None = None) -> Self:
        """Open a store or a snapshot in a folder or at a URL.

        Args:
            place: folder or URL.
            version: id of a version of a store; the latest one when left out.

        Raises:
            UnknownNameError: the store has no such version.
            CatalogFileError: a file is missing, cut short, edited, or of another schema.
        """
        return cls._from_opened(open_place(place, version))

    @classmethod
    def _from_opened(cls, opened: Opened) -> Self:
        tables = {name: opened.table(name) for name in TABLES if name not in DATED_MATERIAL}
        return cls(tables, place=opened.place, dated=opened.table, past=opened.past)

    @cached_property
    def _joined(self) -> pd.DataFrame:
        return join_offers(self._tables)

    @property
    def joined_offers(self) -> pd.DataFrame:
        """Offers beside the facts of their instance type, accelerator and region."""
        return self._joined.copy(deep=False)

    def filter(
        self,
        *,
        providers: Sequence[str] | None = None,
        regions: Sequence[str] | None = None,
        countries: Sequence[str] | None = None,
        instance_types: Sequence[str] | None = None,
        families: Sequence[str] | None = None,
        accelerator_types: Sequence[str] | None = None,
        vendors: Sequence[str] | None = None,
        purchase_options: Sequence[str] | None = None,
        min_vram_gib: float | None = None,
        max_price_per_hour: float | None = None,
        currency: str = "USD",
    ) -> Self:
        """Keep the offers that meet every condition; names may hold ``*`` and ``?``.

        Args:
            providers: clouds.
            regions: regions by the providers' own names.
            countries: ISO codes, or the groups EU and EEA.
            instance_types: the providers' own names.
            families: the providers' own families.
            accelerator_types: catalogue names or aliases; ``cpu`` for types without one.
            vendors: makers of the accelerator.
            purchase_options: ways to pay.
            min_vram_gib: usable memory of all accelerators of the instance, at least [GiB].
            max_price_per_hour: effective price of the instance, at most [currency/h].
            currency: currency of ``max_price_per_hour``.

        Raises:
            UnknownNameError: a name or pattern matches nothing here.
            InvalidInputError: a condition is an empty list, or a figure is below 0.
            EmptyCatalogError: there are no offers to begin with.
            MissingExchangeRateError: a price of an offer that meets the other conditions cannot
                be brought to the currency.
        """
        _refuse_below_zero("min_vram_gib", min_vram_gib)
        _refuse_below_zero("max_price_per_hour", max_price_per_hour)
        if not len(self):
            raise EmptyCatalogError("left to filter")
        wanted = {
            "provider": providers,
            "region": regions,
            "country": countries,
            "instance_type": instance_types,
            "family": families,
            "accelerator": accelerator_types,
            "vendor": vendors,
            "purchase_option": purchase_options,
        }
        joined = self._joined
        keep = name_mask(joined, self._tables, wanted)
        if min_vram_gib is not None:
            keep &= (joined["instance_usable_gib"] >= min_vram_gib).to_numpy()
        if max_price_per_hour is not None:
            kept = joined[keep]
            price = kept["effective_per_hour"] * self.conversion(kept["currency"], currency)
            keep[keep] = (price <= max_price_per_hour).to_numpy()
        return self._with_offers(self._tables["offers"][keep])

    def merge(self, other: "Catalog") -> Self:
        """Join two catalogues; where both hold the same row, the newer one stays.

        The date is the later one of the two, dated material is read from both.

        Raises:
            CatalogFileError: the same row has the same date and different contents in the two.
        """

        def merged(name: str) -> pd.DataFrame:
            return merge_rows(TABLES[name], self.table(name), other.table(name))

        return type(self)(
            {name: merged(name) for name in TABLES if name not in DATED_MATERIAL},
            place=f"{self._place} + {other._place}",
            as_of=max(self._reference, other._reference),
            dated=merged if self._dated and other._dated else self._dated or other._dated,
            past=past_of_both(self._past, other._past),
        )

    def with_prices(
        self,
        *,
        discounts: Mapping[str, float] | None = None,
        prices_per_hour: Mapping[str, float] | None = None,
        reason: str = "own price",
    ) -> Self:
        """Replace list prices by your own; each changed offer keeps the trail.

        Keys are ``provider/region/instance_type/purchase_option``; parts may hold wildcards and
        trailing parts may be left out, so ``aws/*/p5.*`` is every p5 offer of AWS. Discounts come
        first, then prices; of several keys for one offer, the last counts. A price of your own
        is of the catalogue's date and has your reason as its source.

        Args:
            discounts: key -> share taken off recurring and upfront charges [0..1).
            prices_per_hour: key -> hourly price in the offer's own currency, above 0; only for
                offers without a term.
            reason: where your prices come from; kept in the trail.

        Raises:
            UnknownNameError: a key matches no offer.
            InvalidInputError: a discount is outside 0..1, a price is not above 0, a price is
                given to an offer with a term, or the reason is empty.
            EmptyCatalogError: there are no offers.
        """
        if not len(self):
            raise EmptyCatalogError("to give a price")
        offers = self._tables["offers"]
        own = reprice(offers, discounts or {}, prices_per_hour or {}, reason, self.as_of)
        return self._with_offers(own)

    def _with_offers(self, offers: pd.DataFrame) -> Self:
        tables = {**self._tables, "offers": offers.reset_index(drop=True)}
        return type(self)(
            tables, place=self._place, as_of=self.as_of, dated=self._dated, past=self._past
        )

    def model(self, name: str) -> ModelSpec:
        """Dimensions of a model, by its name or an alias.

        Raises:
            UnknownNameError: neither a model nor an alias has this name.
        """
        return lookup.model(self._tables["models"], self._tables["model_aliases"], name)

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

    def trace(self, name: str) -> pd.DataFrame:
        """Request-size histogram of a published trace.

        Raises:
            UnknownNameError: there is no such trace.
        """
        return lookup.trace(self._tables["traces"], name)

    def history(
        self,
        *,
        provider: str | None = None,
        region: str | None = None,
        instance_type: str | None = None,
        purchase_option: str | None = None,
    ) -> pd.DataFrame:
        """Prices over time: compiled spot histories, then every version of the store.

        A narrowed catalogue has the history of the whole one.

        Args:
            provider: short name.
            region: the provider's own name.
            instance_type: the provider's own name.
            purchase_option: such as spot.

        Raises:
            MissingDependencyError: a local store is read by DuckDB, which is not installed.
            CatalogFileError: a file is missing, cut short or edited, or this catalogue holds no
                spot_history.
        """
        question = PriceQuestion(
            provider=provider,
            region=region,
            instance_type=instance_type,
            purchase_option=purchase_option,
        )
        return joined_history(self.table("spot_history"), self._past, question)

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

    def __len__(self) -> int:
        """Return the number of offers."""
        return len(self._tables["offers"])

    def __repr__(self) -> str:
        """Return what the catalogue holds, in one line."""
        offers = self._tables["offers"]
        if offers.empty:
            return f"Catalog({self._place}: no offers)"
        providers = ", ".join(sorted(offers["provider"].unique()))
        return (
            f"Catalog({self._place} of {self.as_of}: {len(offers):,} offers, "
            f"{offers['instance_type'].nunique()} instance types of {providers})"
        )


def _refuse_below_zero(name: str, value: float | None) -> None:
    if value is not None and not (isfinite(value) and value >= 0):
        raise InvalidInputError("filter", [f"{name} = {value}: must be a number of at least 0"])
