"""Quotas: which quota of Amazon EC2 concerns which instance types, and how much is in use."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from costopt.fetch.call import Page
from costopt.fetch.context import FetchContext
from costopt.fetch.fetched import FetchFinding, Row, left_out, warning
from costopt_aws.commitments import TABLE
from costopt_aws.hardware import ACCELERATED, family_of
from costopt_aws.parsed import PROVIDER
from costopt_aws.running import BLOCK, HOST, SPOT, Group

FIRM: Final = "on_demand|reserved|savings_plan"
"""Purchase options that count against an on-demand quota, beside what is owned already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaRule:
    """One quota of vCPUs.

    Attributes:
        code: the provider's number of it, the same in every account and region.
        name: the provider's own name.
        types: patterns of instance types, joined by ``|``.
        spot: whether it limits spot instances; else on-demand ones.
    """

    code: str
    name: str
    types: str
    spot: bool

    def concerns(self, instance_type: str) -> bool:
        """Return whether a type counts against the quota."""
        return any(fnmatchcase(instance_type, pattern) for pattern in self.types.split("|"))


STANDARD: Final = "|".join(
    f"{letters}[0-9]*" for letters in ("a", "c", "d", "h", "i", "im", "is", "m", "r", "t", "z")
)
G_AND_VT: Final = "g[0-9]*|gr[0-9]*|vt[0-9]*"

RULES: Final = tuple(
    QuotaRule(code=code, name=name, types=types, spot=spot)
    for code, name, types, spot in (
        ("L-417A185B", "Running On-Demand P instances", "p[0-9]*", False),
        ("L-DB2E81BA", "Running On-Demand G and VT instances", G_AND_VT, False),
        ("L-1945791B", "Running On-Demand Inf instances", "inf[0-9]*", False),
        ("L-2C3B7624", "Running On-Demand Trn instances", "trn[0-9]*", False),
        ("L-6E869C2A", "Running On-Demand DL instances", "dl[0-9]*", False),
        (
            "L-1216C47A",
            "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances",
            STANDARD,
            False,
        ),
        ("L-7212CCBC", "All P4, P3 and P2 Spot Instance Requests", "p[2-4]*", True),
        ("L-C4BD4855", "All P5 Spot Instance Requests", "p5*", True),
        ("L-3819A6DF", "All G and VT Spot Instance Requests", G_AND_VT, True),
        ("L-B5D1601B", "All Inf Spot Instance Requests", "inf[0-9]*", True),
        ("L-6B0D517C", "All Trn Spot Instance Requests", "trn[0-9]*", True),
        ("L-85EED4F7", "All DL Spot Instance Requests", "dl[0-9]*", True),
        (
            "L-34B43A08",
            "All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests",
            STANDARD,
            True,
        ),
    )
)
"""Quotas that limit types of the catalogue; the documentation names none for spot of P6.

Source: Amazon EC2 instance type quotas, On-Demand Instance quotas and Spot Instance quotas.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaReader:
    """Reads the quotas of one region.

    Attributes:
        region: the provider's own name.
        context: types of the last good catalogue.
        vcpus: type -> vCPUs of one instance, by default; those count, whatever was chosen [1].
    """

    region: str
    context: FetchContext
    vcpus: Mapping[str, int]

    def read(
        self,
        pages: Iterable[Page],
        running: Counter[Group],
        unbound: Counter[str],
        block_types: frozenset[str],
    ) -> tuple[tuple[Row, ...], tuple[FetchFinding, ...]]:
        """Return the facts of the quotas that the region lists, and what is odd.

        Idle instances of a capacity reservation count against the quota too. Those of a
        commitment do not stand here, because a plan that runs on them counts them itself. What
        runs in a Capacity Block does not count. Spot requests that wait are not asked for.

        Args:
            pages: of ListServiceQuotas.
            running: instances that run already.
            unbound: type -> idle instances of capacity reservations that are no commitment.
            block_types: types of which a Capacity Block is owned.
        """
        told = {quota.get("QuotaCode"): quota for page in pages for quota in page["Quotas"]}
        rows: list[Row] = []
        findings: list[FetchFinding] = [*self._without_quota()]
        for rule in RULES:
            quota = told.get(rule.code) or {}
            limit, used = _limit(quota.get("Value")), self._used(rule, running, unbound)
            name = f"{PROVIDER}/{self.region}/{rule.types}"
            if limit is None or used is None:
                detail = (
                    f"{rule.name} ({rule.code}): the value told is {quota.get('Value')!r}, the "
                    f"vCPUs in use {used}; no limit is known"
                )
                findings.append(left_out("quota_unknown", name, detail, TABLE))
                continue
            if quota.get("QuotaName") != rule.name:
                detail = f"{rule.code} is called {quota.get('QuotaName')!r}, not {rule.name!r}"
                findings.append(warning("quota_renamed", name, detail, TABLE))
            rows.append(
                {
                    "fact": "quota",
                    "key": f"{name}/{_options(rule, block_types)}",
                    "limit": limit,
                    "used": used,
                    "unit": "vcpus",
                    "name": rule.name,
                }
            )
        return tuple(rows), tuple(findings)

    def _used(self, rule: QuotaRule, running: Counter[Group], unbound: Counter[str]) -> int | None:
        """Return the vCPUs that count against a quota; None where a type's are not known."""
        instances: Counter[str] = Counter() if rule.spot else Counter(unbound)
        for group, count in running.items():
            counts = group.tenancy != HOST and group.lifecycle != BLOCK
            if counts and (group.lifecycle == SPOT) == rule.spot:
                instances[group.instance_type] += count
        taken = {name: count for name, count in instances.items() if count and rule.concerns(name)}
        if taken.keys() - self.vcpus.keys():
            return None
        return sum(count * self.vcpus[name] for name, count in taken.items())

    def _without_quota(self) -> Iterable[FetchFinding]:
        """Report families of the catalogue that no spot quota is documented for."""
        rules = [rule for rule in RULES if rule.spot]
        families = sorted(
            {
                family_of(name)
                for name in self.context.known_types
                if ACCELERATED.match(name) and not any(rule.concerns(name) for rule in rules)
            }
        )
        if families:
            name = (
                f"{PROVIDER}/{self.region}/{'|'.join(f'{family}.*' for family in families)}/spot"
            )
            detail = "no spot quota of these families is documented; a plan is not limited by one"
            yield left_out("quota_undocumented", name, detail, TABLE)


def _options(rule: QuotaRule, block_types: frozenset[str]) -> str:
    """Return the purchase options that count; a Capacity Block that is owned must not."""
    if rule.spot:
        return "spot"
    return FIRM if any(map(rule.concerns, block_types)) else f"{FIRM}|owned"


def _limit(value: object) -> int | None:
    """Return a whole number of vCPUs; None for anything else."""
    if isinstance(value, int | float) and value >= 0 and float(value).is_integer():
        return int(value)
    return None
