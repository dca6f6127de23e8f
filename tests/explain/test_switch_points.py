"""Switch points are true: each is tried by planning again on a catalogue with other prices."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

import pytest

from costopt.candidate.find import all_candidates
from costopt.catalog.catalog import Catalog
from costopt.explain.switch_points import SwitchPoint
from costopt.explain.why import Explanation
from costopt.plan.line import PlanLine
from costopt.plan.plan import Plan
from costopt.planning.search import search

PlanOf = Callable[[str], Plan]
ReasonsOf = Callable[[str], Explanation]

KINDS = (
    "chat", "classify", "summaries", "adapters", "pretraining", "node", "measured",
    "several",
)  # fmt: skip
WITH_RIVAL = ("chat", "classify", "summaries", "pretraining", "measured", "several")

GAPS = 5e-4
"""Two plans, each within 1e-4 of its bound, and a threshold known to 2e-4."""


def point(reasons: Explanation, *kinds: str) -> SwitchPoint:
    return next(point for point in reasons.switch_points if point.kind in kinds)


@dataclass(frozen=True)
class Answer:
    """What a request comes to at some prices."""

    lines: tuple[PlanLine, ...]

    @property
    def cost_total(self) -> float:
        return sum(line.line_cost_total for line in self.lines)


AnswerOf = Callable[[str], Answer]


def cost(plan: Plan | Answer) -> float:
    assert plan.cost_total is not None
    return plan.cost_total


def again(plan: Plan, catalog: Catalog, prices: Mapping[str, float]) -> Answer:
    """Plan the same request at other prices."""
    own = catalog.with_prices(prices_per_hour=prices, reason="a try")
    found = search(all_candidates(plan.request, own), plan.request, own)
    return Answer(tuple(line for item in found.operated for line in item.lines))


def lines_of(plan: Plan | Answer, provider: str, instance_type: str) -> list[PlanLine]:
    return [
        line
        for line in plan.lines
        if (line.offer.provider, line.offer.instance_type) == (provider, instance_type)
    ]


def prices_of_type(plan: Plan, catalog: Catalog, provider: str, name: str) -> dict[str, float]:
    """Today's price of each offer of an instance type that the request allows [USD/h]."""
    prices: dict[str, float] = {}
    for item in all_candidates(plan.request, catalog):
        offers = item.candidates.offers
        own = offers[(offers["provider"] == provider) & (offers["instance_type"] == name)]
        assert (own["currency"] == "USD").all()
        for row in own.itertuples():
            key = f"{provider}/{row.region}/{name}/{row.purchase_option}"
            prices[key] = float(row.recurring_per_hour)
    return prices


def rented(plan: Plan | Answer) -> dict[str, int]:
    """Instances by offer."""
    return {line.place: line.count for line in plan.lines}


@pytest.fixture(scope="module")
def without_main_type(planned: PlanOf, explained: ReasonsOf, states: Catalog) -> AnswerOf:
    """Plan with the type of a plan's own switch point at a thousand times its price."""

    @cache
    def plan(name: str) -> Answer:
        own = point(explained(name), "own_price", "too_close")
        provider, _, instance_type = own.key.split("/")
        prices = prices_of_type(planned(name), states, provider, instance_type)
        dear = {key: 1000 * price for key, price in prices.items()}
        instead = again(planned(name), states, dear)
        assert not lines_of(instead, provider, instance_type)
        return instead

    return plan


@pytest.mark.parametrize("name", WITH_RIVAL)
def test_a_rival_enters_the_plan_below_its_switch_point(
    name: str, planned: PlanOf, explained: ReasonsOf, states: Catalog
) -> None:
    rival = point(explained(name), "rival_price")
    cheaper = again(planned(name), states, {rival.key: 0.97 * rival.value})
    provider, _, instance_type, _ = rival.key.split("/")
    assert not lines_of(planned(name), provider, instance_type)
    assert lines_of(cheaper, provider, instance_type)
    assert cost(cheaper) < cost(planned(name))


@pytest.mark.parametrize("name", WITH_RIVAL)
def test_the_plan_stays_best_above_the_switch_point_of_its_rival(
    name: str, planned: PlanOf, explained: ReasonsOf, states: Catalog
) -> None:
    rival = point(explained(name), "rival_price")
    above = again(planned(name), states, {rival.key: 1.01 * rival.value})
    assert cost(above) == pytest.approx(cost(planned(name)), rel=GAPS)


@pytest.mark.parametrize("name", WITH_RIVAL)
def test_a_rivals_switch_point_is_below_its_price_of_today(
    name: str, planned: PlanOf, explained: ReasonsOf, states: Catalog
) -> None:
    rival = point(explained(name), "rival_price")
    provider, region, instance_type, option = rival.key.split("/")
    prices = prices_of_type(planned(name), states, provider, instance_type)
    today = prices[f"{provider}/{region}/{instance_type}/{option}"]
    assert 0 < rival.value < today
    assert rival.change_fraction == pytest.approx(rival.value / today - 1)


@pytest.mark.parametrize("name", KINDS)
def test_the_plan_is_beaten_where_its_own_switch_point_says_at_the_latest(
    name: str,
    planned: PlanOf,
    explained: ReasonsOf,
    without_main_type: AnswerOf,
    states: Catalog,
) -> None:
    plan, own = planned(name), point(explained(name), "own_price", "too_close")
    provider, _, instance_type = own.key.split("/")
    dearer = own.value * own.change_fraction / (1 + own.change_fraction)
    prices = prices_of_type(plan, states, provider, instance_type)
    moved = again(plan, states, {key: old + 1.05 * dearer for key, old in prices.items()})
    hours = sum(line.count * line.hours for line in lines_of(plan, provider, instance_type))
    as_it_was = cost(plan) + 1.05 * dearer * hours
    assert cost(moved) <= cost(without_main_type(name)) * (1 + GAPS)
    assert cost(moved) < as_it_was
    assert rented(moved) != rented(plan)


@pytest.mark.parametrize("name", KINDS)
def test_an_own_switch_point_is_the_difference_in_cost_over_the_hours_rented(
    name: str, planned: PlanOf, explained: ReasonsOf, without_main_type: AnswerOf
) -> None:
    """(C' - C) / u, with C' the cost without the type and u the hours that C rents of it."""
    plan, own = planned(name), point(explained(name), "own_price", "too_close")
    provider, _, instance_type = own.key.split("/")
    lines = lines_of(plan, provider, instance_type)
    hours = sum(line.count * line.hours for line in lines)
    dearer = (cost(without_main_type(name)) - cost(plan)) / hours
    price = max(lines, key=lambda line: line.line_cost_total).price_per_hour
    assert own.value - price == pytest.approx(dearer, abs=GAPS * cost(plan) / hours)


@pytest.mark.parametrize("name", KINDS)
def test_it_is_too_close_to_call_just_where_the_band_reaches_the_cost_without_the_type(
    name: str, planned: PlanOf, explained: ReasonsOf, without_main_type: AnswerOf
) -> None:
    plan, own = planned(name), point(explained(name), "own_price", "too_close")
    assert plan.cost_total_high is not None
    crossed = cost(without_main_type(name)) <= plan.cost_total_high
    assert (own.kind == "too_close") == crossed
    assert ("too close to call" in own.text) == crossed


@pytest.mark.parametrize("name", ["node", "measured"])
def test_nothing_is_too_close_to_call_where_nothing_is_predicted(
    name: str, planned: PlanOf, explained: ReasonsOf
) -> None:
    assert planned(name).cost_total_high == planned(name).cost_total
    assert all(point.kind != "too_close" for point in explained(name).switch_points)


@pytest.mark.parametrize("name", KINDS)
def test_there_are_at_most_three_switch_points_and_each_says_a_figure(
    name: str, explained: ReasonsOf
) -> None:
    points = explained(name).switch_points
    assert 1 <= len(points) <= 3
    assert len({point.kind for point in points}) == len(points)
    for found in points:
        assert any(letter.isdigit() for letter in found.text) or found.kind == "demand"


@pytest.mark.parametrize("name", ["classify", "several"])
def test_demand_may_grow_to_where_the_fullest_instance_is_full(
    name: str, planned: PlanOf, explained: ReasonsOf
) -> None:
    growth = point(explained(name), "demand")
    room = [
        line.max_utilisation / line.utilisation
        for line in planned(name).lines
        if line.utilisation and line.rate_origin
    ]
    assert growth.value == pytest.approx(min(room))
    assert growth.change_fraction == pytest.approx(growth.value - 1)
