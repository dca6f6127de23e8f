"""Offers beside the facts of their instance type, accelerator and region."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from costopt.catalog.narrow import (
    NO_NAMES,
    Mask,
    matches,
    matching_names,
    refuse_unpriced,
)
from costopt.errors import CatalogFileError

CPU_NAME: Final = "cpu"
"""What accelerator filters call an instance type without an accelerator."""

_TYPE_COLUMNS: Final = (
    "family",
    "accelerator",
    "accelerator_count",
    "cpu_rate",
    "accelerator_usable_gib",
    "vcpus",
    "memory_gib",
    "network_gbps",
    "fabric_gbps",
    "intra_node_interconnect",
    "inter_node_fabric",
    "hosts",
)


TYPE_CONDITIONS: Final = ("provider", "instance_type", "family", "accelerator", "vendor")
"""Columns whose conditions concern instance types, whatever is offered of them."""


def describe_types(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the facts of each instance type that offers are narrowed by; one row per type.

    Adds ``instance_usable_gib`` (all accelerators of the instance) and ``vendor``. For CPU-only
    types ``accelerator`` is ``cpu`` and ``vendor`` the processor's.
    """
    types = tables["instance_types"][["provider", "instance_type", *_TYPE_COLUMNS]]
    vendors = tables["accelerators"].set_index("name")["vendor"]
    has_accelerator = types["accelerator"] != ""
    chip = types["accelerator"].where(has_accelerator, types["cpu_rate"])
    count = types["accelerator_count"].clip(lower=1)
    return types.assign(
        vendor=chip.map(vendors).fillna("").astype("str"),
        instance_usable_gib=types["accelerator_usable_gib"] * count,
        accelerator=types["accelerator"].where(has_accelerator, CPU_NAME),
    )


def join_offers(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Join offers with the facts of their type, and their region's country and partition.

    Raises:
        CatalogFileError: an offer names an instance type or a region that has no row.
    """
    regions = tables["regions"][["provider", "region", "country", "partition"]]
    joined = tables["offers"].merge(
        describe_types(tables),
        on=["provider", "instance_type"],
        how="left",
        validate="many_to_one",
    )
    joined = joined.merge(regions, on=["provider", "region"], how="left", validate="many_to_one")
    _require_row(joined, joined["hosts"], "instance_type", "instance_types")
    _require_row(joined, joined["country"], "region", "regions")
    return joined


def _require_row(joined: pd.DataFrame, found: "pd.Series[Any]", column: str, table: str) -> None:
    """Refuse offers whose instance type or region is not described."""
    lacking = joined.loc[found.isna(), ["provider", column]]
    if len(lacking):
        provider, name = lacking.iloc[0]
        raise CatalogFileError(
            "offers",
            f"name {provider} {name}, which has no row in {table}",
            f"Add the row to {table}, or leave the offers out.",
        )


def accelerator_mask(
    rows: pd.DataFrame,
    aliases: pd.DataFrame,
    patterns: Sequence[str] | None,
    known: frozenset[str] = NO_NAMES,
) -> Mask:
    """Return which rows have an accelerator that a name, alias or wildcard means.

    Args:
        rows: offers beside the facts of their type, or instance types.
        aliases: the catalogue's accelerator_aliases table.
        patterns: names, one or several; None does not limit.
        known: accelerators that there are without an offer here.

    Raises:
        UnknownNameError: a pattern matches no accelerator and no alias of one.
        InvalidInputError: there is no pattern, or all that match are without an offer here.
    """
    if patterns is None:
        return np.ones(len(rows), dtype=np.bool_)
    here = frozenset(rows["accelerator"].unique())
    every = here | known
    meant = aliases[aliases["accelerator"].isin(every)].set_index("alias")["accelerator"]
    names = matching_names("accelerator", patterns, every | frozenset(meant.index))
    wanted = {meant.get(name, name) for name in names}
    refuse_unpriced("accelerator", wanted, wanted & here)
    return rows["accelerator"].isin(wanted).to_numpy(dtype=np.bool_)


def country_mask(
    joined: pd.DataFrame,
    groups: pd.DataFrame,
    patterns: Sequence[str] | None,
    known: frozenset[str] = NO_NAMES,
) -> Mask:
    """Return which offers stand in a country, or in a country of a group such as EU.

    Args:
        joined: offers beside the facts of their type and region.
        groups: the catalogue's region_groups table.
        patterns: codes or groups, one or several; None does not limit.
        known: countries that have a region without an offer here.

    Raises:
        UnknownNameError: a name is neither a country with a region nor a group.
        InvalidInputError: there is no pattern, or all that match are without an offer here.
    """
    if patterns is None:
        return np.ones(len(joined), dtype=np.bool_)
    members = {str(name): frozenset(rows["country"]) for name, rows in groups.groupby("group")}
    codes: set[str] = set()
    others: list[str] = []
    for pattern in patterns:
        if pattern.upper() in members:
            codes |= members[pattern.upper()]
        else:
            others.append(pattern)
    if others or not codes:
        kind, here = "country or group", frozenset(joined["country"].unique())
        groups_named = ", ".join(sorted(members)) or "none"
        hint = f"Give ISO 3166-1 codes such as DE, or groups: {groups_named}."
        codes |= matching_names(kind, others, here | known, hint)
        refuse_unpriced(kind, codes, codes & here)
    return joined["country"].isin(codes).to_numpy(dtype=np.bool_)


def name_mask(
    rows: pd.DataFrame,
    tables: Mapping[str, pd.DataFrame],
    wanted: Mapping[str, Sequence[str] | None],
    known: Mapping[str, frozenset[str]],
) -> Mask:
    """Return which rows meet every condition on a name.

    Args:
        rows: offers beside the facts of their instance type, or instance types.
        tables: the catalogue's tables.
        wanted: column -> names or patterns; None does not limit.
        known: column -> names that there are, with or without an offer here.

    Raises:
        UnknownNameError: a name or pattern matches nothing.
        InvalidInputError: a condition is an empty list, or names only what has no offer here.
    """
    mask = np.ones(len(rows), dtype=np.bool_)
    for column, patterns in wanted.items():
        others = known.get(column, NO_NAMES)
        if column == "country":
            mask &= country_mask(rows, tables["region_groups"], patterns, others)
        elif column == "accelerator":
            mask &= accelerator_mask(rows, tables["accelerator_aliases"], patterns, others)
        else:
            mask &= matches(rows[column], column.replace("_", " "), patterns, known=others)
    return mask
