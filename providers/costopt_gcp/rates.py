"""Rates: prices of the parts of machines, read from pages of the price list."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Literal

from costopt.fetch.call import Page
from costopt.fetch.fetched import FetchFinding
from costopt.units import GB, GIB, HOURS_PER_MONTH
from costopt_gcp.descriptions import PROMOTIONAL, Described, Option, Part, described
from costopt_gcp.questions import COMPUTE_ENGINE_SERVICE

NANOS: Final = Decimal(10) ** 9

CLOCK_SKEW: Final = timedelta(days=1)
"""How far ahead of our clock a price may have begun and still count as begun."""

_PER_MONTH: Final = 1 / Decimal(str(HOURS_PER_MONTH))
_GB_IN_GIB: Final = Decimal(GIB) / Decimal(GB)

UNITS: Final[Mapping[Part, Mapping[str, Decimal]]] = {
    **{part: {"h": Decimal(1)} for part in (Part.CORE, Part.ACCELERATOR, Part.SLICE, Part.TPU)},
    Part.MEMORY: {"GiBy.h": Decimal(1), "GBy.h": _GB_IN_GIB},
    Part.LOCAL_SSD: {
        "GiBy.h": Decimal(1),
        "GBy.h": _GB_IN_GIB,
        "GiBy.mo": _PER_MONTH,
        "GBy.mo": _GB_IN_GIB * _PER_MONTH,
    },
}
"""Part -> unit of the price list -> factor to a price per hour and per piece or GiB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Price of one part of a machine.

    Attributes:
        per_hour: of one vCPU, GiB, accelerator or chip [currency/h].
        currency: ISO 4217.
        sku: id of the SKU.
        effective: since when, ISO day; empty where the price list does not say.
    """

    per_hour: Decimal
    currency: str
    sku: str
    effective: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RateProblem:
    """A SKU that gives no rate, or a doubtful one.

    Attributes:
        regions: where it would hold.
        part: of a machine.
        name: of which.
        check: name of what went wrong.
        severity: ``warning`` where a rate stays, ``left_out`` where it does not.
        sku: id of the SKU, or of the two that differ.
        detail: what was found, in words.
    """

    regions: tuple[str, ...]
    part: Part
    name: str
    check: str
    severity: Literal["warning", "left_out"]
    sku: str
    detail: str

    def finding(self, region: str) -> FetchFinding:
        """Return the finding for the report of one region."""
        return FetchFinding(
            check=self.check,
            severity=self.severity,
            table="offers",
            row=f"gcp/{region}/{self.sku}",
            detail=self.detail,
        )


LIST_PRICES: Final = f"Cloud Billing Catalog services.skus.list {COMPUTE_ENGINE_SERVICE}"
"""Source of the rates that anybody pays."""

RateKey = tuple[str, Option, Part, str]
"""Region, way to pay, part, and of what."""


@dataclass(slots=True)
class RateBook:
    """Rates of all regions.

    Attributes:
        rates: by region, way to pay, part and name.
        problems: SKUs that gave none.
        source: where the rates come from.
        listed: the price list, where the rates are an account's own; it says which parts a
            machine is charged for.
    """

    rates: dict[RateKey, Rate] = field(default_factory=dict)
    problems: list[RateProblem] = field(default_factory=list)
    source: str = LIST_PRICES
    listed: "RateBook | None" = None

    def regions(self) -> tuple[str, ...]:
        """Return the regions in which an accelerator has a price, sorted."""
        accelerated = {Part.ACCELERATOR, Part.SLICE, Part.TPU}
        return tuple(sorted({key[0] for key in self.rates if key[2] in accelerated}))

    def sells(self, region: str, option: Option, part: Part, name: str) -> bool:
        """Return whether a part has a price of its own, whatever the account pays for it."""
        return (region, option, part, name) in (self.listed or self).rates

    def add(self, region: str, what: Described, rate: Rate) -> None:
        """Enter a rate; of two that differ the dearer one stays, and a finding says so."""
        key = (region, what.option, what.part, what.name)
        held = self.rates.setdefault(key, rate)
        if (held.per_hour, held.currency) == (rate.per_hour, rate.currency):
            return
        dearer = max(held, rate, key=lambda one: one.per_hour)
        self.rates[key] = dearer
        detail = (
            f"SKUs {held.sku} and {rate.sku} price the {what.part} of {what.name or 'any family'} "
            f"({what.option}) at {held.per_hour} and {rate.per_hour} {rate.currency}/h; "
            f"{dearer.per_hour} is taken"
        )
        self.problems.append(
            RateProblem(
                regions=(region,),
                part=what.part,
                name=what.name,
                check="price_ambiguous",
                severity="warning",
                sku=f"{held.sku}+{rate.sku}",
                detail=detail,
            )
        )


def read_rates(pages: Iterable[Page], accelerators: Mapping[str, str], now: datetime) -> RateBook:
    """Read pages of the price list; page by page, so that only what is kept stays in memory.

    Args:
        pages: answers of ``services.skus.list``.
        accelerators: spelling of Compute Engine -> catalogue name.
        now: start of the run; prices that begin later are left out.
    """
    book = RateBook()
    for page in pages:
        for sku in page.get("skus", ()):
            _read_sku(book, sku, accelerators, now)
    return book


def _read_sku(
    book: RateBook, sku: Mapping[str, Any], accelerators: Mapping[str, str], now: datetime
) -> None:
    category = sku.get("category", {})
    description = str(sku.get("description", ""))
    what = described(
        PROMOTIONAL.sub("", description),
        str(category.get("usageType", "")),
        str(category.get("resourceGroup", "")),
        accelerators,
    )
    if what is None:
        return
    if PROMOTIONAL.search(description):
        _report(book, sku, what, "price_promotional", f"{description!r} is kept apart")
    elif not what.name and what.part in (Part.ACCELERATOR, Part.SLICE):
        _report(book, sku, what, "accelerator_unknown", f"{description!r} is no reviewed name")
    else:
        rate = _rate(book, sku, what, now)
        if rate is not None:
            for region in _regions(sku):
                book.add(region, what, rate)


def _rate(book: RateBook, sku: Mapping[str, Any], what: Described, now: datetime) -> Rate | None:
    """Return the price now in force, per hour and piece."""
    begun = [info for info in sku.get("pricingInfo", ()) if _has_begun(info, now)]
    if not begun:
        _report(book, sku, what, "price_missing", "the SKU has no price in force")
        return None
    info = max(begun, key=lambda one: str(one.get("effectiveTime", "")))
    expression = info.get("pricingExpression", {})
    unit = str(expression.get("usageUnit", ""))
    if unit not in UNITS[what.part]:
        _report(
            book, sku, what, "unit_unknown", f"a {what.part} is priced per {unit or 'nothing'}"
        )
        return None
    price, currency = _unit_price(expression)
    if price is None or price <= 0:
        _report(book, sku, what, "price_not_positive", f"the price is {price}")
        return None
    if not currency:
        _report(book, sku, what, "currency_missing", f"the price is {price} of no currency")
        return None
    effective = min(str(info.get("effectiveTime", ""))[:10], now.date().isoformat())
    return Rate(
        per_hour=price * UNITS[what.part][unit],
        currency=currency,
        sku=str(sku.get("skuId", "")),
        effective=effective,
    )


def _unit_price(expression: Mapping[str, Any]) -> tuple[Decimal | None, str]:
    """Return the price from the first piece on, and its currency."""
    first = [
        tier
        for tier in expression.get("tieredRates", ())
        if not float(tier.get("startUsageAmount", 0))
    ]
    if len(first) != 1:
        return None, ""
    return amount_of(first[0].get("unitPrice", {}))


def amount_of(money: Mapping[str, Any]) -> tuple[Decimal | None, str]:
    """Return an amount as Google writes it, in units and billionths, and its currency."""
    try:
        units, nanos = Decimal(str(money.get("units", 0))), Decimal(str(money.get("nanos", 0)))
    except InvalidOperation:
        return None, ""
    return units + nanos / NANOS, str(money.get("currencyCode", ""))


def _has_begun(info: Mapping[str, Any], now: datetime) -> bool:
    text = str(info.get("effectiveTime", ""))
    return not text or datetime.fromisoformat(text) <= now + CLOCK_SKEW


def _report(
    book: RateBook, sku: Mapping[str, Any], what: Described, check: str, detail: str
) -> None:
    book.problems.append(
        RateProblem(
            regions=_regions(sku),
            part=what.part,
            name=what.name,
            check=check,
            severity="left_out",
            sku=str(sku.get("skuId", "")),
            detail=f"{detail} ({what.option})",
        )
    )


def _regions(sku: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(region) for region in sku.get("serviceRegions", ()))
