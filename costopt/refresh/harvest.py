"""Harvest: what the providers told in one run, collected as it comes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pandas as pd

from costopt.catalog.finding import join_findings
from costopt.catalog.schema import INSTANCE_TYPES, INTERRUPTIONS, OFFERS
from costopt.errors import InvalidInputError
from costopt.fetch.fetched import FetchedRegion
from costopt.refresh.frames import findings_frame, frame_of, join_frames
from costopt.refresh.told import Ended, Listed, RegionTold, Told

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
    """

    error: str = ""
    seconds: float = 0.0
    calls: int = 0
    retries: int = 0
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    findings: pd.DataFrame | None = None


@dataclass(slots=True, kw_only=True)
class ProviderHarvest:
    """One provider.

    Attributes:
        listed: regions that it lists; None where it could not be asked.
        asked: regions that were asked.
        regions: those that were told, good or failed.
        error: why the provider failed as a whole; empty where it did not.
        seconds: it took in all [s].
        calls: attempts to list its regions [1].
        retries: attempts that followed a failed one [1].
    """

    listed: tuple[str, ...] | None = None
    asked: tuple[str, ...] = ()
    regions: dict[str, RegionHarvest] = field(default_factory=dict)
    error: str = ""
    seconds: float = 0.0
    calls: int = 0
    retries: int = 0

    def told(self) -> dict[str, RegionHarvest]:
        """Return the regions that answered."""
        return {name: region for name, region in self.regions.items() if not region.error}

    def failed(self) -> dict[str, str]:
        """Return region -> error, of those that were asked and did not answer."""
        lost = self.error or "its process ended before"
        missing = {name: lost for name in self.asked if name not in self.regions}
        return missing | {name: one.error for name, one in self.regions.items() if one.error}


class Harvest:
    """What all providers told."""

    def __init__(self, providers: tuple[str, ...], day: str, watch: Watch | None) -> None:
        """Wait for these providers.

        Args:
            providers: who was asked.
            day: of the run, ISO 8601.
            watch: sees everything as it comes.
        """
        self.providers = {name: ProviderHarvest() for name in providers}
        self._day, self._watch = day, watch

    def hear(self, provider: str, told: Told) -> None:
        """Take in what a provider told; rows become tables at once."""
        held = self.providers[provider]
        if isinstance(told, Listed):
            held.listed, held.asked = told.listed, told.asked
        elif isinstance(told, Ended):
            held.error, held.seconds = told.error, told.seconds
            held.calls, held.retries = told.calls, told.retries
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
        region.findings = findings_frame(told.fetched.findings, provider, self._day)
        return region


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
