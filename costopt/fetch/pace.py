"""Pace: a token bucket that keeps the calls to one service below its quota."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock


@dataclass(slots=True, kw_only=True)
class Pace:
    """Lets ``burst`` calls through at once and ``per_second`` from then on; safe in threads.

    Attributes:
        per_second: calls that a second refills [1/s].
        burst: calls that may be made at once [1].
        clock: monotonic time [s].
        sleep: waits so many seconds.
    """

    per_second: float
    burst: float
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    _tokens: float = field(init=False)
    _filled_at: float = field(init=False)
    _lock: Lock = field(init=False, default_factory=Lock)

    def __post_init__(self) -> None:
        """Start full."""
        self._tokens, self._filled_at = self.burst, self.clock()

    def wait(self) -> None:
        """Take one token; sleep until it is there."""
        with self._lock:
            now = self.clock()
            refilled = self._tokens + (now - self._filled_at) * self.per_second
            self._tokens = min(self.burst, refilled) - 1
            self._filled_at = now
            owed = -self._tokens / self.per_second
        if owed > 0:
            self.sleep(owed)
