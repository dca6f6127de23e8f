"""Kept: what an answer about the account may leave in a recording.

An instance has an identifier, a name, addresses and tags; none of them is needed, so none of them
goes beyond the call.
"""

from collections.abc import Mapping
from typing import Any, Final

from costopt.fetch.call import Page
from costopt.fetch.told_once import unmet
from costopt_alibaba.parsed import records

INSTANCE: Final = (
    "InstanceType",
    "ZoneId",
    "Status",
    "InstanceChargeType",
    "SpotStrategy",
    "ExpiredTime",
)
RESERVED: Final = (
    "InstanceType",
    "InstanceAmount",
    "Scope",
    "ZoneId",
    "Status",
    "Platform",
    "ExpiredTime",
)
SAVINGS_PLAN: Final = (
    "Status",
    "SavingsType",
    "InstanceFamily",
    "Region",
    "Cycle",
    "DeductCycleType",
    "PayMode",
    "PoolValue",
    "LastBillTotalUsage",
    "Currency",
    "EndTimestamp",
)
LOCKED: Final = "Locked"
"""Member of ours: whether the provider holds it back, whatever the reason."""


def kept_quotas(page: Page) -> Page:
    """Return the attributes of an account; none of those that are asked for names it."""
    told = [
        {
            "AttributeName": attribute.get("AttributeName"),
            "AttributeValues": {
                "ValueItem": [
                    _members(value, ("Value", "ZoneId"))
                    for value in records(attribute, "AttributeValues", "ValueItem")
                ]
            },
        }
        for attribute in records(page, "AccountAttributeItems", "AccountAttributeItem")
    ]
    return {"AccountAttributeItems": {"AccountAttributeItem": told}}


def kept_instances(page: Page, met: set[str]) -> Page:
    """Return what instances are, where and until when; those met on earlier pages once."""
    told = [
        {**_members(one, INSTANCE), LOCKED: _is_locked(one, "LockReason")}
        for one in unmet(
            records(page, "Instances", "Instance"), lambda one: one.get("InstanceId"), met
        )
    ]
    return {"Instances": {"Instance": told}}


def kept_reserved(page: Page, met: set[str]) -> Page:
    """Return what reserved instances cover, how many and until when; each of them once."""
    listed = records(page, "ReservedInstances", "ReservedInstance")
    told = [
        {**_members(one, RESERVED), LOCKED: _is_locked(one, "OperationLock")}
        for one in unmet(listed, lambda one: one.get("ReservedInstanceId"), met)
    ]
    return {"ReservedInstances": {"ReservedInstance": told}}


def kept_savings_plans(page: Page, met: set[str]) -> Page:
    """Return what savings plans cover, how much and until when; each of them once."""
    listed = unmet(records(page, "Data", "Items"), lambda one: one.get("InstanceId"), met)
    told = [_members(one, SAVINGS_PLAN) for one in listed]
    return {"Data": {"Items": told}}


def _members(record: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: record[name] for name in names if record.get(name) is not None}


def _is_locked(record: Mapping[str, Any], block: str) -> bool:
    return any(True for _ in records(record, "OperationLocks", block))
