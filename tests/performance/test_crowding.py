"""How many requests run at once at a percentile, and what that does to the time per token."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import poisson

from costopt.catalog.catalog import Catalog
from costopt.performance.throughput import crowded, mean_below
from costopt.planning.optimize_request import optimize
from costopt.workload.limits import Limits
from costopt.workload.serving import InferenceService
from costopt.workload.traffic import Traffic


def test_hundred_requests_on_the_mean_are_at_most_116_for_95_percent_of_the_time() -> None:
    # 100 + 1.645 x 10 = 116.4; the exact Poisson quantile is 117.
    assert crowded(np.array([100.0]), 0.95, np.array([1e9]))[0] == pytest.approx(116.45, abs=0.01)
    assert poisson.ppf(0.95, 100) == 117


def test_no_more_run_than_there_are_places() -> None:
    assert crowded(np.array([100.0]), 0.95, np.array([110.0]))[0] == 110


def test_the_median_is_the_mean() -> None:
    assert crowded(np.array([42.0]), 0.5, np.array([1e9]))[0] == 42


@given(most=st.floats(1e-3, 1e5), share=st.floats(0.5, 0.999))
def test_the_mean_below_a_number_is_crowded_by_that_number(most: float, share: float) -> None:
    mean = mean_below(np.array([most]), share)
    assert crowded(mean, share, np.array([1e9]))[0] == pytest.approx(most, rel=1e-9)


@given(st.lists(st.floats(0.01, 1e4), min_size=2, max_size=6), st.data())
def test_a_mix_is_crowded_by_less_than_its_parts(means: list[float], data: st.DataObject) -> None:
    """With f(N) = 1 + z / sqrt(N): f(mix) * sum(w / f(part)) <= 1, which rates rest on."""
    raw = data.draw(st.lists(st.floats(0.01, 1), min_size=len(means), max_size=len(means)))
    weights = np.array(raw) / sum(raw)
    parts = np.array(means)
    factor = crowded(parts, 0.95, np.full(len(parts), 1e9)) / parts
    mixed = float(weights @ parts)
    of_mix = crowded(np.array([mixed]), 0.95, np.array([1e9]))[0] / mixed
    assert of_mix * float((weights / factor).sum()) <= 1 + 1e-12


def test_a_higher_percentile_of_the_time_per_token_is_never_cheaper(bundled: Catalog) -> None:
    """Time per token alone limits these; the busiest minute of a thousand needs more room."""
    costs = []
    for percentile in (50.0, 95.0, 99.9):
        service = InferenceService(
            model="meta-llama/Llama-3.1-8B-Instruct",
            precision="bf16",
            traffic=Traffic.from_trace("azure-llm-2023-conv", requests_per_second=50),
            max_tpot_ms=35,
            percentile=percentile,
        )
        limits = Limits(instance_types=["g6e.xlarge"], regions=["us-east-1"], max_spot_fraction=0)
        plan = optimize(service, bundled, limits=limits).require()
        assert all((line.tpot_ms or 0) <= 35 for line in plan.lines)
        costs.append(plan.cost_total or 0.0)
    assert costs == sorted(costs)
    assert costs[0] < costs[-1]
