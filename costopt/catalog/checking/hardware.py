"""Checks of instance types and accelerators: names, counts, memory, links."""

from typing import Final

import pandas as pd

from costopt.accelerator import COMPUTE_FORMATS
from costopt.catalog.checking.settings import CheckSettings, Tables
from costopt.catalog.finding import found, in_words, join_findings, row_keys
from costopt.catalog.schema import ACCELERATORS, INSTANCE_TYPES

SLICE_FABRIC: Final = "ici"
"""Link between the hosts of a slice that is sold as one offer."""


def accelerator_unknown(tables: Tables, _: CheckSettings) -> pd.DataFrame:
    """Instance types whose accelerator or CPU rate is not a reviewed name."""
    types = tables["instance_types"]
    known = frozenset(tables["accelerators"]["name"]) | {""}
    keys = row_keys(INSTANCE_TYPES, types)
    return join_findings(
        found(
            check,
            "left_out",
            INSTANCE_TYPES,
            types[~types[column].isin(known)],
            keys,
            types[column] + " is not in the accelerators table under a reviewed name",
        )
        for check, column in (
            ("unknown_accelerator", "accelerator"),
            ("unknown_cpu_rate", "cpu_rate"),
        )
    )


def accelerator_count_wrong(tables: Tables, _: CheckSettings) -> pd.DataFrame:
    """Instance types with accelerators but no count, or a count but no accelerator."""
    types = tables["instance_types"]
    count = types["accelerator_count"]
    shared = (count > 0) & ((count < 1) | (count % 1 == 0))
    rows = types[~shared.where(types["accelerator"] != "", count == 0)]
    pattern = "accelerator_count is {:g}: a share below 1, a whole number, or 0 without one"
    detail = in_words(pattern, rows["accelerator_count"])
    keys = row_keys(INSTANCE_TYPES, types)
    return found("accelerator_count_wrong", "left_out", INSTANCE_TYPES, rows, keys, detail)


def accelerator_memory_unknown(tables: Tables, _: CheckSettings) -> pd.DataFrame:
    """Instance types with accelerators whose usable memory is not known."""
    types = tables["instance_types"]
    sized = types["accelerator_usable_gib"] > 0
    rows = types[(types["accelerator"] != "") & ~sized]
    detail = "no usable memory is known for " + rows["accelerator"]
    keys = row_keys(INSTANCE_TYPES, types)
    return found("accelerator_memory_unknown", "left_out", INSTANCE_TYPES, rows, keys, detail)


def usable_above_nominal(tables: Tables, settings: CheckSettings) -> pd.DataFrame:
    """Instance types that would offer more accelerator memory than the accelerator has."""
    types = tables["instance_types"]
    memory = tables["accelerators"].set_index("name")["memory_gib"]
    nominal = types["accelerator"].map(memory).astype("float64")
    share = types["accelerator_count"].clip(upper=1)
    limit = nominal * share * (1 + settings.memory_rounding_fraction)
    rows = types[types["accelerator_usable_gib"] > limit]
    detail = "usable memory is above the nominal memory of " + rows["accelerator"]
    keys = row_keys(INSTANCE_TYPES, types)
    return found("usable_above_nominal", "warning", INSTANCE_TYPES, rows, keys, detail)


def slice_contradicts_fabric(tables: Tables, _: CheckSettings) -> pd.DataFrame:
    """Slices of several hosts without a fabric, and slice fabrics on a single host."""
    types = tables["instance_types"]
    several = types["hosts"] > 1
    fabric = types["inter_node_fabric"]
    bare = several & fabric.isin(("none", ""))
    lone = ~several & (fabric == SLICE_FABRIC)
    rows = types[bare | lone]
    detail = in_words("{:d} host(s), fabric ", rows["hosts"]) + fabric.loc[rows.index]
    keys = row_keys(INSTANCE_TYPES, types)
    return found("slice_contradicts_fabric", "warning", INSTANCE_TYPES, rows, keys, detail)


def source_doubtful(tables: Tables, _: CheckSettings) -> pd.DataFrame:
    """Instance types whose source doubts a figure."""
    types = tables["instance_types"]
    rows = types[types["note"].str.contains("DOUBT", regex=False)]
    keys = row_keys(INSTANCE_TYPES, types)
    return found("source_doubtful", "warning", INSTANCE_TYPES, rows, keys, rows["note"])


def rates_unpublished(tables: Tables, _: CheckSettings) -> pd.DataFrame:
    """Accelerators without any published peak rate: no throughput can be predicted."""
    accelerators = tables["accelerators"]
    rates = accelerators[[f"{name}_tflops" for name in COMPUTE_FORMATS]]
    rows = accelerators[rates.isna().all(axis=1)]
    detail = "no peak rate is published, so no throughput is predicted"
    keys = row_keys(ACCELERATORS, accelerators)
    return found("rates_unpublished", "info", ACCELERATORS, rows, keys, detail)
