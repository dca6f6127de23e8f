"""``python -m costopt.performance.calibration FACTS [OUT]``: refit, and write what came of it.

``FACTS`` is the folder of the compiled tables, or its ``perf_calibration.csv``. Written are the
constants (``constants.csv``), every measurement beside what fits without it predict
(``left_out.csv``), the rows that scoring tells apart (``calibration_rows.csv``), and the report on
accuracy with its figure (``accuracy.md``). Without ``OUT`` they replace those of the source tree
that runs; with it they go into that folder.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from costopt.catalog.catalog import Catalog
from costopt.errors import CostoptError
from costopt.performance import constants
from costopt.performance.calibration import accuracy, figure, known_rows, left_out
from costopt.performance.calibration.accuracy import Material, accuracy_page
from costopt.performance.calibration.calibrate import as_csv, refitted
from costopt.performance.calibration.figure import predicted_against_measured
from costopt.performance.calibration.published import published


def main(arguments: Sequence[str]) -> int:
    """Refit, write the files, and tell the scores; 2 on bad input."""
    if not 1 <= len(arguments) <= 2:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    given = Path(arguments[0])
    folder = given.parent if given.suffix == ".csv" else given
    try:
        fitted = _refit(folder, Path(arguments[1]) if len(arguments) == 2 else None)
    except (CostoptError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    for constant in fitted:
        if constant.name.startswith("score.") and constant.high is not None:
            figures = f"{constant.value:6.1f} % median, {constant.high:6.1f} % at 90 %"
            sys.stdout.write(f"{constant.name:50s} {figures}, {constant.rows} rows\n")
    return 0


def _refit(folder: Path, out: Path | None) -> tuple[constants.Constant, ...]:
    """Refit, and write all files or, where anything fails before, none."""
    found = refitted(folder)
    material = Material(
        folder=folder,
        catalog=Catalog.bundled(),
        rows=found.rows,
        constants={constant.name: constant for constant in found.constants},
        told=published(folder),
        constants_text=as_csv(found.constants),
        rows_text=left_out.as_csv(found.rows),
    )
    page, known = accuracy_page(material), known_rows.known_rows(folder)
    picture = predicted_against_measured(material.rows, material.told, material.constants)
    room = Path(constants.__file__).parent
    docs = room.parents[1] / "docs" if out is None else out
    (out or room).joinpath(constants.FILE_NAME).write_text(material.constants_text, "utf-8")
    rows_place = (out or room / "calibration") / left_out.FILE_NAME
    rows_place.write_text(material.rows_text, "utf-8")
    known_place = (out or room / "scoring") / known_rows.FILE_NAME
    known_place.write_text(known, "utf-8")
    (docs / accuracy.FILE_NAME).write_text(page, "utf-8")
    (docs / figure.FILE_NAME).write_bytes(picture)
    return found.constants


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
