"""``costopt catalog history``: prices over time, bundled and in the versions of a store."""

from typing import Annotated

import typer

from costopt.catalog.catalog import Catalog
from costopt.catalog.store.history import PriceQuestion
from costopt.cli.catalog_history_table import history_legend, history_lines, price_levels
from costopt.cli.catalog_place import AsCsv, AsJson
from costopt.cli.catalog_table import (
    refuse_two_forms,
    rows_for_machines,
    sentences,
    width_of_output,
)
from costopt.cli.inputs import open_catalog
from costopt.errors import InvalidInputError, UnknownNameError


def show_history(
    instance_type: Annotated[str | None, typer.Option(help="Such as p5.48xlarge.")] = None,
    region: Annotated[str | None, typer.Option(help="Such as us-east-1.")] = None,
    provider: Annotated[str | None, typer.Option(help="Such as aws.")] = None,
    purchase_option: Annotated[str | None, typer.Option(help="Such as spot.")] = None,
    store: Annotated[
        str | None, typer.Option(help="Folder or URL of a store; default: the bundled catalogue.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Price levels to show, the newest.")] = 40,
    csv: AsCsv = False,
    as_json: AsJson = False,
) -> None:
    """Show prices over time: bundled spot histories, then the versions of the store.

    A line is a price level with the version or day that it is first seen in; --csv and --json
    print every sighting. Versions that were rolled back are left out; costopt catalog versions
    names them.
    """
    refuse_two_forms("history", csv=csv, as_json=as_json)
    question = PriceQuestion(
        provider=provider,
        region=region,
        instance_type=instance_type,
        purchase_option=purchase_option,
    )
    catalog = open_catalog(store)
    past = catalog.history(**question.conditions())
    if past.empty:
        raise_without_prices(catalog, question)
    if csv or as_json:
        typer.echo(rows_for_machines(past, as_json=as_json))
        return
    levels, width = price_levels(past), width_of_output()
    shown = levels.sort_values("until", kind="stable").tail(limit).sort_index()
    for line in history_lines(shown, width):
        typer.echo(line)
    typer.echo(sentences(history_legend(shown, levels, len(past)), width))


def raise_without_prices(catalog: Catalog, question: PriceQuestion) -> None:
    """Say why there is no history: a name that is not known, or no price of all that together.

    Raises:
        UnknownNameError: neither the offers nor the bundled histories hold a name.
        InvalidInputError: they hold each of the names, and no past price of all of them.
    """
    offers, compiled = catalog.offers, catalog.table("spot_history")
    for column, names in question.conditions().items():
        known = set(offers[column])
        if column in compiled:
            known |= set(compiled[column])
        for name in names:
            if name not in known:
                raise UnknownNameError(column.replace("_", " "), name, known)
    raise InvalidInputError(
        "history", ["no past price meets all these conditions; widen one or leave it out"]
    )
