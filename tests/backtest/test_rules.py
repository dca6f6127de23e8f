"""Rules: levels by hand and by search, and what a rule of one's own may buy."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import costopt as co
from costopt.backtest.levels import newsvendor_spend, reached_level, whole_level
from costopt.backtest.products import Market, read_market
from costopt.backtest.rules import Past, decided, read_rule
from costopt.commitment.apply import Coverage, Floats, apply_commitments

USED = np.array([2.0, 3.0, 3.0, 5.0, 9.0])


def test_a_level_is_reached_in_at_least_the_fraction_of_hours() -> None:
    assert reached_level(USED, 1.0) == 2
    assert reached_level(USED, 0.8) == 3  # 4 of 5 hours
    assert reached_level(USED, 0.4) == 5
    assert reached_level(USED, 0.0) == 9


def test_the_newsvendors_level_is_used_in_the_break_even_share_of_hours() -> None:
    """At 0.7 of the on-demand price: 3 is reached in 0.8 of the hours, 5 in 0.4."""
    assert whole_level(USED, 0.7) == 3
    assert whole_level(USED / 2, 0.7) == 1  # 1.5, and only whole units exist
    assert whole_level(USED, 1.2) == 0


def charged(units: Floats, rates: Floats, on_demand: Floats, spend: float) -> float:
    coverage = Coverage(
        amounts=np.full((1, len(units)), spend),
        draws=rates[None, :],
        rank=np.array([2], dtype=np.int64),
    )
    left = apply_commitments(units, on_demand, coverage).on_demand
    return float(spend * len(units) + (left @ on_demand).sum())


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 3), st.integers(1, 8))
def test_the_newsvendors_money_is_the_cheapest(seed: int, skus: int, hours: int) -> None:
    """Cost is piecewise linear in the money committed, with breaks where usage is filled up."""
    rng = np.random.default_rng(seed)
    units = rng.integers(0, 5, (hours, skus)).astype(float)
    on_demand = rng.uniform(1, 5, skus)
    rates = on_demand * rng.uniform(0.3, 0.95, skus)
    best = newsvendor_spend(units, rates, on_demand)
    order = np.argsort(-on_demand / rates, kind="stable")
    breaks = np.append(np.cumsum(units[:, order] * rates[order], axis=1).ravel(), 0.0)
    cheapest = min(charged(units, rates, on_demand, spend) for spend in breaks)
    assert charged(units, rates, on_demand, best) == pytest.approx(cheapest)


def two_skus() -> Market:
    rows = [
        {"sku": "a", "purchase_option": "on_demand", "recurring_per_hour": 4.0},
        {"sku": "b", "purchase_option": "on_demand", "recurring_per_hour": 2.0},
        {"sku": "a", "purchase_option": "reserved", "recurring_per_hour": 2.8, "term_years": 1.0},
        {"sku": "a", "purchase_option": "reserved", "recurring_per_hour": 2.4, "term_years": 3.0},
        {"sku": "a", "purchase_option": "savings_plan", "kind": "compute",
         "recurring_per_hour": 3.0, "term_years": 1.0},
        {"sku": "b", "purchase_option": "savings_plan", "kind": "compute",
         "recurring_per_hour": 1.5, "term_years": 1.0},
    ]  # fmt: skip
    frame = pd.DataFrame(rows).assign(currency="USD")
    frame["payment"] = np.where(frame["purchase_option"] == "on_demand", "", "no")
    return read_market(frame, ("a", "b"), None, None)


def past(market: Market, a: list[float], b: list[float]) -> Past:
    """Hours before the first of March 2026."""
    index = pd.date_range(end="2026-02-28 23:00", periods=len(a), freq="h", tz="UTC")
    used = pd.DataFrame({"a": a, "b": b}, index=index, dtype=float)
    return Past(date="2026-03-01", usage=used, uncovered=used, in_force=(), market=market)


@pytest.mark.parametrize(
    ("rule", "amounts"),
    [
        # a reserved for three years: 2 in every hour; then of the plan 0 of a, 1 x 1.50 of b
        ("minimum", [0, 2, 1.5]),
        # a: 3 in four of five hours; the plan: 0.00 + 1.50, 1.50, 1.50, 7.50, 19.50
        ("percentile", [0, 3, 1.5]),
        # a: 2.40/4.00 = 0.6 of the hours use 3; the plan pays where used in 0.75 of them
        ("newsvendor", [0, 3, 1.5]),
        ("program", [0, 3, 1.5]),
    ],
)
def test_a_named_rule_buys_the_cheapest_product_to_its_level(
    rule: Any, amounts: list[float]
) -> None:
    known = past(two_skus(), a=[2, 3, 3, 5, 9], b=[1, 1, 1, 1, 1])
    assert decided(read_rule(rule), known) == pytest.approx(amounts)


def test_a_rule_looks_at_its_last_months_alone() -> None:
    """January: 9 of a; February: 1. One month sees 1, two months see 1 at least, too."""
    hours = 24 * 28
    known = past(two_skus(), a=[9.0] * hours + [1.0] * hours, b=[0.0] * 2 * hours)
    last = co.CommitmentRule(kind="percentile", months=1, reached_in=0.5)
    both = co.CommitmentRule(kind="percentile", months=2, reached_in=0.5)
    assert decided(last, known).tolist() == [0, 1, 0]
    assert decided(both, known).tolist() == [0, 9, 0]


def test_an_own_rule_is_handed_the_past_and_names_products() -> None:
    known = past(two_skus(), a=[2, 3], b=[1, 1])

    def half_the_minimum(what: Past) -> dict[str, float]:
        return {"a/reserved/1y/no": what.usage["a"].min() // 2, "savings_plan/compute/1y/no": 0.25}

    assert decided(read_rule(half_the_minimum), known).tolist() == [1, 0, 0.25]


@pytest.mark.parametrize(
    ("bought", "sentence"),
    [
        (
            {"a/reserved/2y/no": 1},
            "Unknown product .* Did you mean a/reserved/3y/no, a/reserved/1y",
        ),
        ({"a/reserved/1y/no": 1.5}, "it buys 1.5 of a/reserved/1y/no; only whole units exist"),
        ({"a/reserved/1y/no": -1}, "it buys -1 of a/reserved/1y/no; give at least 0"),
        ({"a/reserved/1y/no": float("nan")}, "it buys nan"),
        ([1, 2], "it gave a list; it must give a table"),
    ],
)
def test_what_cannot_be_bought_is_refused(bought: Any, sentence: str) -> None:
    known = past(two_skus(), a=[2, 3], b=[1, 1])
    with pytest.raises(co.CostoptError, match=sentence):
        decided(lambda _: bought, known)


def test_an_unknown_rule_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(co.CostoptError, match="Unknown rule 'newsvender'"):
        read_rule("newsvender")  # type: ignore[arg-type]
    with pytest.raises(co.CostoptError, match="int is no rule; give minimum, percentile"):
        read_rule(3)  # type: ignore[arg-type]
    with pytest.raises(co.CostoptError, match="months = 0: must be above 0"):
        co.CommitmentRule(kind="minimum", months=0)
