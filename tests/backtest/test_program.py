"""The program of purchases: reference values, exhaustive search, the hourly program."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costopt.backtest.kinds import kinds_of_hours
from costopt.backtest.ledger import Owned, Tranche, read_owned, settle
from costopt.backtest.products import Market, read_market
from costopt.backtest.program import Effort, Purchases, Window, best_purchases
from costopt.backtest.usage import read_usage
from costopt.commitment.apply import Coverage, Floats, Integers, apply_commitments
from costopt.commitment.measures import coverage, effective_savings_rate, utilisation
from costopt.solve.hours.commitments import QuantityCommitments
from costopt.solve.hours.problem import HourlyProblem
from costopt.solve.hours.run import solve_hours
from costopt.solve.problem import ServingBlock

Case = tuple[Floats, Integers, Market, Window]

EFFORT = Effort(cells=10_000, gap=0.0, seconds=10.0)


def market(*rows: dict[str, object]) -> Market:
    frame = pd.DataFrame(list(rows))
    return read_market(frame, tuple(dict.fromkeys(frame["sku"])), None, None)


def row(sku: str, option: str, price: float, **more: object) -> dict[str, object]:
    term = {} if option == "on_demand" else {"term_years": 1.0, "payment": "no"}
    named = {"sku": sku, "purchase_option": option, "recurring_per_hour": price}
    return {**named, "currency": "USD", "kind": "", **term, **more}


def one_window(market: Market) -> Window:
    numbers = np.arange(len(market.products))
    return Window(product=numbers, first=np.zeros_like(numbers), end=np.ones_like(numbers))


def bought_at_once(units: Floats, of: Market, effort: Effort = EFFORT) -> Purchases:
    period = np.zeros(len(units), dtype=np.int64)
    return best_purchases(units, period, of, one_window(of), effort)


@pytest.mark.parametrize(
    ("discount", "best", "cost", "saving", "used", "covered"),
    [(0.3, 6, 7.8429, 0.1145, 0.8690, 0.5887), (0.5, 8, 6.4286, 0.2742, 0.8036, 0.7258)],
)
def test_the_reference_series_is_bought_for_by_the_program_and_measured(
    week_shape: pd.DataFrame,
    discount: float,
    best: int,
    cost: float,
    saving: float,
    used: float,
    covered: float,
) -> None:
    """k* is the largest k that usage reaches in 1 - d of the hours; here the program finds it."""
    offers = market(row("a", "on_demand", 1.0), row("a", "reserved", 1 - discount))
    # twice over, so that two calendar months are touched
    twice = pd.concat([week_shape, week_shape.set_axis(week_shape.index + pd.Timedelta("28D"))])
    usage = read_usage(twice)
    found = bought_at_once(usage.units, offers)
    assert found.amounts is not None
    assert found.amounts.tolist() == [best]
    nothing_owned = read_owned((), usage, offers)
    whole = Tranche(product=0, amount=float(best), first=0, end=len(usage.months))
    total = settle(usage, offers, nothing_owned, [whole]).sum()
    paid = total["commitments"] + total["on_demand"]
    assert found.bound == pytest.approx(paid, rel=1e-9)
    assert paid / len(twice) == pytest.approx(cost, abs=5e-5)
    assert effective_savings_rate(paid, total["list_cost"]) == pytest.approx(saving, abs=5e-5)
    committed = total["commitments"]
    assert utilisation(committed - total["unused"], committed) == pytest.approx(used, abs=5e-5)
    assert coverage(total["replaced"], total["list_cost"]) == pytest.approx(covered, abs=5e-5)


def test_flat_usage_is_committed_fully_and_no_discount_commits_nothing() -> None:
    flat = np.full((48, 1), 5.0)
    cheaper = market(row("a", "on_demand", 1.0), row("a", "reserved", 0.9))
    equal = market(row("a", "on_demand", 1.0), row("a", "reserved", 1.01))
    assert bought_at_once(flat, cheaper).amounts == pytest.approx([5])
    assert bought_at_once(flat, equal).amounts == pytest.approx([0])


def test_a_plan_of_money_spans_skus_that_take_turns() -> None:
    """a by day, b by night, 4.00 on demand, 3.00 under the plan: 3.00/h is used all day.

    Reserved at 2.80 each would be used half the time: 2.80 > 4.00 / 2.
    """
    units = np.tile([[1.0, 0.0], [0.0, 1.0]], (12, 1))
    offers = market(
        row("a", "on_demand", 4.0),
        row("b", "on_demand", 4.0),
        row("a", "reserved", 2.8),
        row("b", "reserved", 2.8),
        row("a", "savings_plan", 3.0, kind="compute"),
        row("b", "savings_plan", 3.0, kind="compute"),
    )
    found = bought_at_once(units, offers)
    assert found.amounts == pytest.approx([0, 0, 3.0])
    assert found.bound == pytest.approx(72.0)  # 24 x 3


def test_a_plan_of_money_alone_is_bounded_by_its_own_cost() -> None:
    """One unit all day and a second one by day: 3.00/h of 4.00/h; the second does not pay."""
    units = np.array([[1.0], [2.0]])
    offers = market(row("a", "on_demand", 4.0), row("a", "savings_plan", 3.0, kind="compute"))
    found = bought_at_once(units, offers)
    assert found.amounts == pytest.approx([3.0])
    assert found.bound == pytest.approx(10.0)  # 2 x 3 + 4


def test_a_search_without_time_has_no_purchases() -> None:
    offers = market(row("a", "on_demand", 1.0), row("a", "reserved", 0.7))
    units = np.random.default_rng(0).integers(0, 9, (50, 1)).astype(float)
    found = bought_at_once(units, offers, Effort(cells=100, gap=0.0, seconds=0.0))
    assert found.amounts is None
    assert found.bound >= 0


@st.composite
def small_cases(draw: st.DrawFn) -> Case:
    """Up to 6 hours in 2 periods, 2 SKUs with a product of one period and one of both."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    units = rng.integers(0, 4, (6, 2)).astype(float)
    prices = rng.uniform(1, 5, 2)
    offers = market(
        *(row(sku, "on_demand", float(price)) for sku, price in zip("ab", prices, strict=True)),
        row("a", "reserved", float(prices[0] * rng.uniform(0.3, 1.1))),
        row("b", "reserved", float(prices[1] * rng.uniform(0.3, 1.1))),
        row("a", "subscription", float(prices[0] * rng.uniform(0.3, 1.1))),
    )
    window = Window(
        product=np.array([0, 0, 1, 2]), first=np.array([0, 1, 0, 0]), end=np.array([1, 2, 2, 2])
    )
    return units, np.array([0, 0, 0, 1, 1, 1]), offers, window


def costs_of(case: Case, amounts: Floats) -> Floats:
    """Recost several sets of purchases hour by hour, without the program (sets,)."""
    units, period, offers, window = case
    hours, sets = len(period), len(amounts)
    in_force = (window.first[:, None] <= period) & (period < window.end[:, None])
    held = np.zeros((len(offers.products), sets, hours))
    np.add.at(held, window.product, amounts.T[:, :, None] * in_force[:, None, :])
    flat = held.reshape(len(offers.products), -1)
    done = apply_commitments(
        np.tile(units, (sets, 1)),
        offers.on_demand_per_hour,
        Coverage(
            amounts=flat,
            draws=np.array([one.draws for one in offers.products]),
            rank=np.array([one.rank for one in offers.products]),
        ),
    )
    prices = np.array([one.cost_per_hour for one in offers.products])
    hourly = prices @ flat + done.on_demand @ offers.on_demand_per_hour
    return np.asarray(hourly.reshape(sets, hours).sum(axis=1))


@settings(max_examples=40, deadline=None)
@given(small_cases())
def test_the_program_agrees_with_exhaustive_search(case: Case) -> None:
    units, period, offers, window = case
    found = best_purchases(units, period, offers, window, EFFORT)
    assert found.amounts is not None
    every = np.array(list(product(range(4), repeat=4)), dtype=float)
    cheapest = costs_of(case, every).min()
    assert costs_of(case, found.amounts[None, :])[0] == pytest.approx(cheapest)
    assert found.bound == pytest.approx(cheapest)


@pytest.mark.parametrize("seed", range(20))
def test_the_program_agrees_with_the_hourly_program(seed: int) -> None:
    """One block of one size for the SKU, an instance serving one unit an hour."""
    rng = np.random.default_rng(seed)
    used, share = rng.integers(1, 7, 12).astype(float), rng.uniform(0.3, 0.95)
    offers = market(row("a", "on_demand", 2.0), row("a", "reserved", 2.0 * share))
    block = ServingBlock(
        demand=np.ones(1),
        rates=np.ones((1, 1)),
        max_utilisation=np.ones(1),
        is_spot=np.zeros(1, dtype=bool),
    )
    problem = HourlyProblem(
        price_per_hour=np.array([2.0, 0.0]),
        server=np.zeros(2, dtype=np.int64),
        upper=np.full(2, np.inf),
        quantity=np.array([-1, 0]),
        blocks=(block,),
        weight=np.ones(12),
        demand_factor=used[None, :],
        quantities=QuantityCommitments(cost=np.array([24.0 * share]), upper=np.array([np.inf])),
    )
    solution = solve_hours(problem, gap=1e-9)
    assert solution.costs is not None
    found = bought_at_once(used[:, None], offers)
    assert found.bound == pytest.approx(solution.costs.objective, rel=1e-6)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_averaged_kinds_of_hours_bound_the_cost_from_below(seed: int) -> None:
    rng = np.random.default_rng(seed)
    units = rng.integers(0, 9, (60, 2)).astype(float)
    offers = market(
        row("a", "on_demand", 3.0),
        row("b", "on_demand", 5.0),
        row("a", "reserved", 1.8),
        row("a", "savings_plan", 2.0, kind="compute"),
        row("b", "savings_plan", 3.9, kind="compute"),
    )
    exact = bought_at_once(units, offers)
    averaged = bought_at_once(units, offers, Effort(cells=10, gap=0.0, seconds=10.0))
    assert averaged.bound <= exact.bound * (1 + 1e-9)


def test_kinds_keep_hours_total_usage_and_periods_apart() -> None:
    units = np.array([[1.0], [1.0], [2.0], [5.0], [1.0], [9.0]])
    period = np.array([0, 0, 0, 0, 1, 1])
    exact = kinds_of_hours(units, period, most=10)
    assert exact.weight_hours.tolist() == [2, 1, 1, 1, 1]
    few = kinds_of_hours(units, period, most=4)
    assert len(few.weight_hours) == 4
    assert few.weight_hours @ few.units[:, 0] == pytest.approx(19.0)
    assert [few.weight_hours[few.period == one].sum() for one in (0, 1)] == [4, 2]


def test_owned_rows_of_nothing_have_no_cost(week_shape: pd.DataFrame) -> None:
    offers = market(row("a", "on_demand", 1.0))
    twice = pd.concat([week_shape, week_shape.set_axis(week_shape.index + pd.Timedelta("28D"))])
    usage = read_usage(twice)
    nothing: Owned = read_owned((), usage, offers)
    ledger = settle(usage, offers, nothing, ())
    assert ledger["commitments"].sum() == 0
    assert ledger["on_demand"].sum() == pytest.approx(ledger["list_cost"].sum())
