"""Eviction rates of spot instances, as Resource Graph publishes them."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from costopt.fetch.call import Call, Page
from costopt.fetch.fetched import FetchFinding, Row
from costopt.fetch.wire import Wire
from costopt_azure.management import Management

BANDS: Final[Mapping[str, tuple[float, float | None]]] = {
    "0-5": (0.0, 0.05),
    "5-10": (0.05, 0.10),
    "10-15": (0.10, 0.15),
    "15-20": (0.15, 0.20),
    "20+": (0.20, None),
}
"""Band -> chance that a running instance is evicted within an hour, lower and upper edge.

Source: learn.microsoft.com, Use Azure Spot Virtual Machines, eviction rates.
"""

WHO_READS: Final = "the role Reader on the tenant's root scope shows them"

WINDOW_HOURS: Final = 1.0
"""What the chance refers to [h]."""


def ask_evictions(management: Management, wire: Wire, region: str) -> Iterator[Page]:
    """Yield the pages of a region's eviction rates."""
    query = (
        "SpotResources"
        " | where type =~ 'microsoft.compute/skuspotevictionrate/location'"
        f" | where location =~ '{region}'"
        " | project size = tostring(sku.name), location,"
        " evictionRate = tostring(properties.evictionRate)"
        " | order by size asc"
    )
    call = Call(
        provider="azure",
        service="resource_graph",
        operation="resources",
        region=region,
        parameters={"query": query},
    )
    return wire.pages(call, management.graph(call, query))


def read_evictions(
    pages: Iterable[Page], region: str, types: frozenset[str], now: datetime
) -> tuple[tuple[Row, ...], tuple[FetchFinding, ...]]:
    """Return rows of the interruptions table for these sizes, and what could not be read."""
    by_lower = {name.lower(): name for name in types}
    rows: dict[str, Row] = {}
    findings: list[FetchFinding] = []
    is_empty = True
    for page in pages:
        for record in page["data"]:
            is_empty = False
            name = by_lower.get(str(record.get("size") or "").lower())
            if name is None:
                continue
            band = str(record.get("evictionRate") or "").strip().removesuffix("%")
            row = _row(name, band, region, now) if band in BANDS else None
            if row is None:
                findings.append(_finding("eviction_band_unknown", name, region, f"{band!r}"))
            elif rows.setdefault(name, row) != row:
                detail = f"also listed as {band}; {rows[name]['bucket']} stays"
                findings.append(_finding("duplicate_differs", name, region, detail))
    if is_empty:
        findings.append(evictions_unread(region, f"no rates; {WHO_READS}"))
    return tuple(rows[name] for name in sorted(rows)), tuple(findings)


def evictions_unread(region: str, why: str) -> FetchFinding:
    """Return the finding of a region whose eviction rates are not known."""
    return FetchFinding(
        check="eviction_rates_unread",
        severity="warning",
        table="interruptions",
        row=f"azure/{region}/*",
        detail=why,
    )


def _row(instance_type: str, band: str, region: str, now: datetime) -> Row:
    low, high = BANDS[band]
    return {
        "provider": "azure",
        "region": region,
        "instance_type": instance_type,
        "os": "linux",
        "signal": "eviction_rate",
        "bucket": band,
        "low_fraction": low,
        "high_fraction": high,
        "window_hours": WINDOW_HOURS,
        "savings_fraction": None,
        "source": f"Azure Resource Graph, SpotResources, skuspotevictionrate of {instance_type}",
        "as_of": now.astimezone(UTC).date().isoformat(),
    }


def _finding(check: str, instance_type: str, region: str, detail: str) -> FetchFinding:
    return FetchFinding(
        check=check,
        severity="left_out",
        table="interruptions",
        row=f"azure/{region}/{instance_type}/linux/eviction_rate",
        detail=detail,
    )
