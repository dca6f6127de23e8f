"""``python -m costopt.performance.calibration FACTS [OUT]``: refit and write the constants.

``FACTS`` is the folder of the compiled tables, or its ``perf_calibration.csv``. ``OUT`` is where
the constants are written; without it they replace those of the source tree that runs.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from costopt.errors import CostoptError
from costopt.performance import constants
from costopt.performance.calibration.calibrate import as_csv, calibrated_constants


def main(arguments: Sequence[str]) -> int:
    """Refit, write the file, and tell the scores; 2 on bad input."""
    if not 1 <= len(arguments) <= 2:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    given = Path(arguments[0])
    folder = given.parent if given.suffix == ".csv" else given
    out = Path(constants.__file__).with_name(constants.FILE_NAME)
    if len(arguments) == 2:
        out = Path(arguments[1])
    try:
        fitted = calibrated_constants(folder)
        out.write_text(as_csv(fitted), encoding="utf-8")
    except (CostoptError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    for constant in fitted:
        if constant.name.startswith("score.") and constant.high is not None:
            figures = f"{constant.value:6.1f} % median, {constant.high:6.1f} % at 90 %"
            sys.stdout.write(f"{constant.name:50s} {figures}, {constant.rows} rows\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
