"""Account: negotiated prices and quotas that a plan is made with in place of list prices."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import Field, model_validator

from costopt.account.csv_file import read_account
from costopt.account.owned import OwnedCapacity, owned_capacity, with_owned
from costopt.account.prices import own_prices, steps_that_count
from costopt.account.quotas import in_force, quotas_left, with_quotas
from costopt.account.records import Commitment, Day, PriceStep, Quota
from costopt.catalog.catalog import Catalog
from costopt.workload.limits import Limits
from costopt.workload.written import NotNegative, Written

NOT_SHOWN = "account"
"""What stands in a plan where the account's own text holds its identifier."""


class Account(Written):
    """What is yours at the clouds.

    Attributes:
        account_id: the provider's identifier; a plan shows it only when ``show_id`` is true.
        show_id: whether plans carry the identifier.
        as_of: day of this record; expiry is counted from it, or from the catalogue's date where
            that is later.
        spend_per_month: today's, which decides the tiers reached; what a plan adds does not
            count [the account's currency].
        steps: from the list price to what you pay, in order.
        quotas: instances that you may run.
        commitments: capacity that is paid for already.
    """

    account_id: str = Field(default="", repr=False)
    show_id: bool = False
    as_of: Day | None = None
    spend_per_month: NotNegative = 0.0
    steps: tuple[PriceStep, ...] = Field(default=())
    quotas: tuple[Quota, ...] = Field(default=())
    commitments: tuple[Commitment, ...] = Field(default=())

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.steps or self.quotas or self.commitments):
            raise ValueError("an account without discounts, quotas and commitments is no use")
        names = [one.name for one in self.commitments]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two commitments have the name {twice[0]!r}")
        return self

    @classmethod
    def from_csv(cls, path: str | Path) -> Self:
        """Read an account from a CSV file; ``costopt.account.csv_file`` lists its columns.

        Raises:
            InvalidInputError: the file cannot be read, or a row breaks a rule; one sentence for
                each, with its line.
        """
        return cls(**read_account(path))

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
            InvalidInputError: a fee meets offers in another currency.
        """
        paid = self._paid(catalog)
        return paid.with_offers(with_owned(paid.offers, self._owned(paid)))

    def _paid(self, catalog: Catalog) -> Catalog:
        """Return the catalogue at the account's prices, without what it owns."""
        steps = steps_that_count(self.steps, self.spend_per_month, self.today(catalog))
        return catalog.with_offers(own_prices(catalog.offers, steps, catalog.known_names))

    def _owned(self, catalog: Catalog) -> OwnedCapacity:
        """Return the commitments in force, beside a catalogue."""
        return owned_capacity(
            self.commitments, catalog.offers, catalog.known_names, self.today(catalog)
        )

    def notes(self, catalog: Catalog) -> tuple[str, ...]:
        """Return one sentence for each commitment that a plan cannot use.

        Args:
            catalog: at list prices.

        Raises:
            UnknownNameError: a key names nothing in the catalogue.
        """
        return self._owned(catalog).notes

    def covered(self, catalog: Catalog) -> Mapping[str, int]:
        """Return key of ``Limits.quota`` -> instances that a commitment in force still covers.

        Args:
            catalog: at list prices.

        Raises:
            UnknownNameError: a key names nothing in the catalogue.
        """
        return self._owned(catalog).left

    def limiting(self, limits: Limits, catalog: Catalog) -> Limits:
        """Return the limits with what is left of quotas and commitments; twice is as once.

        Args:
            limits: of the request.
            catalog: where the quotas' offers are.

        Raises:
            UnknownNameError: a key names nothing in the catalogue.
        """
        left = quotas_left(self.quotas, catalog.offers, catalog.known_names)
        return with_quotas(limits, {**left, **self.covered(catalog)})

    def quotas_in_force(self, catalog: Catalog) -> tuple[Quota, ...]:
        """Return the quotas that concern an offer of the catalogue.

        Raises:
            UnknownNameError: a key names nothing in the catalogue.
        """
        return in_force(self.quotas, catalog.offers, catalog.known_names)

    def for_plan(self) -> Self:
        """Return what a plan may carry: without the identifier, unless it is to be shown."""
        if self.show_id or not self.account_id:
            return self
        told: dict[str, Any] = _without(self.model_dump(), self.account_id)
        return type(self)(**{**told, "account_id": ""})


def _without(value: Any, secret: str) -> Any:
    """Replace a text wherever it stands inside a value."""
    if isinstance(value, str):
        return value.replace(secret, NOT_SHOWN)
    if isinstance(value, Mapping):
        return {key: _without(item, secret) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return tuple(_without(item, secret) for item in value)
    return value
