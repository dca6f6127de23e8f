"""AwsSource: asks AWS about one region after another and hands over rows of the catalogue."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Final

from costopt.fetch.call import Call, Page
from costopt.fetch.context import FetchContext
from costopt.fetch.fetched import FetchedAccount, FetchedRegion, FetchFinding, Row, warning
from costopt_aws.account import AccountReader, account_needs_credentials
from costopt_aws.advisor import Advisor
from costopt_aws.capacity_blocks import BlockReader
from costopt_aws.fleet import (
    Fleet,
    known_fleet,
    listed_fleet,
    unsold,
    zone_ids,
    zones_by_type,
)
from costopt_aws.hardware import hardware_rows, listed_types
from costopt_aws.names import PARTITIONS
from costopt_aws.once import Once
from costopt_aws.operations import (
    CAPACITY_BLOCKS,
    INSTANCE_TYPES,
    OFFERINGS,
    PLACEMENT_SCORES,
    REGIONS,
    SPOT_PRICES,
    ZONES,
)
from costopt_aws.parsed import PROVIDER, Parsed
from costopt_aws.placement import placement_notes
from costopt_aws.price_files import PriceFiles
from costopt_aws.rate_cards import RateCards
from costopt_aws.sdk import Sdk, batches
from costopt_aws.settings import AwsSettings
from costopt_aws.spot import SpotReader

REGION: Final = re.compile(r"[a-z]{2}(-[a-z]+){1,2}-\d+")
"""Code of a region; those of local zones go on behind it. Source: AWS General Reference."""

ENVIRONMENT: Final = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
"""Variables in which the SDK looks for credentials. Source: AWS SDKs and Tools guide."""

LINUX: Final = "Linux/UNIX"
"""Product of a spot price. Source: Amazon EC2 API reference, DescribeSpotPriceHistory."""


@dataclass(slots=True, kw_only=True)
class AwsSource:
    """AWS with somebody's settings; safe in threads, one region each.

    Attributes:
        settings: what a person wrote.
    """

    settings: AwsSettings
    _sdk: Sdk = field(init=False)
    _cards: RateCards = field(init=False)
    _files: PriceFiles = field(init=False)
    _advisor: Advisor = field(init=False)
    _once: Once = field(init=False, default_factory=Once)

    def __post_init__(self) -> None:
        """Make what asks; nothing reaches the network."""
        self._sdk = Sdk(settings=self.settings)
        self._files = PriceFiles(settings=self.settings)
        self._cards = RateCards(settings=self.settings, sdk=self._sdk, files=self._files)
        self._advisor = Advisor(settings=self.settings)

    def secrets(self) -> tuple[str, ...]:
        """Return texts that must never be written anywhere."""
        around = (os.environ.get(name, "") for name in ENVIRONMENT)
        return (*self.settings.secrets(), *(text for text in around if text))

    def regions(self, context: FetchContext) -> tuple[str, ...]:
        """Return the regions of the account or, without one, of the price list; sorted.

        Raises:
            FetchError: the provider gave no usable answer.
        """
        if not self._signed(context):
            return tuple(sorted(filter(self._is_region, self._files.regions(context))))
        home = self.settings.place.home_region
        pages = self._sdk.pages(context, REGIONS, home, {"AllRegions": False})
        names = [region["RegionName"] for page in pages for region in page["Regions"]]
        return tuple(sorted(filter(self._is_region, names)))

    def fetch(self, region: str, context: FetchContext) -> FetchedRegion:
        """Read hardware, prices and interruption bands of one region.

        Without credentials there are prices from the public files alone, of the types that the
        last good catalogue holds.

        Raises:
            FetchError: the provider gave no usable answer.
        """
        signed = self._signed(context)
        hardware, fleet = self._hardware(region, context) if signed else _known(context)
        priced = self._cards.read(region, fleet, context)
        parts = [priced]
        if signed:
            parts.append(self._spot(region, fleet, context, priced.rows))
            parts.append(self._blocks(region, fleet, context))
        bands = self._advisor.read(region, fleet, context) if self.settings.advisor else Parsed()
        every = (hardware, *parts, bands)
        return FetchedRegion(
            region=region,
            instance_types=hardware.rows,
            offers=tuple(row for part in parts for row in part.rows),
            interruptions=bands.rows,
            findings=tuple(finding for part in every for finding in part.findings),
        )

    def account(self, region: str, context: FetchContext) -> FetchedAccount:
        """Read quotas with their use and commitments owned.

        Args:
            region: the provider's own name; empty for savings plans, which belong to no region.
            context: holds the wire.

        Raises:
            FetchError: there are no credentials, or the provider gave no usable answer.
        """
        if not self._signed(context):
            raise account_needs_credentials()
        return AccountReader(settings=self.settings, sdk=self._sdk).read(region, context)

    def _signed(self, context: FetchContext) -> bool:
        """Return whether there are credentials; a replay answers as the recorded run did."""
        call = Call(provider=PROVIDER, service="session", operation="signs")
        page = self._once.page(call, context, lambda: {"signed": self._sdk.signs(call)})
        return bool(page["signed"])

    def _is_region(self, name: str) -> bool:
        """Return whether a place of the price list is a region of this partition."""
        partition = next(
            (held for pattern, held in PARTITIONS.items() if fnmatchcase(name, pattern)), "aws"
        )
        return partition == self.settings.partition and bool(REGION.fullmatch(name))

    def _hardware(self, region: str, context: FetchContext) -> tuple[Parsed, Fleet]:
        """Return instance types and, of those, what the zones of the region sell."""
        names = {"Filters": [{"Name": "instance-type", "Values": self._patterns(context)}]}
        listed = listed_types(self._sdk.pages(context, INSTANCE_TYPES, region, names))
        hardware = hardware_rows(listed, context)
        zones = zones_by_type(self._offerings(region, context, hardware.rows))
        ids = zone_ids(self._sdk.pages(context, ZONES, region, {}))
        fleet = listed_fleet(hardware.rows, listed, zones, ids)
        findings = (*hardware.findings, *unsold(hardware.rows, fleet, region))
        return Parsed(rows=hardware.rows, findings=findings), fleet

    def _offerings(
        self, region: str, context: FetchContext, rows: tuple[Row, ...]
    ) -> Iterator[Page]:
        """Yield which zones sell the described types."""
        for names in batches(str(row["instance_type"]) for row in rows):
            asked = {
                "LocationType": "availability-zone-id",
                "Filters": [{"Name": "instance-type", "Values": names}],
            }
            yield from self._sdk.pages(context, OFFERINGS, region, asked)

    def _patterns(self, context: FetchContext) -> list[str]:
        """Return patterns of instance types; a family stands for all of its sizes."""
        if not context.families:
            return sorted(self.settings.instance_type_patterns)
        asked = [name.lower() for name in context.families]
        return sorted({*asked, *(f"{name}.*" for name in asked if "." not in name)})

    def _spot(
        self, region: str, fleet: Fleet, context: FetchContext, priced: tuple[Row, ...]
    ) -> Parsed:
        """Return the spot price of every type and zone."""
        currency = self.settings.place.currency
        on_demand = {
            str(row["instance_type"]): float(row["recurring_per_hour"] or 0)
            for row in priced
            if row["purchase_option"] == "on_demand" and row["currency"] == currency
        }
        reader = SpotReader(
            region=region,
            fleet=fleet,
            now=context.now,
            currency=currency,
            scores=self._scores(region, context),
        )
        return reader.read(self._spot_pages(region, fleet, context), on_demand)

    def _spot_pages(self, region: str, fleet: Fleet, context: FetchContext) -> Iterator[Page]:
        """Yield the prices in force, of the types that are sold as spot."""
        for names in batches(name for name in fleet.types if fleet.sells(name, "spot")):
            asked = {"InstanceTypes": names, "ProductDescriptions": [LINUX]}
            yield from self._sdk.pages(
                context, SPOT_PRICES, region, asked, lambda: {"StartTime": context.now}
            )

    def _scores(self, region: str, context: FetchContext) -> Mapping[tuple[str, str], str]:
        """Return words about the placement scores that were asked for."""
        notes: dict[tuple[str, str], str] = {}
        for question in self.settings.placement:
            asked: dict[str, Any] = {
                "InstanceTypes": list(question.instance_types),
                "TargetCapacity": question.target_capacity,
                "SingleAvailabilityZone": True,
                "RegionNames": [region],
            }
            pages = self._sdk.pages(context, PLACEMENT_SCORES, region, asked)
            notes |= placement_notes(question, region, pages)
        return notes

    def _blocks(self, region: str, fleet: Fleet, context: FetchContext) -> Parsed:
        """Return the Capacity Blocks that were asked for, of types that are sold so here."""
        reader = BlockReader(region=region, zone_ids=fleet.zone_ids, now=context.now)
        rows: list[Row] = []
        findings: list[FetchFinding] = []
        for question in self.settings.capacity_blocks:
            if not fleet.sells(question.instance_type, "capacity-block"):
                continue
            asked = {
                "InstanceType": question.instance_type,
                "InstanceCount": question.instance_count,
                "CapacityDurationHours": question.duration_hours,
            }
            parsed = reader.read(self._sdk.pages(context, CAPACITY_BLOCKS, region, asked))
            rows += parsed.rows
            findings += parsed.findings
        return Parsed(rows=tuple(rows), findings=tuple(findings))


def _known(context: FetchContext) -> tuple[Parsed, Fleet]:
    """Return the last good catalogue's types, which have rows already."""
    fleet = known_fleet(context)
    if fleet.types:
        return Parsed(), fleet
    detail = "no credentials, and no instance types of an earlier catalogue: nothing to price"
    return Parsed(
        findings=(warning("hardware_unread", PROVIDER, detail, "instance_types"),)
    ), fleet
