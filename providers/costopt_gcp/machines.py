"""Machines: what can be rented, by the names and families of the catalogue."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from costopt.fetch.fetched import FetchFinding
from costopt_gcp.shapes import (
    ATTACHED,
    N1_GIB_PER_VCPU,
    SHAPES,
    TPU_PREFIXES,
    TPU_SLICES,
    TpuSlice,
)

FAMILIES_OF_ONE_WORD: Final = frozenset({"g2", "g4"})
"""Series whose catalogue family is the series alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """One instance type of a region.

    Attributes:
        name: of the catalogue, such as ``n1-standard-8+nvidia-tesla-t4x1``.
        family: of the catalogue.
        series: its name in the price list, for vCPUs and memory.
        vcpus: virtual CPUs; None where that is not told, as for slices of several hosts [1].
        memory_gib: host memory; None likewise [GiB].
        accelerator: spelling of Compute Engine, or catalogue name of a TPU; empty without one.
        count: accelerators; below 1 for a share of one [1].
        tpu: generation of its chips in the price list; empty for other machines.
        local_ssd_gib: bundled local SSD [GiB].
        architecture: x86_64 or arm64; empty where it is not told.
        hosts: machines of a slice [1].
        deprecated: state of a type that is being retired; else empty.
        zones: where it can be rented; empty where that was not asked.
    """

    name: str
    family: str
    series: str
    vcpus: Decimal | None
    memory_gib: Decimal | None
    accelerator: str = ""
    count: Decimal = Decimal(0)
    tpu: str = ""
    local_ssd_gib: Decimal = Decimal(0)
    architecture: str = ""
    hosts: int = 1
    deprecated: str = ""
    zones: tuple[str, ...] = ()


def family_of(name: str) -> str:
    """Return the catalogue family of a machine type.

    >>> [family_of(name) for name in ("a2-highgpu-1g", "g2-standard-4", "c3-highcpu-22")]
    ['a2-highgpu', 'g2', 'c3-highcpu']
    """
    words = name.split("-")
    return words[0] if words[0] in FAMILIES_OF_ONE_WORD else "-".join(words[:2])


def series_of(name: str) -> str:
    """Return what the price list calls the vCPUs and memory of a machine type.

    >>> [series_of(name) for name in ("a3-highgpu-8g", "a3-megagpu-8g", "a3-ultragpu-8g")]
    ['a3', 'a3plus', 'a3ultra']
    """
    family = "-".join(name.split("-")[:2])
    return {"a3-megagpu": "a3plus", "a3-ultragpu": "a3ultra"}.get(family, family.split("-")[0])


ACCELERATED: Final = frozenset(series_of(name) for name in SHAPES)
"""Series whose every type has an accelerator."""


def shaped_machines() -> tuple[Machine, ...]:
    """Return the machines whose shapes are reviewed, for a caller who may only read prices."""
    machines = [
        Machine(
            name=name,
            family=family_of(name),
            series=series_of(name),
            vcpus=shape.vcpus,
            memory_gib=shape.memory_gib,
            accelerator=shape.accelerator,
            count=shape.count,
            local_ssd_gib=shape.local_ssd_gib,
        )
        for name, shape in SHAPES.items()
    ]
    for accelerator, hosts in ATTACHED.items():
        for count, names in hosts.items():
            machines += [attached(_n1(name), accelerator, count) for name in names]
    slices = [tpu_slice(name, shape, None) for name, shape in TPU_SLICES.items()]
    return tuple(sorted((*machines, *slices), key=lambda machine: machine.name))


def attached(host: Machine, accelerator: str, count: int) -> Machine:
    """Return an N1 machine with accelerators attached to it."""
    return replace(
        host,
        name=f"{host.name}+{accelerator}x{count}",
        family=f"n1+{accelerator.removeprefix('nvidia-tesla-')}",
        accelerator=accelerator,
        count=Decimal(count),
    )


def tpu_slice(name: str, shape: TpuSlice, host: Machine | None) -> Machine:
    """Return a TPU slice, with the figures of its machine where it is a single one."""
    return Machine(
        name=name,
        family=f"tpu-{shape.generation}",
        series="",
        vcpus=host.vcpus if host else None,
        memory_gib=host.memory_gib if host else None,
        accelerator=shape.accelerator,
        count=Decimal(shape.chips),
        tpu=shape.generation,
        architecture=host.architecture if host else "",
        hosts=shape.hosts,
        zones=host.zones if host else (),
    )


def with_slices(
    machines: Iterable[Machine], priced: frozenset[str]
) -> tuple[tuple[Machine, ...], tuple[FetchFinding, ...]]:
    """Put TPU slices in the place of the machine types that they are made of.

    Args:
        machines: of a region.
        priced: generations with a price in the region.
    """
    plain = tuple(machine for machine in machines if not machine.name.startswith(TPU_PREFIXES))
    hosts = {machine.name: machine for machine in machines if machine not in plain}
    slices = [
        tpu_slice(name, shape, hosts.get(shape.machine_type))
        for name, shape in TPU_SLICES.items()
        if shape.generation in priced or shape.machine_type in hosts
    ]
    known = {shape.machine_type for shape in TPU_SLICES.values()}
    findings = tuple(
        FetchFinding(
            check="accelerator_unknown",
            severity="left_out",
            table="instance_types",
            row=f"gcp/{name}",
            detail=f"no reviewed slice is made of the TPU machine type {name}",
        )
        for name in sorted(set(hosts) - known)
    )
    return (*plain, *slices), findings


def _n1(name: str) -> Machine:
    vcpus = Decimal(name.rsplit("-", 1)[-1])
    return Machine(
        name=name,
        family=family_of(name),
        series=series_of(name),
        vcpus=vcpus,
        memory_gib=vcpus * N1_GIB_PER_VCPU,
    )
