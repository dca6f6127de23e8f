"""EngineTimes: seconds of one engine step and of one prompt, as functions of the load.

With ``N`` requests running, one step takes

    t(N) = max(W(N) / BW, F * N / C, l) + N * m + k

``W(N)`` weights that are read (with experts: those that N tokens are expected to visit, ``1 - (1 -
k/E)^N`` of them), ``F`` operations per token, ``l`` the time to launch all kernels where software
launches them one by one while others run, ``m`` what each request adds (its cache, its message
through the link, its share of the host's time) and ``k`` what a step costs whatever runs. Prompts
are read between the steps in chunks, so in the long run a token of an answer takes

    T(N) = t(N) + N * P / o

with ``P`` the seconds of one prompt and ``o`` the answer's length: while one request receives its
``o`` tokens, ``N`` prompts are read, its own and its successors'. By Little's law requests pass at
``rate(N) = N / (o * T(N))``. Where drafted tokens are verified, a step gives each request ``e``
tokens and ``t(N) / e`` takes the place of ``t(N)`` in ``T(N)``.

Capacities combine linearly. Take requests of several sizes ``b`` that arrive at rates ``a_b``,
and let ``t`` be affine, ``t = A + sum_b N_b (D + m_b)`` for ``N >= 1``. With ``N_b = a_b o_b T``
the fixed point is ``T = A / (1 - sum_b a_b w_b)``, where ``w_b = P_b + o_b (D + m_b)``: the mix
costs exactly the sum of its parts. Hence each limit is one linear row in the rates:

    T <= limit            <=>  sum_b a_b * w_b                       <= 1 - A / limit
    cache held <= M       <=>  sum_b a_b * (w_b + A * o_b * c_b / M) <= 1
    requests <= R         <=>  sum_b a_b * (w_b + A * o_b / R)       <= 1

so with ``mu_b`` the largest rate of size ``b`` alone, ``sum_b a_b / mu_b <= 1`` keeps every one
of them. Where ``t`` is the larger of affine pieces (weights, operations or launches), each piece
gives such a row and ``mu_b`` is the least over them: the sum is enough, if not always needed.
With experts ``W(N)`` bends down and a mix could be slower than its parts; ``straightened``
replaces it by its tangent at one concurrency for all sizes, which is affine and lies above it.
Time to first token does not combine linearly; a mix is checked for it as it is.
"""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from costopt.performance.arrays import Flags, Floats
from costopt.performance.efficiency import Efficiency
from costopt.performance.work import ServingWork


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineTimes:
    """Coefficients of step and prompt; arrays that broadcast to one shape.

    Attributes:
        dense_seconds: reading the weights that every step reads [s].
        routed_seconds: reading the weights of all routed experts [s].
        touched_share: share of the experts that one token visits [0..1].
        slope_seconds: reading weights that each running request adds on a tangent [s].
        launch_seconds: launching all kernels beside those that run [s].
        token_seconds: linear operations for one running request [s].
        request_seconds: what each running request adds to a step [s].
        fixed_seconds: what a step costs whatever runs [s].
        prefill_seconds: one prompt, read between steps [s].
        prefill_floor_seconds: one prompt at least, when nothing else runs [s].
        chunks: prompt as a multiple of what one step takes in [1].
        output_tokens: answer [tokens].
        first_token_seconds: once per request, outside the steps [s].
        tokens_per_step: of the answer of each request, on the mean [tokens].
    """

    dense_seconds: Floats
    routed_seconds: Floats
    touched_share: Floats
    slope_seconds: Floats
    launch_seconds: Floats
    token_seconds: Floats
    request_seconds: Floats
    fixed_seconds: Floats
    prefill_seconds: Floats
    prefill_floor_seconds: Floats
    chunks: Floats
    output_tokens: Floats
    first_token_seconds: Floats
    tokens_per_step: float = 1.0

    @property
    def reads_experts(self) -> bool:
        """True where the weights that a step reads depend on how many requests run."""
        return bool(np.any(self.routed_seconds > 0))

    def step_seconds(self, running: Floats) -> Floats:
        """``t(N)``, at least that of one request [s]."""
        present = np.maximum(running, 1.0)
        reading = self.dense_seconds
        if np.any(self.slope_seconds):
            reading = reading + self.slope_seconds * present
        if self.reads_experts:
            visited = 1.0 - (1.0 - self.touched_share) ** present
            reading = reading + self.routed_seconds * visited
        linear = np.maximum(np.maximum(reading, self.launch_seconds), self.token_seconds * present)
        return linear + present * self.request_seconds + self.fixed_seconds

    def straightened(self, running: Floats) -> Self:
        """The same with experts read along the tangent of ``W`` at ``running``, from above.

        ``W(N) = R (1 - q^N)`` has the tangent ``R (1 - q^M + ln(q) q^M M) - R ln(q) q^M N``.
        """
        kept = 1.0 - self.touched_share
        slope = -np.log(kept) * kept**running
        level = 1.0 - kept**running - slope * running
        return replace(
            self,
            dense_seconds=self.dense_seconds + self.routed_seconds * level,
            slope_seconds=self.routed_seconds * slope,
            routed_seconds=np.zeros_like(self.routed_seconds),
        )

    def token_interval_seconds(self, running: Floats) -> Floats:
        """``T(N)``: a token of the answer, all prompts counted [s]."""
        return self._interval_seconds(running, self.step_seconds(running))

    def tpot_seconds(self, running: Floats) -> Floats:
        """Time per output token of one request among ``N``: its own prompt does not delay it."""
        others = np.maximum(running - 1.0, 0.0)
        step = self.step_seconds(running) / self.tokens_per_step
        return step + others * self.prefill_seconds / self.output_tokens

    def rate(self, running: Floats) -> Floats:
        """Requests that pass while ``N`` are running [1/s]."""
        return running / (self.output_tokens * self.token_interval_seconds(running))

    def turn_seconds(self, running: Floats) -> Floats:
        """From the first chunk of a prompt to its last, steps of the others between [s].

        Reading a prompt alone takes at least one pass over the weights.
        """
        return self._turn_seconds(running, self.step_seconds(running))

    def reads_prompts(self, running: Floats) -> Flags:
        """True where prompts can be read as fast as they come, ``rate(N) * turn(N) < 1``.

        One prompt after the other takes its turn between the steps: ``N * turn(N) < o * T(N)``.
        """
        step_seconds = self.step_seconds(running)
        answer_seconds = self.output_tokens * self._interval_seconds(running, step_seconds)
        return running * self._turn_seconds(running, step_seconds) < answer_seconds

    def _interval_seconds(self, running: Floats, step_seconds: Floats) -> Floats:
        step = step_seconds / self.tokens_per_step
        return step + running * self.prefill_seconds / self.output_tokens

    def _turn_seconds(self, running: Floats, step_seconds: Floats) -> Floats:
        between = np.minimum(running, 1.0) * self.chunks * step_seconds
        return np.maximum(self.prefill_seconds, self.prefill_floor_seconds) + between


def message_seconds(work: ServingWork, efficiency: Efficiency) -> Floats:
    """Sending one token through the link; nothing is sent by one accelerator alone [s].

    Args:
        work: shapes that broadcast to (n, B).
        efficiency: shape (n,).
    """
    link = np.where(work.hops <= 0.0, np.inf, efficiency.link_bytes_per_second[:, None])
    return work.message_bytes / link


def engine_times(work: ServingWork, efficiency: Efficiency, chunk_tokens: float) -> EngineTimes:
    """Turn counted work into seconds.

    Args:
        work: shapes that broadcast to (n, B).
        efficiency: shape (n,).
        chunk_tokens: prompt tokens that one step takes in [tokens].
    """
    reading = efficiency.weight_bytes_per_second[:, None]
    linear = efficiency.linear_flops[:, None]
    message = message_seconds(work, efficiency)
    launch = work.layers * efficiency.layer_seconds[:, None]
    beside = np.where(efficiency.launches_ahead[:, None], launch, 0.0)
    waiting = np.where(work.hops <= 0.0, 0.0, work.hops * efficiency.hop_seconds[:, None])
    fixed = launch - beside + waiting + efficiency.step_seconds[:, None]
    read_cache = np.where(efficiency.pads_cache[:, None], work.full_cache_bytes, work.cache_bytes)
    attention = work.attention_flops / efficiency.attention_flops[:, None]
    return EngineTimes(
        dense_seconds=work.dense_bytes / reading,
        routed_seconds=work.routed_bytes / reading,
        touched_share=work.touched_share,
        slope_seconds=np.zeros_like(work.dense_bytes),
        launch_seconds=beside,
        token_seconds=work.step_flops / linear,
        request_seconds=read_cache / efficiency.cache_bytes_per_second[:, None]
        + message
        + efficiency.request_seconds[:, None],
        fixed_seconds=fixed,
        prefill_seconds=work.prefill_flops / linear + attention + work.read_tokens * message,
        prefill_floor_seconds=np.maximum(work.all_weight_bytes / reading, beside) + fixed,
        chunks=work.read_tokens / chunk_tokens,
        output_tokens=work.output_tokens,
        first_token_seconds=efficiency.first_token_seconds[:, None],
    )
