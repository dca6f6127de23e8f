"""Placement: which accelerators and ports a line has on an instance that it shares."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from costopt.plan.line import PlanLine
from costopt.plan.shared_node import accelerators_held, sharing
from costopt.plan.words import counted

VISIBLE: Final = "CUDA_VISIBLE_DEVICES"
"""Variable that names the accelerators, or the slice, that a process may use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where a line stands on each instance that it shares.

    Attributes:
        first_device: accelerator of its first replica; of a slice, the first that is sliced.
        last_device: accelerator of its last replica; of a slice, the last that is sliced.
        first_server: servers of its neighbours that come before its own; their ports are taken.
        slice: that each replica has; empty on whole accelerators.
        replicas: of the line on one instance [1].
        neighbours: what else stands there, in words.
    """

    first_device: int
    last_device: int
    first_server: int
    slice: str
    replicas: int
    neighbours: str

    def visible(self, first: int, count: int) -> str:
        """Name what a process may use: accelerators by number, a slice by a name to be replaced.

        Args:
            first: accelerator, or slice, of the line, from 0.
            count: accelerators [1].
        """
        if self.slice:
            return f"MIG-{self.first_server + first + 1}"
        begin = self.first_device + first
        return ",".join(str(device) for device in range(begin, begin + count))

    @property
    def sentences(self) -> tuple[str, ...]:
        """Who stands beside it, what is its own, and what to do first."""
        devices = f"accelerator {self.first_device}"
        if self.last_device > self.first_device:
            devices = f"accelerators {self.first_device} to {self.last_device}"
        beside = f"Each instance is shared with {self.neighbours}"
        if not self.slice:
            return (f"{beside}: this line runs on {devices}, counted from 0.",)
        first, last = self.first_server + 1, self.first_server + self.replicas
        names = f"MIG-{first}" + (f" to MIG-{last}" if last > first else "")
        return (
            f"{beside}: this line has {counted(self.replicas, 'slice')} of {self.slice}.",
            f"First switch multi-instance mode on (nvidia-smi -i NUMBER -mig 1) for {devices}, "
            "counted from 0, and create the slices (nvidia-smi mig -i NUMBER -cgi "
            f"{self.slice} -C); then put the UUIDs that nvidia-smi -L shows in place of {names}.",
        )


def placements(lines: Sequence[PlanLine]) -> dict[int, Placement]:
    """Place the lines that share instances; what fills instances of its own is left out.

    Whole accelerators come first, line by line; slices take what comes after.

    Args:
        lines: of a plan.

    Returns:
        Position of the line -> its placement.
    """
    rows = {id(line): row for row, line in enumerate(lines)}
    found: dict[int, Placement] = {}
    for together in sharing(lines).values():
        for line, placement in zip(together, _placed(together), strict=True):
            found[rows[id(line)]] = placement
    return found


def _placed(together: Sequence[PlanLine]) -> Iterator[Placement]:
    """Yield the placement of each line of one shared instance."""
    taken = [
        0 if line.layout.slice else line.layout.tensor_parallel * line.layout.replicas
        for line in together
    ]
    whole, held = sum(taken), accelerators_held(together)
    for number, line in enumerate(together):
        first = whole if line.layout.slice else sum(taken[:number])
        last = held - 1 if line.layout.slice else first + taken[number] - 1
        others = [other for other in together if other is not line]
        yield Placement(
            first_device=first,
            last_device=last,
            first_server=sum(other.layout.replicas for other in together[:number]),
            slice=line.layout.slice,
            replicas=line.layout.replicas,
            neighbours=" and ".join(_amount(other) for other in others),
        )


def _amount(line: PlanLine) -> str:
    if line.layout.slice:
        return f"{line.workload} ({line.layout.replicas} x {line.layout.slice})"
    taken = line.layout.tensor_parallel * line.layout.replicas
    return f"{line.workload} ({counted(taken, 'accelerator')})"
