"""Committed: resources that a project has committed to, from answers of Compute Engine."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from costopt.fetch.call import Page
from costopt.fetch.expiry import last_whole_day, moment_of
from costopt.fetch.fetched import FetchFinding
from costopt_gcp.usage import Amounts
from costopt_gcp.zones import MIB_IN_GIB

ACTIVE: Final = "ACTIVE"

NOT_IN_FORCE: Final = frozenset({"NOT_YET_ACTIVE", "CREATING", "EXPIRED", "CANCELLED"})
"""States that cover nothing now. Source: Compute API v1, Commitment.status."""

MACHINES: Final = frozenset({"", "MACHINE", "CATEGORY_UNSPECIFIED"})
"""Categories of hardware; the other one is of licences. Source: Commitment.category."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """Machines that a type of commitment covers.

    Attributes:
        series: their series, as the price list calls it.
        patterns: accelerator, as Compute Engine spells it -> instance types that have it; empty
            for types without one.
    """

    series: str
    patterns: Mapping[str, str]


N1_ALONE: Final = (
    "n1-standard-?|n1-standard-??|n1-highmem-?|n1-highmem-??|n1-highcpu-?|n1-highcpu-??"
)
"""N1 types without accelerators; a name that goes on tells what is attached."""

COMMITMENT_TYPES: Final[Mapping[str, Covered]] = {
    "ACCELERATOR_OPTIMIZED": Covered(
        series="a2",
        patterns={
            "nvidia-tesla-a100": "a2-highgpu-*|a2-megagpu-*",
            "nvidia-a100-80gb": "a2-ultragpu-*",
        },
    ),
    "ACCELERATOR_OPTIMIZED_A3": Covered(
        series="a3", patterns={"nvidia-h100-80gb": "a3-highgpu-*|a3-edgegpu-*"}
    ),
    "ACCELERATOR_OPTIMIZED_A3_MEGA": Covered(
        series="a3plus", patterns={"nvidia-h100-mega-80gb": "a3-megagpu-*"}
    ),
    "ACCELERATOR_OPTIMIZED_A3_ULTRA": Covered(
        series="a3ultra", patterns={"nvidia-h200-141gb": "a3-ultragpu-*"}
    ),
    "ACCELERATOR_OPTIMIZED_A4": Covered(series="a4", patterns={"nvidia-b200": "a4-highgpu-*"}),
    "GRAPHICS_OPTIMIZED": Covered(series="g2", patterns={"nvidia-l4": "g2-standard-*"}),
    "GRAPHICS_OPTIMIZED_G4": Covered(
        series="g4",
        patterns={
            "nvidia-rtx-pro-6000": "g4-standard-48|g4-standard-96|g4-standard-192|g4-standard-384"
        },
    ),
    "GENERAL_PURPOSE": Covered(
        series="n1",
        patterns={
            "": N1_ALONE,
            **{
                f"nvidia-tesla-{name}": f"n1-*+nvidia-tesla-{name}x*"
                for name in ("t4", "p4", "p100", "v100")
            },
        },
    ),
    "COMPUTE_OPTIMIZED": Covered(series="c2", patterns={"": "c2-*"}),
    **{
        f"{kind}_{series.upper()}": Covered(series=series, patterns={"": f"{series}-*"})
        for kind, names in (
            ("COMPUTE_OPTIMIZED", ("c2d", "c3", "c3d", "h3", "h4d")),
            (
                "GENERAL_PURPOSE",
                ("c4", "c4a", "c4d", "e2", "n2", "n2d", "n4", "n4a", "n4d", "t2d"),
            ),
            ("MEMORY_OPTIMIZED", ("m3", "m4")),
            ("STORAGE_OPTIMIZED", ("z3",)),
        )
        for series in names
    },
}
"""Type of a commitment -> what it covers; a type that is absent is reported.

Source: Compute API v1, Commitment.type (``GENERAL_PURPOSE`` covers N1 alone, and GPUs attached to
it); cloud.google.com/compute/docs/instances/committed-use-discounts-overview, commitment types and
the machine series of each.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """What one commitment covers.

    Attributes:
        kind: its type.
        accelerator: as Compute Engine spells it; empty without one.
        expires: last day that it covers whole, ISO 8601.
        amounts: of each of ``RESOURCES``; zero for what it holds none of.
        local_ssd_gib: local SSD [GiB].
    """

    kind: str
    accelerator: str
    expires: str
    amounts: Amounts
    local_ssd_gib: Decimal

    @property
    def covered(self) -> Covered:
        """Machines that it covers."""
        return COMMITMENT_TYPES[self.kind]

    @property
    def patterns(self) -> str:
        """Instance types that it covers, alternatives joined by ``|``."""
        patterns = self.covered.patterns
        return patterns.get(self.accelerator) or "|".join(patterns.values())


def read_commitments(
    pages: Iterable[Page], region: str, now: datetime
) -> tuple[tuple[Committed, ...], tuple[FetchFinding, ...]]:
    """Return the commitments for hardware that are in force, and what is odd about others.

    Args:
        pages: of ``regionCommitments.list``.
        region: the provider's own name.
        now: start of the run.
    """
    found: list[Committed] = []
    findings: list[FetchFinding] = []
    for item in (item for page in pages for item in page.get("items", ())):
        status = str(item.get("status", ""))
        if status in NOT_IN_FORCE or item.get("category", "") not in MACHINES:
            continue
        end = moment_of(item.get("endTimestamp"))
        problem = next(_problems(item, status, end, now), None)
        if problem is None:
            found.append(_committed(item, last_whole_day(end or now).isoformat()))
        else:
            check, detail = problem
            kind = str(item.get("type", "")).lower() or "commitment"
            findings.append(
                FetchFinding(
                    check=check,
                    severity="left_out",
                    table="account",
                    row=f"gcp/{region}/{kind}",
                    detail=detail,
                )
            )
    return tuple(found), tuple(findings)


def _problems(
    item: Mapping[str, Any], status: str, end: datetime | None, now: datetime
) -> Iterator[tuple[str, str]]:
    """Yield the check and the words of what stands against a commitment."""
    kind = str(item.get("type", ""))
    covered = COMMITMENT_TYPES.get(kind)
    accelerators = _accelerators(item)
    if status != ACTIVE:
        yield "commitment_state_unknown", f"its state {status or 'nothing'} is not a reviewed one"
    if covered is None:
        yield "commitment_type_unknown", f"{kind or 'nothing'} is no reviewed commitment type"
        return
    if end is None:
        yield "commitment_open_ended", "its end is not told"
    elif end <= now:
        yield "commitment_expired", f"its end is {item['endTimestamp']}, its state {status}"
    if not any(_held(item).values()):
        yield "commitment_empty", "it holds no vCPUs, memory or accelerators"
    if len(accelerators) > 1:
        detail = (
            f"it holds {', '.join(sorted(accelerators))} and does not tell which of its vCPUs and "
            "memory are for which; write it as rows of your own"
        )
        yield "commitment_mixed", detail
    for name in sorted(set(accelerators) - set(covered.patterns)):
        yield "accelerator_unknown", f"{name} is no reviewed accelerator of {kind}"


def _committed(item: Mapping[str, Any], expires: str) -> Committed:
    accelerators = _accelerators(item)
    return Committed(
        kind=str(item["type"]),
        accelerator=next(iter(accelerators), ""),
        expires=expires,
        amounts=_held(item),
        local_ssd_gib=_told(item).get("LOCAL_SSD", Decimal(0)),
    )


def _held(item: Mapping[str, Any]) -> Amounts:
    """Return how much a commitment holds of each of ``RESOURCES``."""
    told = _told(item)
    return {
        "vcpus": told.get("VCPU", Decimal(0)),
        "memory_gib": told.get("MEMORY", Decimal(0)) / MIB_IN_GIB,
        "accelerators": sum(_accelerators(item).values(), Decimal(0)),
    }


def _told(item: Mapping[str, Any]) -> dict[str, Decimal]:
    """Return type of a resource -> its amount, as told."""
    return {
        str(one.get("type", "")): Decimal(str(one.get("amount", 0)))
        for one in item.get("resources", ())
    }


def _accelerators(item: Mapping[str, Any]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for one in item.get("resources", ()):
        if one.get("type") == "ACCELERATOR" and int(one.get("amount", 0)):
            name = str(one.get("acceleratorType", ""))
            found[name] = found.get(name, Decimal(0)) + Decimal(str(one["amount"]))
    return found
