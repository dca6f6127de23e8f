"""Every way to lay a workload out on an instance type, and the hardware that it runs on."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from costopt.catalog.catalog import Catalog
from costopt.catalog.offer_view import CPU_NAME
from costopt.performance.hardware import Placement
from costopt.performance.support import Task, is_supported
from costopt.performance.training_setup import Network
from costopt.units import GBPS


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a workload is laid out on one instance.

    Attributes:
        accelerator: catalogue name of the accelerator; for CPU types of the rate per vCPU.
        accelerators: accelerators of the instance; below 1 for a share, 0 for CPU types [1].
        precision: number format of the weights.
        tensor_parallel: accelerators that hold one replica together [1].
        replicas: replicas on one instance [1].
        nodes_per_gang: instances that work on one job together [1].
        strategy: how a gang shares the work, in words; empty for serving.
        slice: slice of an accelerator on which each replica stands, by the vendor's name; empty
            on whole accelerators.
    """

    accelerator: str
    accelerators: float
    precision: str
    tensor_parallel: int = 1
    replicas: int = 1
    nodes_per_gang: int = 1
    strategy: str = ""
    slice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceType:
    """One instance type as performance needs it.

    Attributes:
        provider: cloud.
        name: the provider's own name.
        accelerator: catalogue name, ``cpu`` without one.
        chip: name in the accelerators table: the accelerator, or the CPU rate; empty unknown.
        count: accelerators; below 1 for a share, 0 for CPU types [1].
        usable_gib: memory per accelerator or share that a workload can use; None for CPU types
            [GiB].
        vcpus: virtual CPUs [1].
        memory_gib: host memory [GiB].
        interconnect: link between accelerators of the node; empty unknown.
        fabric_gbps: accelerator fabric between nodes; None without one, or unknown [Gbit/s].
        network_gbps: host network; None unknown [Gbit/s].
        hosts: 1, or the hosts of a slice that is one offer [1].
    """

    provider: str
    name: str
    accelerator: str
    chip: str
    count: float
    usable_gib: float | None
    vcpus: float | None
    memory_gib: float | None
    interconnect: str
    fabric_gbps: float | None
    network_gbps: float | None
    hosts: int

    @property
    def is_cpu(self) -> bool:
        """True for a type without an accelerator."""
        return self.accelerator == CPU_NAME


def instance_types_of(offers: pd.DataFrame) -> tuple[InstanceType, ...]:
    """Return the distinct instance types of offers, in a stable order.

    Args:
        offers: rows of ``Catalog.joined_offers``.
    """
    distinct = offers.drop_duplicates(["provider", "instance_type"])
    ordered = distinct.sort_values(["provider", "instance_type"])
    return tuple(_instance_type(row) for row in ordered.itertuples(index=False))


def _instance_type(row: Any) -> InstanceType:
    return InstanceType(
        provider=row.provider,
        name=row.instance_type,
        accelerator=row.accelerator,
        chip=row.cpu_rate if row.accelerator == CPU_NAME else row.accelerator,
        count=row.accelerator_count,
        usable_gib=_known(row.accelerator_usable_gib),
        vcpus=_known(row.vcpus),
        memory_gib=_known(row.memory_gib),
        interconnect=row.intra_node_interconnect,
        fabric_gbps=_known(row.fabric_gbps),
        network_gbps=_known(row.network_gbps),
        hosts=int(row.hosts),
    )


def _known(value: float) -> float | None:
    return None if pd.isna(value) else float(value)


def placement(catalog: Catalog, kind: InstanceType, accelerators: int) -> Placement:
    """Return how one replica, or one node of a gang, sits on an instance type.

    Args:
        catalog: where the accelerator is described.
        kind: the instance type; its ``chip`` must be known.
        accelerators: accelerators that work as one [1].

    Raises:
        UnknownNameError: the accelerator is not in the catalogue.
    """
    return Placement(
        accelerator=catalog.accelerator(kind.chip),
        accelerators=accelerators,
        fraction=kind.count if 0 < kind.count < 1 else 1.0,
        usable_gib=kind.usable_gib,
        interconnect=kind.interconnect,
        vcpus=kind.vcpus,
        host_memory_gib=kind.memory_gib,
    )


def replica_layouts(
    kinds: Iterable[InstanceType], precision: str, degrees: Callable[[float], tuple[int, ...]]
) -> Iterator[tuple[InstanceType, Layout]]:
    """Yield every layout of whole replicas on one instance, beside its type.

    Args:
        kinds: instance types.
        precision: number format of the weights.
        degrees: accelerators of an instance -> tensor-parallel degrees that are possible.
    """
    for kind in kinds:
        for degree in degrees(kind.count):
            yield (
                kind,
                Layout(
                    accelerator=kind.chip,
                    accelerators=kind.count,
                    precision=precision,
                    tensor_parallel=degree,
                    replicas=max(1, int(kind.count) // degree),
                ),
            )


def unusable_reasons(
    catalog: Catalog, kinds: Iterable[InstanceType], task: Task, *, multi_host: bool
) -> list[str]:
    """Return why no layout is tried on each instance type; empty where layouts are tried.

    Args:
        catalog: where accelerators are described.
        kinds: instance types.
        task: what should run on them.
        multi_host: True where a slice over several hosts can be used as one node.
    """
    reasons = []
    for kind in kinds:
        if not kind.chip:
            reasons.append("no_rate")
        elif not is_supported(catalog.accelerator(kind.chip), task):
            reasons.append("no_software")
        else:
            reasons.append("" if multi_host or kind.hosts == 1 else "multi_host")
    return reasons


def network_of(kinds: Sequence[InstanceType]) -> Network:
    """Networks between nodes of each type."""
    return Network(
        fabric_bytes_per_second=np.array([_rate(kind.fabric_gbps) for kind in kinds]),
        host_bytes_per_second=np.array([_rate(kind.network_gbps) for kind in kinds]),
    )


def _rate(gbps: float | None) -> float:
    return np.nan if gbps is None else gbps * GBPS
