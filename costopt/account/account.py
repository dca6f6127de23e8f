"""Account: negotiated prices, quotas and paid capacity that a plan is made with."""

import re
from collections.abc import Iterable, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any, Self

import pandas as pd
from pydantic import Field, model_validator

from costopt.account.capacity import OwnedCapacity, owned_capacity, with_owned
from costopt.account.commitments import (
    AnyCommitment,
    InstanceCommitment,
    ResourceCommitment,
    SpendCommitment,
)
from costopt.account.csv_file import read_account, read_rows
from costopt.account.csv_text import account_rows, csv_text
from costopt.account.opening import stored_account
from costopt.account.prices import own_prices, steps_that_count
from costopt.account.quotas import quota_limit, quota_limits, quotas_in_force
from costopt.account.records import NegotiatedPrice, PriceStep, Quota
from costopt.account.relevant import only_relevant
from costopt.catalog.catalog import Catalog
from costopt.catalog.day import Day
from costopt.catalog.offer_keys import OfferNames
from costopt.catalog.store.whole_file import write_whole
from costopt.errors import InvalidInputError
from costopt.workload.counted import CountedLimit
from costopt.workload.limits import Limits
from costopt.written import NotNegative, Written

NOT_SHOWN = "account"
"""What stands in a plan where the account's own text holds its identifier."""


class Account(Written):
    """What is yours at the clouds.

    A commitment expires by the day of the account or of the catalogue, whichever is later; no
    clock is read. Before planning with what was written or read a while ago, say what day it is:
    ``account.as_seen("2026-11-22")``.

    Attributes:
        account_id: the provider's identifier; a plan shows it only when ``show_id`` is true.
        show_id: whether plans carry the identifier.
        as_of: day of this record; expiry is counted from it, or from the catalogue's date where
            that is later.
        spend_per_month: today's, which decides the tiers reached; what a plan adds does not
            count [the account's currency].
        prices: negotiated for single offers, in place of their list prices.
        steps: from there to what you pay, in order.
        quotas: what you may run.
        commitments: instances that are paid for already.
        spend_commitments: hourly spend that is paid for already.
        resource_commitments: amounts of resources that are paid for already.
    """

    account_id: str = Field(default="", repr=False)
    show_id: bool = False
    as_of: Day | None = None
    spend_per_month: NotNegative = 0.0
    prices: tuple[NegotiatedPrice, ...] = Field(default=())
    steps: tuple[PriceStep, ...] = Field(default=())
    quotas: tuple[Quota, ...] = Field(default=())
    commitments: tuple[InstanceCommitment, ...] = Field(default=())
    spend_commitments: tuple[SpendCommitment, ...] = Field(default=())
    resource_commitments: tuple[ResourceCommitment, ...] = Field(default=())

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.steps or self.prices or self.quotas or self.owned):
            raise ValueError(
                "an account without prices, discounts, quotas and commitments is no use"
            )
        _refuse_twice("commitments have the name", [(one.name,) for one in self.owned])
        _refuse_twice("prices are for", [one.offer for one in self.prices])
        return self

    @property
    def owned(self) -> tuple[AnyCommitment, ...]:
        """Every commitment, of whatever kind."""
        return (*self.commitments, *self.spend_commitments, *self.resource_commitments)

    @classmethod
    def from_csv(cls, path: str | Path) -> Self:
        """Read an account from a CSV file; ``costopt.account.csv_file`` lists its columns.

        Expiry counts from the day in the file; ``as_seen`` gives a later one.

        Raises:
            InvalidInputError: the file cannot be read, or a row breaks a rule; one sentence for
                each, with its line.
        """
        return cls(**read_account(path))

    @classmethod
    def open(cls, place: str | Path) -> Self:
        """Read the account that ``costopt refresh --account`` published with its prices.

        Args:
            place: folder or URL of a store; its latest version is read.

        Raises:
            CatalogFileError: there is no store, it holds no account, or it cannot be read.
            InvalidInputError: a row breaks a rule.
        """
        stored = stored_account(place)
        account = cls.from_rows(stored.rows, stored.place)
        return account.as_seen(stored.as_of) if stored.as_of else account

    @classmethod
    def from_rows(cls, rows: Iterable[Mapping[str, Any]], where: str = "account") -> Self:
        """Read an account from rows of the same columns as its CSV file.

        Args:
            rows: one fact in each; cells as text or in the type of their column, and empty or
                None where there is nothing.
            where: what the rows are of, for messages.

        Raises:
            InvalidInputError: a row breaks a rule; one sentence for each, with its number.
        """
        numbered = ((f"row {number}", cells) for number, cells in enumerate(rows, start=1))
        return cls(**read_rows(numbered, where))

    def rows(self) -> list[dict[str, str]]:
        """Return the account as rows of its CSV file; ``from_rows`` reads them back.

        Whether plans show the identifier is not among them.
        """
        return account_rows(self.model_dump(exclude={"show_id"}))

    def to_csv(self, place: str | Path | StringIO) -> None:
        """Write the account as a CSV file, its identifier included; ``from_csv`` reads it back.

        Args:
            place: path, or an open text buffer.
        """
        text = csv_text(self.rows())
        if isinstance(place, StringIO):
            place.write(text)
        else:
            write_whole(Path(place), text.encode("utf-8"))

    def joined(self, other: "Account") -> Self:
        """Return what either of two accounts says; this one's steps come first.

        The later day counts. Of the same quota in both, the one that leaves less limits a plan.

        Raises:
            InvalidInputError: both have a commitment of the same name, a price for the same
                offer, or different identifiers or spends.
        """
        for field in ("account_id", "spend_per_month"):
            mine, theirs = getattr(self, field), getattr(other, field)
            if mine and theirs and mine != theirs:
                raise InvalidInputError(
                    "account", [f"the two accounts differ in {field}; leave it out of one"]
                )
        several = ("prices", "steps", "quotas", "commitments", "spend_commitments",
                   "resource_commitments")  # fmt: skip
        return type(self)(
            account_id=self.account_id or other.account_id,
            show_id=self.show_id and other.show_id,
            as_of=max(self.as_of or "", other.as_of or "") or None,
            spend_per_month=self.spend_per_month or other.spend_per_month,
            **{name: (*getattr(self, name), *getattr(other, name)) for name in several},
        )

    def today(self, catalog: Catalog) -> str:
        """Day from which expiry counts, ISO 8601."""
        return max(self.as_of or "", catalog.as_of)

    def as_seen(self, today: str) -> Self:
        """Return the account as of a day, or as of its own where that is later.

        What expires does so by the calendar, however old the record is.

        Args:
            today: ISO 8601.
        """
        return self.model_copy(update={"as_of": max(self.as_of or "", today)})

    def priced(self, catalog: Catalog) -> Catalog:
        """Return the catalogue at the prices that the account pays, with what it owns.

        Args:
            catalog: at list prices.

        Raises:
            UnknownNameError: a key names nothing in the catalogue.
            InvalidInputError: a fee or a price meets offers in another currency.
        """
        steps = steps_that_count(self.steps, self.spend_per_month, self.today(catalog))
        paid = own_prices(catalog.offers, self.prices, steps, catalog.known_names)
        return catalog.with_offers(with_owned(paid, self._capacity(catalog, paid)))

    def _capacity(self, catalog: Catalog, paid: pd.DataFrame | None = None) -> OwnedCapacity:
        """Return the commitments in force, beside a catalogue at list prices."""
        offers = catalog.offers if paid is None else paid
        return owned_capacity(self.owned, catalog, offers, self.today(catalog))

    def notes(self, catalog: Catalog) -> tuple[str, ...]:
        """Return one sentence for each commitment that a plan cannot use.

        Args:
            catalog: at list prices.

        Raises:
            UnknownNameError: a key names nothing in the catalogue.
        """
        return self._capacity(catalog).notes

    def covered(self, catalog: Catalog) -> tuple[CountedLimit, ...]:
        """Return how much each commitment in force still covers.

        Args:
            catalog: at list prices.

        Raises:
            UnknownNameError: a key names nothing in the catalogue.
        """
        return self._capacity(catalog).limits

    def limiting(self, limits: Limits, catalog: Catalog) -> Limits:
        """Return the limits with what is left of quotas and commitments; twice is as once.

        Args:
            limits: of the request.
            catalog: where the quotas' offers are.

        Raises:
            UnknownNameError: a key names nothing in the catalogue.
        """
        names, known = OfferNames.of(catalog.offers), catalog.known_names
        left = quota_limits(self.quotas, names, known)
        return limits.with_quotas((*left, *self.covered(catalog)))

    def quotas_in_force(self, catalog: Catalog) -> tuple[tuple[Quota, CountedLimit], ...]:
        """Return the quotas that concern an offer of the catalogue, and how they limit a plan.

        Raises:
            UnknownNameError: a key names nothing in the catalogue.
        """
        names, known = OfferNames.of(catalog.offers), catalog.known_names
        return tuple(
            (one, quota_limit(one, names, known))
            for one in quotas_in_force(self.quotas, names, known)
        )

    def concerning(self, offers: pd.DataFrame) -> Self:
        """Return what of the account concerns some offers; all of it where that is nothing.

        Discounts and spend stay. A plan carries no more than this of an account with thousands
        of prices.

        Args:
            offers: rows of the offers table.
        """
        kept = only_relevant(self.prices, self.quotas, self.owned, offers)
        says_something = self.steps or any(kept.values())
        return self.model_copy(update=kept) if says_something else self

    def for_plan(self) -> Self:
        """Return what a plan may carry: without the identifier, unless it is to be shown."""
        if self.show_id or not self.account_id:
            return self
        secret = re.compile(re.escape(self.account_id), re.IGNORECASE)
        told: dict[str, Any] = _without(self.model_dump(), secret)
        return type(self)(**{**told, "account_id": ""})


def _refuse_twice(what: str, names: Sequence[tuple[Any, ...]]) -> None:
    """Refuse a name that stands twice, whatever the case."""
    seen: set[tuple[Any, ...]] = set()
    for name in names:
        lowered = tuple(str(part).lower() for part in name)
        if lowered in seen:
            raise ValueError(f"two {what} {'/'.join(str(part) for part in name if part)!r}")
        seen.add(lowered)


def _without(value: Any, secret: re.Pattern[str]) -> Any:
    """Replace a text wherever it stands inside a name; keys and days are the clouds' own."""
    if isinstance(value, Mapping):
        return {
            key: secret.sub(NOT_SHOWN, item) if key == "name" else _without(item, secret)
            for key, item in value.items()
        }
    if isinstance(value, tuple | list):
        return tuple(_without(item, secret) for item in value)
    return value
