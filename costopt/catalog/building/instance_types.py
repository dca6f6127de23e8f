"""Instance types: reviewed names, memory of each accelerator or share, the two networks, hosts."""

from collections.abc import Mapping
from typing import Final

import pandas as pd

from costopt.catalog.building.hardware import usable_memory
from costopt.catalog.building.provenance import dated_by_source, joined
from costopt.catalog.building.words import meanings
from costopt.provider import Provider

NO_ACCELERATOR: Final = "none"
"""What facts write for a CPU-only type; an empty name is an unknown accelerator instead."""

MIXED_FIGURES: Final[Mapping[str, frozenset[str]]] = {
    "aws": frozenset({"efa"}),
    "gcp": frozenset({"gpudirect-tcpx", "gpudirect-tcpxo", "roce"}),
}
"""Provider -> fabrics whose bandwidth is inside the compiled network figure.

Source: Amazon EC2 and Compute Engine print one bandwidth over all cards of these types; Azure
and Alibaba Cloud print Ethernet apart from the fabric.
"""

_FABRIC_IN_SOURCE: Final = r"fabric_gbps=(\d+(?:\.\d+)?)"
_DOUBT_IN_SOURCE: Final = r"((?:(?! ; ).)*DOUBT(?:(?! ; ).)*)"


def build_instance_types(
    facts: pd.DataFrame, accelerators: pd.DataFrame, adapters: Mapping[str, Provider]
) -> pd.DataFrame:
    """Return the instance types table from ``instance_types.csv``.

    Args:
        facts: ``instance_types.csv``.
        accelerators: ``accelerators.csv``.
        adapters: reviewed tables by provider.
    """
    named = facts.assign(
        accelerator=_reviewed_names(facts, frozenset(accelerators["name"]), adapters),
        cpu_architecture=facts["arch"],
        hosts="1",
        note=facts["source"].str.extract(_DOUBT_IN_SOURCE)[0].fillna("").str.strip(" ;"),
    )
    rated = named.assign(cpu_rate=_cpu_rates(named, adapters))
    networked = rated.assign(**_networks(rated))
    sized = networked.assign(**_memories(networked, accelerators))
    return _with_reviewed_values(dated_by_source(sized), adapters)


def _reviewed_names(
    facts: pd.DataFrame, known: frozenset[str], adapters: Mapping[str, Provider]
) -> "pd.Series[str]":
    """Resolve accelerator names; one without a reviewed meaning stays as it is written."""
    written = facts["accelerator"]
    spelt = pd.Series(
        [
            adapters[provider].accelerator_names.get(name, name)
            for provider, name in zip(facts["provider"], written, strict=True)
        ],
        index=facts.index,
        dtype="str",
    )
    resolved = written.where(written.isin(known), spelt).where(written != "", "(unstated)")
    return resolved.where(written != NO_ACCELERATOR, "")


def _cpu_rates(types: pd.DataFrame, adapters: Mapping[str, Provider]) -> "pd.Series[str]":
    """Name the CPU rate of CPU-only types whose family has a reviewed one."""
    rates = pd.Series(
        [
            adapters[provider].cpu_rates.get(family, "")
            for provider, family in zip(types["provider"], types["family"], strict=True)
        ],
        index=types.index,
        dtype="str",
    )
    return rates.where(types["accelerator"] == "", "")


def _networks(types: pd.DataFrame) -> dict[str, "pd.Series[str]"]:
    """Split the compiled network figure into host network and accelerator fabric."""
    mixed = pd.Series(False, index=types.index)
    for provider, fabrics in MIXED_FIGURES.items():
        of_provider = types["provider"] == provider
        mixed |= of_provider & types["inter_node_fabric"].isin(fabrics)
    stated = types["source"].str.extract(_FABRIC_IN_SOURCE)[0].fillna("")
    return {
        "network_gbps": types["network_gbps"].where(~mixed, ""),
        "fabric_gbps": types["network_gbps"].where(mixed, stated),
    }


def _memories(types: pd.DataFrame, accelerators: pd.DataFrame) -> dict[str, list[str]]:
    """Apply the memory convention to each type; nothing for types without an accelerator."""
    names = accelerators["name"]
    nominal = dict(zip(names, accelerators["memory_gib"], strict=True))
    reported = dict(zip(names, accelerators["usable_memory_gib"], strict=True))
    usable = [
        usable_memory(nominal=whole, reported=device, printed=printed, share=count)
        for whole, device, printed, count in zip(
            meanings(types["accelerator"], nominal),
            meanings(types["accelerator"], reported),
            types["accelerator_memory_gib"],
            types["accelerator_count"],
            strict=True,
        )
    ]
    return {
        "accelerator_usable_gib": [figure for figure, _ in usable],
        "accelerator_usable_origin": [origin for _, origin in usable],
    }


def _with_reviewed_values(types: pd.DataFrame, adapters: Mapping[str, Provider]) -> pd.DataFrame:
    """Put figures read by hand in the place of compiled ones, and cite them in the source."""
    changed = types.copy()
    for adapter in adapters.values():
        for value in adapter.reviewed_values:
            meant = (types["provider"] == adapter.name) & (
                types["instance_type"] == value.instance_type
            )
            cited = f"{value.column}: {value.source} ({value.as_of})"
            changed.loc[meant, value.column] = f"{value.value:g}"
            changed.loc[meant, "source"] = joined(changed.loc[meant, "source"], cited)
    return changed
