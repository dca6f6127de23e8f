"""``costopt refresh``: today's prices from every provider into a store."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from costopt.catalog.store.store import open_store
from costopt.cli.refresh_progress import watching
from costopt.errors import CatalogFileError, InvalidInputError, PublishConflictError
from costopt.refresh.report import RefreshOutcome
from costopt.refresh.run import RefreshResult, refresh_catalog, report_bytes, settings_from

EXIT_CODES: Final[Mapping[RefreshOutcome, int]] = {
    RefreshOutcome.FRESH: 0,
    RefreshOutcome.STALE: 3,
    RefreshOutcome.NOTHING: 4,
}

EXIT_NOTHING: Final = EXIT_CODES[RefreshOutcome.NOTHING]

MOVES_SHOWN: Final = 10
"""Largest moves of prices that are printed [1]."""


def refresh(
    store: Annotated[str | None, typer.Option(help="Folder or URL to publish to.")] = None,
    providers: Annotated[str, typer.Option(help="Such as aws,gcp; default: all.")] = "",
    regions: Annotated[str, typer.Option(help="Such as us-*,azure/westeurope.")] = "",
    families: Annotated[str, typer.Option(help="Such as p5,Standard_ND*.")] = "",
    config: Annotated[Path | None, typer.Option(help="Settings: refresh.toml.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Compare, publish nothing.")] = False,
    record: Annotated[Path | None, typer.Option(help="Folder to keep the answers in.")] = None,
    replay: Annotated[Path | None, typer.Option(help="Folder of kept answers to use.")] = None,
    report: Annotated[Path | None, typer.Option(help="File for the run report.")] = None,
) -> None:
    """Ask providers for today's prices, check them, and publish what is good.

    Exit codes: 0 all is fresh, 3 published with stale parts, 4 nothing published, 2 wrong usage.
    """
    lists = {"providers": providers, "regions": regions, "families": families}
    given: dict[str, Any] = {name: _listed(text) for name, text in lists.items() if text}
    if store is not None:
        given["store"] = store
    settings = settings_from(config, given)
    open_store(settings.store)
    if report is not None and not report.resolve().parent.is_dir():
        raise InvalidInputError("--report", [f"there is no folder {report.resolve().parent}"])
    try:
        with watching() as watch:
            result = refresh_catalog(
                settings=settings, dry_run=dry_run, record=record, replay=replay, watch=watch
            )
    except (PublishConflictError, CatalogFileError) as error:
        typer.echo(f"costopt: {error}", err=True)
        raise typer.Exit(EXIT_NOTHING) from None
    if report is not None:
        report.write_bytes(report_bytes(result.report))
    typer.echo(summary(result))
    raise typer.Exit(EXIT_CODES[result.outcome])


def summary(result: RefreshResult) -> str:
    """Return in a few lines what a run came to, with the largest moves."""
    told = result.report
    lines = [_head(result)]
    for name, part in told["providers"].items():
        counts = ", ".join(f"{part[key]:,} {key}" for key in ("added", "removed", "moved"))
        kept = ", ".join(f"{part[key]:,} {key.replace('_', ' ')}"
                         for key in ("quarantined", "not_refreshed") if part[key])  # fmt: skip
        words = [f"{name}: {part['status']}", f"{part['rows']:,} offers", counts, kept]
        lines.append("  " + ", ".join(word for word in words if word))
        if part["error"]:
            lines.append(f"    {part['error']}")
    for move in told["largest_moves"][:MOVES_SHOWN]:
        share = move["moved_fraction"]
        change = "another currency" if share is None else f"{share:+.1%}"
        place = f"{move['provider']}/{move['region']}/{move['instance_type']}"
        lines.append(
            f"  {place} {move['purchase_option']}: {change} to {move['new_per_hour']:g}/h"
        )
    return "\n".join(lines)


def _head(result: RefreshResult) -> str:
    if result.report["dry_run"]:
        return f"dry run, nothing published; it would be: {result.outcome.value}"
    if not result.version:
        return "nothing published; the store is unchanged"
    stale = " with stale parts" if result.outcome is RefreshOutcome.STALE else ""
    return f"published version {result.version}{stale}"


def _listed(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())
