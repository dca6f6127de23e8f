"""Retry: how often, how long apart and how long in all a call is tried."""

from dataclasses import dataclass

from costopt.errors import FetchError, ThrottledError, UnreachableError

TRANSIENT = (ThrottledError, UnreachableError)
"""Errors after which the same call may succeed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Exponential waits between the attempts of one call.

    Attributes:
        attempts: calls in all [1].
        first_wait_seconds: before the second attempt [s].
        growth: factor from one wait to the next [1].
        longest_wait_seconds: of one wait; a longer wish of the provider ends the call [s].
    """

    attempts: int = 5
    first_wait_seconds: float = 0.5
    growth: float = 2.0
    longest_wait_seconds: float = 30.0

    def wait_seconds(self, failed: int, error: FetchError) -> float | None:
        """Return how long to wait after a failed attempt; None to give up.

        Args:
            failed: attempts so far [1].
            error: what the last one ended with.
        """
        if failed >= self.attempts or not isinstance(error, TRANSIENT):
            return None
        planned = self.first_wait_seconds * self.growth ** (failed - 1)
        if isinstance(error, ThrottledError) and error.retry_after_seconds is not None:
            if error.retry_after_seconds > self.longest_wait_seconds:
                return None
            planned = max(planned, error.retry_after_seconds)
        return min(planned, self.longest_wait_seconds)
