"""``costopt catalog``: offers, their prices per hour, per GiB and per TFLOP, and their age."""

from enum import StrEnum
from typing import Annotated

import pandas as pd
import typer
from rich.console import Console
from rich.table import Table

from costopt.catalog.catalog import Catalog
from costopt.catalog.offer_metrics import SORT_COLUMNS, offer_metrics
from costopt.cli.inputs import open_catalog
from costopt.plan.words import age_in_words, payment_in_words


class SortBy(StrEnum):
    """What the offers are sorted by."""

    PRICE = "price"
    VRAM = "price-per-vram-gib"
    TFLOP = "price-per-tflop"


Names = Annotated[list[str] | None, typer.Option(show_default=False)]


def show_catalog(
    provider: Annotated[list[str] | None, typer.Option(help="Clouds; may repeat.")] = None,
    region: Annotated[list[str] | None, typer.Option(help="Regions, such as us-*.")] = None,
    country: Annotated[list[str] | None, typer.Option(help="ISO codes, or EU, EEA.")] = None,
    instance_type: Annotated[list[str] | None, typer.Option(help="Types, such as p5*.")] = None,
    accelerator: Annotated[list[str] | None, typer.Option(help="Such as H100*, or cpu.")] = None,
    purchase_option: Annotated[list[str] | None, typer.Option(help="Such as spot.")] = None,
    min_vram_gib: Annotated[float | None, typer.Option(help="Of the whole instance.")] = None,
    max_price: Annotated[float | None, typer.Option(help="Per hour, in --currency.")] = None,
    sort: Annotated[SortBy, typer.Option(help="What comes first.")] = SortBy.PRICE,
    compute_format: Annotated[str, typer.Option(help="Of the TFLOP figure.")] = "bf16",
    currency: Annotated[str, typer.Option(help="Of the prices shown.")] = "USD",
    limit: Annotated[int, typer.Option(min=1, help="Rows to show.")] = 20,
    csv: Annotated[bool, typer.Option("--csv", help="Print every row as CSV.")] = False,
    catalog: Annotated[str | None, typer.Option(help="Folder or URL of a catalogue.")] = None,
) -> None:
    """Show offers: filter, sort, and see the age and the source of each price."""
    source = open_catalog(catalog).filter(
        providers=provider,
        regions=region,
        countries=country,
        instance_types=instance_type,
        accelerator_types=accelerator,
        purchase_options=purchase_option,
        min_vram_gib=min_vram_gib,
        max_price_per_hour=max_price,
        currency=currency,
    )
    offers = offer_metrics(source, currency, compute_format)
    offers = offers.sort_values([SORT_COLUMNS[sort.value], "provider", "region"])
    if csv:
        typer.echo(offers.to_csv(index=False), nl=False)
    else:
        _print_table(source, offers, limit, currency, compute_format)


def _print_table(
    source: Catalog, offers: pd.DataFrame, limit: int, currency: str, compute_format: str
) -> None:
    """Print the first offers as a table."""
    table = Table(box=None, pad_edge=False, header_style="")
    for name in ("instance type", "region", "payment", "accelerators"):
        table.add_column(name, no_wrap=True)
    amounts = (f"{currency}/h", "/VRAM-GiB", f"/TFLOP {compute_format}", "age")
    for name in amounts:
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("source", overflow="ellipsis", no_wrap=True)
    for row in offers.head(limit).to_dict("records"):
        term = row["term_years"]
        table.add_row(
            row["instance_type"],
            f"{row['provider']} {row['region']}",
            payment_in_words(
                row["purchase_option"], None if pd.isna(term) else term, row["payment"]
            ),
            _accelerators(row["accelerator"], row["accelerator_count"]),
            f"{row['price_per_hour']:,.4f}",
            _figure(row["price_per_vram_gib"]),
            _figure(row["price_per_tflop"]),
            age_in_words(row["age_days"]),
            row["source"],
        )
    console = Console(soft_wrap=False)
    console.print(table)
    shown = min(limit, len(offers))
    console.print(
        f"{shown:,} of {len(offers):,} offers; ages against {source.as_of}; "
        "--csv prints every row with its whole source."
    )


def _figure(value: float) -> str:
    return "-" if pd.isna(value) else f"{value:.5f}"


def _accelerators(name: str, count: float) -> str:
    return name if count == 0 else f"{count:.4g} x {name}"
