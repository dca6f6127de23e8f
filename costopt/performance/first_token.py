"""Time to first token of a replica at a load: tail probability and quantile."""

from dataclasses import dataclass

import numpy as np

from costopt.performance.arrays import Floats
from costopt.performance.engine import EngineTimes
from costopt.performance.latency import (
    Wait,
    admission_wait,
    exceeds,
    quantile_seconds,
    turn_wait,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstToken:
    """Distribution of the time to first token; arrays that broadcast to one shape.

    Attributes:
        least_seconds: without any wait: client, own turn, one step beside others [s].
        admission: wait for a place.
        turn: wait for the prompt's turn.
    """

    least_seconds: Floats
    admission: Wait
    turn: Wait

    def exceeds(self, seconds: Floats | float) -> Floats:
        """Probability that the first token takes longer than ``seconds`` [0..1]."""
        return exceeds(self.admission, self.turn, seconds - self.least_seconds)

    def quantile_seconds(self, share: float) -> Floats:
        """Time that ``share`` of the requests do not exceed [s]."""
        return self.least_seconds + quantile_seconds(self.admission, self.turn, share)


def first_token(
    times: EngineTimes, running: Floats, places: Floats, rate_at_places: Floats
) -> FirstToken:
    """Time to first token of requests of one size, while ``running`` are in the engine.

    Args:
        times: of steps and prompts.
        running: requests in the engine, prompts being read included [1].
        places: requests that memory and engine admit [1].
        rate_at_places: requests that pass when all places are taken [1/s].
    """
    rate = times.rate(running)
    turn = times.turn_seconds(running)
    return FirstToken(
        least_seconds=idle_seconds(times, running, turn),
        admission=admission_wait(rate / rate_at_places, places, rate_at_places),
        turn=turn_wait(rate * turn, turn**2, rate),
    )


def idle_seconds(times: EngineTimes, running: Floats, turn: Floats) -> Floats:
    """Client, own turn, and the step that others take along, without waiting [s]."""
    company = np.minimum(running, 1.0)
    return times.first_token_seconds + turn + company * times.step_seconds(running)
