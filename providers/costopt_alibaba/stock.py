"""Stock: which zones of a region can sell which types, by the way to pay."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from costopt.fetch.call import Page
from costopt_alibaba.parsed import records

WITH_STOCK: Final = frozenset({"WithStock", "ClosedWithStock"})
"""Categories that can be bought. Source: ECS API reference, DescribeAvailableResource."""

AVAILABLE: Final = "Available"
"""Status where no category is told. Source: ECS API reference, DescribeAvailableResource."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """What one way to pay can buy in a region.

    Attributes:
        zones: type -> zones that have it, sorted; none where it is listed and sold out.
    """

    zones: Mapping[str, tuple[str, ...]]

    def __contains__(self, instance_type: str) -> bool:
        """Return whether a zone lists the type, sold out or not."""
        return instance_type in self.zones


def read_stock(pages: Iterable[Page]) -> Stock:
    """Return the stock of every zone together: one zone alone misses what others sell."""
    found: dict[str, set[str]] = {}
    for page in pages:
        for zone in records(page, "AvailableZones", "AvailableZone"):
            for resource in records(zone, "AvailableResources", "AvailableResource"):
                if resource.get("Type") != "InstanceType":
                    continue
                for offered in records(resource, "SupportedResources", "SupportedResource"):
                    zones = found.setdefault(str(offered.get("Value")), set())
                    if _has(offered.get("StatusCategory"), offered.get("Status")):
                        zones.add(str(zone.get("ZoneId")))
    return Stock(zones={name: tuple(sorted(zones)) for name, zones in sorted(found.items())})


def _has(category: object, status: object) -> bool:
    """Return whether a zone has stock; the category is the finer word where both are told."""
    return category in WITH_STOCK if category else status == AVAILABLE
