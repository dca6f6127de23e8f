"""What the bundled catalogue knows of each cloud, for answers about types that exist."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, TypeAlias

Json: TypeAlias = dict[str, Any]

REGIONS: Final[Mapping[str, int]] = {"alibaba": 4, "aws": 4, "azure": 20, "gcp": 20}
"""Regions that each cloud has here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownType:
    """One accelerated instance type.

    Attributes:
        name: the provider's own.
        family: the provider's own.
        accelerator: name in the catalogue.
        count: accelerators; below 1 for a share of one [1].
        accelerator_memory_gib: of one of them; not a number where it is not known [GiB].
        vcpus: of the instance [1].
        memory_gib: of the instance [GiB].
    """

    name: str
    family: str
    accelerator: str
    count: float
    accelerator_memory_gib: float
    vcpus: float
    memory_gib: float

    @property
    def whole_count(self) -> int:
        """Accelerators as an answer tells them, at least one [1]."""
        return max(1, round(self.count))


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the bundled catalogue knows of one provider.

    Attributes:
        types: with accelerators.
        regions: names, sorted.
    """

    types: tuple[KnownType, ...]
    regions: tuple[str, ...]

    @classmethod
    def of(cls, provider: str) -> "Known":
        """Read the bundled catalogue; types whose size it does not know are left out."""
        import costopt

        catalog = costopt.Catalog.bundled()
        table, offers = catalog.instance_types, catalog.offers
        is_ours = (table["provider"] == provider) & (table["accelerator_count"] > 0)
        ours = table[is_ours].dropna(subset=["vcpus", "memory_gib"])
        types = tuple(
            KnownType(
                name=str(row["instance_type"]),
                family=str(row["family"]),
                accelerator=str(row["accelerator"]),
                count=float(row["accelerator_count"]),
                accelerator_memory_gib=float(row["accelerator_memory_gib"]),
                vcpus=float(row["vcpus"]),
                memory_gib=float(row["memory_gib"]),
            )
            for row in ours.to_dict("records")
        )
        named = sorted(offers.loc[offers["provider"] == provider, "region"].unique())
        return cls(types=types, regions=tuple(str(name) for name in named))

    @property
    def names(self) -> tuple[str, ...]:
        """The instance types, sorted."""
        return tuple(sorted(one.name for one in self.types))


@cache
def known(provider: str) -> Known:
    """Return what the bundled catalogue knows of a provider."""
    return Known.of(provider)


@cache
def regions(provider: str) -> tuple[str, ...]:
    """Return the regions that a cloud has here."""
    return known(provider).regions[: REGIONS[provider]]
