"""Running: the instances of an account that run already, counted by what tells them apart."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from costopt.fetch.call import Page
from costopt_aws.commitments import LINUX, SHARED, zone_of

STATES: Final = ("pending", "running")
"""States in which an instance counts. Source: Amazon EC2 user guide, On-Demand Instance quotas."""

SPOT, BLOCK, ON_DEMAND = "spot", "capacity-block", ""
"""Lifecycles. Source: Amazon EC2 API reference, Instance, InstanceLifecycle."""

HOST: Final = "host"
"""Tenancy of instances on a Dedicated Host, which has a quota of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What instances have in common that are counted together.

    Attributes:
        instance_type: the provider's own name.
        zone: id of the zone; empty where it is not told.
        lifecycle: spot, capacity-block or, for on-demand ones, empty.
        tenancy: default, dedicated or host.
        linux: whether the platform is plain Linux; true where it is not told.
        reserved: whether they run in a capacity reservation.
    """

    instance_type: str
    zone: str
    lifecycle: str
    tenancy: str
    linux: bool
    reserved: bool

    @property
    def is_plain(self) -> bool:
        """Whether a reserved instance of plain Linux on shared hardware may cover them."""
        return self.lifecycle == ON_DEMAND and self.linux and self.tenancy == SHARED


def counted(pages: Iterable[Page], zone_ids: Mapping[str, str]) -> Counter[Group]:
    """Return how many instances run of each group.

    Args:
        pages: of DescribeInstances, asked for the states that count.
        zone_ids: zone name of this account -> zone id.
    """
    found: Counter[Group] = Counter()
    reservations = (launched for page in pages for launched in page["Reservations"])
    for told in (told for launched in reservations for told in launched.get("Instances") or ()):
        place = told.get("Placement") or {}
        group = Group(
            instance_type=str(told.get("InstanceType", "")),
            zone=zone_of(place, zone_ids),
            lifecycle=str(told.get("InstanceLifecycle") or ON_DEMAND),
            tenancy=str(place.get("Tenancy") or SHARED),
            linux=told.get("PlatformDetails") in (None, "", *LINUX),
            reserved=bool(told.get("CapacityReservationId")),
        )
        found[group] += 1
    return found
