"""Rules for the prices of the resources that instances consist of."""

from collections.abc import Collection, Iterator
from typing import Final

import numpy as np
import pandas as pd

from costopt.catalog.finding import row_keys
from costopt.catalog.schema import COMPONENTS
from costopt.errors import InvalidInputError, UnknownNameError

VCPU: Final = "vcpu"
"""Resource of virtual CPUs; one unit is one of them."""

MEMORY: Final = "memory_gib"
"""Resource of host memory; one unit is 1 GiB."""

SCOPE: Final = ["provider", "region", "instance_types", "resource"]
"""Columns that name one resource of some instance types."""

COMPONENT_OPTIONS: Final = ("on_demand", "committed_use")
"""Ways to pay for a resource."""


def refuse_odd_components(rows: pd.DataFrame, accelerators: Collection[str]) -> None:
    """Refuse component prices that no bill can mean.

    Args:
        rows: of the components table.
        accelerators: names of the accelerators table.

    Raises:
        UnknownNameError: a resource is neither vcpu, memory_gib nor an accelerator.
        InvalidInputError: one sentence for each rule that rows break.
    """
    if rows.empty:
        return
    known = {VCPU, MEMORY, *accelerators}
    for name in sorted(set(rows["resource"]) - known):
        raise UnknownNameError("resource", name, known)
    problems = list(_problems(rows))
    if problems:
        raise InvalidInputError("components", problems)


def _problems(rows: pd.DataFrame) -> Iterator[str]:
    """Yield a sentence for each rule that rows break, with the first row that does."""
    option, price = rows["purchase_option"], rows["price_per_unit_hour"]
    is_committed = option == "committed_use"
    on_demand = pd.MultiIndex.from_frame(rows.loc[option == "on_demand", SCOPE])
    listed = pd.MultiIndex.from_frame(rows[SCOPE]).isin(on_demand)
    one_of = " or ".join(COMPONENT_OPTIONS)
    rules = {
        f"purchase_option must be {one_of}": option.isin(COMPONENT_OPTIONS),
        "price_per_unit_hour must be above 0": np.isfinite(price) & (price > 0),
        "term_years must be above 0 where it is committed": ~is_committed
        | rows["term_years"].gt(0),
        "term_years must be empty on demand": is_committed | rows["term_years"].isna(),
        "the resource has no on_demand row; a commitment takes the place of one": listed,
        "the row is there twice": ~rows.duplicated(list(COMPONENTS.key), keep="first"),
    }
    for rule, holds in rules.items():
        wrong = np.flatnonzero(~np.asarray(holds, dtype=np.bool_))
        if len(wrong):
            yield f"{row_keys(COMPONENTS, rows.iloc[wrong[:1]]).iloc[0]}: {rule}"
