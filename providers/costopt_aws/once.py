"""Once: a question whose answer is the same for every region is asked for the first alone."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import RLock
from typing import Any

from costopt.errors import FetchError
from costopt.fetch.call import Call, Page
from costopt.fetch.context import FetchContext


@dataclass(slots=True)
class Once:
    """Remembers answers, and failures too: what failed for one region is not asked again."""

    _answers: dict[str, Page | FetchError] = field(init=False, default_factory=dict)
    _lock: Any = field(init=False, default_factory=RLock)

    def page(self, call: Call, context: FetchContext, fetch: Callable[[], Page]) -> Page:
        """Return the only page of an answer.

        Args:
            call: the question.
            context: holds the wire.
            fetch: makes one attempt.

        Raises:
            FetchError: no usable answer came, now or before.
        """
        with self._lock:
            name = call.file_name
            if name not in self._answers:
                self._answers[name] = self._asked(call, context, fetch)
            held = self._answers[name]
        if isinstance(held, FetchError):
            raise held
        return held

    @staticmethod
    def _asked(call: Call, context: FetchContext, fetch: Callable[[], Page]) -> Page | FetchError:
        try:
            return next(iter(list(context.wire.pages(call, lambda _: (fetch(), "")))))
        except FetchError as error:
            return error
