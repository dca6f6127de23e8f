"""What limits are worth, other plans, and why an offer is not taken: each is planned again.

The workload brings its own rates, so that a handful of AWS types is planned in milliseconds.
"""

from itertools import product
from math import ceil

import pytest

from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError, UnknownNameError
from costopt.explain.easings import easings
from costopt.explain.limit_worth import LimitWorth, limit_worths
from costopt.plan.plan import Plan
from costopt.planning.optimize_request import answer_request, optimize
from costopt.workload.limits import Limits
from costopt.workload.requirement import Requirement

RATES = {"g4dn.xlarge": 7.0, "g5.xlarge": 9.0, "g6.xlarge": 11.0}
DEMAND = 100.0
WANTED = Requirement(demand_per_second=DEMAND, throughput_per_second=RATES)
PRICES = {"g4dn.xlarge": 0.5, "g5.xlarge": 1.0, "g6.xlarge": 0.8}


@pytest.fixture(scope="module")
def three(bundled: Catalog) -> Catalog:
    """Three types in one region on demand, at round prices [USD/h]."""
    few = bundled.filter(
        providers=["aws"],
        regions=["us-east-1"],
        instance_types=list(RATES),
        purchase_options=["on_demand"],
    )
    return few.with_prices(
        prices_per_hour={f"aws/us-east-1/{name}/on_demand": p for name, p in PRICES.items()}
    )


def hourly(counts: tuple[int, ...]) -> float:
    return sum(count * PRICES[name] for count, name in zip(counts, RATES, strict=True))


def cheapest(most_first: int = 99, least: tuple[str, int] = ("g4dn.xlarge", 0)) -> float:
    """Exhaustive search over whole counts of the three types [USD/h]."""
    name, at_least = least
    position = list(RATES).index(name)
    most = [ceil(DEMAND / rate) + at_least for rate in RATES.values()]
    return min(
        hourly(counts)
        for counts in product(*(range(count + 1) for count in most))
        if sum(c * r for c, r in zip(counts, RATES.values(), strict=True)) >= DEMAND
        and counts[position] >= at_least
        and counts[0] <= most_first
    )


def worths(plan: Plan, catalog: Catalog) -> dict[str, LimitWorth]:
    return {worth.key: worth for worth in limit_worths(plan, plan._workloads, catalog)}


def test_one_more_of_a_quota_saves_what_planning_with_it_saves(three: Catalog) -> None:
    plan = optimize(WANTED, three, limits=Limits(quota={"g4dn.xlarge": 1})).require()
    worth = worths(plan, three)[":quota:g4dn.xlarge"]
    # One of 7/s and nine of 11/s cost 0.5 + 7.2; two and eight, 14 + 88, are 1.0 + 6.4.
    expected = cheapest(most_first=1) - cheapest(most_first=2)
    assert expected == pytest.approx(7.7 - 7.4)
    assert worth.saving == pytest.approx(730 * expected)
    assert f"one more saves ${730 * expected:,.0f}/month" in worth.text
    bound = next(text for text in plan.explain()._binding_in_words() if "quota" in text)
    assert bound == f"quota g4dn.xlarge: 1 of 1 instance; {worth.text}"


def test_a_quota_that_leaves_room_saves_nothing(three: Catalog) -> None:
    plan = optimize(WANTED, three, limits=Limits(quota={"g5.xlarge": 50})).require()
    assert worths(plan, three)[":quota:g5.xlarge"].saving == 0


def test_every_saving_is_that_of_a_plan_with_the_limit_let_out(three: Catalog) -> None:
    limits = Limits(quota={"g4dn.xlarge": 3, "g6.xlarge": 4}, max_distinct_types=2)
    plan = optimize(WANTED, three, limits=limits).require()
    found = worths(plan, three)
    assert len(found) == 3
    for easing in easings(plan.request, plan._workloads):
        again = answer_request(easing.request, three)
        assert again.cost_total is not None
        assert plan.cost_total is not None
        saving = found[easing.key].saving
        assert saving == pytest.approx(plan.cost_total - again.cost_total, abs=1e-6)


def test_alternatives_lack_what_they_leave_out_and_are_the_cheapest_without(
    three: Catalog,
) -> None:
    plan = optimize(WANTED, three).require()
    found = plan.explain().alternatives
    without = {one.without: one for one in found}
    kind = max(plan.lines, key=lambda line: line.line_cost_total).offer.instance_type
    other = without["instance_type"]
    assert other.name == kind
    assert kind not in {line.offer.instance_type for line in other.lines}
    left = tuple(name for name in RATES if name != kind)
    again = optimize(WANTED, three, limits=Limits(instance_types=left))
    assert other.cost_total == pytest.approx(again.cost_total)
    assert other.difference == pytest.approx((again.cost_total or 0) - (plan.cost_total or 0))
    assert "without aws: no plan within the limits" in {one.text for one in found}


@pytest.mark.parametrize("name", RATES)
def test_why_not_costs_what_exhaustive_search_with_one_of_it_costs(
    name: str, three: Catalog
) -> None:
    plan = optimize(WANTED, three).require()
    answer = plan.why_not(name)
    if name in {line.offer.instance_type for line in plan.lines}:
        assert answer.verdict == "planned"
        return
    expected = 730 * (cheapest(least=(name, 1)) - cheapest())
    assert answer.difference == pytest.approx(expected, abs=1e-6)
    assert any(line.offer.instance_type == name for line in answer.lines)


def test_why_not_names_what_does_all_of_it_for_less(three: Catalog) -> None:
    # One g6.xlarge at 0.80/h does 11/s, a g5.xlarge at 1.00/h only 9/s.
    text = optimize(WANTED, three).require().why_not("g5.xlarge").text
    assert "1 instance of g6.xlarge in us-east-1 (on demand) at $0.80/h each" in text
    assert "at least as fast as one g5.xlarge at $1.00/h" in text


def test_why_not_says_which_limit_leaves_an_offer_out(three: Catalog) -> None:
    plan = optimize(WANTED, three, limits=Limits(instance_types=("g4dn.xlarge",))).require()
    answer = plan.why_not("g6.xlarge")
    assert answer.verdict == "excluded"
    assert "outside limits.instance_types" in answer.text


def test_why_not_refuses_names_that_do_not_exist_or_never_meet(three: Catalog) -> None:
    plan = optimize(WANTED, three).require()
    with pytest.raises(UnknownNameError, match=r"g6\.xlarge"):
        plan.why_not("g6.xlargee")
    with pytest.raises(UnknownNameError, match="purchase option"):
        plan.why_not("g6.xlarge", purchase_option="spot")


def test_why_not_asks_for_a_plan_with_lines(three: Catalog) -> None:
    plan = optimize(WANTED, three, limits=Limits(budget=1.0))
    with pytest.raises(InvalidInputError, match="rents nothing"):
        plan.why_not("g6.xlarge")
