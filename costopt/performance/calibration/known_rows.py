"""Names and figures of the rows that constants were fitted to, so that scoring can tell them."""

import csv
from io import StringIO
from pathlib import Path
from typing import Final

from costopt.performance.calibration.facts import read_table

FILE_NAME: Final = "calibration_rows.csv"
COLUMNS: Final = ("kind", "name", "value")

_TABLES: Final = (
    ("memory", "memory_cases", "case", "expected_gib"),
    ("performance", "perf_calibration", "id", "value"),
)
"""Kind of table, its file, and its columns of names and figures."""


def known_rows(folder: Path) -> str:
    """Every row of the tables in a folder as text: kind, name, figure.

    Raises:
        CatalogFileError: a table or a column is missing.
    """
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for kind, file, name, figure in _TABLES:
        table = read_table(folder, file, (name, figure))
        writer.writerows(
            (kind, one, f"{float(value):.10g}")
            for one, value in sorted(zip(table[name], table[figure], strict=True))
        )
    return text.getvalue()
