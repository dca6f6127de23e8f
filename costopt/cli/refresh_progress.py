"""What a person or a log sees while providers are asked."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from costopt.refresh.harvest import Watch
from costopt.refresh.told import AccountTold, Ended, Listed, RegionTold, Told

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


@contextmanager
def watching() -> Iterator[Watch]:
    """Show a bar where a person watches a terminal, and lines everywhere else."""
    if not sys.stderr.isatty():
        yield write_line
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield _Bars(progress).show


def write_line(provider: str, told: Told) -> None:
    """Write one line on standard error for each provider and region."""
    typer.echo(line_of(provider, told), err=True)


def line_of(provider: str, told: Told) -> str:
    """Return in one line what a provider told."""
    if isinstance(told, Listed):
        account = ", and for what is the account's own" if told.account else ""
        return f"{provider}: {len(told.asked)} of {len(told.listed)} regions are asked{account}"
    if isinstance(told, Ended):
        return f"{provider}: " + (f"failed: {told.error}" if told.error else "done")
    took = f"{told.seconds:.1f} s, {told.calls} calls, {told.retries} retries"
    asked = " ".join(word for word in (provider, told.region) if word)
    if isinstance(told, AccountTold):
        asked += " account"
    if told.fetched is None:
        return f"{asked}: failed: {told.error} ({took})"
    if isinstance(told, AccountTold):
        return f"{asked}: {len(told.fetched.facts):,} facts, {took}"
    own = told.fetched.account_offers
    priced = f", {len(own):,} at the account's own price" if own else ""
    return f"{asked}: {len(told.fetched.offers):,} offers{priced}, {took}"


class _Bars:
    """One bar for each provider; failures stay as lines above the bars."""

    def __init__(self, progress: "Progress") -> None:
        self._progress = progress
        self._bars: dict[str, TaskID] = {}
        self._regions: dict[str, int] = {}

    def show(self, provider: str, told: Told) -> None:
        """Move the bar of a provider on."""
        if isinstance(told, Listed):
            self._regions[provider] = len(told.asked)
            questions = len(told.asked) + (1 + len(told.asked) if told.account else 0)
            self._bars[provider] = self._progress.add_task(provider, total=questions)
        elif isinstance(told, RegionTold | AccountTold):
            self._progress.advance(self._bars[provider])
        if isinstance(told, AccountTold) and not told.signed_in:
            left = 1 + self._regions[provider]
            self._progress.update(self._bars[provider], total=left)
        failed = isinstance(told, RegionTold | AccountTold) and told.fetched is None
        if failed or (isinstance(told, Ended) and told.error):
            self._progress.console.print(line_of(provider, told), markup=False, highlight=False)
