"""``costopt refresh``: today's prices from every provider into a store."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from costopt.catalog.store.store import open_store
from costopt.catalog.store.whole_file import write_whole
from costopt.cli.refresh_progress import watching
from costopt.errors import CatalogFileError, InvalidInputError, PublishConflictError
from costopt.refresh.account_renewal import ACCOUNT_NOT_TOLD
from costopt.refresh.page_values import held_back
from costopt.refresh.report import RefreshOutcome
from costopt.refresh.run import RefreshResult, refresh_catalog, settings_from
from costopt.refresh.written_reports import page_bytes, report_bytes

EXIT_CODES: Final[Mapping[RefreshOutcome, int]] = {
    RefreshOutcome.FRESH: 0,
    RefreshOutcome.STALE: 3,
    RefreshOutcome.NOTHING: 4,
}

EXIT_NOTHING: Final = EXIT_CODES[RefreshOutcome.NOTHING]

MOVES_SHOWN: Final = 10
"""Largest moves of prices that are printed [1]."""

TROUBLES_SHOWN: Final = 5
"""Regions of one provider, and findings, that are printed with what is wrong [1]."""


def refresh(
    store: Annotated[str | None, typer.Option(help="Folder or URL to publish to.")] = None,
    providers: Annotated[str, typer.Option(help="Such as aws,gcp; default: all.")] = "",
    regions: Annotated[str, typer.Option(help="Such as us-*,azure/westeurope.")] = "",
    families: Annotated[str, typer.Option(help="Such as p5,Standard_ND*.")] = "",
    account: Annotated[
        bool, typer.Option("--account", help="Read quotas, commitments and own prices too.")
    ] = False,
    config: Annotated[Path | None, typer.Option(help="Settings: refresh.toml.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Compare, publish nothing.")] = False,
    record: Annotated[Path | None, typer.Option(help="Folder to keep the answers in.")] = None,
    replay: Annotated[Path | None, typer.Option(help="Folder of kept answers to use.")] = None,
    report: Annotated[Path | None, typer.Option(help="File for the run report, JSON.")] = None,
    html: Annotated[Path | None, typer.Option(help="File for the run report, one page.")] = None,
) -> None:
    """Ask providers for today's prices, check them, and publish what is good.

    Exit codes: 0 all is fresh, 3 published with stale parts, 4 nothing published, 2 wrong usage.
    """
    lists = {"providers": providers, "regions": regions, "families": families}
    given: dict[str, Any] = {name: _listed(text) for name, text in lists.items() if text}
    given |= {"store": store} if store is not None else {}
    given |= {"account": True} if account else {}
    settings = settings_from(config, given)
    open_store(settings.store)
    for option, path in (("--report", report), ("--html", html)):
        if path is not None:
            _refuse_no_file(option, path)
    try:
        with watching() as watch:
            result = refresh_catalog(
                settings=settings, dry_run=dry_run, record=record, replay=replay, watch=watch
            )
    except (PublishConflictError, CatalogFileError) as error:
        typer.echo(f"costopt: {error}", err=True)
        raise typer.Exit(EXIT_NOTHING) from None
    typer.echo(summary(result))
    if result.unwritten:
        typer.echo(f"costopt: {settings.store}: {result.unwritten}", err=True)
    if report is not None:
        write_whole(report, report_bytes(result.report))
    if html is not None:
        write_whole(html, page_bytes(result.report))
    raise typer.Exit(EXIT_CODES[result.outcome])


def _refuse_no_file(option: str, path: Path) -> None:
    """Refuse a report that could not be written, before anybody is asked.

    Raises:
        InvalidInputError: the place is a folder, or in a folder that is not there.
    """
    if path.is_dir():
        raise InvalidInputError(option, [f"{path} is a folder; name a file in it"])
    if not path.resolve().parent.is_dir():
        raise InvalidInputError(option, [f"there is no folder {path.resolve().parent}"])


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
        lines += _troubles(name, part)
    if told["account"]["asked"]:
        lines += _account_lines(told)
    held = [f"  held back: {one['id']}: {one['detail']}" for one in held_back(told)]
    lines += _first(held, "held back")
    for move in told["largest_moves"][:MOVES_SHOWN]:
        share = move["moved_fraction"]
        change = "another currency" if share is None else f"{share:+.1%}"
        place = f"{move['provider']}/{move['region']}/{move['instance_type']}"
        lines.append(
            f"  {place} {move['purchase_option']}: {change} to {move['new_per_hour']:g}/h"
        )
    return "\n".join(lines)


def _troubles(provider: str, part: Mapping[str, Any]) -> list[str]:
    """Return why a provider, or regions of it alone, keep their last good prices."""
    whole = [f"    {part['error']}"] if part["error"] else []
    regions = [
        f"    {provider}/{region} {told['status']}: {told['error']}"
        for region, told in part["regions"].items()
        if told["error"] and told["error"] != part["error"]
    ]
    return [*whole, *_first(regions, "regions")]


def _first(lines: list[str], what: str) -> list[str]:
    """Return the first of some lines, and how many more there are."""
    rest = len(lines) - TROUBLES_SHOWN
    more = [f"    and {rest:,} more {what} in the report"] if rest > 0 else []
    return [*lines[:TROUBLES_SHOWN], *more]


def _account_lines(told: Mapping[str, Any]) -> list[str]:
    """Return what is held of the account, and why some of it was not read."""
    account = told["account"]
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in account["facts_by_kind"].items())
    lost = [
        f"    {name}: {one['error']}"
        for name, one in account["origins"].items()
        if one["status"] == "failed"
    ]
    untold = [
        f"    {one['row']}: {one['detail']}"
        for one in told["findings"]
        if one["check"] == ACCOUNT_NOT_TOLD
    ]
    return [f"  account: {kinds or 'no facts'}", *untold, *_first(lost, "origins")]


def _head(result: RefreshResult) -> str:
    if result.report["dry_run"]:
        return f"dry run, nothing published; it would be: {result.outcome.value}"
    if not result.version:
        return "nothing published; the store is unchanged"
    stale = " with stale parts" if result.outcome is RefreshOutcome.STALE else ""
    return f"published version {result.version}{stale}"


def _listed(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())
