"""AlibabaSource: asks Alibaba Cloud about a region and hands over rows of the catalogue."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from costopt.fetch.call import Page
from costopt.fetch.context import FetchContext
from costopt.fetch.fetched import FetchedAccount, FetchedRegion, Row, left_out
from costopt_alibaba.account import AccountReader
from costopt_alibaba.advice import advice_rows
from costopt_alibaba.hardware import hardware_rows
from costopt_alibaba.parsed import Parsed, day_of, money, offer_name, records
from costopt_alibaba.prices import ON_DEMAND, SUBSCRIPTIONS, Purchase, Sold, price_rows
from costopt_alibaba.questions import ADVICE_TYPES, REFUSED, SYSTEM_DISK_REFUSED, Questions
from costopt_alibaba.sdk import Sdk
from costopt_alibaba.settings import AlibabaSettings
from costopt_alibaba.spot import SpotReader
from costopt_alibaba.stock import Stock, read_stock


@dataclass(slots=True, kw_only=True)
class AlibabaSource:
    """Alibaba Cloud with somebody's settings; safe in threads, one region each.

    Attributes:
        settings: what a person wrote.
        clock: monotonic time, for the pace [s].
        sleep: waits so many seconds, for the pace.
    """

    settings: AlibabaSettings
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _sdk: Sdk = field(init=False)

    def __post_init__(self) -> None:
        """Make what asks; nothing reaches the network."""
        self._sdk = Sdk(settings=self.settings, clock=self.clock, sleep=self.sleep)

    def secrets(self) -> tuple[str, ...]:
        """Return texts that must never be written anywhere."""
        return self._sdk.secrets()

    def regions(self, context: FetchContext) -> tuple[str, ...]:
        """Return the regions of the settings, or those that the account can see; sorted.

        Raises:
            FetchError: the provider gave no usable answer.
        """
        if self.settings.regions:
            return tuple(sorted(self.settings.regions))
        questions = Questions(sdk=self._sdk, context=context, region=self.settings.home_region)
        return tuple(
            sorted(
                str(region["RegionId"])
                for page in questions.regions()
                for region in records(page, "Regions", "Region")
                if region.get("RegionId")
            )
        )

    def fetch(self, region: str, context: FetchContext) -> FetchedRegion:
        """Read hardware, prices and release rates of one region.

        Raises:
            FetchError: the provider gave no usable answer.
        """
        questions = Questions(sdk=self._sdk, context=context, region=region)
        return _RegionReader(settings=self.settings, questions=questions).read()

    def account(self, region: str, context: FetchContext) -> FetchedAccount:
        """Read vCPU quotas and instances paid for in a region; savings plans where it is empty.

        Raises:
            FetchError: the provider gave no usable answer.
        """
        questions = Questions(sdk=self._sdk, context=context, region=region)
        reader = AccountReader(questions=questions)
        if region:
            return reader.in_region()
        if not self.settings.savings_plans:
            return FetchedAccount(region="", facts=())
        return reader.everywhere()


@dataclass(slots=True, kw_only=True)
class _RegionReader:
    """Reads one region, question by question.

    Attributes:
        settings: what a person wrote.
        questions: asks about the region.
    """

    settings: AlibabaSettings
    questions: Questions
    _system_disks: dict[str, str] = field(init=False, default_factory=dict)

    def read(self) -> FetchedRegion:
        """Return what the region sells; its stock first, because it limits what is priced."""
        on_demand = self._stock({"InstanceChargeType": "PostPaid", "SpotStrategy": "NoSpot"})
        prepaid, spot = self._prepaid_stock(), self._spot_stock()
        sold = frozenset((*on_demand.zones, *prepaid.zones, *spot.zones))
        hardware = hardware_rows(self.questions.instance_types(), sold, self.questions.context)
        names = tuple(str(row["instance_type"]) for row in hardware.rows)
        parts = [hardware]
        offers: list[Parsed] = []
        for name in names:
            offers.append(self._priced(name, on_demand, ON_DEMAND))
            listed = _by_the_hour(offers[-1])
            offers += [
                self._priced(name, prepaid, SUBSCRIPTIONS[term])
                for term in self.settings.subscriptions
            ]
            offers.append(self._spot(name, spot, listed))
        advice = self._advice(tuple(name for name in names if spot.zones.get(name)))
        parts += [*offers, advice]
        return FetchedRegion(
            region=self.questions.region,
            instance_types=hardware.rows,
            offers=tuple(row for part in offers for row in part.rows),
            interruptions=advice.rows,
            findings=tuple(finding for part in parts for finding in part.findings),
            account_offers=self._own(offers),
        )

    def _own(self, offers: list[Parsed]) -> tuple[Row, ...]:
        """Return what the account pays, where the run asks for what is its own."""
        if not self.questions.context.account:
            return ()
        return tuple(row for part in offers for row in part.account_rows)

    def _stock(self, charge: dict[str, str | int]) -> Stock:
        return read_stock(self.questions.stock(charge))

    def _prepaid_stock(self) -> Stock:
        if not self.settings.subscriptions:
            return Stock(zones={})
        return self._stock({"InstanceChargeType": "PrePaid"})

    def _spot_stock(self) -> Stock:
        if not self.settings.spot:
            return Stock(zones={})
        return self._stock(
            {
                "InstanceChargeType": "PostPaid",
                "SpotStrategy": "SpotAsPriceGo",
                "SpotDuration": self.settings.spot_protected_hours,
            }
        )

    def _priced(self, name: str, stock: Stock, purchase: Purchase) -> Parsed:
        """Return the offer of a type that is in stock; its price is asked only then."""
        if name not in stock:
            return Parsed()
        if not stock.zones[name]:
            return self._sold_out(name, purchase)
        sold = Sold(
            region=self.questions.region,
            instance_type=name,
            zones=stock.zones[name],
            day=day_of(self.questions.context.now),
        )
        return price_rows(self._price(name, purchase), sold, purchase)

    def _price(self, name: str, purchase: Purchase) -> Page:
        """Return an answer about a price, with the first system disk that the type takes."""
        known = self._system_disks.get(name)
        page: Page = {}
        for disk in (known,) if known else self.settings.system_disks:
            page = self.questions.price(name, purchase.unit, purchase.period, disk)
            if page.get(REFUSED) != SYSTEM_DISK_REFUSED:
                self._system_disks[name] = disk
                break
        return page

    def _sold_out(self, name: str, purchase: Purchase) -> Parsed:
        term = f"{purchase.term_years:g}" if purchase.term_years else ""
        row = offer_name(self.questions.region, name, purchase.option, term=term)
        return Parsed(findings=(left_out("no_stock", row, "every zone is sold out"),))

    def _spot(self, name: str, stock: Stock, listed: tuple[Decimal, str] | None) -> Parsed:
        """Return the spot offers of a type in the zones that have it."""
        if name not in stock:
            return Parsed()
        context, region = self.questions.context, self.questions.region
        if not stock.zones[name]:
            row = offer_name(region, name, "spot")
            return Parsed(findings=(left_out("no_stock", row, "every zone is sold out"),))
        protected_hours = self.settings.spot_protected_hours
        reader = SpotReader(
            region=region,
            instance_type=name,
            zones=stock.zones[name],
            protected_hours=protected_hours,
            now=context.now,
        )
        window = timedelta(hours=self.settings.spot_window_hours)
        return reader.read(self.questions.spot_prices(name, protected_hours, window), listed)

    def _advice(self, names: tuple[str, ...]) -> Parsed:
        """Return release rates of the types that are in stock as spot."""
        if not names or not self.settings.spot_advice:
            return Parsed()
        return advice_rows(
            self._advice_pages(names),
            self.questions.region,
            frozenset(names),
            day_of(self.questions.context.now),
        )

    def _advice_pages(self, names: tuple[str, ...]) -> Iterator[Page]:
        for start in range(0, len(names), ADVICE_TYPES):
            yield self.questions.spot_advice(names[start : start + ADVICE_TYPES])


def _by_the_hour(priced: Parsed) -> tuple[Decimal, str] | None:
    """Return the list price of an on-demand offer and its currency."""
    for row in priced.rows:
        amount = money(row["recurring_per_hour"])
        if amount is not None:
            return amount, str(row["currency"])
    return None
