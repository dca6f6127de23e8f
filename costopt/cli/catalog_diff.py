"""``costopt catalog diff``: what changed between two versions of a store."""

from typing import Annotated

import pandas as pd
import typer

from costopt.catalog.store.diff import DIFF_COLUMNS
from costopt.cli import catalog_place
from costopt.cli.catalog_place import AsCsv, AsJson, StorePlace
from costopt.cli.catalog_table import (
    Column,
    cut,
    payments_in_short,
    price_cell,
    refuse_two_forms,
    rows_for_machines,
    sentences,
    table_lines,
    width_of_output,
)
from costopt.plan.words import signed_percent


def show_diff(
    old: Annotated[str, typer.Argument(metavar="A", help="Earlier version.")],
    new: Annotated[str, typer.Argument(metavar="B", help="Later version.")],
    store: StorePlace,
    limit: Annotated[int, typer.Option(min=1, help="Rows to show.")] = 20,
    csv: AsCsv = False,
    as_json: AsJson = False,
) -> None:
    """Show the offers that were added, removed or moved in price between two versions."""
    refuse_two_forms("diff", csv=csv, as_json=as_json)
    changes = largest_first(catalog_place.published_store(store).diff(old, new))
    if csv or as_json:
        typer.echo(rows_for_machines(changes, as_json=as_json))
        return
    if changes.empty:
        typer.echo(f"No price changed from {old} to {new}.")
        return
    width = width_of_output()
    shown = changes.head(limit)
    for line in diff_lines(shown, width):
        typer.echo(line)
    typer.echo(sentences(f"{counts_in_words(changes, old, new)} {legend(shown, changes)}", width))


def largest_first(changes: pd.DataFrame) -> pd.DataFrame:
    """Sort by the size of the move; what has none (a new currency, a new row) comes after."""
    size = changes["moved_fraction"].abs()
    order = changes.assign(size=size).sort_values(
        ["size", "change"], ascending=[False, True], kind="stable", ignore_index=True
    )
    return order[list(DIFF_COLUMNS)]


def diff_lines(shown: pd.DataFrame, width: int) -> list[str]:
    """Return two lines for each change, below a heading: what moved, and where it is sold."""
    columns = (
        Column(heading="change", cells=shown["change"].tolist()),
        Column(heading="instance type", cells=shown["instance_type"].tolist(), is_name=True),
        Column(heading="before", cells=_prices(shown, "old")),
        Column(heading="after", cells=_prices(shown, "new")),
        Column(heading="moved", cells=[_moved(part) for part in shown["moved_fraction"]]),
    )
    heading, *upper = table_lines(columns, width)
    indent = " " * heading.index("instance")
    places = shown[["provider", "region", "zone"]].itertuples(index=False, name=None)
    lower = [
        cut(f"{indent}{' '.join(part for part in place if part)}, {payment}", width)
        for place, payment in zip(places, payments_in_short(shown), strict=True)
    ]
    pairs = zip(upper, lower, strict=True)
    return [heading, *(line for pair in pairs for line in pair)]


def counts_in_words(changes: pd.DataFrame, old: str, new: str) -> str:
    """Say how many offers moved, were added and were removed."""
    counts = changes["change"].value_counts()
    told = ", ".join(f"{counts.get(kind, 0):,} {kind}" for kind in ("moved", "added", "removed"))
    return f"{told} from {old} to {new}."


def legend(shown: pd.DataFrame, changes: pd.DataFrame) -> str:
    """Say what the figures are, and what the table leaves out."""
    left_out = len(changes) - len(shown)
    more = f" {left_out:,} more with --csv or --json." if left_out else ""
    return (
        "Prices of the whole instance per hour, upfront charges spread over the term; "
        f"largest moves first.{more}"
    )


def _prices(shown: pd.DataFrame, when: str) -> list[str]:
    pairs = zip(shown[f"{when}_per_hour"], shown[f"{when}_currency"], strict=True)
    return [price_cell(amount, currency) for amount, currency in pairs]


def _moved(fraction: float) -> str:
    return "-" if pd.isna(fraction) else signed_percent(fraction)
