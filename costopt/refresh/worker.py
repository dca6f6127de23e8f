"""``python -m costopt.refresh.worker``: one provider in a process of its own.

A pickled task comes in, pickled answers go out; whatever else is printed goes nowhere.
"""

import os
import pickle
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Lock
from traceback import extract_tb
from typing import cast

from costopt.errors import CostoptError, UnknownNameError
from costopt.fetch.context import FetchContext
from costopt.fetch.fetched import FetchedRegion, Row
from costopt.fetch.recording import RecordingWire, ReplayingWire
from costopt.fetch.redact import Redaction
from costopt.fetch.wire import LiveWire, Wire, WireCounts
from costopt.provider import LiveProvider, Source, installed_providers
from costopt.refresh.told import Ended, Listed, ProviderTask, RegionTold, Told

Tell = Callable[[Told], None]


def ask_provider(task: ProviderTask, tell: Tell) -> None:
    """Ask one provider about its regions, some at once, and tell each as it comes.

    Args:
        task: what to ask.
        tell: called from several threads; the last thing told is ``Ended``.
    """
    redaction, problem = Redaction(), ""
    wire: Wire | None = None
    started = time.monotonic()
    try:
        provider = live_provider(task.provider)
        source = provider.open(task.settings)
        redaction = Redaction.hiding(source.secrets())
        asking = _Asking(task, provider, source, redaction)
        wire = asking.wire()
        listed = source.regions(asking.context(wire))
        asked = tuple(region for region in listed if task.wants_region(region))
        tell(Listed(listed=listed, asked=asked))
        with ThreadPoolExecutor(max_workers=task.region_workers) as threads:
            for told in threads.map(asking.region, asked):
                tell(told)
    except Exception as error:  # the parent reports it; the other providers go on
        problem = redaction.text(_in_words(error))
    counts = WireCounts() if wire is None else wire.counts
    tell(
        Ended(
            error=problem,
            seconds=round(time.monotonic() - started, 3),
            calls=counts.calls,
            retries=counts.retries,
        )
    )


def live_provider(name: str) -> LiveProvider:
    """Return the installed adapter of a provider that can be asked.

    Raises:
        UnknownNameError: none is installed under this name.
    """
    live = {
        name: provider
        for name, provider in installed_providers().items()
        if isinstance(provider, LiveProvider)
    }
    if name not in live:
        raise UnknownNameError(
            "provider", name, live, "Install the adapter package of this cloud."
        )
    return live[name]


class _Asking:
    """One source, asked about several regions; safe in threads."""

    def __init__(
        self, task: ProviderTask, provider: LiveProvider, source: Source, redaction: Redaction
    ) -> None:
        self._task, self._source, self._redaction = task, source, redaction
        self._names = {**provider.accelerator_names, **task.accelerator_names}

    def wire(self) -> Wire:
        """Return a wire that counts from zero."""
        if self._task.replay is not None:
            return ReplayingWire(folder=self._task.replay)
        if self._task.record is not None:
            wire = RecordingWire(
                wire=LiveWire(), folder=self._task.record, redaction=self._redaction
            )
            return cast(Wire, wire)  # its counts cannot be set, which nothing here does
        return LiveWire()

    def context(self, wire: Wire) -> FetchContext:
        """Return what the adapter is told."""
        return FetchContext(
            wire=wire,
            now=self._task.now,
            accelerators=self._task.accelerators,
            accelerator_names=self._names,
            families=self._task.families,
            known_types=self._task.known_types,
        )

    def region(self, region: str) -> RegionTold:
        """Ask about one region; what goes wrong there is told, and no other region's matter."""
        wire = self.wire()
        started = time.monotonic()
        fetched, problem = None, ""
        try:
            fetched = redacted(self._source.fetch(region, self.context(wire)), self._redaction)
        except Exception as error:  # the parent reports it; the other regions go on
            problem = self._redaction.text(_in_words(error))
        return RegionTold(
            region=region,
            fetched=fetched,
            error=problem,
            seconds=round(time.monotonic() - started, 3),
            calls=wire.counts.calls,
            retries=wire.counts.retries,
        )


def redacted(fetched: FetchedRegion, redaction: Redaction) -> FetchedRegion:
    """Hide secrets in every text of a region; what the account alone pays stays behind."""
    seen: dict[str, str] = {}

    def text(value: str) -> str:
        if value not in seen:
            seen[value] = redaction.text(value)
        return seen[value]

    def rows(given: tuple[Row, ...]) -> tuple[Row, ...]:
        return tuple(
            {name: text(held) if isinstance(held, str) else held for name, held in row.items()}
            for row in given
        )

    return replace(
        fetched,
        instance_types=rows(fetched.instance_types),
        offers=rows(fetched.offers),
        interruptions=rows(fetched.interruptions),
        findings=tuple(
            replace(found, row=text(found.row), detail=text(found.detail))
            for found in fetched.findings
        ),
        account_offers=(),
    )


def _in_words(error: Exception) -> str:
    """Return our own sentence, or of any other error its kind, place and message."""
    if isinstance(error, CostoptError):
        return str(error)
    last = extract_tb(error.__traceback__)[-1]
    place = f"{Path(last.filename).name} line {last.lineno}"
    return f"{type(error).__name__} in {place}: {error}"


def main() -> None:
    """Read a task from standard input and write what is told to standard output."""
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    task: ProviderTask = pickle.load(sys.stdin.buffer)
    lock = Lock()

    def tell(told: Told) -> None:
        with lock:
            pickle.dump(told, out)
            out.flush()

    ask_provider(task, tell)


if __name__ == "__main__":
    main()
