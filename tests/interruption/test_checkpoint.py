"""What reclaims cost a job that saves checkpoints, against published and hand-made figures."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costopt.interruption.checkpoint import (
    InterruptedRun,
    best_interval_hours,
    checkpoint_hours,
    interrupted_run,
)


def run(**given: float) -> InterruptedRun:
    """One job, as arrays of one."""
    usual = {
        "work_hours": 48.0,
        "write_hours": 0.1,
        "restart_hours": 0.2,
        "hazard_per_hour": 0.1,
        "availability_fraction": 0.8,
        "notice_hours": 0.0,
    }
    return interrupted_run(**{name: np.array([value]) for name, value in (usual | given).items()})


def test_the_best_interval_follows_daly() -> None:
    # d = 10 s, M = 6,000 s: sqrt(2 x 10 x 6,000) = 346.4; x = sqrt(10 / 12,000) = 0.02887
    # 346.4 x (1 + 0.02887 / 3 + 0.02887^2 / 9) - 10 = 339.8
    interval = best_interval_hours(np.array([10 / 3600]), np.array([6000 / 3600]))
    assert float(interval[0]) * 3600 == pytest.approx(339.8, abs=0.1)


def test_a_write_longer_than_two_mean_times_saves_once_per_mean_time() -> None:
    assert best_interval_hours(np.array([5.0]), np.array([2.0]))[0] == 2.0


def test_billed_hours_follow_daly() -> None:
    # M = 10 h, d = 0.1 h: t = sqrt(2) x (1 + 0.07071/3 + 0.005/9) - 0.1 = 1.3483
    # T = 10 e^0.02 (e^0.14483 - 1) x 48 / 1.3483 = 56.60
    done = run()
    assert float(done.interval_hours[0]) == pytest.approx(1.3483, abs=1e-3)
    expected = 10 * math.exp(0.02) * math.expm1(0.144832) * 48 / 1.34832
    assert float(done.billed_hours[0]) == pytest.approx(expected, rel=1e-4)
    assert float(done.makespan_hours[0]) == pytest.approx(expected / 0.8, rel=1e-4)


def test_small_rates_agree_with_the_first_order_law() -> None:
    # C (1 + d/t) (1 + l (R + (t + d)/2)) for a hazard of 0.001/h
    done = run(hazard_per_hour=0.001)
    interval = float(done.interval_hours[0])
    first_order = 48 * (1 + 0.1 / interval) * (1 + 0.001 * (0.2 + (interval + 0.1) / 2))
    assert float(done.billed_hours[0]) == pytest.approx(first_order, rel=1e-3)


def test_a_checkpoint_inside_the_notice_loses_only_the_restart() -> None:
    done = run(write_hours=0.01, notice_hours=120 / 3600)
    assert float(done.billed_hours[0]) == pytest.approx(48 * math.exp(0.1 * 0.2))
    assert math.isnan(float(done.interval_hours[0]))


def test_a_hopeless_pool_never_finishes() -> None:
    assert run(hazard_per_hour=1000.0).billed_hours[0] == np.inf


def test_writing_time_falls_with_the_nodes_that_write() -> None:
    # 7.2e12 B over 2 nodes at 1e9 B/s: 3,600 s = 1 h
    assert checkpoint_hours(7.2e12, np.array([2]))[0] == pytest.approx(1.0)


@given(low=st.floats(0.001, 1.0), factor=st.floats(1.0, 5.0))
def test_more_reclaims_never_finish_sooner(low: float, factor: float) -> None:
    calm, rough = run(hazard_per_hour=low), run(hazard_per_hour=low * factor)
    assert rough.billed_hours[0] >= calm.billed_hours[0] * (1 - 1e-9)
