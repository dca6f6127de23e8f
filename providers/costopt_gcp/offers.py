"""Offers: prices of whole machines, composed from the rates of their parts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from costopt.fetch.fetched import FetchFinding, Row, offer_row
from costopt_gcp.descriptions import Option, Part
from costopt_gcp.machines import Machine
from costopt_gcp.rates import Rate, RateBook
from costopt_gcp.shapes import NOT_ON_DEMAND

NANO: Final = Decimal("1e-9")
"""Smallest amount of money that the price list can write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """An option of the price list in the catalogue's words.

    Attributes:
        option: purchase option of the catalogue.
        term_years: of a commitment [years].
        note: what a reader should know.
    """

    option: str
    term_years: float | None = None
    note: str = ""


PURCHASES: Final[Mapping[Option, Purchase]] = {
    Option.ON_DEMAND: Purchase(option="on_demand"),
    Option.SPOT: Purchase(option="spot"),
    Option.COMMITTED_1Y: Purchase(
        option="committed_use", term_years=1, note="resource-based commitment"
    ),
    Option.COMMITTED_3Y: Purchase(
        option="committed_use", term_years=3, note="resource-based commitment"
    ),
    Option.FLEX_START: Purchase(
        option="flex_start",
        note="Dynamic Workload Scheduler: starts when there is room, 7 days most",
    ),
    Option.CALENDAR_MODE: Purchase(
        option="calendar_mode",
        note="Dynamic Workload Scheduler: reserved for 1 to 90 days, charged whether used or not",
    ),
}
"""Option of the price list -> what it means.

Source: cloud.google.com/compute/docs/instances/choose-consumption-option; committed use is
charged by the hour, nothing upfront.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """A part of a machine, and how many of it.

    Attributes:
        part: kind of part.
        name: of which.
        quantity: pieces or GiB of one machine.
    """

    part: Part
    name: str
    quantity: Decimal


def components(machine: Machine, book: RateBook, region: str) -> tuple[Component, ...] | None:
    """Return the parts that a machine is charged for; None where they are not all known.

    A TPU slice is its chips. An accelerator that is priced with its share of the machine is the
    whole machine. Any other machine is vCPUs, memory, accelerators and bundled local SSD.

    Args:
        machine: of the region.
        book: rates of all regions.
        region: the provider's own name.
    """
    if machine.tpu:
        return (Component(part=Part.TPU, name=machine.tpu, quantity=machine.count),)
    if any(book.sells(region, option, Part.SLICE, machine.accelerator) for option in Option):
        return (Component(part=Part.SLICE, name=machine.accelerator, quantity=machine.count),)
    if not machine.vcpus or not machine.memory_gib:
        return None
    parts = [
        Component(part=Part.CORE, name=machine.series, quantity=machine.vcpus),
        Component(part=Part.MEMORY, name=machine.series, quantity=machine.memory_gib),
    ]
    if machine.accelerator:
        parts.append(
            Component(part=Part.ACCELERATOR, name=machine.accelerator, quantity=machine.count)
        )
    if machine.local_ssd_gib:
        parts.append(_local_ssd(machine, book, region))
    return tuple(parts)


def offers_of(
    machine: Machine, book: RateBook, region: str, today: date
) -> tuple[list[Row], list[FetchFinding]]:
    """Return the offers of a machine in a region, and why others could not be composed.

    Args:
        machine: of the region.
        book: rates of all regions.
        region: the provider's own name.
        today: day of the run, for spot and for prices without a date.
    """
    parts = components(machine, book, region)
    if parts is None:
        detail = "its vCPUs or memory are not told, so no price can be composed"
        return [], [_finding("hardware_unknown", "left_out", region, machine, "*", detail)]
    rows, findings = [], []
    for option in Option:
        rates = [book.rates.get((region, option, part.part, part.name)) for part in parts]
        if not any(rates):
            continue
        problem = _problem(machine, option, parts, rates)
        if problem:
            check, detail = problem
            findings.append(_finding(check, "left_out", region, machine, option, detail))
            continue
        priced = [(part, rate) for part, rate in zip(parts, rates, strict=True) if rate]
        rows.append(_offer(machine, region, option, priced, today, book.source))
    return rows, [*findings, *_compared(rows, region, machine)]


def _local_ssd(machine: Machine, book: RateBook, region: str) -> Component:
    """Return bundled local SSD; the price of its series goes before that of any family."""
    own = any(book.sells(region, option, Part.LOCAL_SSD, machine.series) for option in Option)
    return Component(
        part=Part.LOCAL_SSD,
        name=machine.series if own else "",
        quantity=machine.local_ssd_gib,
    )


def _problem(
    machine: Machine, option: Option, parts: Iterable[Component], rates: Iterable[Rate | None]
) -> tuple[str, str] | None:
    """Return the check and the words of what stands against an offer."""
    pairs = tuple(zip(parts, rates, strict=True))
    missing = [f"{part.part} of {part.name or 'any family'}" for part, rate in pairs if not rate]
    if missing:
        return "component_missing", f"there is no price for {', '.join(missing)}"
    currencies = {rate.currency for _, rate in pairs if rate}
    if len(currencies) > 1:
        return "currency_mixed", f"the parts are priced in {' and '.join(sorted(currencies))}"
    if option is Option.ON_DEMAND and machine.name in NOT_ON_DEMAND:
        return "not_sold_on_demand", "the type has a list price but cannot be started on demand"
    return None


def _offer(
    machine: Machine,
    region: str,
    option: Option,
    priced: list[tuple[Component, Rate]],
    today: date,
    source: str,
) -> Row:
    purchase = PURCHASES[option]
    total = sum((part.quantity * rate.per_hour for part, rate in priced), Decimal(0))
    effective = max(rate.effective for _, rate in priced)
    skus = ", ".join(rate.sku for _, rate in priced)
    return offer_row(
        provider="gcp",
        region=region,
        instance_type=machine.name,
        purchase_option=purchase.option,
        recurring_per_hour=total.quantize(NANO),
        currency=priced[0][1].currency,
        source=f"{source}: {skus}",
        as_of=today.isoformat() if option is Option.SPOT or not effective else effective,
        term_years=purchase.term_years,
        payment="no" if purchase.term_years else "",
        note="; ".join(_notes(machine, purchase, priced)),
    )


def _notes(
    machine: Machine, purchase: Purchase, priced: list[tuple[Component, Rate]]
) -> Iterable[str]:
    """Yield the arithmetic, the zones, and what the way to pay means."""
    yield " + ".join(
        f"{_plain(part.quantity)} {part.part} x {_plain(rate.per_hour)}" for part, rate in priced
    )
    if machine.zones:
        yield f"zones {', '.join(machine.zones)}"
    if purchase.note:
        yield purchase.note


def _plain(value: Decimal) -> str:
    """Write a figure without an exponent and without trailing zeros."""
    return f"{value.quantize(NANO).normalize():f}"


def _compared(rows: Iterable[Row], region: str, machine: Machine) -> list[FetchFinding]:
    """Say where spot costs more than on-demand, or stands alone."""
    prices = {str(row["purchase_option"]): row["recurring_per_hour"] for row in rows}
    spot, on_demand = prices.get("spot"), prices.get("on_demand")
    if spot is None or machine.name in NOT_ON_DEMAND:
        return []
    if on_demand is None:
        detail = "spot is kept without an on-demand price beside it"
        return [_finding("no_on_demand", "warning", region, machine, "spot", detail)]
    if float(str(spot)) > float(str(on_demand)):
        detail = f"spot costs {spot}/h and on-demand {on_demand}/h"
        return [_finding("spot_above_on_demand", "warning", region, machine, "spot", detail)]
    return []


def _finding(
    check: str, severity: str, region: str, machine: Machine, option: str, detail: str
) -> FetchFinding:
    return FetchFinding(
        check=check,
        severity="warning" if severity == "warning" else "left_out",
        table="offers",
        row=f"gcp/{region}/{machine.name}/{option}",
        detail=detail,
    )
