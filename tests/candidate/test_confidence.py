"""The rate that is planned with is the quantile that was asked for."""

import numpy as np
import pytest

from costopt.candidate.confidence import planned_factor
from costopt.performance.reasons import Origin


def factor(confidence: float, origin: Origin = Origin.CALIBRATED) -> float:
    """Planned factor of a rate whose band is 0.6 to 1.5 times the expected one."""
    codes = np.array([origin], dtype=np.int64)
    return float(planned_factor(np.array([0.6]), np.array([1.5]), codes, confidence)[0])


@pytest.mark.parametrize(("confidence", "expected"), [(0.5, 1.0), (0.9, 0.6), (0.1, 1.5)])
def test_the_band_is_met_at_its_ends_and_middle(confidence: float, expected: float) -> None:
    assert factor(confidence) == pytest.approx(expected)


def test_more_confidence_never_plans_with_more() -> None:
    planned = [factor(step / 100) for step in range(1, 100)]
    assert planned == sorted(planned, reverse=True)


def test_an_analytic_rate_never_counts_for_more_than_its_low_end() -> None:
    assert factor(0.5, Origin.ANALYTIC) == pytest.approx(0.6)
    assert factor(0.99, Origin.ANALYTIC) < 0.6
