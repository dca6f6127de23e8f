"""Status, bound and text of a plan say what was proven, and the same question the same thing."""

import subprocess
import sys
from collections.abc import Mapping

import numpy as np
import pytest

from costopt.catalog.catalog import Catalog
from costopt.errors import EmptyCatalogError, InvalidInputError, NoPlanError
from costopt.evaluate.check import evaluate_plan
from costopt.plan.plan import Plan
from costopt.plan.status import PlanStatus
from costopt.planning.optimize_request import optimize
from costopt.workload.limits import Limits
from costopt.workload.requirement import Requirement

PROGRAM = """
import costopt

catalog = costopt.Catalog.bundled().filter(
    providers=["aws", "gcp"], accelerator_types=["L4", "L40S"], regions=["us-*"]
)
service = costopt.InferenceService(
    model="meta-llama/Llama-3.1-8B-Instruct",
    precision="bf16",
    traffic=costopt.Traffic.from_trace("azure-llm-2023-conv", requests_per_second=7),
    max_ttft_ms=1500,
    max_tpot_ms=60,
)
plan = costopt.optimize(service, catalog, limits=costopt.Limits(max_spot_fraction=0.5))
print(plan.model_copy(update={"seconds": 0.0}).to_json())
"""


def knapsack(catalog: Catalog, demand: float) -> Requirement:
    """A demand over many types of nearly equal merit, which takes a search to prove."""
    draw = np.random.default_rng(7)
    offers = catalog.offers
    price = offers.groupby("instance_type")["recurring_per_hour"].min()
    rates = {str(name): float(price[name] * draw.uniform(9.5, 10.5)) for name in price.index}
    return Requirement(demand_per_second=demand, throughput_per_second=rates)


@pytest.fixture(scope="module")
def many(bundled: Catalog) -> Catalog:
    return bundled.filter(
        providers=["aws"], regions=["us-east-1"], purchase_options=["on_demand"],
        accelerator_types=["T4", "L4", "A10G", "L40S", "A100-40GB", "V100-16GB"],
    )  # fmt: skip


FOUR_TYPES = Limits(max_distinct_types=4)


@pytest.fixture(scope="module")
def best(many: Catalog) -> Plan:
    """The cheapest of all plans with at most four types, proven."""
    wanted = knapsack(many, 731.0)
    plan = optimize(wanted, many, limits=FOUR_TYPES, gap=0.0, time_limit_seconds=30.0)
    assert plan.gap == 0
    return plan


@pytest.mark.parametrize("seconds", [1e-6, 1e-3, 0.05])
def test_whatever_the_time_the_status_claims_no_more_than_is_proven(
    seconds: float, many: Catalog, best: Plan
) -> None:
    wanted, limits = knapsack(many, 731.0), FOUR_TYPES
    plan = optimize(wanted, many, limits=limits, gap=0.0, time_limit_seconds=seconds)
    assert plan.status is not PlanStatus.INFEASIBLE
    if plan.has_answer:
        assert (plan.cost_per_hour or 0) >= (best.bound or 0) * (1 - 1e-9)
        assert (plan.bound or 0) <= (best.cost_per_hour or 0) * (1 + 1e-9)
        optimal = plan.status is PlanStatus.OPTIMAL_WITHIN_GAP
        assert optimal == ((plan.gap or 0) <= 1e-9)
        assert evaluate_plan(plan, many).violations == ()
    else:
        assert plan.status is PlanStatus.NO_ANSWER_IN_TIME
        assert plan.lines == ()


@pytest.mark.parametrize("gap", [0.01, 0.2])
def test_the_cost_is_within_the_gap_of_the_best(gap: float, many: Catalog, best: Plan) -> None:
    plan = optimize(knapsack(many, 731.0), many, limits=FOUR_TYPES, gap=gap).require()
    assert plan.status is PlanStatus.OPTIMAL_WITHIN_GAP
    assert (plan.cost_per_hour or 0) * (1 - gap) <= (best.cost_per_hour or 0) * (1 + 1e-9)
    assert (plan.bound or 0) <= (best.cost_per_hour or 0) * (1 + 1e-9)


def test_without_an_answer_there_are_no_figures(few: Catalog) -> None:
    plan = optimize(Requirement(vram_gib_per_accelerator=500), few)
    assert plan.status is PlanStatus.INFEASIBLE
    figures = (plan.cost_per_hour, plan.cost_total, plan.gap, plan.bound, plan.cash_now)
    assert figures == (None,) * 5
    assert plan.baselines == ()
    assert plan.to_frame().empty
    assert "price_per_hour" in plan.to_frame().columns
    with pytest.raises(NoPlanError, match="infeasible"):
        plan.require()
    assert evaluate_plan(Plan.from_json(plan.to_json()), few).violations == ()


def test_the_same_question_is_answered_alike_in_another_process() -> None:
    answers = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(answers) == 1
    (text,) = answers
    assert Plan.from_json(text).has_answer


def test_the_order_of_the_catalogue_does_not_change_the_cost(few: Catalog) -> None:
    wanted = Requirement(
        demand_per_second=40, throughput_per_second={"g4dn.xlarge": 7, "g6.xlarge": 11}
    )
    names = ["g6.xlarge", "g4dn.xlarge"]
    merged = few.filter(instance_types=names[:1]).merge(few.filter(instance_types=names[1:]))
    plain, other = optimize(wanted, few), optimize(wanted, merged)
    assert plain.cost_per_hour == other.cost_per_hour
    assert [line.offer for line in plain.lines] == [line.offer for line in other.lines]


def test_nothing_is_planned_from_an_empty_catalogue(few: Catalog) -> None:
    empty = few.filter(max_price_per_hour=0.0)
    with pytest.raises(EmptyCatalogError):
        optimize(Requirement(), empty)


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"horizon_hours": 0.0}, "horizon_hours"),
        ({"horizon_hours": -1.0}, "horizon_hours"),
        ({"gap": 1.0}, "gap"),
        ({"confidence": 1.0}, "confidence"),
        ({"time_limit_seconds": 0.0}, "time_limit_seconds"),
        ({"currency": "dollars"}, "currency"),
    ],
)
def test_a_setting_out_of_range_is_named(
    settings: Mapping[str, float], word: str, few: Catalog
) -> None:
    with pytest.raises(InvalidInputError, match=word):
        optimize(Requirement(), few, **settings)  # type: ignore[arg-type]
