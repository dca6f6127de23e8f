"""Arguments of the wrong kind are refused in words by every question for plans."""

from collections.abc import Callable
from typing import Any

import pytest

import costopt
from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.explain.why_not import WhyNot
from costopt.plan.plan import Plan
from costopt.planning.optimize_request import optimize
from costopt.workload.limits import Limits
from costopt.workload.requirement import Requirement

WORK = Requirement(demand_per_second=20, throughput_per_second={"g5.xlarge": 10})
BUDGET = Limits(budget=500.0)

QUESTIONS: dict[str, Callable[..., Any]] = {
    "optimize": costopt.optimize,
    "most_demand": lambda *asked, **given: costopt.most_demand(*asked, limits=BUDGET, **given),
    "earliest_finish": lambda *asked, **given: costopt.earliest_finish(
        *asked, limits=BUDGET, **given
    ),
    "frontier": lambda *asked, **given: costopt.frontier(
        *asked, over="max_spot_fraction", values=[0.5], **given
    ),
}


@pytest.fixture(scope="module")
def plan(few: Catalog) -> Plan:
    return optimize(WORK, few)


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"workload": None}, "give a workload, or a list of workloads"),
        ({"workload": 5}, "give a workload, or a list of workloads"),
        ({"workload": "chat"}, "give a workload, or a list of workloads"),
        ({"catalog": None}, "catalog must be a Catalog"),
        ({"account": 5}, "account must be an Account"),
        ({"profiles": 5}, "profiles must be Profiles"),
        ({"profiles": ["run.json"]}, "profiles must be Profiles"),
    ],
)
def test_a_question_refuses_arguments_of_the_wrong_kind(
    question: str, given: dict[str, Any], said: str, few: Catalog
) -> None:
    asked = {"workload": WORK, "catalog": few} | given
    with pytest.raises(InvalidInputError, match=said):
        QUESTIONS[question](asked.pop("workload"), asked.pop("catalog"), **asked)


def test_a_frontier_needs_an_executor_that_runs_something(few: Catalog) -> None:
    with pytest.raises(InvalidInputError, match=r"concurrent\.futures\.Executor"):
        costopt.frontier(WORK, few, over="max_spot_fraction", values=[0.5], executor=5)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda plan: plan.stress(5), "catalog must be a Catalog"),
        (lambda plan: plan.explain(5), "catalog must be a Catalog"),
        (lambda plan: costopt.to_pulp(plan, "here"), "catalog must be a Catalog"),  # type: ignore[arg-type]
        (lambda plan: plan.why_not("g5.xlarge", catalog=5), "catalog must be a Catalog"),
        (lambda plan: plan.why_not(None), "name an instance type"),
        (lambda plan: plan.why_not(""), "name an instance type"),
    ],
)
def test_a_plan_refuses_questions_of_the_wrong_kind(
    ask: Callable[[Plan], object], said: str, plan: Plan
) -> None:
    with pytest.raises(InvalidInputError, match=said):
        ask(plan)


def test_why_not_is_told_in_lines_of_at_most_100_columns() -> None:
    told = WhyNot(verdict="dearer", text="It would cost $5 more" + ", and more" * 20 + ".")
    assert max(len(line) for line in str(told).splitlines()) <= 100
    assert " ".join(str(told).split()) == told.text
