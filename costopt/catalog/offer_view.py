"""Offers beside the facts of their instance type, accelerator and region."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from costopt.catalog.narrow import Mask, matches, matching_names
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


def join_offers(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Join offers with instance types, accelerators and regions; one row per offer.

    Adds ``instance_usable_gib`` (all accelerators of the instance), ``vendor``, ``country`` and
    ``partition``. For CPU-only types ``accelerator`` is ``cpu`` and ``vendor`` the processor's.

    Raises:
        CatalogFileError: an offer names an instance type or a region that has no row.
    """
    types = tables["instance_types"][["provider", "instance_type", *_TYPE_COLUMNS]]
    regions = tables["regions"][["provider", "region", "country", "partition"]]
    joined = tables["offers"].merge(
        types, on=["provider", "instance_type"], how="left", validate="many_to_one"
    )
    joined = joined.merge(regions, on=["provider", "region"], how="left", validate="many_to_one")
    _require_row(joined, joined["hosts"], "instance_type", "instance_types")
    _require_row(joined, joined["country"], "region", "regions")
    vendors = tables["accelerators"].set_index("name")["vendor"]
    chip = joined["accelerator"].where(joined["accelerator"] != "", joined["cpu_rate"])
    count = joined["accelerator_count"].clip(lower=1)
    return joined.assign(
        vendor=chip.map(vendors).fillna("").astype("str"),
        instance_usable_gib=joined["accelerator_usable_gib"] * count,
        accelerator=joined["accelerator"].where(joined["accelerator"] != "", CPU_NAME),
    )


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
    joined: pd.DataFrame, aliases: pd.DataFrame, patterns: Sequence[str] | None
) -> Mask:
    """Return which offers have an accelerator that a name, alias or wildcard means.

    Raises:
        UnknownNameError: a pattern matches no accelerator here and no alias of one.
        InvalidInputError: there is no pattern.
    """
    if patterns is None:
        return np.ones(len(joined), dtype=np.bool_)
    here = frozenset(joined["accelerator"].unique())
    meant = aliases[aliases["accelerator"].isin(here)].set_index("alias")["accelerator"]
    names = matching_names("accelerator", patterns, here | frozenset(meant.index))
    wanted = {meant.get(name, name) for name in names}
    return joined["accelerator"].isin(wanted).to_numpy(dtype=np.bool_)


def country_mask(
    joined: pd.DataFrame, groups: pd.DataFrame, patterns: Sequence[str] | None
) -> Mask:
    """Return which offers stand in a country, or in a country of a group such as EU.

    Raises:
        UnknownNameError: a name is neither a country with a region here nor a group.
        InvalidInputError: there is no pattern.
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
    mask = joined["country"].isin(codes).to_numpy(dtype=np.bool_)
    if codes and not others:
        return mask
    hint = f"Give ISO 3166-1 codes such as DE, or groups: {', '.join(sorted(members)) or 'none'}."
    return mask | matches(joined["country"], "country or group", others, hint)


def name_mask(
    joined: pd.DataFrame,
    tables: Mapping[str, pd.DataFrame],
    wanted: Mapping[str, Sequence[str] | None],
) -> Mask:
    """Return which offers meet every condition on a name.

    Args:
        joined: offers beside the facts of their instance type.
        tables: the catalogue's tables.
        wanted: column -> names or patterns, one or several; None does not limit.

    Raises:
        UnknownNameError: a name or pattern matches nothing here.
        InvalidInputError: a condition is an empty list.
    """
    mask = np.ones(len(joined), dtype=np.bool_)
    for column, names in wanted.items():
        patterns = (names,) if isinstance(names, str) else names
        if column == "country":
            mask &= country_mask(joined, tables["region_groups"], patterns)
        elif column == "accelerator":
            mask &= accelerator_mask(joined, tables["accelerator_aliases"], patterns)
        else:
            mask &= matches(joined[column], column.replace("_", " "), patterns)
    return mask
