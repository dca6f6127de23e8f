"""``costopt backtest``: what a rule for buying commitments would have come to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from costopt.catalog.store.whole_file import write_whole
from costopt.cli.inputs import open_catalog
from costopt.cli.validate_command import read_csv
from costopt.errors import InvalidInputError

if TYPE_CHECKING:
    import pandas as pd

RULES = "minimum, percentile, newsvendor or program."


def backtest_rule(
    usage: Annotated[
        Path, typer.Argument(help="CSV file: start of each hour, then a column for each SKU.")
    ],
    prices: Annotated[Path, typer.Argument(help="CSV file: a row for each way to pay for a SKU.")],
    rule: Annotated[str, typer.Option(help=RULES)] = "newsvendor",
    months: Annotated[int, typer.Option(help="Months that the rule looks at.")] = 3,
    currency: Annotated[
        str | None, typer.Option(help="Currency of the result, where prices are in several.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="CSV file for the months.")] = None,
    catalog: Annotated[
        str | None,
        typer.Option(help="Folder or URL of a catalogue with exchange rates; default: bundled."),
    ] = None,
) -> None:
    """Walk past months, buying commitments with the knowledge of each date alone."""
    from costopt.backtest.backtest import backtest_commitments
    from costopt.backtest.rules import named_rule

    if out is not None and not out.parent.is_dir():
        raise InvalidInputError("--out", [f"there is no folder {out.parent}"])
    chosen = named_rule(rule, months)
    told = backtest_commitments(
        _hours(usage, read_csv(usage)),
        read_csv(prices),
        chosen,
        currency=currency,
        catalog=None if currency is None else open_catalog(catalog),
    )
    if out is not None:
        write_whole(out, told.to_frame().to_csv().encode())
    typer.echo(str(told))


def _hours(file: Path, frame: pd.DataFrame) -> pd.DataFrame:
    """Read the first column as times and the others as numbers."""
    import pandas as pd

    times = frame.iloc[:, 0]
    hours = pd.to_datetime(times, utc=True, format="ISO8601", errors="coerce")
    if hours.isna().any():
        raise InvalidInputError(
            str(file),
            [
                f"{times[hours.isna()].iloc[0]!r} is no time such as 2026-01-31T13:00:00Z; the "
                "first column is the start of each hour"
            ],
        )
    used = frame.iloc[:, 1:]
    numbers = pd.DataFrame({name: pd.to_numeric(used[name], errors="coerce") for name in used})
    for name in used:
        wrong = used[name][numbers[name].isna()]
        if len(wrong):
            raise InvalidInputError(
                str(file),
                [f"column {name!r}: {wrong.iloc[0]!r} is not a number; write 0 for none"],
            )
    return numbers.set_index(pd.DatetimeIndex(hours))
