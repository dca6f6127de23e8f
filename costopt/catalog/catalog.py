"""Catalog: instance types, offers and facts of all clouds; immutable, narrowed by name."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Self

import pandas as pd

from costopt.catalog.arguments import figure_from_zero, figures_by_key, names_of, text_of
from costopt.catalog.components import refuse_odd_components
from costopt.catalog.currency import ExchangeRate, add_rate
from costopt.catalog.merge import merge_rows
from costopt.catalog.named_facts import NamedFacts
from costopt.catalog.offer_view import TYPE_CONDITIONS, describe_types, join_offers, name_mask
from costopt.catalog.own_prices import OwnPrices, reprice
from costopt.catalog.schema import DATED_MATERIAL, TABLES
from costopt.catalog.store.history import Names, PriceQuestion, past_of_both
from costopt.catalog.store.opening import Opened, open_bundled, open_place
from costopt.errors import EmptyCatalogError, InvalidInputError


class Catalog(NamedFacts):
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

        Instance types stay, priced or not, when they meet the conditions that concern types:
        provider, names, accelerator, vendor and memory.

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
            InvalidInputError: a condition is an empty list, of a wrong type, or names only what
                has no price here; or a figure is below 0.
            EmptyCatalogError: there are no offers to begin with.
            MissingExchangeRateError: a price of an offer that meets the other conditions cannot
                be brought to the currency.
        """
        least_gib = figure_from_zero("filter", "min_vram_gib", min_vram_gib)
        highest_price = figure_from_zero("filter", "max_price_per_hour", max_price_per_hour)
        given = {
            "provider": ("providers", providers),
            "region": ("regions", regions),
            "country": ("countries", countries),
            "instance_type": ("instance_types", instance_types),
            "family": ("families", families),
            "accelerator": ("accelerator_types", accelerator_types),
            "vendor": ("vendors", vendors),
            "purchase_option": ("purchase_options", purchase_options),
        }
        wanted = {column: names_of("filter", *argument) for column, argument in given.items()}
        if not len(self):
            raise EmptyCatalogError("left to filter")
        joined, types = self._joined, describe_types(self._tables)
        keep = name_mask(joined, self._tables, wanted, self.known_names)
        of_types = {column: wanted[column] for column in TYPE_CONDITIONS}
        keep_types = name_mask(types, self._tables, of_types, self.known_names)
        if least_gib is not None:
            keep &= (joined["instance_usable_gib"] >= least_gib).to_numpy()
            keep_types &= (types["instance_usable_gib"] >= least_gib).to_numpy()
        if highest_price is not None:
            kept = joined[keep]
            price = kept["effective_per_hour"] * self.conversion(kept["currency"], currency)
            keep[keep] = (price <= highest_price).to_numpy()
        return self._with_tables(
            offers=self._tables["offers"][keep],
            instance_types=self._tables["instance_types"][keep_types],
        )

    def merge(self, other: "Catalog") -> Self:
        """Join two catalogues; where both hold the same row, the newer one stays.

        The date is the later one of the two, dated material is read from both.

        Raises:
            CatalogFileError: the same row has the same date and different contents in the two.
            InvalidInputError: the other is not a catalogue.
        """
        if not isinstance(other, Catalog):
            raise InvalidInputError(
                "merge", [f"{other!r} is not a Catalog; open one with Catalog.open(place)"]
            )

        def merged(name: str) -> pd.DataFrame:
            return merge_rows(TABLES[name], self.table(name), other.table(name))

        return type(self)(
            {name: merged(name) for name in TABLES if name not in DATED_MATERIAL},
            place=f"{self._place} + {other._place}",
            as_of=max(self._reference, other._reference),
            dated=merged if self._dated and other._dated else self._dated or other._dated,
            past=past_of_both(self._past, other._past),
            known=self._known.joined(other._known),
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
                given to an offer with a term, a key names only what has no price here, the
                reason is empty, or an argument is of a wrong type.
            EmptyCatalogError: there are no offers.
        """
        if not len(self):
            raise EmptyCatalogError("to give a price")
        own = OwnPrices(
            discounts=figures_by_key("discounts", discounts),
            prices_per_hour=figures_by_key("prices_per_hour", prices_per_hour),
            reason=text_of("reason", reason, "say where your prices come from"),
            as_of=self.as_of,
        )
        return self._with_tables(offers=reprice(self._tables["offers"], own, self.known_names))

    def with_exchange_rate(
        self, base: str, quote: str, rate: float, *, as_of: str, source: str
    ) -> Self:
        """Add an exchange rate, or replace the one of the same date.

        Args:
            base: ISO 4217 code of the currency that is converted.
            quote: ISO 4217 code of the currency that results.
            rate: units of ``quote`` per unit of ``base``.
            as_of: date of the rate, ISO 8601.
            source: who published the rate; plans carry it.

        Raises:
            InvalidInputError: an argument breaks a rule, or a newer rate of the pair is here
                already and would be used.
        """
        own = ExchangeRate(base=base, quote=quote, rate=rate, as_of=as_of, source=source)
        return self._with_tables(exchange_rates=add_rate(self._tables["exchange_rates"], own))

    def with_offers(self, offers: pd.DataFrame) -> Self:
        """Return the catalogue with other rows in its offers table, in the same columns.

        Raises:
            InvalidInputError: a column is missing or is not one of the table.
        """
        return self._with_rows("offers", offers)

    def with_components(self, components: pd.DataFrame) -> Self:
        """Return the catalogue with prices of vCPUs, memory and accelerators, for plans over time.

        Raises:
            UnknownNameError: a resource is neither vcpu, memory_gib nor an accelerator.
            InvalidInputError: a column is missing or is not one of the table, or a row is odd.
        """
        changed = self._with_rows("components", components)
        refuse_odd_components(components, self._tables["accelerators"]["name"])
        return changed

    def _with_rows(self, name: str, rows: pd.DataFrame) -> Self:
        wanted = list(TABLES[name].column_names)
        if list(rows.columns) != wanted:
            raise InvalidInputError(name, [f"the columns must be {', '.join(wanted)}"])
        return self._with_tables(**{name: rows})

    def _with_tables(self, **changed: pd.DataFrame) -> Self:
        tables = {name: rows.reset_index(drop=True) for name, rows in changed.items()}
        return type(self)(
            {**self._tables, **tables},
            place=self._place,
            as_of=self._reference,
            dated=self._dated,
            known=self._known,
            past=self._past,
        )

    def history(
        self,
        *,
        provider: Names = None,
        region: Names = None,
        instance_type: Names = None,
        purchase_option: Names = None,
    ) -> pd.DataFrame:
        """Prices over time: compiled spot histories, then the versions of the store.

        A version that a rollback left is not history. A narrowed catalogue has the history of the
        whole one. Each argument takes one name, or a list of names.

        Args:
            provider: short names.
            region: the providers' own names.
            instance_type: the providers' own names.
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
        compiled, versions = self.compiled_prices(question), self.version_prices(question)
        return compiled if versions is None else pd.concat([compiled, versions], ignore_index=True)

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
