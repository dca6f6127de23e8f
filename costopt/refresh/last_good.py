"""LastGood: the catalogue that a run starts from: the store's, or the bundled one at first."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import pandas as pd

from costopt.accelerator import Accelerator
from costopt.account.opening import read_document
from costopt.catalog import lookup
from costopt.catalog.checking.change import on_demand_currency_changed, on_demand_jumped
from costopt.catalog.dates import newest_day
from costopt.catalog.schema import TABLES
from costopt.catalog.snapshot import bundled_snapshot
from costopt.catalog.store.audit import AuditEvent
from costopt.catalog.store.part import ACCOUNT_FILE, PROVIDER_TABLES, PartStatus
from costopt.catalog.store.store import CatalogStore
from costopt.catalog.store.version_manifest import ProviderEntry
from costopt.refresh.account_rows import Fact
from costopt.refresh.flags import OPTION_NOT_TOLD

FINDING_SEPARATOR: Final = ":"

REGION_NOT_LISTED: Final = "region_not_listed"
"""Check of a region that an earlier run was told and that its provider lists no more."""

SILENT: Final = frozenset({OPTION_NOT_TOLD, REGION_NOT_LISTED})
"""Checks of what was told before and is told no more."""

ACCEPTABLE: Final = (
    on_demand_jumped.__name__,
    on_demand_currency_changed.__name__,
    OPTION_NOT_TOLD,
    REGION_NOT_LISTED,
)
"""Checks whose findings somebody may take for true."""

ACCEPTED_PRICE: Final = re.compile(r"^([0-9.e+-]+)/h after ")
"""Price at the head of a finding about a jump, as ``catalog.checking.change`` writes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """That somebody takes a finding for true.

    Attributes:
        until: last day on which it is, ISO 8601.
        price_per_hour: the price that was looked at; None where any is accepted ahead.
    """

    until: str
    price_per_hour: float | None

    def covers(self, day: str, price_per_hour: float, tolerance: float) -> bool:
        """Return whether a price of a day is the one that was accepted.

        Args:
            day: ISO 8601.
            price_per_hour: told on that day.
            tolerance: relative distance from the accepted price that still counts [1].
        """
        if self.until < day:
            return False
        known = self.price_per_hour
        return known is None or abs(price_per_hour / known - 1) <= tolerance


@dataclass(frozen=True, slots=True, kw_only=True)
class LastGood:
    """What is there before a run.

    Attributes:
        place: where it lies, for people.
        started_from: id of the version; None at the first publish.
        tables: every table of the schema.
        entries: how each provider stands in it.
        accepted: finding that somebody accepts -> until when, and at which price.
        account: facts of the account in it; None without an account.
    """

    place: str
    started_from: str | None
    tables: Mapping[str, pd.DataFrame]
    entries: Mapping[str, ProviderEntry]
    accepted: Mapping[str, Acceptance]
    account: tuple[Fact, ...] | None = None

    def part(self, provider: str) -> dict[str, pd.DataFrame]:
        """Return the rows of one provider, by table."""
        return {
            name: rows[rows["provider"] == provider]
            for name, rows in self.tables.items()
            if name in PROVIDER_TABLES
        }

    def accelerators(self) -> dict[str, Accelerator]:
        """Return every accelerator by its name."""
        rows, aliases = self.tables["accelerators"], self.tables["accelerator_aliases"]
        return {name: lookup.accelerator(rows, aliases, name) for name in rows["name"]}

    def known_types(self, provider: str) -> frozenset[str]:
        """Return the names of a provider's instance types."""
        types = self.tables["instance_types"]
        return frozenset(types.loc[types["provider"] == provider, "instance_type"])


def read_last_good(store: CatalogStore) -> LastGood:
    """Read the latest version of a store, or the bundled catalogue where there is none.

    Raises:
        CatalogFileError: it cannot be read.
    """
    latest = store.latest_id()
    if latest is None:
        return _bundled()
    version = store.version(latest)
    place = f"{version.place}, {ACCOUNT_FILE}"
    account = version.account()
    return LastGood(
        place=version.place,
        started_from=latest,
        tables={name: version.table(name) for name in TABLES},
        entries=version.manifest.providers,
        accepted=_accepted(store),
        account=None if account is None else read_document(account, place),
    )


def finding_id(check: str, row: str) -> str:
    """Name a finding, as the report does and as somebody accepts it.

    >>> finding_id("on_demand_jumped", "aws/us-east-1//p5.48xlarge/on_demand///")
    'on_demand_jumped:aws/us-east-1//p5.48xlarge/on_demand///'
    """
    return f"{check}{FINDING_SEPARATOR}{row}"


def _bundled() -> LastGood:
    """Return the bundled catalogue; its providers are stale since the day of their prices."""
    snapshot = bundled_snapshot()
    tables = {name: snapshot.table(name) for name in TABLES}
    offers = tables["offers"]
    entries = {}
    for provider, rows in offers.groupby("provider"):
        at = datetime.fromisoformat(newest_day(rows["as_of"])).replace(tzinfo=UTC)
        entries[str(provider)] = ProviderEntry(
            status=PartStatus.CARRIED, fetched_at=at, stale_since=at, stale_regions={}
        )
    return LastGood(
        place=snapshot.place, started_from=None, tables=tables, entries=entries, accepted={}
    )


def _accepted(store: CatalogStore) -> dict[str, Acceptance]:
    """Return what the audit log says is accepted; the last word about a finding counts."""
    audit = store.audit()
    details = audit.loc[audit["event"] == AuditEvent.ACCEPT.value, "details"]
    return {
        str(told["finding"]): Acceptance(
            until=str(told["until"]), price_per_hour=_price_in(str(told.get("detail", "")))
        )
        for told in details
        if "finding" in told
    }


def _price_in(detail: str) -> float | None:
    head = ACCEPTED_PRICE.match(detail)
    return None if head is None else float(head[1])
