"""The walk through past months: what is known when, terms, regret, and how it reads."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import costopt as co
from costopt.backtest.rules import Past

RULES = ("minimum", "percentile", "newsvendor", "program")

MONTHS = 14


def price_rows(sku: str, price: float) -> list[dict[str, Any]]:
    row = {"sku": sku, "currency": "USD", "recurring_per_hour": price}
    term = {"term_years": 1.0, "payment": "no"}
    return [
        {**row, "purchase_option": "on_demand"},
        {**row, **term, "purchase_option": "reserved", "recurring_per_hour": 0.6 * price},
        {**row, **term, "purchase_option": "savings_plan", "kind": "compute",
         "recurring_per_hour": 0.75 * price},
    ]  # fmt: skip


PRICES = pd.DataFrame([*price_rows("a", 1.0), *price_rows("b", 2.0)])

RESERVED_ONLY = PRICES[PRICES["purchase_option"] != "savings_plan"]


def usage_of(levels: list[tuple[float, float]], hours_a_month: int = 24) -> pd.DataFrame:
    """Usage of a and b, each month at its own level with a little more by day.

    Months are whole, so that a year covers twelve of them.
    """
    index = pd.date_range(
        "2024-01-01", pd.Timestamp("2024-01-01") + pd.DateOffset(months=len(levels)), freq="h",
        inclusive="left",
    )  # fmt: skip
    month = (index.year - 2024) * 12 + index.month - 1
    day = (index.hour >= 8) & (index.hour < 20)
    table = np.array(levels)[month] + np.where(day, 1.0, 0.0)[:, None]
    return pd.DataFrame(table, index=index, columns=["a", "b"])


GROWING = usage_of([(2.0 + month // 4, 3.0) for month in range(MONTHS)])


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_lies_between_hindsight_and_the_list(rule: Any) -> None:
    told = co.backtest_commitments(GROWING, PRICES, rule)
    assert told.bound_in_hindsight <= told.cost_in_hindsight <= told.cost < told.cost_of_nothing
    assert told.regret >= 0
    assert told.saving == pytest.approx(told.cost_of_nothing - told.cost)
    assert told.list_cost == pytest.approx(float((GROWING.to_numpy() @ [1.0, 2.0]).sum()))


def test_a_flat_year_is_told_by_hand() -> None:
    """2 of a at 1.00, reserved at 0.60, from the second of three months on (2026: 31, 28, 31).

    January on demand: 744 x 2 = 1,488. Then 1,416 h x 2 x 0.60 = 1,699.20; in hindsight all
    2,160 h x 1.20 = 2,592. Locked in: to the end of January 2027, 8,760 - 1,416 = 7,344 h.
    """
    index = pd.date_range("2026-01-01", periods=2160, freq="h")
    used = pd.DataFrame({"a": 2.0}, index=index)
    told = co.backtest_commitments(used, RESERVED_ONLY[RESERVED_ONLY["sku"] == "a"], "minimum")
    assert told.cost == pytest.approx(1488 + 1699.2)
    assert (told.cost_of_nothing, told.cost_in_hindsight) == pytest.approx((4320, 2592))
    assert told.regret == pytest.approx(595.2)  # 744 x 0.80
    assert told.regret_against_nothing == pytest.approx(-1132.8)  # 1,416 x 0.80
    assert told.effective_savings_rate == pytest.approx(1132.8 / 4320)
    assert told.coverage == pytest.approx(1416 / 2160)
    assert told.utilisation == pytest.approx(1.0)
    assert told.waste == pytest.approx(0.0)
    assert told.lock_in == pytest.approx(7344 * 1.2)
    assert [one.name for one in told.bought] == ["a/reserved/1y/no of 2026-02"]
    assert (told.bought[0].starts, told.bought[0].expires) == ("2026-02-01", "2027-01-31")


def test_a_term_expires_and_is_bought_again() -> None:
    """Flat usage: bought in February 2024, and again when the year is over in February 2025."""
    told = co.backtest_commitments(usage_of([(2.0, 0.0)] * MONTHS), RESERVED_ONLY, "minimum")
    starts = [(one.starts, dict(one.quantities)) for one in told.bought]
    assert starts == [("2024-02-01", {"a": 2.0}), ("2025-02-01", {"a": 2.0})]


def test_usage_that_vanishes_leaves_waste_and_regret() -> None:
    """Ten of a until March, then one by day alone.

    In hindsight one is reserved at 0.60: used in 60 of 182 days, and half of the other 122, it is
    used in 0.665 of the hours; a second one would be in 0.330.
    """
    told = co.backtest_commitments(
        usage_of([(9.0, 0.0)] * 2 + [(0.0, 0.0)] * 4), RESERVED_ONLY, "newsvendor"
    )
    assert told.waste > 0
    assert told.regret_against_nothing > 0
    assert [dict(one.quantities) for one in told.bought_in_hindsight] == [{"a": 1.0}]


def test_buying_nothing_costs_the_list_and_has_no_utilisation() -> None:
    told = co.backtest_commitments(GROWING, PRICES, lambda past: {})
    assert told.cost == pytest.approx(told.list_cost)
    assert (told.bought, told.utilisation, told.coverage) == ((), None, 0)
    assert told.to_frame()["utilisation"].isna().all()
    assert "utilisation - (nothing committed)" in str(told)


def early(told: co.CommitmentBacktest, before: str) -> list[tuple[str, str, float]]:
    return [
        (one.name, one.starts, one.recurring_per_hour)
        for one in told.bought
        if one.starts <= before
    ]


SHORT = usage_of([(3.0, 2.0), (4.0, 2.0), (2.0, 5.0), (6.0, 1.0), (3.0, 3.0)])


@cache
def as_it_was(rule: Any) -> co.CommitmentBacktest:
    return co.backtest_commitments(SHORT, PRICES, rule)


@pytest.mark.parametrize("rule", RULES)
@settings(max_examples=6, deadline=None)
@given(first=st.integers(1, 4), seed=st.integers(0, 2**32 - 1))
def test_altering_later_months_changes_no_earlier_decision(
    rule: Any, first: int, seed: int
) -> None:
    """Everything from the altered month on differs; decisions up to its start are the same."""
    rng = np.random.default_rng(seed)
    altered = SHORT.copy()
    starts = pd.Timestamp(2024, first + 1, 1)
    later = altered.index >= starts
    altered.loc[later] = rng.integers(0, 12, (int(later.sum()), 2)).astype(float)
    other = co.backtest_commitments(altered, PRICES, rule)
    day = starts.date().isoformat()
    assert early(as_it_was(rule), day) == early(other, day)


def test_an_own_rule_sees_nothing_of_the_month_it_buys_for() -> None:
    seen: list[tuple[str, str, int]] = []

    def watching(past: Past) -> Mapping[str, float]:
        seen.append((past.date, f"{past.usage.index.max():%Y-%m-%d %H}", len(past.in_force)))
        past.usage.loc[:, "a"] = 0.0
        return {"a/reserved/1y/no": 1}

    told = co.backtest_commitments(SHORT, PRICES, watching)
    assert seen == [
        ("2024-02-01", "2024-01-31 23", 0),
        ("2024-03-01", "2024-02-29 23", 1),
        ("2024-04-01", "2024-03-31 23", 2),
        ("2024-05-01", "2024-04-30 23", 3),
    ]
    assert told.list_cost == pytest.approx(float((SHORT.to_numpy() @ [1.0, 2.0]).sum()))
    assert "own rule watching" in str(told)


def owned(**changed: Any) -> co.Commitment:
    fields = {
        "name": "old", "kind": "reserved", "quantities": {"a": 3}, "recurring_per_hour": 1.5,
        "currency": "USD", "term_years": 1.0, "starts": "2023-03-01", "expires": "2024-02-29",
    }  # fmt: skip
    return co.Commitment(**{**fields, **changed})


def test_what_is_owned_is_used_first_and_bought_anew_when_it_ends() -> None:
    """3 of a are owned to the end of February: a rule buys them for March, not before."""
    flat = usage_of([(3.0, 0.0)] * 4)
    told = co.backtest_commitments(flat, RESERVED_ONLY, "minimum", owned=[owned()])
    assert [one.starts for one in told.bought if "a" in one.quantities] == ["2024-03-01"]
    january = told.months.iloc[0]
    assert january["commitments"] == pytest.approx(744 * 1.5)
    assert january["replaced"] == pytest.approx(744 * 3.0)


def test_a_term_that_ends_within_a_month_covers_its_last_day() -> None:
    """14 of the 29 days of February 2024; a rule counts on it on 1 February, not on 1 March."""
    flat, one = usage_of([(3.0, 0.0)] * 4), owned(starts="2023-02-15", expires="2024-02-14")
    told = co.backtest_commitments(flat, RESERVED_ONLY, "minimum", owned=[one])
    february = told.months.loc["2024-02"]
    assert february["replaced"] == pytest.approx(14 * 24 * 3.0)
    assert february["commitments"] == pytest.approx(14 * 24 * 1.5)
    assert [one.starts for one in told.bought if "a" in one.quantities] == ["2024-03-01"]


def test_an_own_rule_cannot_change_the_prices_that_it_is_judged_by() -> None:
    def cheating(past: Past) -> Mapping[str, float]:
        past.market.products[0].rates[:] = 0.0
        return {}

    with pytest.raises(ValueError, match="read-only"):
        co.backtest_commitments(SHORT, PRICES, cheating)


def test_owned_money_covers_by_its_rates() -> None:
    """1.50/h covers two units of a at 0.75, in place of 2.00/h."""
    one = owned(kind="savings_plan", plan="compute", quantities={}, spend_per_hour=1.5,
                rates={"a": 0.75})  # fmt: skip
    told = co.backtest_commitments(
        usage_of([(3.0, 0.0)] * 2), RESERVED_ONLY, lambda past: {}, owned=[one]
    )
    assert told.months["replaced"].iloc[0] == pytest.approx(744 * 2.0)


def test_owned_money_that_purchases_set_free_does_not_break_the_bound() -> None:
    """0.75/h of owned money covers one a at 0.75 (25 % off) before one b at 1.60 (20 % off).

    A reserved a at 0.60 leaves the money to b: 0.75 / 1.60 of it, worth 0.9375 of its 2.00.
    """
    one = owned(kind="savings_plan", plan="compute", quantities={}, spend_per_hour=0.75,
                recurring_per_hour=0.75, rates={"a": 0.75, "b": 1.6},
                expires="2024-12-31", term_years=1.0)  # fmt: skip
    index = pd.date_range("2024-01-31", periods=24 * 3, freq="h")
    used = pd.DataFrame({"a": 1.0, "b": 1.0}, index=index)
    of_a = RESERVED_ONLY[
        (RESERVED_ONLY["sku"] == "a") | (RESERVED_ONLY["recurring_per_hour"] > 1.5)
    ]
    told = co.backtest_commitments(used, of_a, lambda past: {"a/reserved/1y/no": 1}, owned=[one])
    february = told.months.iloc[1]
    assert february["on_demand"] == pytest.approx(48 * (2.0 - 0.9375))
    assert told.bound_in_hindsight <= told.cost_in_hindsight <= told.cost


@pytest.mark.parametrize(
    ("one", "sentence"),
    [
        (owned(quantities={"aa": 1}), "Unknown SKU of the commitment old 'aa'"),
        (owned(currency="EUR"), "old is in EUR and the prices in USD"),
        ("old", "str is not a Commitment"),
    ],
)
def test_owned_commitments_that_do_not_fit_are_refused(one: Any, sentence: str) -> None:
    with pytest.raises(co.CostoptError, match=sentence):
        co.backtest_commitments(SHORT, PRICES, "minimum", owned=[one])


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"owned": None}, "give a list of co.Commitment records"),
        ({"currency": "CNY", "catalog": "bundled"}, "give a Catalog, such as Catalog.bundled"),
    ],
)
def test_arguments_of_another_kind_are_refused(given: Any, sentence: str) -> None:
    with pytest.raises(co.CostoptError, match=sentence):
        co.backtest_commitments(SHORT, PRICES, "minimum", **given)


@pytest.mark.parametrize("rule", RULES)
def test_one_more_product_never_worsens_hindsight(rule: Any) -> None:
    fewer = co.backtest_commitments(SHORT, RESERVED_ONLY, rule)
    more = co.backtest_commitments(SHORT, PRICES, rule)
    assert more.bound_in_hindsight <= fewer.cost_in_hindsight * (1 + 1e-9)


def test_scaling_all_prices_scales_the_cost_and_keeps_decisions() -> None:
    scaled = PRICES.assign(recurring_per_hour=PRICES["recurring_per_hour"] * 7)
    once = co.backtest_commitments(SHORT, PRICES, "newsvendor")
    seven = co.backtest_commitments(SHORT, scaled, "newsvendor")
    assert seven.cost == pytest.approx(7 * once.cost)
    assert [one.quantities for one in seven.bought] == [one.quantities for one in once.bought]


def test_the_months_add_up() -> None:
    told = co.backtest_commitments(GROWING, PRICES, "newsvendor")
    frame = told.to_frame()
    assert list(frame.index[:2]) == ["2024-01", "2024-02"]
    assert len(frame) == MONTHS
    assert frame["cost"].sum() == pytest.approx(told.cost)
    assert frame["list_cost"].sum() == pytest.approx(
        frame["replaced"].sum() + frame["on_demand"].sum()
    )
    assert frame["cash"].sum() == pytest.approx(told.cost)  # nothing is paid upfront


def test_a_term_paid_upfront_is_cash_in_its_month() -> None:
    """2 of a at 0.60 for a year of 8,760 h, paid in February."""
    upfront = RESERVED_ONLY.assign(upfront=np.nan)
    is_reserved = upfront["purchase_option"] == "reserved"
    upfront.loc[is_reserved, "recurring_per_hour"] = 0.0
    upfront.loc[is_reserved, "payment"] = "all"
    upfront.loc[is_reserved, "upfront"] = 0.6 * 8760
    told = co.backtest_commitments(usage_of([(2.0, 0.0)] * 4), upfront, "minimum")
    assert told.months["cash"].iloc[1] == pytest.approx(
        2 * 0.6 * 8760 + told.months["on_demand"].iloc[1]
    )
    assert told.months["cash"].iloc[2] == pytest.approx(told.months["on_demand"].iloc[2])


def test_a_backtest_reads_as_text_and_in_a_notebook() -> None:
    told = co.backtest_commitments(GROWING, PRICES, "newsvendor")
    text = str(told)
    assert text.startswith("newsvendor over the last 3 months: $")
    assert "The best purchases in hindsight cost" in text
    assert "2024-02" in text
    assert "Bought" in text
    assert max(len(line) for line in text.splitlines()) <= 100
    assert repr(told) == text
    assert told._repr_html_().startswith("<p><b>newsvendor over the last 3 months")
