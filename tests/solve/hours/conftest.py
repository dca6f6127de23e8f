"""Small problems over hours, and an exhaustive search that shares no code with the solver."""

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from costopt.solve.hours.commitments import QuantityCommitments, SpendCommitments
from costopt.solve.hours.problem import HourlyProblem
from costopt.solve.problem import LimitRow, ServingBlock

FloatArray = NDArray[np.float64]

EXACT = 1e-9
"""Rounding error of the search's sums."""


@pytest.fixture
def over_hours() -> Callable[..., HourlyProblem]:
    """One bucket of one request a second at a factor of 1, one server for each rate."""

    def build(
        factors: list[float],
        *,
        rates: list[float],
        prices: list[float],
        server: list[int] | None = None,
        quantity: list[int] | None = None,
        upper: list[float] | None = None,
        weight: list[float] | None = None,
        **parts: object,
    ) -> HourlyProblem:
        block = ServingBlock(
            demand=np.ones(1),
            rates=np.array(rates, dtype=float)[:, None],
            max_utilisation=np.ones(len(rates)),
            is_spot=np.zeros(len(rates), dtype=bool),
        )
        offers = len(prices)
        arrays = {
            "price_per_hour": np.array(prices, dtype=float),
            "server": np.arange(offers) if server is None else np.array(server),
            "upper": np.array(upper or [np.inf] * offers, dtype=float),
            "quantity": np.full(offers, -1) if quantity is None else np.array(quantity),
            "blocks": (block,),
            "weight": np.ones(len(factors)) if weight is None else np.array(weight, dtype=float),
            "demand_factor": np.array([factors], dtype=float),
        }
        return HourlyProblem(**(arrays | parts))  # type: ignore[arg-type]

    return build


@pytest.fixture
def draw_hours() -> Callable[[int], HourlyProblem]:
    """Draw a problem small enough to search through, the same one for the same seed."""
    return _draw_hours


def _draw_hours(seed: int) -> HourlyProblem:
    random = np.random.default_rng(seed)
    hours = int(random.integers(2, 5))
    rates = random.integers(1, 4, 2).astype(float)
    hourly = random.integers(2, 9, 2).astype(float)
    prices = np.concatenate([hourly, np.zeros(2)])
    block = ServingBlock(
        demand=np.ones(1),
        rates=rates[:, None],
        max_utilisation=np.ones(2),
        is_spot=np.zeros(2, dtype=bool),
    )
    weight = random.integers(1, 4, hours).astype(float)
    available = random.random((2, hours)) < 0.8 if random.random() < 0.4 else None
    limit = LimitRow(
        name="quota",
        offer_coefficients=np.array([1.0, 1.0, 0.0, 0.0]),
        upper=float(random.integers(2, 5)),
    )
    return HourlyProblem(
        price_per_hour=prices,
        server=np.array([0, 1, 0, 1]),
        upper=np.full(4, 3.0),
        quantity=np.array([-1, -1, 0, 1]),
        blocks=(block,),
        rows=(limit,) if random.random() < 0.4 else (),
        weight=weight,
        demand_factor=random.integers(0, 5, (1, hours)).astype(float),
        quantities=QuantityCommitments(
            cost=np.round(hourly * weight.sum() * random.uniform(0.2, 0.9, 2), 1),
            upper=np.array([2.0, 2.0]),
            available=available,
        ),
        spends=_draw_plan(random, hourly, hours, weight.sum()),
    )


def _draw_plan(
    random: np.random.Generator, hourly: FloatArray, hours: int, horizon: float
) -> SpendCommitments:
    if random.random() < 0.5:
        return SpendCommitments.none()
    return SpendCommitments(
        cost=np.array([horizon]),
        upper=np.array([np.inf]),
        owned=np.full((1, hours), float(random.integers(0, 2))),
        rate=np.array([[hourly[0] * 0.5, hourly[1] * random.uniform(0.4, 1.0), np.nan, np.nan]]),
        other_usage=random.integers(0, 3, (1, hours)).astype(float),
        other_price=np.array([2.0]),
        other_rate=np.array([[1.2]]),
    )


@pytest.fixture
def cheapest_by_search() -> Callable[[HourlyProblem], float | None]:
    """Cheapest cost by trying every commitment and every count; None = impossible."""
    return _cheapest_by_search


def _cheapest_by_search(problem: HourlyProblem) -> float | None:
    """Try all whole commitments, all counts, and every amount of money that usage can take.

    With counts given, the cost is piecewise linear in the money committed, with kinks only
    where it pays for some first items of the plan's order in some hour.
    """
    most = problem.upper.astype(int)
    counts = np.array(list(product(*(range(count + 1) for count in most))))
    rates = problem.blocks[0].rates[problem.server, 0]
    allowed = np.ones(len(counts), dtype=bool)
    for row in problem.rows:
        allowed &= counts @ row.offer_coefficients <= row.upper + EXACT
    counts = counts[allowed]
    best = np.inf
    held = [range(int(upper) + 1) for upper in problem.quantities.upper]
    for quantities in product(*held):
        for money in _amounts_of_money(problem, counts):
            cost = float(np.dot(quantities, problem.quantities.cost))
            cost += money * float(problem.spends.cost.sum())
            for hour, factor in enumerate(problem.demand_factor[0]):
                fits = counts @ rates >= factor - EXACT
                fits &= _within(problem, counts, quantities, hour)
                if not fits.any():
                    cost = np.inf
                    break
                bill = _bills(problem, counts[fits], hour, money)
                cost += problem.weight[hour] * bill.min()
            best = min(best, cost)
    return None if best == np.inf else best


def _within(
    problem: HourlyProblem, counts: NDArray[np.int64], quantities: tuple[int, ...], hour: int
) -> NDArray[np.bool_]:
    fits = np.ones(len(counts), dtype=bool)
    for commitment, held in enumerate(quantities):
        available = problem.quantities.available
        usable = held if available is None or available[commitment, hour] else 0
        fits &= counts[:, problem.quantity == commitment].sum(axis=1) <= usable
    return fits


def _items(
    problem: HourlyProblem, counts: NDArray[np.int64], hour: int
) -> list[tuple[float, ...]]:
    """(saving, price, rate) of everything eligible, highest saving first, and its usage."""
    spends = problem.spends
    price = [*problem.price_per_hour, *spends.other_price]
    rate = [*spends.rate[0], *spends.other_rate[0]]
    ranked = [
        (1 - rate[item] / price[item], price[item], rate[item], item)
        for item in range(len(price))
        if np.isfinite(rate[item])
    ]
    return sorted(ranked, key=lambda item: (-item[0], item[2]))


def _usage(problem: HourlyProblem, counts: NDArray[np.int64], hour: int, item: int) -> FloatArray:
    if item < problem.offer_count:
        return counts[:, item].astype(float)
    line = item - problem.offer_count
    return np.full(len(counts), problem.spends.other_usage[line, hour])


def _amounts_of_money(problem: HourlyProblem, counts: NDArray[np.int64]) -> list[float]:
    if not len(problem.spends):
        return [0.0]
    found = {0.0}
    for hour in range(problem.hour_count):
        spent = np.full(len(counts), -problem.spends.owned[0, hour])
        for _, _, rate, item in _items(problem, counts, hour):
            spent = spent + rate * _usage(problem, counts, hour, int(item))
            found |= set(np.round(spent[spent > 0], 9).tolist())
    return sorted(found)


def _bills(
    problem: HourlyProblem, counts: NDArray[np.int64], hour: int, money: float
) -> FloatArray:
    bill: FloatArray = counts @ problem.price_per_hour
    if not len(problem.spends):
        return bill
    bill = bill + problem.spends.other_price @ problem.spends.other_usage[:, hour]
    left = np.full(len(counts), money + problem.spends.owned[0, hour])
    for _, price, rate, item in _items(problem, counts, hour):
        taken = np.minimum(left, rate * _usage(problem, counts, hour, int(item)))
        left = left - taken
        bill = bill - taken * price / rate
    return bill
