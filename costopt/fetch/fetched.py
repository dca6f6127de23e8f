"""FetchedRegion: the rows an adapter read for one region, and what it could not read."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal, TypeAlias

Row: TypeAlias = Mapping[str, str | float | int | bool | None]
"""One row of a catalogue table: column name of ``costopt.catalog.schema`` -> value."""

HOURS_PER_YEAR: Final = 8760
"""Hours by which providers divide a year's commitment: 365 days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchFinding:
    """Something that was not as it should be; shown in the run report.

    Attributes:
        check: short name, such as ``accelerator_unknown`` or ``price_not_positive``.
        severity: ``warning`` where the row stays, ``left_out`` where it does not.
        table: catalogue table of the row.
        row: key of the row, joined by ``/``.
        detail: what was found, in words.
    """

    check: str
    severity: Literal["warning", "left_out"]
    table: str
    row: str
    detail: str


def left_out(check: str, row: str, detail: str, table: str = "offers") -> FetchFinding:
    """Return a finding about something that has no row."""
    return FetchFinding(check=check, severity="left_out", table=table, row=row, detail=detail)


def warning(check: str, row: str, detail: str, table: str = "offers") -> FetchFinding:
    """Return a finding about a row that stays."""
    return FetchFinding(check=check, severity="warning", table=table, row=row, detail=detail)


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedRegion:
    """What a provider answered for one region.

    Attributes:
        region: the provider's own name.
        instance_types: rows of the table of that name; empty where hardware was not asked for,
            and then the last good catalogue's stay.
        offers: rows of the table of that name.
        interruptions: rows of the table of that name.
        findings: what could not be read, or is odd.
        account_offers: what the account that asked pays where that differs from the list: rows of
            the offers table with a trail. They are the account's own and no part of a catalogue.
    """

    region: str
    instance_types: tuple[Row, ...]
    offers: tuple[Row, ...]
    interruptions: tuple[Row, ...] = ()
    findings: tuple[FetchFinding, ...] = ()
    account_offers: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedAccount:
    """What a provider answered about the account that asks, in one place.

    Attributes:
        region: the provider's own name; empty for what belongs to no region.
        facts: rows as ``Account.from_csv`` reads them, by column name: quotas with their use and
            commitments owned. No row holds an identifier of the account or of a resource.
        findings: what could not be read, or is odd.
    """

    region: str
    facts: tuple[Row, ...]
    findings: tuple[FetchFinding, ...] = ()


def offer_row(
    *,
    provider: str,
    region: str,
    instance_type: str,
    purchase_option: str,
    recurring_per_hour: Decimal,
    currency: str,
    source: str,
    as_of: str,
    upfront: Decimal = Decimal(0),
    zone: str = "",
    kind: str = "",
    term_years: float | None = None,
    term_hours: float | None = None,
    payment: str = "",
    valid_until: str = "",
    note: str = "",
) -> Row:
    """Return one row of the offers table, with its effective price.

    Args:
        provider: short name, such as ``aws``.
        region: the provider's own name.
        instance_type: the provider's own name.
        purchase_option: on_demand, spot, reserved, savings_plan, ...
        recurring_per_hour: hourly charge of the whole instance [currency/h].
        currency: ISO 4217.
        source: where the row comes from, precise enough to look it up.
        as_of: date of the price, ISO 8601.
        upfront: paid once for the term [currency].
        zone: empty for a price of the whole region.
        kind: of a savings plan: compute, ec2_instance, azure.
        term_years: length of a commitment [years].
        term_hours: the same; 8,760 a year where it is not given [h].
        payment: of a commitment: no, partial or all upfront.
        valid_until: last day of a dated price, ISO 8601.
        note: what a reader should know.
    """
    hours = term_hours
    if hours is None and term_years is not None:
        hours = term_years * HOURS_PER_YEAR
    spread = upfront / Decimal(str(hours)) if hours else Decimal(0)
    return {
        "provider": provider,
        "region": region,
        "zone": zone,
        "instance_type": instance_type,
        "purchase_option": purchase_option,
        "kind": kind,
        "term_years": term_years,
        "payment": payment,
        "recurring_per_hour": float(recurring_per_hour),
        "upfront": float(upfront),
        "term_hours": hours,
        "currency": currency,
        "effective_per_hour": float(recurring_per_hour + spread),
        "valid_until": valid_until,
        "flags": "",
        "trail": "",
        "source": source,
        "as_of": as_of,
        "note": note,
    }
