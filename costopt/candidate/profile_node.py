"""What a profile ran on: an instance type of the catalogue, or its accelerators alone."""

from dataclasses import dataclass

from costopt.candidate.layout import InstanceType, instance_types_of, placement
from costopt.candidate.profile_bounds import check_memory, refused
from costopt.catalog.catalog import Catalog
from costopt.errors import UnknownNameError
from costopt.performance.hardware import Placement
from costopt.performance.reasons import REASON_TEXT, Reason
from costopt.profile.profile import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """What a profile ran on: an instance type of the catalogue, or its accelerators alone."""

    profile: Profile
    kind: InstanceType | None
    catalog: Catalog

    def placement(self, accelerators: int) -> Placement:
        """So many of its accelerators as one."""
        if self.kind is not None:
            return placement(self.catalog, self.kind, accelerators)
        chip = self.catalog.accelerator(self.profile.accelerator)
        link = "pcie" if chip.interconnect.startswith("pcie") else "nvlink"
        return Placement(accelerator=chip, accelerators=accelerators, interconnect=link)


def node_of(profile: Profile, catalog: Catalog) -> Node:
    """Find what a profile ran on.

    Raises:
        UnknownNameError: the accelerator or the instance type is not in the catalogue.
        InvalidInputError: the instance type has other accelerators, or too few.
    """
    chip = catalog.accelerator(profile.accelerator)
    if profile.instance_type is None:
        check_memory(profile, chip.memory_gib)
        return Node(profile=profile, kind=None, catalog=catalog)
    types = catalog.described_types
    named = types[types["instance_type"] == profile.instance_type]
    if not len(named):
        raise UnknownNameError(
            "instance type",
            profile.instance_type,
            set(types["instance_type"]),
            f"It is that of the profile {profile.source}; leave it out where the catalogue has "
            "no such type.",
        )
    kind = instance_types_of(named)[0]
    if kind.chip != chip.name:
        raise refused(profile, f"{kind.name} has {kind.chip or 'no known'}, not {chip.name}")
    if profile.tensor_parallel > max(kind.count, 1):
        raise refused(
            profile,
            f"{kind.name} has {kind.count:g} accelerators, fewer than one replica of "
            f"{profile.tensor_parallel}",
        )
    if chip.memory_gib is not None:
        check_memory(profile, chip.memory_gib * min(kind.count, 1.0))
    return Node(profile=profile, kind=kind, catalog=catalog)


def refuse_reason(profile: Profile, reason: int) -> None:
    """Refuse a profile that the model says cannot have run."""
    if reason != Reason.NONE:
        raise refused(
            profile,
            f"{profile.model} in {profile.precision} cannot have run there: "
            f"{REASON_TEXT[Reason(reason)]}; check accelerator, counts and precision",
        )
