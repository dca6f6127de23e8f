"""``costopt validate``: score the model on a table of measurements."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from costopt.catalog.store.whole_file import write_whole
from costopt.cli.catalog_table import width_of_output
from costopt.cli.inputs import open_catalog, read_text
from costopt.errors import InvalidInputError

if TYPE_CHECKING:
    import pandas as pd

KINDS: Final = "performance or memory; recognised by the columns when left out."

_OTHER_SEPARATORS: Final = {";": "';'", "\t": "tabs", "|": "'|'"}


def validate_file(
    file: Annotated[Path, typer.Argument(help="CSV file of measurements.")],
    kind: Annotated[str | None, typer.Option(help=KINDS, show_default=False)] = None,
    json: Annotated[bool, typer.Option("--json", help="Print every score as JSON.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="CSV file for the rows and what was predicted of each.")
    ] = None,
    catalog: Annotated[
        str | None, typer.Option(help="Folder or URL of a catalogue; default: the bundled one.")
    ] = None,
) -> None:
    """Predict every row of a table of measurements, and tell how far off the model is."""
    from costopt.cli.validate_table import validation_lines
    from costopt.performance.scoring.validation import validate_predictions

    if out is not None and not out.parent.is_dir():
        raise InvalidInputError("--out", [f"there is no folder {out.parent}"])
    frame = read_csv(file)
    try:
        validation = validate_predictions(frame, kind=kind, catalog=open_catalog(catalog))
    except InvalidInputError as error:
        raise InvalidInputError(str(file), error.problems) from None
    if out is not None:
        write_whole(out, validation.rows.to_csv(index=False).encode())
    if json:
        typer.echo(validation.to_json())
        return
    for line in validation_lines(validation, width_of_output()):
        typer.echo(line)


def read_csv(file: Path) -> pd.DataFrame:
    """Read a CSV file with every cell as it is written.

    Raises:
        InvalidInputError: it cannot be read, or is not a table.
    """
    import pandas as pd

    text = read_text(file)
    _refuse_other_separator(file, text.partition("\n")[0])
    try:
        frame = pd.read_csv(StringIO(text), dtype=str, keep_default_na=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        problem = " ".join(str(error).split())
        raise InvalidInputError(str(file), [f"this is not a table in CSV ({problem})"]) from None
    # pandas takes surplus cells of the first rows for an index
    if not isinstance(frame.index, pd.RangeIndex):
        raise InvalidInputError(str(file), ["its first rows have more cells than its heading"])
    return frame


def _refuse_other_separator(file: Path, heading: str) -> None:
    for separator, name in _OTHER_SEPARATORS.items():
        if "," not in heading and separator in heading:
            problem = f"its cells are separated by {name}; save it with commas"
            raise InvalidInputError(str(file), [problem])
