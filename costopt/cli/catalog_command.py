"""``costopt catalog``: offers, their prices per hour, per GiB and per TFLOP, and their age."""

from shutil import get_terminal_size
from typing import Annotated, Final

import typer

from costopt.catalog.offer_metrics import SortBy, offer_metrics, sorted_offers
from costopt.cli.inputs import open_catalog
from costopt.cli.offer_table import legend, offer_table, unpriced_words
from costopt.errors import InvalidInputError

WIDTH_OF_A_FILE: Final = 100
"""Columns where the output goes to a file or another command."""


def show_catalog(
    context: typer.Context,
    provider: Annotated[list[str] | None, typer.Option(help="Clouds, such as aws.")] = None,
    region: Annotated[list[str] | None, typer.Option(help="Regions, such as us-*.")] = None,
    country: Annotated[list[str] | None, typer.Option(help="ISO codes, or EU, EEA.")] = None,
    instance_type: Annotated[list[str] | None, typer.Option(help="Types, such as p5*.")] = None,
    accelerator: Annotated[list[str] | None, typer.Option(help="Such as H100*, or cpu.")] = None,
    purchase_option: Annotated[list[str] | None, typer.Option(help="Such as spot.")] = None,
    min_vram_gib: Annotated[float | None, typer.Option(help="Of the instance.")] = None,
    max_price: Annotated[float | None, typer.Option(help="Per hour, in --currency.")] = None,
    sort: Annotated[SortBy, typer.Option(help="What comes first.")] = SortBy.PRICE,
    compute_format: Annotated[str, typer.Option(help="Of the TFLOP figure.")] = "bf16",
    currency: Annotated[str, typer.Option(help="Of the prices shown.")] = "USD",
    limit: Annotated[int, typer.Option(min=1, help="Rows to show.")] = 20,
    csv: Annotated[bool, typer.Option("--csv", help="Print every row as CSV.")] = False,
    catalog: Annotated[str | None, typer.Option(help="Folder or URL of a catalogue.")] = None,
) -> None:
    """Show offers: filter, sort, and see the age and the source of each price.

    Options that take a list of names may be repeated; names may hold the wildcards * and ?.
    The commands below work on a store of nightly versions.
    """
    if context.invoked_subcommand is not None:
        refuse_options_before_subcommand(context)
        return
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
    unpriced = len(source.unpriced_types)
    if not len(source):
        problem = "no offer meets all these conditions; widen one or leave it out"
        raise InvalidInputError("filter", [problem, *unpriced_words(unpriced)])
    offers = sorted_offers(offer_metrics(source, currency, compute_format), sort)
    if csv:
        typer.echo(offers.to_csv(index=False), nl=False)
        return
    shown = offers.head(limit)
    width = get_terminal_size((WIDTH_OF_A_FILE, 0)).columns
    typer.echo(offer_table(shown, currency, width))
    typer.echo(legend(shown, len(offers), source.as_of, compute_format, width))
    for words in unpriced_words(unpriced):
        typer.echo(f"{words}.")


def refuse_options_before_subcommand(context: typer.Context) -> None:
    """Refuse options of the offers in front of a subcommand, where they would do nothing.

    Raises:
        InvalidInputError: there are some.
    """
    given = [
        f"--{name.replace('_', '-')}"
        for name in context.params
        if (source := context.get_parameter_source(name)) and source.name == "COMMANDLINE"
    ]
    if given:
        problem = f"{', '.join(given)} must follow {context.invoked_subcommand}, if it takes that"
        raise InvalidInputError("costopt catalog", [problem])
