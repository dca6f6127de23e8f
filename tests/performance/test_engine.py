from dataclasses import replace

import numpy as np
import pytest

from costopt.performance.engine import EngineTimes
from costopt.performance.throughput import (
    concurrency_at_rate,
    largest,
    largest_in_time,
    largest_readable,
)


def cell(value: float) -> np.ndarray:
    return np.array([[value]])


TIMES = EngineTimes(
    dense_seconds=cell(0.010),
    routed_seconds=cell(0.0),
    touched_share=cell(1.0),
    slope_seconds=cell(0.0),
    launch_seconds=cell(0.0),
    token_seconds=cell(0.0002),
    request_seconds=cell(0.0001),
    fixed_seconds=cell(0.002),
    prefill_seconds=cell(0.040),
    prefill_floor_seconds=cell(0.012),
    chunks=cell(0.5),
    output_tokens=cell(200.0),
    first_token_seconds=cell(0.070),
)
"""Weights 10 ms, 0.2 ms of operations and 0.1 ms of cache per request, 2 ms fixed."""

EXPERTS = replace(TIMES, routed_seconds=cell(0.020), touched_share=cell(0.25))


def test_step_is_bound_by_weights_while_few_requests_run() -> None:
    # 10 + 10 x 0.1 + 2 ms
    assert TIMES.step_seconds(cell(10.0))[0, 0] == pytest.approx(0.013)


def test_step_is_bound_by_operations_once_many_run() -> None:
    # 100 x 0.2 = 20 ms of operations, 100 x 0.1 of cache, 2 ms fixed
    assert TIMES.step_seconds(cell(100.0))[0, 0] == pytest.approx(0.032)


def test_step_takes_as_long_as_its_kernels_take_to_launch_where_they_are_launched_ahead() -> None:
    # 30 ms of launches cover 10 ms of weights; 10 x 0.1 ms of cache and 2 ms come on top
    slow = replace(TIMES, launch_seconds=cell(0.030))
    assert slow.step_seconds(cell(10.0))[0, 0] == pytest.approx(0.033)
    # 200 x 0.2 = 40 ms of operations cover the launches: 40 + 20 + 2 ms
    assert slow.step_seconds(cell(200.0))[0, 0] == pytest.approx(0.062)


def test_step_never_takes_less_than_that_of_one_request() -> None:
    assert TIMES.step_seconds(cell(0.2)) == TIMES.step_seconds(cell(1.0))


def test_prompts_of_the_others_slow_the_tokens_of_one() -> None:
    # step 13 ms, and nine other prompts of 40 ms in 200 tokens
    assert TIMES.tpot_seconds(cell(10.0))[0, 0] == pytest.approx(0.013 + 9 * 0.040 / 200)


def test_rate_follows_littles_law() -> None:
    # 10 requests, each 200 tokens of 13 + 10 x 40 / 200 = 15 ms: 10 / 3 s
    assert TIMES.rate(cell(10.0))[0, 0] == pytest.approx(10 / (200 * 0.015))


def test_two_tokens_visit_more_experts_than_one() -> None:
    # a quarter for one token, 1 - 0.75^2 = 7/16 for two
    one, two = (EXPERTS.step_seconds(cell(n))[0, 0] for n in (1.0, 2.0))

    assert one == pytest.approx(0.010 + 0.25 * 0.020 + 0.0001 + 0.002)
    assert two == pytest.approx(0.010 + 7 / 16 * 0.020 + 0.0002 + 0.002)


def test_tangent_of_the_experts_touches_at_its_point_and_lies_above() -> None:
    straight = EXPERTS.straightened(cell(4.0))

    assert straight.step_seconds(cell(4.0)) == pytest.approx(EXPERTS.step_seconds(cell(4.0)))
    for running in (1.0, 2.0, 8.0, 30.0):
        point = cell(running)
        assert straight.step_seconds(point) > EXPERTS.step_seconds(point)


def test_turn_of_a_prompt_alone_takes_at_least_one_pass_over_the_weights() -> None:
    short = replace(TIMES, prefill_seconds=cell(0.001))

    assert short.turn_seconds(cell(0.0))[0, 0] == 0.012


def test_turn_beside_others_waits_for_their_steps() -> None:
    # 40 ms, and half a step of 13 ms for half a chunk
    assert TIMES.turn_seconds(cell(10.0))[0, 0] == pytest.approx(0.040 + 0.5 * 0.013)


def test_most_requests_are_those_whose_tokens_come_just_in_time() -> None:
    # operations bind: N x (0.2 + 0.1 + 0.2) + 2 ms <= 42 ms gives 80
    most = largest_in_time(TIMES, 0.042, cell(500.0))

    assert most[0, 0] == pytest.approx(80.0, rel=1e-5)


def test_memory_bounds_the_requests_before_a_loose_limit_does() -> None:
    assert largest_in_time(TIMES, 1.0, cell(30.0))[0, 0] == 30.0


def test_without_a_limit_prompts_must_still_be_read_in_time() -> None:
    most = largest_readable(TIMES, cell(10_000.0))

    busy = TIMES.rate(most) * TIMES.turn_seconds(most)
    assert busy[0, 0] == pytest.approx(1.0, rel=1e-4)


def test_no_request_runs_where_even_one_is_too_slow() -> None:
    assert largest_in_time(TIMES, 0.005, cell(30.0))[0, 0] == 0.0


def test_concurrency_at_a_rate_is_where_the_rate_is_reached() -> None:
    rate = TIMES.rate(cell(17.0))

    assert concurrency_at_rate(TIMES, rate, cell(100.0))[0, 0] == pytest.approx(17.0, rel=1e-5)


def test_bisection_finds_the_last_allowed_value_of_every_cell() -> None:
    bounds = np.array([[3.0, 40.0], [0.0, 7.5]])

    found = largest(lambda value: value <= bounds, np.full((2, 2), 10.0))

    assert found == pytest.approx(np.array([[3.0, 10.0], [0.0, 7.5]]), abs=1e-5)
