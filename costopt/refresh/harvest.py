"""Harvest: what the providers told in one run, collected as it comes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pandas as pd

from costopt.catalog.finding import join_findings
from costopt.catalog.schema import INSTANCE_TYPES, INTERRUPTIONS, OFFERS
from costopt.errors import InvalidInputError
from costopt.fetch.fetched import FetchedRegion
from costopt.refresh.account_rows import Fact, price_facts, told_facts
from costopt.refresh.frames import findings_frame, frame_of, join_frames
from costopt.refresh.told import AccountTold, Ended, Listed, RegionTold, Told

Watch = Callable[[str, Told], None]
"""Sees what providers tell, as it comes: the name of the provider, and what it told."""


@dataclass(slots=True, kw_only=True)
class RegionHarvest:
    """One region of one provider.

    Attributes:
        error: why it failed; empty where it did not.
        seconds: it took [s].
        calls: attempts that were made [1].
        retries: attempts that followed a failed one [1].
        tables: instance_types, offers and interruptions; nothing where it failed.
        findings: of the adapter, as rows of the findings table.
        prices: facts of what the account pays where that is not the list price.
        price_error: why they cannot be used; empty where they can.
    """

    error: str = ""
    seconds: float = 0.0
    calls: int = 0
    retries: int = 0
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    findings: pd.DataFrame | None = None
    prices: tuple[Fact, ...] = ()
    price_error: str = ""


@dataclass(slots=True, kw_only=True)
class AccountHarvest:
    """What is the account's own in one region of one provider, or in none.

    Attributes:
        error: why it failed; empty where it did not.
        seconds: it took [s].
        calls: attempts that were made [1].
        retries: attempts that followed a failed one [1].
        signed_in: whether there are credentials.
        facts: quotas and commitments.
        findings: of the adapter, as rows of the findings table.
    """

    error: str = ""
    seconds: float = 0.0
    calls: int = 0
    retries: int = 0
    signed_in: bool = True
    facts: tuple[Fact, ...] = ()
    findings: pd.DataFrame | None = None


@dataclass(slots=True, kw_only=True)
class ProviderHarvest:
    """One provider.

    Attributes:
        listed: regions that it lists; None where it could not be asked.
        asked: regions that were asked.
        regions: those that were told, good or failed.
        tells_account: whether it is asked for what is the account's own.
        account: what it told of that, by region; empty for what belongs to no region.
        error: why the provider failed as a whole; empty where it did not.
        seconds: it took in all [s].
        calls: attempts to list its regions [1].
        retries: attempts that followed a failed one [1].
    """

    listed: tuple[str, ...] | None = None
    asked: tuple[str, ...] = ()
    regions: dict[str, RegionHarvest] = field(default_factory=dict)
    tells_account: bool = False
    account: dict[str, AccountHarvest] = field(default_factory=dict)
    error: str = ""
    seconds: float = 0.0
    calls: int = 0
    retries: int = 0

    def told(self) -> dict[str, RegionHarvest]:
        """Return the regions that answered."""
        return {name: region for name, region in self.regions.items() if not region.error}

    def failed(self) -> dict[str, str]:
        """Return region -> error, of those that were asked and did not answer."""
        return _failed(self.asked, self.regions, self.error)

    def is_signed_out(self) -> bool:
        """Return whether nothing could be asked of the account for want of credentials."""
        return bool(self.account) and not any(one.signed_in for one in self.account.values())

    def account_told(self) -> dict[str, AccountHarvest]:
        """Return what was told of the account, by region."""
        return {name: one for name, one in self.account.items() if not one.error}

    def account_failed(self) -> dict[str, str]:
        """Return region -> error, of those whose account was asked for and not told."""
        asked = ("", *self.asked) if self.tells_account or self.listed is None else ()
        lost = self.account[""].error if self.is_signed_out() else self.error
        return _failed(asked, self.account, lost)


def _failed(
    asked: tuple[str, ...], told: Mapping[str, RegionHarvest | AccountHarvest], error: str
) -> dict[str, str]:
    lost = error or "its process ended before"
    missing = {name: lost for name in asked if name not in told}
    return missing | {name: one.error for name, one in told.items() if one.error}


class Harvest:
    """What all providers told."""

    def __init__(
        self, providers: tuple[str, ...], day: str, watch: Watch | None, *, account: bool = False
    ) -> None:
        """Wait for these providers.

        Args:
            providers: who was asked.
            day: of the run, ISO 8601.
            watch: sees everything as it comes.
            account: whether they are asked for what is the account's own too.
        """
        self.providers = {name: ProviderHarvest() for name in providers}
        self.day, self.account, self._watch = day, account, watch

    def hear(self, provider: str, told: Told) -> None:
        """Take in what a provider told; rows become tables at once."""
        held = self.providers[provider]
        if isinstance(told, Listed):
            held.listed, held.asked = told.listed, told.asked
            held.tells_account = told.account
        elif isinstance(told, Ended):
            held.error, held.seconds = told.error, told.seconds
            held.calls, held.retries = told.calls, told.retries
        elif isinstance(told, AccountTold):
            held.account[told.region] = self._account(provider, told)
        else:
            held.regions[told.region] = self._region(provider, told)
        if self._watch is not None:
            self._watch(provider, told)

    def table(self, name: str) -> pd.DataFrame:
        """Return the rows of one table that all answering regions told."""
        table = {one.name: one for one in (INSTANCE_TYPES, OFFERS, INTERRUPTIONS)}[name]
        return join_frames(
            table,
            (
                region.tables[name]
                for held in self.providers.values()
                for region in held.told().values()
            ),
        )

    def findings(self) -> pd.DataFrame:
        """Return what the adapters found."""
        return join_findings(
            region.findings
            for held in self.providers.values()
            for region in held.regions.values()
            if region.findings is not None
        )

    def _region(self, provider: str, told: RegionTold) -> RegionHarvest:
        region = RegionHarvest(
            error=told.error, seconds=told.seconds, calls=told.calls, retries=told.retries
        )
        if told.fetched is None:
            return region
        try:
            region.tables = _tables(provider, told.fetched)
        except InvalidInputError as error:
            region.error = str(error)
        try:
            offers = told.fetched.account_offers
            region.prices = price_facts(provider, told.region, offers, self.day)
        except InvalidInputError as error:
            region.price_error = str(error)
        region.findings = findings_frame(told.fetched.findings, provider, self.day)
        return region

    def _account(self, provider: str, told: AccountTold) -> AccountHarvest:
        account = AccountHarvest(
            error=told.error,
            seconds=told.seconds,
            calls=told.calls,
            retries=told.retries,
            signed_in=told.signed_in,
        )
        if told.fetched is None:
            return account
        try:
            account.facts = told_facts(provider, told.fetched, self.day)
        except InvalidInputError as error:
            account.error = str(error)
        account.findings = findings_frame(told.fetched.findings, provider, self.day)
        return account


def _tables(provider: str, fetched: FetchedRegion) -> dict[str, pd.DataFrame]:
    """Return the tables of one region.

    Raises:
        InvalidInputError: a value does not fit, or a row is of another provider or region.
    """
    what = f"{provider} {fetched.region}"
    tables = {
        table.name: frame_of(table, rows, what)
        for table, rows in (
            (INSTANCE_TYPES, fetched.instance_types),
            (OFFERS, fetched.offers),
            (INTERRUPTIONS, fetched.interruptions),
        )
    }
    for name, rows in tables.items():
        strange = rows["provider"] != provider
        if "region" in rows.columns:
            strange |= rows["region"] != fetched.region
        if strange.any():
            raise InvalidInputError(what, [f"{name} has rows of another provider or region"])
    return tables
