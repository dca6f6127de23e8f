"""Wire: where answers come from. LiveWire asks the provider, paced, retried and counted."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Final, Protocol, TypeVar

from costopt.errors import FetchError, MalformedAnswerError
from costopt.fetch.call import Call, FetchPage, Page
from costopt.fetch.pace import Pace
from costopt.fetch.retry import Retry

Answer = TypeVar("Answer")

MOST_PAGES: Final = 100_000
"""Pages after which an answer counts as endless."""


@dataclass(slots=True)
class WireCounts:
    """What a wire did so far.

    Attributes:
        calls: attempts that were made [1].
        retries: attempts that followed a failed one [1].
    """

    calls: int = 0
    retries: int = 0


class Wire(Protocol):
    """Where an adapter's answers come from: a provider, or a recording of it."""

    @property
    def counts(self) -> WireCounts:
        """What was done so far."""
        ...

    def pages(self, call: Call, fetch_page: FetchPage) -> Iterator[Page]:
        """Yield every page of an answer.

        Args:
            call: the question; its name is the one in messages, reports and recordings.
            fetch_page: makes one attempt for one page; raises a ``FetchError``.
        """
        ...

    def stream(self, call: Call, open_pages: Callable[[], Iterator[Page]]) -> Iterator[Page]:
        """Yield the pages of an answer that is read bit by bit, such as a price file.

        Args:
            call: the question.
            open_pages: starts reading; wraps what may fail in ``attempt``.
        """
        ...

    def attempt(self, call: Call, ask: Callable[[], Answer]) -> Answer:
        """Ask once and, where it may help, again; for what is not recorded itself.

        Raises:
            FetchError: the last attempt's.
        """
        ...


@dataclass(slots=True, kw_only=True)
class LiveWire:
    """Asks the provider.

    Attributes:
        retry: how often a call is tried.
        pace: by service; a service that is absent is not paced.
        sleep: waits so many seconds.
        counts: what was done so far.
    """

    retry: Retry = field(default_factory=Retry)
    pace: Mapping[str, Pace] = field(default_factory=dict)
    sleep: Callable[[float], None] = time.sleep
    counts: WireCounts = field(default_factory=WireCounts)
    _lock: Lock = field(init=False, default_factory=Lock)

    def pages(self, call: Call, fetch_page: FetchPage) -> Iterator[Page]:
        """Yield every page; see ``Wire``.

        Raises:
            FetchError: the last attempt's; ``MalformedAnswerError`` when the pages go in circles.
        """
        token, seen = "", {""}
        for _ in range(MOST_PAGES):
            page, token = self.attempt(call, lambda asked=token: fetch_page(asked))  # type: ignore[misc]
            yield page
            if not token:
                return
            if token in seen:
                raise MalformedAnswerError(str(call), "the same page comes again")
            seen.add(token)
        raise MalformedAnswerError(str(call), f"more than {MOST_PAGES:,} pages")

    def stream(self, call: Call, open_pages: Callable[[], Iterator[Page]]) -> Iterator[Page]:
        """Yield the pages as they are read; see ``Wire``."""
        yield from open_pages()

    def attempt(self, call: Call, ask: Callable[[], Answer]) -> Answer:
        """Ask until an answer comes or waiting does not help; see ``Wire``."""
        pace = self.pace.get(call.service)
        failed = 0
        while True:
            if pace is not None:
                pace.wait()
            self._count(retry=failed > 0)
            try:
                return ask()
            except FetchError as error:
                failed += 1
                wait = self.retry.wait_seconds(failed, error)
                if wait is None:
                    raise
            self.sleep(wait)

    def _count(self, *, retry: bool) -> None:
        with self._lock:
            self.counts.calls += 1
            self.counts.retries += retry
