"""Sizes: from pages of the Resource SKUs API to rows of the instance_types table."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final

from costopt.fetch.call import Page
from costopt.fetch.context import FetchContext
from costopt.fetch.fetched import FetchFinding, Row
from costopt_azure.accelerators import Held, accelerator_name, held
from costopt_azure.names import CPU_RATES
from costopt_azure.restrictions import is_past, readable_day, restriction_findings
from costopt_azure.series import Series, series_of, series_spelling

MIB_PER_GB: Final = Fraction(10**9, 2**20)
"""MiB in 10^9 bytes. Source: SI and IEC 80000-13."""

ARCHITECTURES: Final[Mapping[str, str]] = {"x64": "x86_64", "arm64": "arm64"}
"""The provider's word in lower case -> the catalogue's."""

COUNTED_BY_LETTER: Final = "standard_n"
"""Start of the names of sizes with accelerators, in lower case.

Source: learn.microsoft.com, Azure virtual machine sizes naming conventions: family N.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """What a location sells.

    Attributes:
        rows: of the instance_types table.
        without_spot: names of sizes that are not sold as spot.
        findings: what could not be read, or is odd.
        quota_families: name -> family of quotas, of every size.
        accelerated: names of all sizes with accelerators.
    """

    rows: tuple[Row, ...]
    without_spot: frozenset[str]
    findings: tuple[FetchFinding, ...]
    quota_families: Mapping[str, str] = field(default_factory=dict)
    accelerated: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Size:
    """One size as it was listed, with what its name means."""

    name: str
    listed: Mapping[str, Any]
    capabilities: Mapping[str, str]
    series: Series | None
    family: str


@dataclass(slots=True)
class _Reading:
    """Rows and findings while the pages are read."""

    region: str
    context: FetchContext
    rows: list[Row] = field(default_factory=list)
    findings: list[FetchFinding] = field(default_factory=list)
    without_spot: set[str] = field(default_factory=set)

    def leave_out(self, size: _Size, check: str, detail: str) -> None:
        """Report a size that gets no row."""
        row = f"azure/{size.name}"
        self.findings.append(
            FetchFinding(
                check=check, severity="left_out", table="instance_types", row=row, detail=detail
            )
        )


def read_sizes(pages: Iterable[Page], region: str, context: FetchContext) -> Sizes:
    """Return the sizes that the run asks for: those with accelerators, others by name.

    Args:
        pages: of the Resource SKUs API, as answered.
        region: the location that was asked for.
        context: what the run asks for, and how accelerators are named.
    """
    reading = _Reading(region, context)
    listed = _unique(pages, reading)
    for sku in listed:
        _read(sku, reading)
    if not listed:
        reading.findings.append(
            FetchFinding(
                check="no_sizes_listed",
                severity="warning",
                table="instance_types",
                row=f"azure/{region}/*",
                detail="the subscription lists no virtual machine sizes here",
            )
        )
    return Sizes(
        rows=tuple(reading.rows),
        without_spot=frozenset(reading.without_spot),
        findings=tuple(reading.findings),
        quota_families={size.name: str(size.listed.get("family") or "") for size in listed},
        accelerated=frozenset(size.name for size in listed if _is_accelerated(size)),
    )


def _unique(pages: Iterable[Page], reading: _Reading) -> list[_Size]:
    """Return every size of the region once; a name with two meanings is reported."""
    found: dict[str, _Size] = {}
    for page in pages:
        for sku in page["value"]:
            if not _is_sold_in(sku, reading.region):
                continue
            size = _size(sku)
            first = found.setdefault(size.name, size)
            if first.listed != size.listed:
                reading.leave_out(size, "duplicate_differs", "listed twice; the first one stays")
    return list(found.values())


def _is_sold_in(sku: Mapping[str, Any], region: str) -> bool:
    """Return whether a listed product is a size of virtual machines in a region."""
    places = [place.lower() for place in sku.get("locations") or [region]]
    return (
        sku.get("resourceType") == "virtualMachines"
        and bool(sku.get("name"))
        and (region.lower() in places)
    )


def _size(sku: Mapping[str, Any]) -> _Size:
    name = str(sku["name"])
    series = series_of(name)
    return _Size(
        name=name,
        listed=sku,
        capabilities={
            one["name"]: str(one["value"])
            for one in sku.get("capabilities") or []
            if one.get("value") is not None
        },
        series=series,
        family=series.family if series else series_spelling(name) or name,
    )


def _read(size: _Size, reading: _Reading) -> None:
    """Add the row of a size that the run asks for, or say why it has none."""
    if not reading.context.wants(size.name, size.family):
        return
    accelerated = _is_accelerated(size)
    if not accelerated and not reading.context.families:
        return
    if _is_withdrawn(size, reading):
        return
    amount = _held(size, reading) if accelerated else None
    if accelerated and amount is None:
        return
    vcpus = _number(size, "vCPUsAvailable", "vCPUs")
    if vcpus is None:
        reading.leave_out(size, "vcpus_missing", "the size states no vCPUs")
        return
    if size.capabilities.get("LowPriorityCapable", "").lower() == "false":
        reading.without_spot.add(size.name)
    reading.findings.extend(restriction_findings(size.listed, reading.region, size.name))
    reading.rows.append(_row(size, amount, vcpus, reading))


def _is_accelerated(size: _Size) -> bool:
    """Return whether a size has accelerators: by its series, its own words, or its name."""
    return (
        size.series is not None
        or bool(_number(size, "GPUs"))
        or size.name.lower().startswith(COUNTED_BY_LETTER)
    )


def _is_withdrawn(size: _Size, reading: _Reading) -> bool:
    """Report a size that is no longer sold, though it is still listed."""
    written = size.capabilities.get("RetirementDateUtc", "")
    day = readable_day(written) if written else size.series.retired_on if size.series else ""
    if written and not day:
        reading.leave_out(size, "retirement_unreadable", f"retires on {written!r}")
        return True
    if day and is_past(day, reading.context.now):
        reading.leave_out(size, "retired", f"retired on {day}")
        return True
    if size.name.lower().endswith("_promo"):
        reading.leave_out(size, "promotional", "a promotional size of a retired series")
        return True
    return False


def _held(size: _Size, reading: _Reading) -> Held | None:
    """Return the accelerators of a size; None once it is reported why they are not known."""
    context = reading.context
    spelt = size.series.accelerator if size.series else ""
    name = accelerator_name(size.name, spelt, context)
    if name is None:
        spelling = series_spelling(size.name) or size.name
        detail = (
            f"the series {spelling} has no reviewed accelerator; name it under {spelling!r} "
            "in your own mapping"
        )
        reading.leave_out(size, "accelerator_unknown", detail)
        return None
    reported = _number(size, "GPUs")
    vcpus = _number(size, "vCPUs")
    if not reported or not vcpus:
        reading.leave_out(size, "accelerator_count_missing", "the size states no GPUs")
        return None
    return held(
        context.accelerators[name],
        reported=Fraction(reported),
        vcpus=Fraction(vcpus),
        series=size.series,
    )


def _number(size: _Size, *names: str) -> Fraction | None:
    """Return the first capability of these names that is a number."""
    for name in names:
        written = size.capabilities.get(name, "")
        try:
            return Fraction(written)
        except ValueError:
            continue
    return None


def _row(size: _Size, amount: Held | None, vcpus: Fraction, reading: _Reading) -> Row:
    """Return the row of the instance_types table; what the provider does not tell is empty."""
    memory = _number(size, "MemoryGB")
    disk = _number(size, "NvmeDiskSizeInMiB")
    retires = readable_day(size.capabilities.get("RetirementDateUtc", ""))
    series = size.series
    retires = retires or (series.retired_on if series else "")
    return {
        "provider": "azure",
        "instance_type": size.name,
        "family": size.family,
        "accelerator": amount.name if amount else "",
        "accelerator_count": amount.count if amount else 0.0,
        "cpu_rate": "" if amount else CPU_RATES.get(size.family, ""),
        "accelerator_memory_gib": amount.memory_gib if amount else None,
        "accelerator_usable_gib": amount.usable_gib if amount else None,
        "accelerator_usable_origin": amount.usable_origin if amount else "",
        "vcpus": float(vcpus),
        "memory_gib": None if memory is None else float(memory),
        "local_nvme_gb": None if disk is None else round(float(disk / MIB_PER_GB), 1),
        "network_gbps": None,
        "fabric_gbps": None,
        "intra_node_interconnect": amount.link if amount else "none",
        "inter_node_fabric": _fabric(size, reading),
        "hosts": 1,
        "cpu_architecture": ARCHITECTURES.get(
            size.capabilities.get("CpuArchitectureType", "").lower(), ""
        ),
        "source": f"Azure Resource SKUs API, virtualMachines/{size.name}"
        + ("; accelerator by the series in the size's name" if amount else ""),
        "as_of": reading.context.now.date().isoformat(),
        "note": f"retires on {retires}" if retires else "",
    }


def _fabric(size: _Size, reading: _Reading) -> str:
    """Return the fabric between instances; empty where name and capability disagree."""
    written = size.capabilities.get("RdmaEnabled", "").lower()
    told = {"true": "infiniband", "false": "none"}.get(written, "")
    named = size.series.fabric if size.series else told
    if not told or told == named:
        return named
    reading.findings.append(
        FetchFinding(
            check="fabric_contradicted",
            severity="warning",
            table="instance_types",
            row=f"azure/{size.name}",
            detail=f"its name says {named}, its capability RdmaEnabled says {told}",
        )
    )
    return ""
