"""Quotas: facts about the vCPUs that an account may have, from DescribeAccountAttributes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from costopt.fetch.call import Page
from costopt.fetch.fetched import FetchFinding, Row, left_out
from costopt_alibaba.parsed import PROVIDER, Parsed, number, records

TABLE: Final = "account"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bound:
    """Two attributes of one quota, and the ways to pay that it counts."""

    limit: str
    used: str
    purchase_options: str


BOUNDS: Final = (
    _Bound(
        limit="max-postpaid-instance-vcpu-count",
        used="used-postpaid-instance-vcpu-count",
        purchase_options="on_demand|reserved|savings_plan|owned",
    ),
    _Bound(
        limit="max-spot-instance-vcpu-count",
        used="used-spot-instance-vcpu-count",
        purchase_options="spot",
    ),
)
"""Subscriptions count towards neither; a reserved instance or savings plan pays for pay-as-you-go
instances, which do. Source: ECS API reference, DescribeAccountAttributes.
"""

QUOTA_ATTRIBUTES: Final = tuple(name for bound in BOUNDS for name in (bound.limit, bound.used))


def quota_facts(pages: Iterable[Page], region: str) -> Parsed:
    """Return the vCPU quotas of a region; one that is not told whole is a finding."""
    told: dict[str, tuple[Mapping[str, Any], ...]] = {}
    for page in pages:
        for attribute in records(page, "AccountAttributeItems", "AccountAttributeItem"):
            values = tuple(records(attribute, "AttributeValues", "ValueItem"))
            told[str(attribute.get("AttributeName"))] = values
    rows: list[Row] = []
    findings: list[FetchFinding] = []
    for bound in BOUNDS:
        limit, used = _count(told.get(bound.limit)), _count(told.get(bound.used))
        if limit is None or used is None:
            name = bound.limit if limit is None else bound.used
            findings.append(_untold(region, name, told.get(name)))
            continue
        rows.append(
            {
                "fact": "quota",
                "key": f"{PROVIDER}/{region}/*/{bound.purchase_options}",
                "limit": limit,
                "used": used,
                "unit": "vcpus",
                "name": bound.limit,
            }
        )
    return Parsed(rows=tuple(rows), findings=tuple(findings))


def _count(values: tuple[Mapping[str, Any], ...] | None) -> int | None:
    """Return the one number of an attribute; None where there is another thing."""
    amount = number(values[0].get("Value")) if values and len(values) == 1 else None
    if amount is None or amount < 0 or amount != int(amount):
        return None
    return int(amount)


def _untold(region: str, name: str, values: tuple[Mapping[str, Any], ...] | None) -> FetchFinding:
    told = [str(value.get("Value")) for value in values or ()]
    words = f"is told as {', '.join(told)}" if told else "is not told"
    detail = f"{name} {words}; the quota is not known"
    return left_out("quota_not_told", f"{PROVIDER}/{region}/{name}", detail, TABLE)
