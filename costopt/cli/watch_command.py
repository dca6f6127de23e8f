"""``costopt watch``: after a refresh, whether saved plans hold and what a new one would save."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer

from costopt.catalog.catalog import Catalog
from costopt.catalog.store.store import CatalogStore
from costopt.catalog.store.version import Version
from costopt.cli.catalog_place import StorePlace, now, published_store
from costopt.cli.catalog_table import width_of_output
from costopt.cli.inputs import open_account
from costopt.cli.watch_files import read_plans, refuse_no_folder, write_verdict
from costopt.cli.watch_table import verdict_lines
from costopt.errors import CatalogFileError
from costopt.plan.plan import Plan
from costopt.watch.freshness import renewed_days
from costopt.watch.kept import kept_days
from costopt.watch.settings import WatchSettings
from costopt.watch.verdict import Judgement, Verdict
from costopt.watch.watch import Watch

EXIT_CODES: Final[Mapping[Judgement, int]] = {
    Judgement.KEEP: 0,
    Judgement.SWITCH: 5,
    Judgement.INVALID: 6,
}
"""Exit code of each verdict; that of the gravest one counts."""

DEFAULTS: Final = WatchSettings()


def watch_saved(
    plans: Annotated[
        Path, typer.Argument(help="Folder of plans, or one, by costopt plan --json.")
    ],
    store: StorePlace,
    account: Annotated[
        list[str] | None,
        typer.Option(
            help="A CSV file, or a store with an account; may be given twice. Default: each "
            "plan's own.",
            show_default=False,
        ),
    ] = None,
    switching_cost: Annotated[
        float, typer.Option(min=0, help="Share of a month's cost of what has to move.")
    ] = DEFAULTS.switching_cost_fraction,
    repay_days: Annotated[
        float, typer.Option(help="Days in which a saving must repay the move.")
    ] = DEFAULTS.repay_days,
    threshold: Annotated[
        float, typer.Option(min=0, max=1, help="Share that must be saved beyond that.")
    ] = DEFAULTS.threshold_fraction,
    max_stale_days: Annotated[
        float, typer.Option(min=0, help="Days for which a price may be carried over.")
    ] = DEFAULTS.max_stale_days,
    out: Annotated[
        Path | None, typer.Option(help="Folder for PLAN.watch.json and PLAN.new.json.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON line a plan.")] = False,
) -> None:
    """Price saved plans again, solve them again, and say which to keep, switch or replace.

    Exit codes: 0 keep all, 5 a new plan saves more than the threshold and repays its move, 6 a
    plan is no longer valid, 2 wrong usage.
    """
    settings = WatchSettings(
        switching_cost_fraction=switching_cost,
        repay_days=repay_days,
        threshold_fraction=threshold,
        max_stale_days=max_stale_days,
    )
    refuse_no_folder(out)
    saved = read_plans(plans)
    today = now().date().isoformat()
    own = open_account(account or (), today)
    opened = published_store(store)
    version = opened.version()
    watch = Watch.on(
        Catalog.open(store, version=version.manifest.id),
        account=own,
        settings=settings,
        renewed=renewed_days(version.manifest) | _kept(opened, version, settings),
        today=today,
    )
    with _told_one_by_one(saved) as one_by_one:
        verdicts = [watch.judge(name, plan) for name, plan in one_by_one]
    if out is not None:
        for verdict in verdicts:
            write_verdict(out, verdict)
    _print(verdicts, as_json=json)
    raise typer.Exit(max(EXIT_CODES[verdict.verdict] for verdict in verdicts))


def _kept(store: CatalogStore, version: Version, settings: WatchSettings) -> dict[str, str]:
    """Return since when the kept offers were not told, as far as earlier versions say."""
    try:
        return kept_days(store, version, settings.max_stale_days)
    except CatalogFileError as error:
        typer.echo(f"costopt: kept prices count from their own date: {error}", err=True)
        return {}


def _print(verdicts: list[Verdict], *, as_json: bool) -> None:
    if as_json:
        typer.echo("\n".join(verdict.to_json() for verdict in verdicts))
        return
    for line in verdict_lines(verdicts, width_of_output()):
        typer.echo(line)


@contextmanager
def _told_one_by_one(saved: Mapping[str, Plan]) -> Iterator[Iterator[tuple[str, Plan]]]:
    """Hand out the plans, with a bar where a person watches several."""
    if len(saved) == 1 or not sys.stderr.isatty():
        yield iter(saved.items())
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        yield iter(progress.track(list(saved.items()), description="watching"))
