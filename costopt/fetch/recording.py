"""RecordingWire keeps redacted answers in a folder; ReplayingWire answers from them."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import get_ident

from costopt.errors import CatalogFileError
from costopt.fetch.call import Call, FetchPage, Page
from costopt.fetch.redact import Redaction
from costopt.fetch.wire import Answer, Wire, WireCounts


@dataclass(slots=True, kw_only=True)
class RecordingWire:
    """Asks through another wire and keeps what comes, without secrets and account names.

    Attributes:
        wire: asks the provider.
        folder: where the answers go, one file of JSON lines for each call.
        redaction: what must not be written.
    """

    wire: Wire
    folder: Path
    redaction: Redaction

    @property
    def counts(self) -> WireCounts:
        """What the wire did so far."""
        return self.wire.counts

    def pages(self, call: Call, fetch_page: FetchPage) -> Iterator[Page]:
        """Yield every page and keep it; see ``Wire``."""
        yield from self._kept(call, self.wire.pages(call, fetch_page))

    def stream(self, call: Call, open_pages: Callable[[], Iterator[Page]]) -> Iterator[Page]:
        """Yield the pages and keep them; see ``Wire``."""
        yield from self._kept(call, self.wire.stream(call, open_pages))

    def attempt(self, call: Call, ask: Callable[[], Answer]) -> Answer:
        """Ask without keeping the answer; see ``Wire``."""
        return self.wire.attempt(call, ask)

    def _kept(self, call: Call, pages: Iterator[Page]) -> Iterator[Page]:
        """Write each page before it is handed on; the file appears when all are there.

        Several regions may ask the same at once, each in a thread of its own.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        whole = self.folder / call.file_name
        part = whole.with_suffix(f".{get_ident()}.part")
        with part.open("w", encoding="utf-8") as file:
            for page in pages:
                file.write(json.dumps(self.redaction.of(page), default=str) + "\n")
                yield page
        part.replace(whole)


@dataclass(slots=True, kw_only=True)
class ReplayingWire:
    """Answers from a folder that a ``RecordingWire`` filled; nothing reaches the network.

    Attributes:
        folder: where the answers are.
        counts: calls that were answered.
    """

    folder: Path
    counts: WireCounts = field(default_factory=WireCounts)

    def pages(self, call: Call, fetch_page: FetchPage) -> Iterator[Page]:
        """Yield the recorded pages; see ``Wire``.

        Raises:
            CatalogFileError: the call was not recorded, or its file is not JSON lines.
        """
        path = self.folder / call.file_name
        self.counts.calls += 1
        try:
            with path.open(encoding="utf-8") as file:
                for line in file:
                    yield json.loads(line)
        except FileNotFoundError:
            raise CatalogFileError(
                str(path), f"the recording has no answer to {call}", "Record the run again."
            ) from None
        except ValueError as error:
            raise CatalogFileError(
                str(path), f"not a recording ({error})", "Record the run again."
            ) from None

    def stream(self, call: Call, open_pages: Callable[[], Iterator[Page]]) -> Iterator[Page]:
        """Yield the recorded pages; see ``Wire``."""
        yield from self.pages(call, lambda token: ({}, token))

    def attempt(self, call: Call, ask: Callable[[], Answer]) -> Answer:
        """Refuse: what is not recorded cannot be replayed.

        Raises:
            CatalogFileError: always.
        """
        raise CatalogFileError(
            str(self.folder), f"a replay asks nothing, but {call} was", "Record the run again."
        )
