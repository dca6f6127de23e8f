"""Advice: rows of the interruptions table from what DescribeSpotAdvice answers."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from costopt.fetch.call import Page
from costopt.fetch.fetched import FetchFinding, Row, left_out, warning
from costopt_alibaba.parsed import PROVIDER, SERVICE, Parsed, number, records
from costopt_alibaba.questions import REFUSED

SIGNAL: Final = "release_share"
"""Share of spot instances that were released in the window."""

WINDOW_HOURS: Final = 720.0
"""The last 30 days. Source: ECS API reference, DescribeSpotAdvice."""

BUCKET: Final = re.compile(r"(\d+)-(\d+)%?")
"""Range of a release rate, such as ``0-3%``. Source: ECS API reference, ``InterruptRateDesc``."""

PERCENT: Final = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What one zone tells about one type; fractions 0..1."""

    low_fraction: float
    high_fraction: float
    savings_fraction: float | None
    zone: str


def advice_rows(pages: Iterable[Page], region: str, asked: frozenset[str], day: str) -> Parsed:
    """Return one row for each type: the zone with the highest release rate.

    The provider tells ``AverageSpotDiscount`` as the share that is paid, not the share saved.

    Args:
        pages: one for each question.
        region: the provider's own name.
        asked: types that were named.
        day: of the run, ISO 8601.
    """
    told: dict[str, list[_Told]] = {}
    findings: list[FetchFinding] = []
    for page in pages:
        if REFUSED in page:
            findings.append(_refused(region, str(page[REFUSED])))
        for zone in records(page, "AvailableSpotZones", "AvailableSpotZone"):
            for resource in records(zone, "AvailableSpotResources", "AvailableSpotResource"):
                name = str(resource.get("InstanceType"))
                if name not in asked:
                    continue
                read = _read(resource, str(zone.get("ZoneId") or ""))
                if read is None:
                    findings.append(_unread(region, name, resource))
                else:
                    told.setdefault(name, []).append(read)
    rows = tuple(_row(region, name, told[name], day) for name in sorted(told))
    return Parsed(rows=rows, findings=tuple(dict.fromkeys(findings)))


def _read(resource: Mapping[str, Any], zone: str) -> _Told | None:
    """Return what a zone tells; None where its range cannot be read."""
    found = BUCKET.fullmatch(str(resource.get("InterruptRateDesc") or "").strip())
    if not found:
        return None
    paid_percent = number(resource.get("AverageSpotDiscount"))
    return _Told(
        low_fraction=float(found[1]) / PERCENT,
        high_fraction=float(found[2]) / PERCENT,
        savings_fraction=(
            round(1 - paid_percent / PERCENT, 6) if paid_percent and paid_percent > 0 else None
        ),
        zone=zone,
    )


def _row(region: str, name: str, told: list[_Told], day: str) -> Row:
    """Return the row of a type; of zones with the same range, the one that saves least."""
    worst = max(
        told,
        key=lambda one: (
            one.low_fraction,
            -(one.savings_fraction if one.savings_fraction is not None else PERCENT),
            one.zone,
        ),
    )
    zones = len({one.zone for one in told})
    return {
        "provider": PROVIDER,
        "region": region,
        "instance_type": name,
        "os": "linux",
        "signal": SIGNAL,
        "bucket": f"{worst.low_fraction * PERCENT:g}-{worst.high_fraction * PERCENT:g}%",
        "low_fraction": worst.low_fraction,
        "high_fraction": worst.high_fraction,
        "window_hours": WINDOW_HOURS,
        "savings_fraction": worst.savings_fraction,
        "source": f"{SERVICE} DescribeSpotAdvice, {name}, highest of {zones} zones: {worst.zone}",
        "as_of": day,
    }


def _unread(region: str, name: str, resource: Mapping[str, Any]) -> FetchFinding:
    return left_out(
        "bucket_unknown",
        f"{PROVIDER}/{region}/{name}/linux/{SIGNAL}",
        f"the release rate is {resource.get('InterruptRateDesc')!r}",
        "interruptions",
    )


def _refused(region: str, code: str) -> FetchFinding:
    return warning(
        "spot_advice_refused",
        f"{PROVIDER}/{region}/*",
        f"DescribeSpotAdvice answered {code}; release rates are not known",
        "interruptions",
    )
