"""What binds, what was refused, and how an explanation is read."""

import re
from collections.abc import Callable
from html import unescape

import pytest

from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.explain.why import Explanation
from costopt.plan.plan import Plan
from costopt.planning.optimize_request import optimize
from costopt.workload.limits import Limits
from costopt.workload.requirement import Requirement

PlanOf = Callable[[str], Plan]
ReasonsOf = Callable[[str], Explanation]

KINDS = ("chat", "classify", "summaries", "adapters", "pretraining", "node", "measured", "several")
NODE = Requirement(accelerators_per_node=8, accelerator_types=("A100-40GB",))


def binding(catalog: Catalog, limits: Limits) -> str:
    return "\n".join(optimize(NODE, catalog, limits=limits).require().explain().binding)


@pytest.mark.parametrize("name", ["chat", "summaries", "node", "several"])
def test_workloads_of_each_shape_are_explained_in_words(name: str, explained: ReasonsOf) -> None:
    text = str(explained(name))
    assert "What would change it:" in text
    assert "Nearest that were not taken:" in text
    assert not re.search(r"\b(nan|inf|None|np)\b|[{}]", text)


@pytest.mark.parametrize("name", KINDS)
def test_what_would_do_alone_costs_at_least_as_much(
    name: str, planned: PlanOf, explained: ReasonsOf
) -> None:
    costs = {outcome.workload: outcome.cost_total for outcome in planned(name).outcomes}
    used = {(line.workload, line.offer.instance_type) for line in planned(name).lines}
    dearer = [item for item in explained(name).rejected if item.cost_total is not None]
    assert dearer
    for item in dearer:
        assert item.cost_total is not None
        assert item.cost_total >= costs[item.workload] * (1 - 1e-9)
        assert (item.workload, item.instance_type) not in used
        assert item.instance_type in item.text


@pytest.mark.parametrize("name", ["classify", "summaries", "node"])
def test_a_refused_type_alone_costs_what_is_said_of_it(
    name: str, planned: PlanOf, explained: ReasonsOf, states: Catalog
) -> None:
    nearest = next(item for item in explained(name).rejected if item.cost_total is not None)
    workload = planned(name).request.workloads[0]
    alone = optimize(workload, states, limits=Limits(instance_types=(nearest.instance_type,)))
    assert alone.cost_total == pytest.approx(nearest.cost_total, rel=1e-3)


def test_a_budget_binds_when_it_is_nearly_used_up(planned: PlanOf, states: Catalog) -> None:
    cost = planned("node").cost_total
    assert cost is not None
    assert "budget" in binding(states, Limits(budget=1.01 * cost))
    assert "budget" not in binding(states, Limits(budget=2 * cost))


def test_latency_binds_at_ninety_five_percent_of_its_limit(
    planned: PlanOf, explained: ReasonsOf
) -> None:
    latency = planned("classify").outcomes[0].latency_ms
    assert latency is not None
    says_so = any("latency" in sentence for sentence in explained("classify").binding)
    assert says_so == (latency >= 0.95 * 50)


def test_a_deadline_binds_when_it_is_nearly_reached(planned: PlanOf, states: Catalog) -> None:
    plan = planned("adapters")
    hours = plan.duration_hours
    assert hours is not None
    assert hours < 0.95 * 24
    assert not any("deadline" in sentence for sentence in plan.explain().binding)
    (job,) = plan.request.workloads
    tight = optimize(job.model_copy(update={"deadline_hours": 1.01 * hours}), states)
    assert any("deadline" in sentence for sentence in tight.explain().binding)


def test_a_plan_from_a_file_needs_its_catalogue_to_be_explained(
    planned: PlanOf, explained: ReasonsOf, states: Catalog
) -> None:
    read = Plan.from_json(planned("classify").to_json())
    with pytest.raises(InvalidInputError, match=r"explain\(catalog="):
        read.explain()
    assert str(read.explain(states)) == str(explained("classify"))


def test_a_notebook_shows_names_as_text_and_never_as_markup(states: Catalog) -> None:
    hostile = Requirement(name="<script>alert(1)</script>", tflops_total=1e12)
    plan = optimize(hostile, states)
    for shown in (plan._repr_html_(), plan.explain()._repr_html_()):
        assert "<script>" not in shown
        assert "&lt;script&gt;" in shown


def test_a_notebook_shows_all_that_the_terminal_does(explained: ReasonsOf) -> None:
    reasons = explained("several")
    shown = unescape(reasons._repr_html_())
    for sentence in (*reasons.binding, *reasons.switch_sentences):
        assert sentence in shown


@pytest.mark.parametrize("name", ["classify", "node"])
def test_reasons_are_told_in_lines_of_at_most_100_columns(name: str, explained: ReasonsOf) -> None:
    assert max(len(line) for line in str(explained(name)).splitlines()) <= 100
