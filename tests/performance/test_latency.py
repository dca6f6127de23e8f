import numpy as np
import pytest

from costopt.performance.latency import (
    Wait,
    admission_wait,
    exceeds,
    quantile_seconds,
    turn_wait,
)

NEVER = Wait(probability=np.array(0.0), mean_seconds=np.array(1.0))


def test_turn_wait_is_that_of_a_single_server() -> None:
    # Pollaczek-Khinchine, S = 0.1 s, 5 per second: rho 0.5, E[W] = 5 x 0.01 / (2 x 0.5) = 0.05;
    # given a wait, 0.05 / 0.5 = 0.1
    wait = turn_wait(np.array(0.5), np.array(0.01), np.array(5.0))

    assert float(wait.probability) == 0.5
    assert float(wait.mean_seconds) == pytest.approx(0.1)


def test_many_places_make_waiting_for_one_rare() -> None:
    few, many = (
        float(admission_wait(np.array(0.8), np.array(places), np.array(1.0)).probability)
        for places in (4.0, 256.0)
    )

    # 0.8^(sqrt(10) - 1) and 0.8^(sqrt(514) - 1)
    assert few == pytest.approx(0.617, abs=0.001)
    assert many == pytest.approx(0.0079, abs=0.0001)


def test_tail_of_one_wait_is_exponential() -> None:
    wait = Wait(probability=np.array(0.5), mean_seconds=np.array(0.2))

    # 0.5 x e^(-0.4 / 0.2)
    assert float(exceeds(wait, NEVER, np.array(0.4))) == pytest.approx(0.5 * np.exp(-2))


def test_tail_of_two_certain_waits_is_that_of_their_sum() -> None:
    first = Wait(probability=np.array(1.0), mean_seconds=np.array(2.0))
    second = Wait(probability=np.array(1.0), mean_seconds=np.array(1.0))

    # (2 e^(-3/2) - e^(-3)) / (2 - 1)
    expected = 2 * np.exp(-1.5) - np.exp(-3.0)
    assert float(exceeds(first, second, np.array(3.0))) == pytest.approx(expected)


def test_equal_means_are_the_limit_of_unequal_ones() -> None:
    first = Wait(probability=np.array(1.0), mean_seconds=np.array(1.0))

    # gamma of shape 2: (1 + 3) e^(-3)
    assert float(exceeds(first, first, np.array(3.0))) == pytest.approx(4 * np.exp(-3), rel=1e-4)


def test_less_than_no_wait_is_always_exceeded() -> None:
    assert float(exceeds(NEVER, NEVER, np.array(-0.1))) == 1.0
    assert float(exceeds(NEVER, NEVER, np.array(0.0))) == 0.0


def test_quantile_is_where_the_tail_falls_to_the_rest() -> None:
    first = Wait(probability=np.array([0.8, 0.3]), mean_seconds=np.array([0.5, 2.0]))
    second = Wait(probability=np.array([0.4, 0.9]), mean_seconds=np.array([0.1, 1.0]))

    waits = quantile_seconds(first, second, 0.95)

    assert exceeds(first, second, waits) == pytest.approx(np.array([0.05, 0.05]), rel=1e-4)


def test_quantile_is_zero_where_hardly_anyone_waits() -> None:
    rarely = Wait(probability=np.array(0.03), mean_seconds=np.array(10.0))

    assert float(quantile_seconds(rarely, NEVER, 0.95)) == 0.0


def test_quantile_of_one_wait_has_its_closed_form() -> None:
    wait = Wait(probability=np.array(0.5), mean_seconds=np.array(0.2))

    # 0.2 x ln(0.5 / 0.05)
    expected = 0.2 * np.log(10)
    assert float(quantile_seconds(wait, NEVER, 0.95)) == pytest.approx(expected, rel=1e-5)
