"""What must hold between two plans: cheaper, looser and smaller questions never cost more."""

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from costopt.catalog.catalog import Catalog
from costopt.plan.plan import Plan
from costopt.planning.optimize_request import optimize
from costopt.workload.limits import Limits
from costopt.workload.requirement import Requirement
from costopt.workload.serving import InferenceService
from costopt.workload.traffic import Traffic

Priced = Callable[[Mapping[str, float]], Catalog]
RATES = {"g4dn.xlarge": 7.0, "g5.xlarge": 13.0, "g6.xlarge": 11.0}
OFFERS = [f"{kind}/{option}" for kind in RATES for option in ("on_demand", "spot")]

quick = settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
price_tables = st.fixed_dictionaries(
    {name: st.floats(0.1, 3.0).map(lambda price: round(price, 3)) for name in OFFERS}
)
demands = st.sampled_from([0.5, 9.0, 26.0, 40.0, 75.0])
limits_drawn = st.fixed_dictionaries(
    {},
    optional={
        "max_spot_fraction": st.sampled_from([0.0, 0.3, 0.5]),
        "quota": st.fixed_dictionaries({"g4dn.xlarge": st.integers(1, 6)}),
        "max_distinct_types": st.integers(1, 2),
        "instance_types": st.sampled_from([("g5.*", "g6.*"), ("g4dn.*", "g6.*")]),
        "purchase_options": st.just(("on_demand",)),
    },
)


def cost(catalog: Catalog, demand: float, **limits: Any) -> float:
    """Cost per hour of the cheapest plan; infinite where there is none."""
    plan = optimize(
        Requirement(demand_per_second=demand, throughput_per_second=RATES),
        catalog,
        limits=Limits(**limits),
        gap=0.0,
    )
    return float("inf") if plan.cost_per_hour is None else plan.cost_per_hour


@quick
@given(price_tables, demands, limits_drawn, st.sampled_from(OFFERS), st.floats(0.1, 0.95))
def test_a_cheaper_price_never_raises_the_cost(
    priced: Priced,
    prices: dict[str, float],
    demand: float,
    limits: dict[str, Any],
    offer: str,
    factor: float,
) -> None:
    cheaper = {**prices, offer: prices[offer] * factor}
    before = cost(priced(prices), demand, **limits)
    assert cost(priced(cheaper), demand, **limits) <= before * (1 + 1e-9)


@quick
@given(price_tables, demands, limits_drawn, st.data())
def test_dropping_a_limit_never_raises_the_cost(
    priced: Priced,
    prices: dict[str, float],
    demand: float,
    limits: dict[str, Any],
    data: st.DataObject,
) -> None:
    catalog = priced(prices)
    dropped = data.draw(st.sampled_from(sorted(limits))) if limits else ""
    looser = {name: value for name, value in limits.items() if name != dropped}
    assert cost(catalog, demand, **looser) <= cost(catalog, demand, **limits) * (1 + 1e-9)


@quick
@given(price_tables, demands, st.integers(1, 5))
def test_more_quota_never_raises_the_cost(
    priced: Priced, prices: dict[str, float], demand: float, quota: int
) -> None:
    catalog = priced(prices)
    less, more = (
        cost(catalog, demand, quota={"g*": q, "g6.xlarge": 2}) for q in (quota, quota + 1)
    )
    assert more <= less * (1 + 1e-9)


@quick
@given(price_tables, demands, limits_drawn, st.sampled_from([0.01, 2.0, 1000.0]))
def test_all_prices_times_a_factor_give_the_cost_times_the_factor(
    priced: Priced,
    prices: dict[str, float],
    demand: float,
    limits: dict[str, Any],
    factor: float,
) -> None:
    scaled = {name: price * factor for name, price in prices.items()}
    expected = cost(priced(prices), demand, **limits) * factor
    assert cost(priced(scaled), demand, **limits) == pytest.approx(expected, rel=1e-9)


@quick
@given(price_tables, demands, st.floats(1.0, 3.0))
def test_a_smaller_demand_never_costs_more(
    priced: Priced, prices: dict[str, float], demand: float, factor: float
) -> None:
    catalog = priced(prices)
    assert cost(catalog, demand) <= cost(catalog, demand * factor) * (1 + 1e-9)


def chat(rate: float, **changes: Any) -> InferenceService:
    return InferenceService(
        **{
            "model": "meta-llama/Llama-3.1-8B-Instruct",
            "precision": ("bf16",),
            "traffic": Traffic.from_trace("azure-llm-2023-conv", requests_per_second=rate),
            "max_ttft_ms": 1500.0,
            "max_tpot_ms": 60.0,
            **changes,
        }
    )


def hourly(plan: Plan) -> float:
    return plan.require().cost_per_hour or 0.0


def test_a_looser_latency_never_costs_more(few: Catalog) -> None:
    costs = [hourly(optimize(chat(6, max_tpot_ms=ms), few)) for ms in (40.0, 60.0, 90.0, 200.0)]
    assert all(later <= sooner * (1 + 1e-4) for sooner, later in pairwise(costs))
    assert costs[-1] < costs[0]


def test_more_confidence_never_costs_less(few: Catalog) -> None:
    costs = [hourly(optimize(chat(6), few, confidence=c)) for c in (0.1, 0.5, 0.9)]
    assert costs[0] <= costs[1] * (1 + 1e-4)
    assert costs[1] <= costs[2] * (1 + 1e-4)
    assert costs[0] < costs[2]


def test_a_longer_horizon_costs_in_proportion_where_nothing_commits(few: Catalog) -> None:
    month, quarter = (optimize(chat(6), few, horizon_hours=h) for h in (730.0, 2190.0))
    assert (quarter.cost_total or 0) == pytest.approx(3 * (month.cost_total or 0), rel=1e-4)
    assert quarter.cost_per_hour == pytest.approx(hourly(month), rel=1e-4)


@pytest.mark.parametrize("rate", [1e-9, 1e-3])
def test_hardly_any_demand_rents_one_whole_instance(rate: float, few: Catalog) -> None:
    plan = optimize(chat(rate), few).require()
    (line,) = plan.lines
    assert line.count == 1
    assert line.utilisation is not None
    assert 0 <= line.utilisation < 0.01
    running = [offer for offer in few.offers.to_dict("records") if
               offer["instance_type"] in ("g5.xlarge", "g6.xlarge", "g6e.xlarge")]  # fmt: skip
    assert hourly(plan) >= min(offer["recurring_per_hour"] for offer in running)
    assert "NaN" not in plan.to_json()
