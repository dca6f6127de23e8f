"""Quotas: how much of a project's limits is left, from the metrics of Compute Engine."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from costopt.fetch.call import Page
from costopt.fetch.fetched import FetchFinding, Row
from costopt_gcp.machines import Machine

FIRM: Final = "on_demand|reserved|savings_plan|committed_use|subscription|owned"
"""Ways to pay of instances that count against the standard quotas."""

SPOT: Final = "spot|flex_start"
"""Ways to pay of instances that count against the preemptible quotas.

Source: cloud.google.com/compute/docs/instances/about-flex-start-vms, quota.
"""

PREEMPTIBLE: Final = "PREEMPTIBLE_"
ACCELERATORS: Final = "accelerators"
VCPUS: Final = "vcpus"

GPU_QUOTAS: Final[Mapping[str, str]] = {
    "A100": "a2-highgpu-*|a2-megagpu-*",
    "A100_80GB": "a2-ultragpu-*",
    "H100": "a3-highgpu-*|a3-edgegpu-*",
    "H100_MEGA": "a3-megagpu-*",
    "H200": "a3-ultragpu-*",
    "B200": "a4-highgpu-*",
    "GB200": "a4x-highgpu-*",
    "L4": "g2-standard-*",
    "T4": "n1-*+nvidia-tesla-t4x*",
    "P4": "n1-*+nvidia-tesla-p4x*",
    "P100": "n1-*+nvidia-tesla-p100x*",
    "V100": "n1-*+nvidia-tesla-v100x*",
}
"""Middle of ``NVIDIA_..._GPUS`` -> instance types that have such accelerators.

Source: Compute API v1, Quota.metric; cloud.google.com/compute/resource-usage, GPU quota and
quotas for preemptible resources; accelerators of the types as in ``shapes``. The shares of one
accelerator that G4 sells are absent: how they count is not documented.
"""

NOT_PLANNED: Final = re.compile(r"^NVIDIA_(?:K80|.*_VWS)_GPUS$")
"""Accelerators that no catalogued type has, and virtual workstations."""

SERIES_QUOTAS: Final[Mapping[str, str]] = {
    "CPUS": "n1-*",
    **{
        f"{series.upper()}_CPUS": f"{series}-*"
        for series in ("a2", "c2", "c2d", "c3", "e2", "m1", "m2", "m3", "n2", "n2d", "t2a", "t2d")
    },
}
"""Metric of virtual CPUs -> instance types that count against it.

Source: Compute API v1, Quota.metric; cloud.google.com/compute/resource-usage, CPU quota: ``CPUS``
holds N1, other series have a quota of their own.
"""

TPU_QUOTAS: Final[Mapping[str, str]] = {"TPU_LITE_PODSLICE_V5": "v5litepod-*"}
"""Metric of chips -> slices. Source: cloud.google.com/tpu/docs/quota, TPU v5e."""

ALL_SPOT: Final = "|".join(SERIES_QUOTAS.values())
"""Types whose spot instances share ``PREEMPTIBLE_CPUS``. Source: as for ``SERIES_QUOTAS``."""

PROJECT_QUOTAS: Final[Mapping[str, tuple[str, str]]] = {
    "GPUS_ALL_REGIONS": (ACCELERATORS, "|".join((*GPU_QUOTAS.values(), "g4-standard-*"))),
    "CPUS_ALL_REGIONS": (VCPUS, ALL_SPOT),
}
"""Metric of a project -> unit and instance types, whatever the way to pay.

Source: cloud.google.com/compute/resource-usage, GPU quota and CPU quota over all regions.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """What a metric of a region limits.

    Attributes:
        name: of the metric without its mark of preemptible instances.
        unit: accelerators or vcpus.
        patterns: instance types, alternatives joined by ``|``.
    """

    name: str
    unit: str
    patterns: str


def region_quotas(
    pages: Iterable[Page], region: str, machines: Iterable[Machine]
) -> tuple[tuple[Row, ...], tuple[FetchFinding, ...]]:
    """Return the quotas of a region that its instance types count against, and what is not told.

    Spot instances count against the preemptible quota where the project has one, and against the
    standard one where it has not. Source: cloud.google.com/compute/docs/instances/spot, Quotas
    for Spot VMs.

    Args:
        pages: of ``regions.get``.
        region: the provider's own name.
        machines: that the run asks for.
    """
    told = _told(pages)
    names = [machine.name for machine in machines]
    rows: list[Row] = []
    findings: list[FetchFinding] = []
    for name, item in sorted(told.items()):
        metric = _metric(name)
        if metric is None:
            findings += _unknown(name, region)
            continue
        options = _options(name, metric, told)
        if not options or not covers(metric.patterns, names):
            continue
        row = _row(f"gcp/{region}/{metric.patterns}/{options}", metric.unit, name, item)
        rows += [row] if row else []
        findings += [] if row else [_finding(region, name, "its limit or use is not told")]
    return tuple(rows), (*findings, *_untold(region, rows, machines))


def project_quotas(
    pages: Iterable[Page], known_types: frozenset[str]
) -> tuple[tuple[Row, ...], tuple[FetchFinding, ...]]:
    """Return the quotas of a project over all regions.

    Args:
        pages: of ``projects.get``.
        known_types: instance types of the catalogue; empty where there is none yet.
    """
    told = _told(pages)
    rows: list[Row] = []
    findings: list[FetchFinding] = []
    for name, (unit, patterns) in PROJECT_QUOTAS.items():
        if name not in told or (known_types and not covers(patterns, known_types)):
            continue
        row = _row(f"gcp/*/{patterns}", unit, name, told[name])
        rows += [row] if row else []
        findings += [] if row else [_finding("", name, "its limit or use is not told")]
    return tuple(rows), tuple(findings)


def covers(patterns: str, names: Iterable[str]) -> bool:
    """Return whether one of the names fits one of the patterns."""
    alternatives = patterns.split("|")
    return any(fnmatchcase(name, pattern) for name in names for pattern in alternatives)


def _told(pages: Iterable[Page]) -> dict[str, Mapping[str, Any]]:
    return {str(item.get("metric", "")): item for page in pages for item in page.get("quotas", ())}


def _metric(name: str) -> Metric | None:
    """Return what a metric limits; None where it is no reviewed one."""
    plain = name.removeprefix(PREEMPTIBLE)
    if name == f"{PREEMPTIBLE}CPUS":
        return Metric(name=plain, unit=VCPUS, patterns=ALL_SPOT)
    gpu = GPU_QUOTAS.get(plain.removeprefix("NVIDIA_").removesuffix("_GPUS"))
    for unit, patterns in (
        (VCPUS, SERIES_QUOTAS.get(plain)),
        (ACCELERATORS, TPU_QUOTAS.get(plain)),
        (ACCELERATORS, gpu if plain.startswith("NVIDIA_") else None),
    ):
        if patterns:
            return Metric(name=plain, unit=unit, patterns=patterns)
    return None


def _options(name: str, metric: Metric, told: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the ways to pay that count against a metric; empty where none does."""
    twin = f"{PREEMPTIBLE}{metric.name}" if metric.unit == ACCELERATORS else f"{PREEMPTIBLE}CPUS"
    has_own = bool(told.get(twin, {}).get("limit"))
    if not name.startswith(PREEMPTIBLE):
        return FIRM if has_own else f"{FIRM}|{SPOT}"
    return SPOT if has_own or metric.name not in told else ""


def _row(key: str, unit: str, name: str, item: Mapping[str, Any]) -> Row | None:
    limit, used = item.get("limit"), item.get("usage")
    if limit is None or used is None or limit < 0:
        return None
    return {
        "fact": "quota",
        "key": key,
        "limit": int(limit),
        "used": int(used),
        "unit": unit,
        "name": name,
    }


def _unknown(name: str, region: str) -> Iterator[FetchFinding]:
    """Report a quota of accelerators that is not reviewed; others limit nothing planned here."""
    plain = name.removeprefix(PREEMPTIBLE)
    if plain.startswith("NVIDIA_") and not NOT_PLANNED.match(plain):
        yield _finding(region, name, "it is no reviewed quota, so nothing is limited by it")


def _untold(
    region: str, rows: Iterable[Row], machines: Iterable[Machine]
) -> Iterator[FetchFinding]:
    """Say for which accelerators the region tells no standard quota."""
    limited = [
        str(row["key"]).split("/")[2]
        for row in rows
        if row["unit"] == ACCELERATORS and FIRM in str(row["key"])
    ]
    untold = {
        machine.accelerator
        for machine in machines
        if machine.accelerator and not any(covers(one, [machine.name]) for one in limited)
    }
    if untold:
        detail = (
            f"no quota is told for {', '.join(sorted(untold))}: those of newer accelerators are "
            "kept by family, which Compute Engine does not list; look them up in Cloud Quotas"
        )
        yield FetchFinding(
            check="quota_untold",
            severity="left_out",
            table="account",
            row=f"gcp/{region}",
            detail=detail,
        )


def _finding(region: str, name: str, detail: str) -> FetchFinding:
    return FetchFinding(
        check="quota_unknown",
        severity="left_out",
        table="account",
        row=f"gcp/{region}/{name}" if region else f"gcp/{name}",
        detail=detail,
    )
