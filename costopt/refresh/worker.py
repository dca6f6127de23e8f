"""``python -m costopt.refresh.worker``: one provider in a process of its own.

A pickled task comes in, pickled answers go out; whatever else is printed goes nowhere.
"""

import os
import pickle
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from threading import Lock
from traceback import extract_tb
from typing import Generic, TypeVar

from costopt.errors import CostoptError, MissingCredentialsError, UnknownNameError
from costopt.fetch.context import FetchContext
from costopt.fetch.fetched import FetchedAccount, FetchedRegion
from costopt.fetch.recording import RecordingWire, ReplayingWire
from costopt.fetch.redact import Redaction
from costopt.fetch.wire import LiveWire, Wire, WireCounts
from costopt.provider import AccountSource, LiveProvider, Source, installed_providers
from costopt.refresh.redacted import account_text, redacted_account, redacted_region
from costopt.refresh.told import AccountTold, Ended, Listed, ProviderTask, RegionTold, Told

Tell = Callable[[Told], None]

Fetched = TypeVar("Fetched")

Question = Callable[[], RegionTold | AccountTold]


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
        own = source if task.account and isinstance(source, AccountSource) else None
        tell(Listed(listed=listed, asked=asked, account=own is not None))
        questions: list[Question] = [partial(asking.region, region) for region in asked]
        if own is not None and asking.tells_account(own, tell):
            questions += [partial(asking.account, own, region) for region in asked]
        with ThreadPoolExecutor(max_workers=task.region_workers) as threads:
            for told in threads.map(lambda question: question(), questions):
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
            return RecordingWire(
                wire=LiveWire(), folder=self._task.record, redaction=self._redaction
            )
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
            account=self._task.account,
        )

    def region(self, region: str) -> RegionTold:
        """Ask about one region; what goes wrong there is told, and no other region's matter."""
        account = self._task.account

        def ask(wire: Wire) -> FetchedRegion:
            fetched = self._source.fetch(region, self.context(wire))
            return redacted_region(fetched, self._redaction, account=account)

        answer = self._answer(ask)
        return RegionTold(
            region=region,
            fetched=answer.fetched,
            error=self._redaction.text(answer.problem),
            seconds=answer.seconds,
            calls=answer.counts.calls,
            retries=answer.counts.retries,
        )

    def tells_account(self, source: AccountSource, tell: Tell) -> bool:
        """Ask what belongs to no region; return whether there are credentials to ask on."""
        told = self.account(source, "")
        tell(told)
        return told.signed_in

    def account(self, source: AccountSource, region: str) -> AccountTold:
        """Ask what is the account's own in one region, or in none; as ``region`` does.

        A run for some families alone reads it whole: a quota covers types of many.
        """

        def ask(wire: Wire) -> FetchedAccount:
            context = replace(self.context(wire), families=())
            return redacted_account(source.account(region, context), self._redaction)

        answer = self._answer(ask)
        return AccountTold(
            region=region,
            fetched=answer.fetched,
            error=account_text(answer.problem, self._redaction),
            seconds=answer.seconds,
            calls=answer.counts.calls,
            retries=answer.counts.retries,
            signed_in=answer.signed_in,
        )

    def _answer(self, ask: "Callable[[Wire], Fetched]") -> "_Answer[Fetched]":
        wire = self.wire()
        started = time.monotonic()
        fetched, problem, signed_in = None, "", True
        try:
            fetched = ask(wire)
        except Exception as error:  # the parent reports it; the other questions go on
            problem = _in_words(error)
            signed_in = not isinstance(error, MissingCredentialsError)
        return _Answer(
            fetched=fetched,
            problem=problem,
            signed_in=signed_in,
            seconds=round(time.monotonic() - started, 3),
            counts=wire.counts,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer(Generic[Fetched]):
    """What came of one question, or the problem in words that may still hold secrets."""

    fetched: Fetched | None
    problem: str
    signed_in: bool
    seconds: float
    counts: WireCounts


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
