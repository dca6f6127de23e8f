"""What the forward model says to a published serving measurement, by the way it was taken."""

from typing import Final

import numpy as np

from costopt.performance.arrays import Floats
from costopt.performance.constants import Constants
from costopt.performance.engine import EngineTimes, engine_times
from costopt.performance.measurements.serving_rows import ServingRows
from costopt.performance.throughput import largest
from costopt.performance.tier_settings import CHUNK_TOKENS

SERVED_SHARE: Final = 0.9
"""Share of the offline rate that entries of the server scenario reach without a token limit.

Source: ratio of the scenarios in MLPerf Inference 4.1, GPT-J entries, 0.93 to 1.
"""

_BUSIEST: Final = 0.95


def predicted_serving(rows: ServingRows, constants: Constants) -> Floats:
    """Prediction for each row, in the units of its metric, shape (R,)."""
    times = engine_times(rows.work, rows.efficiency(constants), float(CHUNK_TOKENS))
    running = _running(rows, times)
    column = running[:, None]
    step = times.step_seconds(column)[:, 0]
    prompt = times.prefill_seconds[:, 0]
    reading = np.maximum(prompt, times.prefill_floor_seconds[:, 0] / running)
    tpot = times.tpot_seconds(column)[:, 0]
    alone = rows.static | (running <= 1.0)
    cycle = np.where(
        alone,
        running * reading + times.fixed_seconds[:, 0] + rows.output_tokens * step,
        running * prompt + rows.output_tokens * step,
    )
    answers = running / cycle * rows.replicas * np.where(rows.served, SERVED_SHARE, 1.0)
    tokens = answers * rows.output_tokens
    tpot = np.where(rows.static, step, tpot)
    tpot = np.where(rows.client == "latency", cycle / rows.output_tokens, tpot)
    first = _first_token_seconds(rows, times, constants, running, cycle)
    whole = tokens * (rows.input_tokens + rows.output_tokens) / rows.output_tokens
    choices = [tokens, whole, tpot * 1e3, first * 1e3, answers]
    return np.select([rows.metric == code for code in range(4)], choices[:4], choices[4])


def _running(rows: ServingRows, times: EngineTimes) -> Floats:
    """Requests running in one replica: as many as were sent and as memory admits [1]."""
    sent = np.where(np.isnan(rows.concurrency), np.inf, rows.concurrency)
    together = rows.static & np.isfinite(sent)
    admitted = np.where(together, sent, np.minimum(sent, rows.places))
    cap = np.maximum(admitted, 1.0)[:, None]
    limit = rows.max_tpot_seconds[:, None]
    kept = largest(lambda running: times.token_interval_seconds(running) <= limit, cap)
    return np.maximum(kept[:, 0], 1.0)


def _first_token_seconds(
    rows: ServingRows, times: EngineTimes, constants: Constants, running: Floats, cycle: Floats
) -> Floats:
    """Mean time to first token of each row [s].

    In a closed loop a prompt waits for the others' prompts like at a single server; a client that
    starts all requests together adds a share of all prompts, and a constant.
    """
    prompt = times.prefill_seconds[:, 0]
    floor = times.prefill_floor_seconds[:, 0]
    step = times.step_seconds(running[:, None])[:, 0]
    others = (running - 1.0) / running
    busy = np.minimum(others * running * prompt / cycle, _BUSIEST)
    company = running > 1.0
    waiting = np.where(rows.served, 0.25 * step, busy * prompt / (2.0 * (1.0 - busy)))
    together = (rows.client == "together") & company
    started = constants["benchmark.together_share"] * (running - 1.0) * prompt
    outside = np.where(
        together,
        constants["benchmark.together_seconds"] + started,
        np.where(rows.client == "staggered", times.first_token_seconds[:, 0], 0.0),
    )
    sent = np.where(np.isnan(rows.concurrency), running, rows.concurrency)
    over = np.maximum(sent - running, 0.0) * cycle / running
    alone = np.maximum(prompt, floor)
    first = alone + outside + np.where(company, step, 0.0) + waiting
    whole_batch = running * np.maximum(prompt, floor / running) + times.fixed_seconds[:, 0]
    return np.where(rows.static, whole_batch, first + np.where(rows.served, 0.0, over))
