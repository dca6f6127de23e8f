"""Every shipped example: its plan recomputed from the published tables, without the planner."""

from collections.abc import Callable
from importlib.resources import files
from typing import Any

import pytest

from costopt.catalog.catalog import Catalog
from costopt.evaluate.check import evaluate_plan
from costopt.plan.line import PlanLine
from costopt.plan.plan import Plan
from costopt.plan.status import PlanStatus

SERVICES = ("chat-70b", "chat-70b-h200", "chat-8b-us-east-1", "china", "classify-bert", "eu")
JOBS = ("batch-summaries", "finetune-8b", "pretrain-7b", "qlora-70b")
REQUIREMENTS = ("need-8xa100",)
OVER_TIME = ("week-8b",)
"""Examples with a demand profile, planned to a gap of their own."""

ANSWERED = (*SERVICES, *JOBS, *REQUIREMENTS)

PlanOf = Callable[[str], Plan]
Written = Callable[[str], dict[str, Any]]


def test_the_examples_are_those_that_are_tested_here() -> None:
    shipped = {
        item.name.removesuffix(".toml")
        for item in files("costopt").joinpath("examples").iterdir()
        if item.name.endswith(".toml")
    }
    assert shipped == {*ANSWERED, *OVER_TIME, "impossible"}


@pytest.mark.parametrize("name", ANSWERED)
def test_an_example_is_answered_within_the_gap_that_it_asks_for(
    name: str, plan_of: PlanOf
) -> None:
    plan = plan_of(name)
    assert plan.status is PlanStatus.OPTIMAL_WITHIN_GAP
    assert plan.gap is not None
    assert plan.gap <= 1e-4 + 1e-9
    assert plan.lines


@pytest.mark.parametrize("name", ANSWERED)
def test_every_line_is_within_every_limit_of_the_file(
    name: str, plan_of: PlanOf, written: Written, tables: Any
) -> None:
    limits = written(name).get("limits", {})
    for line in plan_of(name).lines:
        assert tables.why_outside(tables.offer_of(line), limits) == ""


@pytest.mark.parametrize("name", ANSWERED)
def test_every_price_is_the_one_in_the_table(
    name: str, plan_of: PlanOf, written: Written, tables: Any
) -> None:
    for line in plan_of(name).lines:
        offer = tables.offer_of(line)
        if written(name).get("currency", "USD") == offer["currency"]:
            expected = float(offer["recurring_per_hour"])
        else:
            expected = tables.in_dollars(offer)
        assert line.price_per_hour == pytest.approx(expected, rel=1e-9)
        assert (line.price_source, line.price_as_of) == (offer["source"], offer["as_of"])
        assert line.price_currency == offer["currency"]
        assert (float(offer["upfront"]), offer["term_hours"]) == (0, "")


def test_the_age_of_a_price_is_counted_from_the_newest_one(plan_of: PlanOf, tables: Any) -> None:
    for line in plan_of("chat-70b").lines:
        year, month, day = (int(part) for part in line.price_as_of.split("-"))
        assert line.price_age_days == (tables.newest - type(tables.newest)(year, month, day)).days


@pytest.mark.parametrize("name", ANSWERED)
def test_costs_add_up_from_counts_prices_and_hours(name: str, plan_of: PlanOf) -> None:
    plan = plan_of(name)
    per_hour = [line.count * line.price_per_hour for line in plan.lines]
    total = [line.count * line.price_per_hour * line.hours for line in plan.lines]
    assert [line.line_cost_per_hour for line in plan.lines] == pytest.approx(per_hour, rel=1e-9)
    assert [line.line_cost_total for line in plan.lines] == pytest.approx(total, rel=1e-9)
    assert plan.cost_per_hour == pytest.approx(sum(per_hour), rel=1e-9)
    assert plan.cost_total == pytest.approx(sum(total), rel=1e-9)
    assert (plan.cash_now, plan.locked_in) == (0, 0)


@pytest.mark.parametrize("name", [*SERVICES, *REQUIREMENTS])
def test_what_does_not_end_is_charged_for_a_month_of_730_hours(name: str, plan_of: PlanOf) -> None:
    plan = plan_of(name)
    assert {line.hours for line in plan.lines} == {730}
    assert plan.cost_total == pytest.approx((plan.cost_per_hour or 0) * 730, rel=1e-9)


@pytest.mark.parametrize("name", SERVICES)
def test_the_lines_serve_every_request_size_exactly_once(name: str, plan_of: PlanOf) -> None:
    routed = zip(*(line.routing for line in plan_of(name).lines), strict=True)
    assert [sum(shares) for shares in routed] == pytest.approx(
        [1.0] * len(plan_of(name).lines[0].routing)
    )


@pytest.mark.parametrize("name", ANSWERED)
def test_spot_never_carries_more_than_the_file_allows(
    name: str, plan_of: PlanOf, written: Written
) -> None:
    allowed = written(name).get("limits", {}).get("max_spot_fraction", 1.0)
    plan = plan_of(name)
    if name in JOBS:
        hours = [line.count * line.hours for line in plan.lines]
        spot = sum(h for h, line in zip(hours, plan.lines, strict=True) if line.is_spot)
        largest = spot / sum(hours)
    else:
        on_spot = [line.routing for line in plan.lines if line.is_spot]
        largest = max((sum(shares) for shares in zip(*on_spot, strict=True)), default=0.0)
    assert largest <= allowed + 1e-9
    assert plan.outcomes[0].spot_fraction == pytest.approx(largest, abs=1e-9)


@pytest.mark.parametrize("name", JOBS)
def test_a_job_ends_by_its_deadline(name: str, plan_of: PlanOf, written: Written) -> None:
    plan = plan_of(name)
    assert plan.duration_hours is not None
    assert plan.duration_hours <= written(name)["workload"]["deadline_hours"]
    assert max(line.hours for line in plan.lines) <= plan.duration_hours


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_keeps_its_latency_limits(name: str, plan_of: PlanOf, written: Written) -> None:
    workload, outcome = written(name)["workload"], plan_of(name).outcomes[0]
    measured = {
        "max_ttft_ms": outcome.ttft_ms,
        "max_tpot_ms": outcome.tpot_ms,
        "max_latency_ms": outcome.latency_ms,
    }
    for limit, value in measured.items():
        assert (limit in workload) == (value is not None)
        assert value is None or value <= workload[limit] * (1 + 1e-6)


def peak_memory(line: PlanLine) -> float:
    return sum(line.vram_used_gib.values())


@pytest.mark.parametrize("name", [*SERVICES, *JOBS])
def test_what_runs_fits_into_the_memory_that_the_table_states(
    name: str, plan_of: PlanOf, tables: Any
) -> None:
    for line in plan_of(name).lines:
        stated = tables.type_of(tables.offer_of(line))["accelerator_usable_gib"]
        if stated:
            assert 0 < peak_memory(line) <= float(stated)


@pytest.mark.parametrize("name", [*ANSWERED, "impossible"])
def test_a_plan_that_was_written_down_holds_on_another_machine(
    name: str, plan_of: PlanOf, fresh: Catalog
) -> None:
    read = Plan.from_json(plan_of(name).to_json())
    evaluation = evaluate_plan(read, fresh)
    assert evaluation.violations == ()
    assert evaluation.cost_total == pytest.approx(plan_of(name).cost_total or 0.0, rel=1e-9)


@pytest.fixture(scope="module")
def fresh() -> Catalog:
    return Catalog.bundled()


@pytest.mark.parametrize("name", OVER_TIME)
def test_an_example_over_time_commits_and_holds_in_every_hour(
    name: str, plan_of: PlanOf, bundled: Catalog
) -> None:
    plan = plan_of(name)
    assert plan.status is PlanStatus.OPTIMAL_WITHIN_GAP
    schedule = plan.schedule
    assert schedule is not None
    assert len(schedule.kind_of_hour[0]) == 168
    assert schedule.coverage is not None
    assert schedule.coverage > 0.5
    (beside,) = plan.baselines
    assert beside.difference is not None
    assert beside.difference > 0
    assert evaluate_plan(plan, bundled).violations == ()
