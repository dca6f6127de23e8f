"""Quotas: how many vCPUs of a family, of spot and of a region a subscription may run."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from costopt.fetch.call import Call, Page
from costopt.fetch.context import FetchContext
from costopt.fetch.fetched import FetchedAccount, FetchFinding, Row
from costopt.fetch.wire import Wire
from costopt_azure.management import Management
from costopt_azure.series import series_spelling
from costopt_azure.sizes import Sizes

FIRM: Final = "on_demand|reserved|savings_plan|owned"
"""Ways to pay that draw on the vCPUs of a family and on those of the region."""

WHOLE_REGION: Final[Mapping[str, str]] = {"cores": FIRM, "lowprioritycores": "spot|low_priority"}
"""Quota of all sizes together, in lower case -> ways to pay that draw on it.

Source: learn.microsoft.com, vCPU quotas: every family counts against Total Regional vCPUs too,
and spot, as low priority before it, against Total Regional Spot vCPUs alone.
"""

SPELT: Final[Mapping[str, str]] = {"cores": "cores", "lowprioritycores": "lowPriorityCores"}
"""The provider's spelling of the quotas of a whole region."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Quota:
    """One quota as it was listed.

    Attributes:
        name: the provider's own.
        limit: vCPUs at most [1].
        used: of them, in use; a machine that is switched off counts until it is deleted [1].
    """

    name: str
    limit: int
    used: int


@dataclass(slots=True)
class _Reading:
    """Rows and findings of one region."""

    region: str
    rows: list[Row] = field(default_factory=list)
    findings: list[FetchFinding] = field(default_factory=list)

    def report(
        self, check: str, severity: Literal["warning", "left_out"], what: str, detail: str
    ) -> None:
        row = f"azure/{self.region}/{what}"
        self.findings.append(
            FetchFinding(check=check, severity=severity, table="account", row=row, detail=detail)
        )

    def add(self, quota: _Quota, types: str, ways: str) -> None:
        self.rows.append(
            {
                "fact": "quota",
                "key": f"azure/{self.region}/{types}/{ways}",
                "limit": quota.limit,
                "used": quota.used,
                "unit": "vcpus",
                "name": quota.name,
            }
        )


def ask_usages(management: Management, wire: Wire, region: str) -> Iterator[Page]:
    """Yield the pages of a region's quotas."""
    call = Call(provider="azure", service="compute", operation="usages", region=region)
    return wire.pages(call, management.usages(call, region))


def read_quotas(
    usages: Iterable[Page], sizes: Sizes, region: str, context: FetchContext
) -> FetchedAccount:
    """Return the quotas of a region that sizes with accelerators count against.

    Sizes of the last good catalogue take part too, as do those that the run asks for by name.

    Args:
        usages: pages of the quotas, as answered.
        sizes: what the location sells.
        region: the location that was asked for.
        context: what the run asks for.
    """
    reading = _Reading(region)
    listed = _listed(usages, reading)
    for name in sorted(WHOLE_REGION):
        quota = listed.get(name)
        if quota is None:
            detail = "the provider lists no such quota; nothing limits a plan by it"
            reading.report("quota_untold", "warning", SPELT[name], detail)
        else:
            reading.add(quota, "*", WHOLE_REGION[name])
    for family, types in _families(sizes, context).items():
        quota = listed.get(_plain(family))
        if quota is None:
            detail = f"no quota is listed for {', '.join(types)}; nothing limits a plan by it"
            reading.report("quota_untold", "warning", family or "?", detail)
        else:
            reading.add(quota, "|".join(types), FIRM)
    return FetchedAccount(
        region=region, facts=tuple(reading.rows), findings=tuple(reading.findings)
    )


def _plain(name: str) -> str:
    """Return the name of a family without spaces and casing, which differ between the lists."""
    return "".join(name.split()).lower()


def _listed(pages: Iterable[Page], reading: _Reading) -> dict[str, _Quota]:
    """Return every quota once; of two under one name the one that leaves less."""
    found: dict[str, _Quota] = {}
    for page in pages:
        for usage in page["value"]:
            name = str(usage["name"] or "")
            limit, used = _count(usage["limit"]), _count(usage["used"])
            if not name or limit is None or used is None:
                detail = f"limit {usage['limit']!r}, used {usage['used']!r}"
                reading.report("quota_unreadable", "left_out", name or "?", detail)
                continue
            quota = _Quota(name=name, limit=limit, used=used)
            other = found.setdefault(_plain(name), quota)
            if (other.limit, other.used) != (limit, used):
                less = min(other, quota, key=lambda one: one.limit - one.used)
                detail = f"listed twice; {less.used} of {less.limit} stays, which leaves less"
                reading.report("duplicate_differs", "warning", name, detail)
                found[_plain(name)] = less
    return found


def _count(written: object) -> int | None:
    """Return a number of vCPUs; None for what is none."""
    return written if isinstance(written, int) and written >= 0 else None


def _families(sizes: Sizes, context: FetchContext) -> dict[str, tuple[str, ...]]:
    """Return family -> names of its sizes here, both sorted."""
    found: dict[str, list[str]] = defaultdict(list)
    for name in sorted(sizes.quota_families):
        if _takes_part(name, sizes, context):
            found[sizes.quota_families[name]].append(name)
    return {family: tuple(found[family]) for family in sorted(found)}


def _takes_part(name: str, sizes: Sizes, context: FetchContext) -> bool:
    return (
        name in sizes.accelerated
        or name in context.known_types
        or (bool(context.families) and context.wants(name, series_spelling(name)))
    )
