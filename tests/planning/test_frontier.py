"""frontier: cheapest plans over the values of one limit."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import costopt
from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError, UnknownNameError
from costopt.plan.status import PlanStatus
from costopt.planning.frontier import FrontierPoint, _settled, frontier
from costopt.workload.limits import Limits
from costopt.workload.requirement import Requirement
from costopt.workload.serving import InferenceService
from costopt.workload.traffic import RequestSize, Traffic
from costopt.workload.training import FineTuneJob

LLAMA = "meta-llama/Llama-3.1-8B-Instruct"
WORK = Requirement(
    demand_per_second=100,
    throughput_per_second={"g4dn.xlarge": 7, "g5.xlarge": 13, "g6.xlarge": 11},
)
SERVICE = InferenceService(
    model=LLAMA,
    precision="bf16",
    traffic=Traffic.from_sizes(
        [RequestSize(input_tokens=1000, output_tokens=200, share_fraction=1.0)],
        requests_per_second=8,
    ),
    max_ttft_ms=1500,
    max_tpot_ms=60,
)
TUNE = FineTuneJob(model=LLAMA, method="qlora", tokens=2e7, sequence_length=1024, deadline_hours=8)


def falls(costs: Sequence[float | None]) -> bool:
    known = [cost for cost in costs if cost is not None]
    return all(later <= earlier * (1 + 1e-9) for earlier, later in pairwise(known))


def test_cost_against_risk_falls_as_more_may_be_on_spot(few: Catalog) -> None:
    found = frontier(WORK, few, over="max_spot_fraction", values=[1.0, 0.5, 0.0])
    assert [point.value for point in found.points] == [0.0, 0.5, 1.0]
    assert falls([point.cost_total for point in found.points])
    first, last = found.points[0], found.points[-1]
    assert first.cost_total == pytest.approx(5411.344)
    assert last.cost_total == pytest.approx(2458.4648)
    assert all(point.status is PlanStatus.OPTIMAL_WITHIN_GAP for point in found.points)
    assert found.to_frame()["spot_fraction"].tolist()[1] <= 0.5 + 1e-6


def test_the_infeasible_end_says_why_and_the_rest_falls(few: Catalog) -> None:
    found = frontier(SERVICE, few, over="max_ttft_ms", values=[100, 1500, 3000])
    none, enough, more = found.points
    assert none.status is PlanStatus.INFEASIBLE
    assert none.cost_total is None
    assert "too slow to the first token" in none.because[0]
    assert enough.cost_total is not None
    assert not enough.is_dominated
    assert more.is_dominated
    told = " ".join(str(found).split())
    assert "Cheapest plan over max_ttft_ms, strictest first: 100: infeasible:" in told
    assert "costs no less than a stricter value" in told
    assert "too slow to the first token" in found._repr_html_()
    row = found.to_frame().iloc[1]
    assert (row["max_ttft_ms"], row["is_dominated"]) == (1500, False)
    assert row["ttft_ms"] <= 1500


def test_deadlines_run_side_by_side_as_they_do_alone(few: Catalog) -> None:
    values = [8, 2]
    alone = frontier(TUNE, few, over="deadline_hours", values=values)
    with ThreadPoolExecutor(1) as executor:
        beside = frontier(TUNE, few, over="deadline_hours", values=values, executor=executor)
    assert [p.cost_total for p in beside.points] == [p.cost_total for p in alone.points]
    assert falls([point.cost_total for point in alone.points])
    assert [point.plan.made_from is None for point in beside.points] == [True, True]


def test_a_frontier_is_drawn_with_one_mark_for_each_plan(few: Catalog) -> None:
    found = frontier(WORK, few, over="budget", values=[1000.0, 5000.0, 6000.0])
    axes = found.plot().axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == (
        "budget [USD]",
        "cost over 30.4 days [USD]",
    )
    marks = [line.get_xdata()[0] for line in axes.lines if line.get_marker() == "o"]
    assert marks == [5000.0, 6000.0]
    crosses = [list(line.get_xdata()) for line in axes.lines if line.get_marker() == "x"]
    assert crosses == [[1000.0]]


def test_a_fleet_that_runs_is_left_where_a_limit_makes_it_worth_it(few: Catalog) -> None:
    fleet = [("aws", "us-east-1", "", "g5.xlarge", "on_demand", 8)]
    found = frontier(
        WORK,
        few,
        over="max_spot_fraction",
        values=[0.0, 1.0],
        current_fleet=fleet,
        switching_cost=200.0,
    )
    stays, moves = found.points
    assert stays.plan.change is not None
    assert stays.plan.change.is_none
    assert moves.plan.switching_cost > 0
    assert moves.cost_with_switching == pytest.approx(
        (moves.cost_total or 0.0) + moves.plan.switching_cost
    )
    assert falls([point.cost_with_switching for point in found.points])


def test_a_dearer_find_at_a_looser_value_takes_the_stricter_plan(few: Catalog) -> None:
    """Costs 5 -> 9 with bounds 4 -> 3: the second point gets the plan of 5, and 3 stays proven."""
    plan = costopt.optimize(WORK, few)
    point = FrontierPoint.of(0.0, plan)
    drawn = [
        replace(point, value=value, cost_total=cost, bound_total=bound)
        for value, cost, bound in ((0.1, 5.0, 2.0), (0.2, 9.0, 3.0), (0.3, None, 1.0))
    ]
    strict, loose, none = _settled(drawn, 1e-4)
    assert (strict.bound_total, strict.gap) == (3.0, pytest.approx(0.4))
    assert (loose.cost_total, loose.bound_total, loose.is_dominated) == (5.0, 3.0, True)
    assert (none.cost_total, none.is_dominated) == (5.0, True)
    assert strict.status is PlanStatus.FEASIBLE_AT_LIMIT


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([], "values is empty"),
        ([0.5, 0.2, 0.9], "sort them, each once"),
        ([0.5, 0.5], "sort them, each once"),
        ([0.5, float("nan")], "values holds nan, which is no finite number"),
        ([0.5, "1"], "values holds '1'"),
        ([True], "values holds True"),
        ("0.5", "give a list of numbers"),
        (0.5, "give a list of numbers"),
        ([0.5, 1.5], "max_spot_fraction = 1.5: must be at most 1"),
    ],
)
def test_values_that_make_no_frontier_are_refused(values: Any, told: str, few: Catalog) -> None:
    with pytest.raises(InvalidInputError) as refused:
        frontier(WORK, few, over="max_spot_fraction", values=values)
    assert told in str(refused.value)


def test_numbers_of_numpy_count_as_numbers(few: Catalog) -> None:
    found = frontier(WORK, few, over="max_distinct_types", values=np.array([1, 2]))
    assert [point.value for point in found.points] == [1, 2]


def test_what_a_frontier_cannot_go_over_suggests_the_nearest(few: Catalog) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean max_ttft_ms"):
        frontier(SERVICE, few, over="max_tft_ms", values=[1.0])
    with pytest.raises(InvalidInputError, match="over = 'deadline_hours': no workload has it"):
        frontier(SERVICE, few, over="deadline_hours", values=[1.0])
    with pytest.raises(InvalidInputError, match="not of the kind that it limits"):
        frontier(SERVICE, few, over="max_latency_ms", values=[1.0])
    with pytest.raises(InvalidInputError, match="give workloads, a Catalog and Limits"):
        frontier(WORK, few, over="budget", values=[1.0], limits={})  # type: ignore[arg-type]


def test_the_limits_that_were_given_still_hold(few: Catalog) -> None:
    limits = Limits(instance_types=["g5.*"], max_spot_fraction=0.0)
    found = frontier(WORK, few, over="budget", values=[9000.0], limits=limits)
    lines = found.points[0].plan.lines
    assert {line.offer.instance_type for line in lines} == {"g5.xlarge"}
    assert {line.offer.purchase_option for line in lines} == {"on_demand"}


def test_a_notebook_shows_each_point_in_the_words_of_the_plan(few: Catalog) -> None:
    """4 x $1.006 x 730 h = $2,937.52 a month on demand, the cheapest without spot at 7, 13, 11."""
    work = WORK.model_copy(
        update={"demand_per_second": 50, "throughput_per_second": {"g5.xlarge": 13}}
    )
    page = frontier(work, few, over="max_spot_fraction", values=[0.0, 1.0])._repr_html_()
    assert "<td>$2,938/month</td>" in page
    assert "<td>4 x g5.xlarge in aws us-east-1, on demand</td>" in page
    assert "<td>cheapest</td>" in page
    assert "NaN" not in page
    assert "None" not in page


def test_the_figure_has_a_legend_only_where_something_is_not_proven(few: Catalog) -> None:
    found = frontier(WORK, few, over="max_spot_fraction", values=[0.0, 1.0])
    exact, loose = (
        replace(
            found,
            points=tuple(
                replace(point, bound_total=part * (point.cost_total or 0.0))
                for point in found.points
            ),
        )
        for part in (1.0, 0.9)
    )
    assert exact.plot().axes[0].get_legend() is None
    legend = loose.plot().axes[0].get_legend()
    assert legend is not None
    assert [told.get_text() for told in legend.get_texts()] == ["not proven"]
    assert exact.plot().axes[0].get_xlabel() == "max_spot_fraction [1]"
