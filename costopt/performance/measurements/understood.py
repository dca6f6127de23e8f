"""Rows of measurements understood one by one; those that cannot be say why."""

from collections.abc import Callable, Hashable, Mapping
from typing import Any, TypeVar

import pandas as pd

from costopt.errors import CostoptError

Run = TypeVar("Run")


def understood(
    table: pd.DataFrame, read: Callable[[Mapping[Hashable, Any]], Run]
) -> tuple[list[Run], dict[str, str]]:
    """Read the rows of a table.

    Args:
        table: measurements with a column ``id``.
        read: understands one row; raises a ``CostoptError`` where it cannot.

    Returns:
        What was understood, and id -> reason of the rows that were refused.
    """
    runs, refused = [], {}
    for row in table.to_dict("records"):
        try:
            runs.append(read(row))
        except CostoptError as error:
            refused[str(row["id"])] = str(error)
    return runs, refused
