"""Instance types: what was told, and from the last good catalogue what was not."""

from typing import Final

import pandas as pd

from costopt.catalog.finding import found, join_findings, row_keys
from costopt.catalog.schema import INSTANCE_TYPES

KEPT_FIGURES: Final = "; other figures: "
"""Joins the source of a row to the source of what it does not tell itself."""

_KEY: Final = list(INSTANCE_TYPES.key)

_SAME_HARDWARE: Final = ["accelerator", "accelerator_count"]

_FIGURES: Final = [
    name
    for name in INSTANCE_TYPES.column_names
    if name not in {*_KEY, *_SAME_HARDWARE, "source", "as_of", "note"}
]


def merged_types(told: pd.DataFrame, last_good: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Put told instance types over the last good ones.

    A figure that is not told is the last good one. A type that is not told stays as it is:
    hardware does not age. A type that is told with other accelerators than before stays as it
    was too: providers have answered 12 for 8, and none for one that they do not know.

    Args:
        told: rows of all regions that answered, so that a type may come several times.
        last_good: rows of the same providers.

    Returns:
        The instance types, and a finding for each that has other accelerators than before, or
        not the same in all regions.
    """
    first = told.drop_duplicates(_KEY).set_index(_KEY)
    before = last_good.set_index(_KEY)
    known = before.reindex(first.index)
    same = (first[_SAME_HARDWARE] == known[_SAME_HARDWARE]).all(axis=1)
    filled, gained = first.copy(), pd.Series(False, index=first.index)
    for name in _FIGURES:
        missing = _unknown(first[name]) & ~_unknown(known[name]) & same
        filled[name] = first[name].where(~missing, known[name])
        gained |= missing
    origin = known["source"].astype("str").fillna("").str.split(KEPT_FIGURES, regex=False).str[-1]
    filled["source"] = first["source"].where(~gained, first["source"] + KEPT_FIGURES + origin)
    other = ~same & known["accelerator"].notna()
    changed = filled[other].reset_index()
    filled = filled.where(~other, known)
    rows = pd.concat([filled, before[~before.index.isin(first.index)]]).reset_index()
    findings = join_findings(
        (
            _finding(
                "hardware_changed",
                changed,
                "other accelerators than before; the last good ones stay",
            ),
            _finding("hardware_differs", _differing(told), "not the same in all regions"),
        )
    )
    ordered = rows[list(INSTANCE_TYPES.column_names)].astype(last_good.dtypes.to_dict())
    return ordered.sort_values(_KEY, ignore_index=True), findings


def _unknown(values: "pd.Series[str]") -> "pd.Series[bool]":
    return values.isna() | (values == "").fillna(False)


def _differing(told: pd.DataFrame) -> pd.DataFrame:
    """Return one row of each type that regions describe with different accelerators."""
    kinds = told.drop_duplicates([*_KEY, *_SAME_HARDWARE])
    return kinds[kinds.duplicated(_KEY)].drop_duplicates(_KEY).reset_index(drop=True)


def _finding(check: str, rows: pd.DataFrame, detail: str) -> pd.DataFrame:
    return found(check, "warning", INSTANCE_TYPES, rows, row_keys(INSTANCE_TYPES, rows), detail)
