"""Rows of the instance_types table, from machines."""

from collections.abc import Iterable, Mapping
from typing import Final

from costopt.accelerator import Accelerator
from costopt.fetch.context import FetchContext
from costopt.fetch.fetched import FetchFinding, Row
from costopt.provider import ReviewedValue
from costopt_gcp.links import inter_node, intra_node
from costopt_gcp.machines import Machine
from costopt_gcp.names import CPU_RATES
from costopt_gcp.reviewed import REVIEWED_VALUES

SOURCE: Final = "Compute Engine API machineTypes.list"

SLICE_SOURCE: Final = "cloud.google.com/tpu/docs, supported slice shapes"

REVIEWED: Final[Mapping[tuple[str, str], ReviewedValue]] = {
    (value.instance_type, value.column): value for value in REVIEWED_VALUES
}


def chosen(
    machines: Iterable[Machine], context: FetchContext
) -> tuple[tuple[Machine, ...], tuple[FetchFinding, ...]]:
    """Return the machines that a run asks for, and those whose accelerator is not known.

    Args:
        machines: of a region.
        context: families and known names of the run.
    """
    kept, findings = [], []
    for machine in machines:
        plain = not machine.accelerator
        if not context.wants(machine.name, machine.family) or (plain and not context.families):
            continue
        problem = "" if plain else _accelerator_problem(machine, context)
        if problem:
            findings.append(
                FetchFinding(
                    check="accelerator_unknown",
                    severity="left_out",
                    table="instance_types",
                    row=f"gcp/{machine.name}",
                    detail=problem,
                )
            )
        else:
            kept.append(machine)
    return tuple(kept), tuple(findings)


def accelerator_name(machine: Machine, context: FetchContext) -> str:
    """Return the catalogue name of a machine's accelerator; empty where it is not known."""
    if machine.tpu:
        return machine.accelerator
    return context.accelerator_names.get(machine.accelerator, "")


def instance_type_row(machine: Machine, context: FetchContext) -> Row:
    """Return one row of the instance_types table.

    Memory of an accelerator comes from the accelerators table, since no API of Google Cloud tells
    it; bandwidths and fabrics come from reviewed pages.

    Args:
        machine: with an accelerator that is known, or without one.
        context: accelerators and start of the run.
    """
    name = accelerator_name(machine, context)
    count = float(machine.count)
    local_ssd = float(machine.local_ssd_gib)
    return {
        "provider": "gcp",
        "instance_type": machine.name,
        "family": machine.family,
        "accelerator": name,
        "accelerator_count": count,
        "cpu_rate": "" if name else CPU_RATES.get(machine.family, ""),
        **_accelerator_memory(context.accelerators[name] if name else None, count),
        "vcpus": _figure(machine.vcpus),
        "memory_gib": _figure(machine.memory_gib),
        "local_nvme_gb": local_ssd or None,
        "network_gbps": _reviewed(machine, "network_gbps"),
        "fabric_gbps": _reviewed(machine, "fabric_gbps"),
        "intra_node_interconnect": intra_node(_link_family(machine), count),
        "inter_node_fabric": _fabric(machine),
        "hosts": machine.hosts,
        "cpu_architecture": machine.architecture,
        "source": _source(machine),
        "as_of": context.now.date().isoformat(),
        "note": f"{machine.deprecated.lower()} by the provider" if machine.deprecated else "",
    }


def _accelerator_problem(machine: Machine, context: FetchContext) -> str:
    """Say why a machine's accelerator cannot be used; empty where it can."""
    name = accelerator_name(machine, context)
    if not name:
        return f"{machine.accelerator} is no reviewed accelerator name"
    if name not in context.accelerators:
        return f"{name} is not in the accelerators table"
    return "" if machine.count > 0 else f"the count of {machine.accelerator} is not told"


def _accelerator_memory(accelerator: Accelerator | None, count: float) -> Row:
    """Return memory per accelerator, or per share of one."""
    if accelerator is None:
        return {
            "accelerator_memory_gib": None,
            "accelerator_usable_gib": None,
            "accelerator_usable_origin": "",
        }
    share = min(1.0, count)
    nominal, usable = accelerator.memory_gib, accelerator.usable_gib
    return {
        "accelerator_memory_gib": None if nominal is None else nominal * share,
        "accelerator_usable_gib": None if usable is None else usable * share,
        "accelerator_usable_origin": accelerator.usable_origin,
    }


def _reviewed(machine: Machine, column: str) -> float | None:
    value = REVIEWED.get((machine.name, column))
    return None if value is None else value.value


def _source(machine: Machine) -> str:
    """Name the call, and the page of every figure that did not come from it."""
    told = [SLICE_SOURCE] if machine.tpu else []
    if machine.zones:
        told.append(SOURCE)
    for (name, column), value in REVIEWED.items():
        if name == machine.name:
            told.append(f"{column}: {value.source} ({value.as_of})")
    return "; ".join(told)


def _link_family(machine: Machine) -> str:
    return "tpu" if machine.tpu else machine.family


def _fabric(machine: Machine) -> str:
    if not machine.accelerator:
        return "none"
    return inter_node(machine.name, _link_family(machine), machine.hosts)


def _figure(value: object) -> float | None:
    return None if value is None else float(str(value))
