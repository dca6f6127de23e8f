"""A plan whose text was changed does not hold, whatever was changed."""

from collections.abc import Callable
from typing import Any

import pytest

from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.evaluate.check import evaluate_plan
from costopt.plan.plan import Plan

KINDS = ("service", "samples", "batch", "fine_tune", "demand", "nodes")
ONLY_A_SEARCH_CAN_TELL = ("baselines", "exclusions", "rated_offers", "unanswered_because")
NOT_OF_THE_ANSWER = ("seconds", "request")

PlanOf = Callable[[str], Plan]
Change = Callable[..., Plan]


def another(value: Any) -> Any:
    """Return a value that differs from what was written by more than rounding."""
    if isinstance(value, int | float):
        return value + 1 if isinstance(value, int) else value * 1.01 + 0.01
    return f"{value}x" if isinstance(value, str) else 1.0


def refusal(plan: Plan, catalog: Catalog) -> tuple[str, ...]:
    try:
        return evaluate_plan(plan, catalog).violations
    except InvalidInputError as error:
        return tuple(error.problems)


def unnoticed(
    plan: Plan, places: list[tuple[Any, ...]], change: Callable[..., Plan], catalog: Catalog
) -> list[Any]:
    """Places where another value than the one that was written breaks nothing."""
    found = []
    for path, value in places:
        try:
            changed = change(plan, [(path, another(value))])
        except InvalidInputError:
            continue
        if not refusal(changed, catalog):
            found.append(path)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_a_plan_that_nobody_touched_holds(kind: str, plan_of: PlanOf, few: Catalog) -> None:
    evaluation = evaluate_plan(Plan.from_json(plan_of(kind).to_json()), few)
    assert evaluation.violations == ()
    assert evaluation.cost_total == pytest.approx(plan_of(kind).cost_total, rel=1e-12)
    assert evaluation.cost_per_hour == pytest.approx(plan_of(kind).cost_per_hour, rel=1e-12)
    assert "every limit is met" in str(evaluation)


@pytest.mark.parametrize("kind", ["service", "fine_tune", "nodes"])
def test_every_single_figure_of_a_line_is_recomputed(
    kind: str, plan_of: PlanOf, leaves: Callable[[Plan], Any], change: Change, few: Catalog
) -> None:
    plan = plan_of(kind)
    places = [(path, value) for path, value in leaves(plan) if path[:2] == ("lines", 0)]
    assert len(places) > 40
    assert unnoticed(plan, places, change, few) == []


def test_every_single_sum_is_recomputed(
    plan_of: PlanOf, leaves: Callable[[Plan], Any], change: Change, few: Catalog
) -> None:
    plan = plan_of("batch")
    elsewhere = ("lines", *ONLY_A_SEARCH_CAN_TELL, *NOT_OF_THE_ANSWER)
    places = [
        (path, value)
        for path, value in leaves(plan)
        if path[0] not in elsewhere and path != ("catalog", "place")
    ]
    assert len(places) > 20
    assert unnoticed(plan, places, change, few) == []


@pytest.mark.parametrize("kind", ["service", "batch", "demand"])
def test_one_instance_less_is_too_few_even_if_all_sums_agree(
    kind: str, plan_of: PlanOf, change: Change, few: Catalog
) -> None:
    plan = plan_of(kind)
    row = max(range(len(plan.lines)), key=lambda index: plan.lines[index].count)
    line = plan.lines[row]
    fewer = line.count - 1
    if not fewer:
        lines = [one.model_dump(mode="json") for one in plan.lines if one is not line]
        changed = change(plan, [(("lines",), lines)])
    else:
        changed = change(
            plan,
            [
                (("lines", row, "count"), fewer),
                (("lines", row, "line_cost_per_hour"), fewer * line.price_per_hour),
                (("lines", row, "line_cost_total"), fewer * line.price_per_hour * line.hours),
            ],
        )
    violations = " ".join(refusal(changed, few))
    assert any(
        word in violations for word in ("cannot serve", "loaded to", "exactly once", "done after")
    )


def test_a_lower_price_is_noticed_though_all_sums_follow_it(
    plan_of: PlanOf, change: Change, few: Catalog
) -> None:
    plan = plan_of("nodes")
    (line,) = plan.lines
    assert (line.count, line.price_per_hour) == (3, 0.37198)
    changed = change(
        plan,
        [
            (("lines", 0, "price_per_hour"), 0.2),
            (("lines", 0, "line_cost_per_hour"), 0.6),
            (("lines", 0, "line_cost_total"), 438.0),  # 3 x 0.2 $/h x 730 h
            (("cost_per_hour",), 0.6),
            (("cost_total",), 438.0),
            (("cost_total_low",), 438.0),
            (("cost_total_high",), 438.0),
            (("outcomes", 0, "cost_per_hour"), 0.6),
            (("outcomes", 0, "cost_total"), 438.0),
            (("bound",), 0.6),
        ],
    )
    evaluation = evaluate_plan(changed, few)
    assert "g6.xlarge in us-east-1: price_per_hour is 0.37198, the plan says 0.2" in (
        evaluation.violations
    )
    assert evaluation.cost_total == pytest.approx(3 * 0.37198 * 730)


def test_spot_sold_as_on_demand_is_priced_as_what_it_says(
    plan_of: PlanOf, change: Change, few: Catalog
) -> None:
    changed = change(plan_of("nodes"), [(("lines", 0, "offer", "purchase_option"), "on_demand")])
    violations = evaluate_plan(changed, few).violations
    assert any("price_per_hour is 0.8048, the plan says 0.37198" in text for text in violations)


def test_routing_that_loses_requests_is_noticed(
    plan_of: PlanOf, change: Change, few: Catalog
) -> None:
    plan = plan_of("service")
    halved = [share / 2 for share in plan.lines[0].routing]
    changed = change(plan, [(("lines", 0, "routing"), halved)])
    assert any("exactly once" in text for text in refusal(changed, few))


def test_routing_with_another_number_of_sizes_is_noticed(
    plan_of: PlanOf, change: Change, few: Catalog
) -> None:
    changed = change(plan_of("service"), [(("lines", 0, "routing"), [1.0])])
    assert any("routes 1 request sizes, there are 2" in text for text in refusal(changed, few))


def test_routing_below_zero_is_noticed(plan_of: PlanOf, change: Change, few: Catalog) -> None:
    plan = plan_of("demand")
    first, second, *others = (line.routing[0] for line in plan.lines)
    changes = [
        (("lines", 0, "routing"), [-0.5]),
        (("lines", 1, "routing"), [first + second + 0.5]),
    ]
    assert sum(others) + first + second == pytest.approx(1)
    assert any("exactly once" in text for text in refusal(change(plan, changes), few))


def test_a_layout_that_does_not_fit_the_instance_is_noticed(
    plan_of: PlanOf, change: Change, few: Catalog
) -> None:
    changed = change(plan_of("service"), [(("lines", 0, "layout", "replicas"), 4)])
    assert any("layout" in text for text in refusal(changed, few))


def test_a_request_that_was_changed_afterwards_is_noticed(
    plan_of: PlanOf, change: Change, few: Catalog
) -> None:
    changed = change(plan_of("nodes"), [(("request", "workloads", 0, "nodes"), 2)])
    violations = refusal(changed, few)
    assert "the request was changed after the plan was made" in violations
    assert any("3 instances, 2 equal ones required" in text for text in violations)


def test_a_line_of_no_workload_is_noticed(plan_of: PlanOf, change: Change, few: Catalog) -> None:
    plan = plan_of("demand")
    changed = change(plan, [(("lines", 0, "workload"), "somebody else's")])
    assert any("no workload of the request" in text for text in refusal(changed, few))


def test_an_offer_that_the_catalogue_lacks_is_an_error(
    plan_of: PlanOf, change: Change, few: Catalog
) -> None:
    changed = change(plan_of("nodes"), [(("lines", 0, "offer", "region"), "eu-west-9")])
    with pytest.raises(InvalidInputError, match="has no offer aws/eu-west-9"):
        evaluate_plan(changed, few)


def test_a_bound_above_the_cost_is_noticed(plan_of: PlanOf, change: Change, few: Catalog) -> None:
    changed = change(plan_of("nodes"), [(("bound",), 2.0)])
    assert any("the bound of 2.0 is above the cost" in text for text in refusal(changed, few))


def test_a_gap_that_was_asked_for_and_not_reached_is_not_called_optimal(
    plan_of: PlanOf, change: Change, few: Catalog
) -> None:
    plan = plan_of("nodes")
    changes = [(("bound",), (plan.bound or 0) / 2), (("gap",), 0.5)]
    assert any("feasible_at_limit" in text for text in refusal(change(plan, changes), few))


@pytest.mark.parametrize("status", ["infeasible", "no_answer_in_time"])
def test_a_plan_with_lines_cannot_be_without_an_answer(
    status: str, plan_of: PlanOf, change: Change, few: Catalog
) -> None:
    changed = change(plan_of("nodes"), [(("status",), status)])
    assert any("though there are lines" in text for text in refusal(changed, few))


def test_a_plan_without_lines_cannot_claim_an_answer(
    plan_of: PlanOf, change: Change, few: Catalog
) -> None:
    changed = change(plan_of("nodes"), [(("lines",), [])])
    assert refusal(changed, few) == ("nothing runs, though the plan claims an answer",)


def test_a_plan_of_another_catalogue_is_an_error(
    plan_of: PlanOf, few: Catalog, bundled: Catalog
) -> None:
    dearer = few.with_prices(discounts={"aws/*/g4dn.xlarge/spot": 0.01})
    for other in (bundled, dearer):
        with pytest.raises(InvalidInputError, match="made from a catalogue"):
            evaluate_plan(plan_of("nodes"), other)


def test_text_that_is_no_plan_is_an_error() -> None:
    for text in ("", "{}", "[]", '{"schema_version": 2}'):
        with pytest.raises(InvalidInputError):
            Plan.from_json(text)
