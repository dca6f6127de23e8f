"""Serving state: how one replica really runs under a mix of request sizes.

The mix behaves like one request size: its answer is the mean over arrivals, its share of a step
the mean over running requests, which are present in proportion to arrivals times answer lengths.
What differs between sizes is the turn of their prompts, and with it the time to first token.

Nothing here uses rates of single sizes; it checks what was planned with them.
"""

from dataclasses import dataclass, replace

import numpy as np

from costopt.model import ModelSpec
from costopt.performance.arrays import Flags, Floats
from costopt.performance.engine import EngineTimes
from costopt.performance.first_token import FirstToken, idle_seconds
from costopt.performance.hardware import Hardware
from costopt.performance.latency import admission_wait, turn_wait
from costopt.performance.limits import check_arrivals, check_requests
from costopt.performance.reasons import Reason
from costopt.performance.replica import Replica, replica_on
from costopt.performance.serving_setup import ENGINE, ServingSetup
from costopt.performance.throughput import HALVINGS, concurrency_at_rate, crowded
from costopt.performance.work import RequestSizes
from costopt.precision import Formats
from costopt.units import MILLISECONDS_PER_SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingState:
    """Operating point of one replica on each row of the hardware.

    Attributes:
        feasible: True where all arrivals are served: the model runs, every size that arrives
            fits, and the queue does not grow, shape (n,).
        running_requests: in the engine on the mean, shape (n,) [1].
        tpot_ms: mean time per output token of a request, shape (n,) [ms].
        prefill_utilisation: share of time in which prompts are read, shape (n,) [0..1].
        kv_used_fraction: share of the cache that is held on the mean, shape (n,) [0..1].
        admitted_requests: that run at most at once, shape (n,) [1].
        times: step and prompt of the mix as one size, shapes (n, 1).
        busy_fraction: share of time in which anything runs, shape (n,) [0..1].
        first_token: time to first token of each size, shape (n, B).
        shares: of each size among the arrivals; 0 in rows without any, shape (n, B).
    """

    feasible: Flags
    running_requests: Floats
    tpot_ms: Floats
    prefill_utilisation: Floats
    kv_used_fraction: Floats
    admitted_requests: Floats
    times: EngineTimes
    busy_fraction: Floats
    first_token: FirstToken
    shares: Floats

    def tpot_quantile_ms(self, share: float) -> Floats:
        """Time per output token in a batch that a share of the time is no larger, (n,) [ms]."""
        running = crowded(self.running_requests, share, self.admitted_requests)[:, None]
        return self.times.tpot_seconds(running)[:, 0] * MILLISECONDS_PER_SECOND

    def ttft_exceeds(self, milliseconds: float) -> Floats:
        """Probability of each size to wait longer for its first token, shape (n, B) [0..1].

        It is 1 where the state is not feasible.
        """
        tail = self.first_token.exceeds(milliseconds / MILLISECONDS_PER_SECOND)
        return np.where(self.feasible[:, None], tail, 1.0)

    def ttft_quantile_ms(self, share: float) -> Floats:
        """Time to first token that ``share`` of all requests do not exceed, shape (n,) [ms].

        It is infinite where the state is not feasible.
        """
        ceiling = self.first_token.quantile_seconds(share)
        low = np.zeros(len(self.feasible))
        high = np.max(np.where(self.shares > 0.0, ceiling, 0.0), axis=1)
        for _ in range(HALVINGS):
            middle = (low + high) / 2.0
            tail = self.first_token.exceeds(middle[:, None])
            late = np.sum(self.shares * tail, axis=1) > 1.0 - share
            low = np.where(late, middle, low)
            high = np.where(late, high, middle)
        return np.where(self.feasible, high * MILLISECONDS_PER_SECOND, np.inf)


def serving_state(
    model: ModelSpec,
    hardware: Hardware,
    formats: Formats,
    requests: RequestSizes,
    arrivals: Floats,
    setup: ServingSetup = ENGINE,
    *,
    batch: bool = False,
) -> ServingState:
    """Find the operating point of one replica on every row of the hardware.

    Args:
        model: a generating model.
        hardware: one row per replica.
        formats: of weights and cache.
        requests: sizes of the buckets [tokens].
        arrivals: Poisson arrivals of each size at one replica, shape (n, B) [1/s].
        setup: software that runs the model, shared prompts and drafts.
        batch: True where only throughput counts.

    Raises:
        InvalidInputError: the model generates no tokens, or an argument is out of its range.
    """
    check_requests(requests)
    check_arrivals(arrivals, len(hardware), len(requests.input_tokens))
    replica = replica_on(model, hardware, formats, requests, setup=setup, batch=batch)
    total = np.sum(arrivals, axis=1, keepdims=True)
    present = total > 0.0
    shares = arrivals / np.where(present, total, 1.0)
    mix = _as_one_size(replica, shares)
    held = _held_bytes(replica, shares)
    free = np.maximum(replica.kv_budget_bytes, 0.0)[:, None]
    runs = (replica.reason == Reason.NONE)[:, None]
    places = np.where(runs, np.minimum(replica.own_cache_bytes / held, replica.cap), 0.0)
    running = np.where(present, concurrency_at_rate(mix, total, places), 0.0)
    turn = _turns(replica.times, mix, running)
    reading = np.sum(arrivals * turn, axis=1, keepdims=True)
    at_places = np.where(places > 0.0, mix.rate(places), 1.0)
    passes = total <= at_places
    filled = running * held + replica.work.shared_cache_bytes
    used = np.where(runs & present, filled / np.where(free > 0.0, free, 1.0), 0.0)
    return ServingState(
        feasible=(runs & passes & (reading < 1.0) & _fits(replica, arrivals))[:, 0],
        running_requests=running[:, 0],
        tpot_ms=mix.tpot_seconds(running)[:, 0] * MILLISECONDS_PER_SECOND,
        prefill_utilisation=np.sum(arrivals * replica.times.prefill_seconds, axis=1),
        kv_used_fraction=used[:, 0],
        admitted_requests=places[:, 0],
        times=mix,
        busy_fraction=-np.expm1(-running[:, 0]),
        first_token=FirstToken(
            least_seconds=idle_seconds(mix, running, turn),
            admission=admission_wait(total / at_places, places, at_places),
            turn=turn_wait(reading, np.sum(shares * turn**2, axis=1, keepdims=True), total),
        ),
        shares=shares,
    )


def _as_one_size(replica: Replica, shares: Floats) -> EngineTimes:
    """Times of the mix as if it were one size, shapes (n, 1).

    Rows without arrivals get the first size, so that nothing divides by zero.
    """
    times = replica.times
    weights = _weights(shares)
    answers = np.sum(weights * times.output_tokens, axis=1, keepdims=True)
    running = weights * times.output_tokens / answers
    return replace(
        times,
        request_seconds=np.sum(running * times.request_seconds, axis=1, keepdims=True),
        prefill_seconds=np.sum(weights * times.prefill_seconds, axis=1, keepdims=True),
        chunks=np.sum(weights * times.chunks, axis=1, keepdims=True),
        output_tokens=answers,
    )


def _held_bytes(replica: Replica, shares: Floats) -> Floats:
    """Cache of one running request on the mean of the mix, shape (n, 1) [B]."""
    weights = _weights(shares) * replica.work.output_tokens
    held = np.sum(weights * replica.work.held_cache_bytes, axis=1, keepdims=True)
    return np.asarray(held / np.sum(weights, axis=1, keepdims=True))


def _weights(shares: Floats) -> Floats:
    """Shares, with rows that have none set to the first size."""
    weights = shares.copy()
    weights[np.sum(shares, axis=1) == 0.0, 0] = 1.0
    return weights


def _turns(times: EngineTimes, mix: EngineTimes, running: Floats) -> Floats:
    """Turn of each size's prompt between the steps of the mix, shape (n, B) [s]."""
    company = np.minimum(running, 1.0)
    between = company * times.chunks * mix.step_seconds(running)
    return np.maximum(times.prefill_seconds, times.prefill_floor_seconds) + between


def _fits(replica: Replica, arrivals: Floats) -> Flags:
    """True where every size that arrives fits into context and cache, shape (n, 1)."""
    work = replica.work
    total = work.input_tokens + work.output_tokens
    too_long = total > replica.decoder.max_context
    too_large = work.needed_cache_bytes > replica.kv_budget_bytes[:, None]
    refused = np.any((arrivals > 0.0) & (too_long | too_large), axis=1, keepdims=True)
    return np.asarray(~refused, dtype=np.bool_)
