"""Plans from what runs already: what is kept, started and stopped, and doing nothing."""

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import pytest

import costopt
from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError, UnknownNameError
from costopt.evaluate.check import evaluate_plan
from costopt.plan.change import KindCount
from costopt.plan.plan import Plan
from costopt.plan.status import PlanStatus
from costopt.planning.current_fleet import read_fleet
from costopt.planning.optimize_request import optimize
from costopt.units import HOURS_PER_MONTH
from costopt.watch.verdict import Judgement
from costopt.watch.watch import watch_plans
from costopt.workload.fleet import RunningInstances, SwitchingCost, running_kinds
from costopt.workload.limits import Limits
from costopt.workload.requirement import Requirement
from costopt.workload.training import FineTuneJob

Priced = Callable[[Mapping[str, float]], Catalog]

WORK = Requirement(
    demand_per_second=20, throughput_per_second={"g5.xlarge": 10, "g6.xlarge": 10}
)  # fmt: skip
TUNE = FineTuneJob(
    model="meta-llama/Llama-3.1-8B-Instruct",
    method="qlora",
    tokens=2e7,
    sequence_length=1024,
    deadline_hours=8,
)
FIRM = Limits(purchase_options=["on_demand"])
TWO_G5 = [("aws", "us-east-1", "", "g5.xlarge", "on_demand", 2)]
HOURS = HOURS_PER_MONTH


@pytest.fixture(scope="module")
def cents(priced: Priced) -> Catalog:
    """g5.xlarge at $1.00 and g6.xlarge at $0.99: two of them are $14.60 a month apart."""
    return priced({"g5.xlarge/on_demand": 1.0, "g6.xlarge/on_demand": 0.99})


def from_fleet(catalog: Catalog, fleet: Any, cost: Any, **settings: Any) -> Plan:
    settings = {"limits": FIRM} | settings
    plan = optimize(WORK, catalog, current_fleet=fleet, switching_cost=cost, **settings)
    assert evaluate_plan(plan, catalog).violations == ()
    return plan


def kinds(counted: tuple[KindCount, ...]) -> dict[str, int]:
    return {one.instance_type: one.count for one in counted}


def test_a_nightly_plan_does_not_move_for_cents(cents: Catalog) -> None:
    """Moving two instances saves 2 x $0.01 x 730 h = $14.60 and costs 4 x $5 = $20."""
    plan = from_fleet(cents, TWO_G5, 5.0)
    change = plan.change
    assert change is not None
    assert change.is_none
    assert kinds(change.kept) == {"g5.xlarge": 2}
    assert plan.cost_total == pytest.approx(2 * HOURS)
    assert plan.switching_cost == 0.0
    assert change.staying_cost == pytest.approx(2 * HOURS)
    assert change.cheapest_cost == pytest.approx(2 * 0.99 * HOURS)
    assert change.cheapest_switching_cost == pytest.approx(20.0)
    told = " ".join(str(plan).split())
    assert "Change: nothing is started or stopped; 2 x g5.xlarge in aws us-east-1" in told
    assert "would save $14.60 over 730 h, and getting there costs $20.00." in told
    assert "nothing is started or stopped" in plan._repr_html_()


def test_a_move_that_repays_itself_is_made_and_shown_apart(cents: Catalog) -> None:
    """At 4 x $3 = $12 the $14.60 repay the move; $12 / 730 h stand in the bound."""
    plan = from_fleet(cents, TWO_G5, 3.0)
    change = plan.change
    assert change is not None
    assert kinds(change.started) == {"g6.xlarge": 2}
    assert kinds(change.stopped) == {"g5.xlarge": 2}
    assert plan.cost_total == pytest.approx(2 * 0.99 * HOURS)
    assert plan.switching_cost == pytest.approx(12.0)
    assert plan.bound == pytest.approx(2 * 0.99 + 12.0 / HOURS)
    assert plan.status is PlanStatus.OPTIMAL_WITHIN_GAP
    told = " ".join(str(plan).split())
    assert "$12.00 once, beside $1,445/month; staying as it is costs $14.60 more" in told


def test_starts_and_stops_may_cost_differently(cents: Catalog) -> None:
    """2 x $7.00 for the starts alone are $14.00 and repay; 2 x $7.40 for the stops do not."""
    assert from_fleet(cents, TWO_G5, {"start": 7.0}).switching_cost == pytest.approx(14.0)
    assert from_fleet(cents, TWO_G5, SwitchingCost(stop=7.4)).switching_cost == 0.0


def test_nothing_moves_for_what_a_search_leaves_open(cents: Catalog) -> None:
    """$14.60 of $1,460 are 1 %: within a gap of 2 % the fleet stays, at no cost of switching."""
    assert kinds(from_fleet(cents, TWO_G5, 0.0).change.started) == {"g6.xlarge": 2}  # type: ignore[union-attr]
    stays = from_fleet(cents, TWO_G5, 0.0, gap=0.02)
    assert stays.change is not None
    assert stays.change.is_none


def test_a_plan_a_table_and_rows_say_the_same(cents: Catalog) -> None:
    row = RunningInstances(
        provider="aws",
        region="us-east-1",
        instance_type="g5.xlarge",
        purchase_option="on_demand",
        count=2,
    )
    table = pd.DataFrame([row.model_dump()])
    plan = from_fleet(cents, TWO_G5, 5.0)
    for fleet in (plan, TWO_G5, [row], [row.model_dump()], table, table.drop(columns="zone")):
        assert read_fleet(fleet, cents) == (row,)


def test_a_zone_that_prices_do_not_tell_apart_is_no_difference(cents: Catalog) -> None:
    on_spot = [("aws", "us-east-1", "us-east-1b", "g5.xlarge", "spot", 2)]
    fleet = [*on_spot, ("aws", "us-east-1", "us-east-1b", "g5.xlarge", "on_demand", 2)]
    running = running_kinds(read_fleet(fleet, cents), cents.offers)
    assert {(kind.zone, kind.capacity): count for kind, count in running.items()} == {
        ("", "spot"): 2,
        ("", "firm"): 2,
    }


def test_a_change_of_the_bill_alone_moves_nothing(cents: Catalog) -> None:
    """What runs under a savings plan goes on as the same instances on demand."""
    fleet = [("aws", "us-east-1", "", "g5.xlarge", "savings_plan", 2)]
    change = from_fleet(cents, fleet, 5.0).change
    assert change is not None
    assert change.is_none


def test_an_empty_fleet_charges_every_start(cents: Catalog) -> None:
    plan = from_fleet(cents, [], {"start": 2.5})
    assert plan.switching_cost == pytest.approx(5.0)
    assert plan.change is not None
    assert plan.change.staying_cost is None


def test_what_the_catalogue_no_longer_has_is_said_and_stopped(cents: Catalog) -> None:
    fleet = [*TWO_G5, ("aws", "us-east-1", "", "p5.48xlarge", "on_demand", 3)]
    plan = from_fleet(cents, fleet, 5.0)
    change = plan.change
    assert change is not None
    assert kinds(change.stopped) == {"p5.48xlarge": 3}
    assert change.staying_cost is None
    assert "3 x p5.48xlarge in aws us-east-1 cannot go on: the catalogue" in change.notes[0]
    assert "Change: 3 x p5.48xlarge" in str(plan)


def test_what_the_limits_leave_out_is_said_with_the_reason(cents: Catalog) -> None:
    limits = Limits(purchase_options=["on_demand"], instance_types=["g6.*"])
    plan = from_fleet(cents, TWO_G5, 5.0, limits=limits)
    assert plan.change is not None
    assert plan.change.notes == (
        "2 x g5.xlarge in aws us-east-1 cannot go on: it is left out, outside "
        "limits.instance_types",
    )


def test_a_fleet_too_small_grows_and_keeps_what_runs(cents: Catalog) -> None:
    """60/s need six; two run: four are started, of whichever type is cheaper with its start."""
    work = WORK.model_copy(update={"demand_per_second": 60.0})
    plan = optimize(work, cents, limits=FIRM, current_fleet=TWO_G5, switching_cost=5.0)
    change = plan.change
    assert change is not None
    assert (kinds(change.kept), kinds(change.started)) == ({"g5.xlarge": 2}, {"g6.xlarge": 4})
    assert change.staying_cost is None
    assert "what runs cannot stay as it is" in " ".join(str(plan).split())


def test_a_job_beside_a_service_counts_its_instances_too(few: Catalog) -> None:
    """The job's g6e.xlarge runs already, so that only the service's instances are started."""
    fleet = [("aws", "us-east-1", "", "g6e.xlarge", "on_demand", 1)]
    work = [WORK, TUNE]
    plan = optimize(work, few, limits=FIRM, current_fleet=fleet, switching_cost=50.0)
    assert evaluate_plan(plan, few).violations == ()
    assert plan.change is not None
    assert kinds(plan.change.kept) == {"g6e.xlarge": 1}
    assert kinds(plan.change.started) == {"g6.xlarge": 2}
    assert plan.switching_cost == pytest.approx(100.0)


def test_a_change_that_was_edited_does_not_hold(cents: Catalog) -> None:
    plan = from_fleet(cents, TWO_G5, 3.0)
    for field, value in (("switching_cost", 1.0), ("started", ()), ("stopped", ())):
        assert plan.change is not None
        edited = plan.change.model_copy(update={field: value})
        found = evaluate_plan(plan.model_copy(update={"change": edited}), cents).violations
        assert any(text.startswith(f"{field} is ") for text in found)
    missing = evaluate_plan(plan.model_copy(update={"change": None}), cents).violations
    assert any("disagree on whether something runs already" in text for text in missing)


def test_a_plan_from_a_fleet_survives_json(cents: Catalog) -> None:
    plan = from_fleet(cents, TWO_G5, 3.0)
    again = Plan.from_json(plan.to_json())
    assert again == plan
    assert evaluate_plan(again, cents).violations == ()


def test_a_watched_plan_is_judged_from_its_own_instances(cents: Catalog) -> None:
    plan = from_fleet(cents, TWO_G5, 3.0)
    assert watch_plans([plan], cents)[0].verdict is Judgement.KEEP


@pytest.mark.parametrize(
    ("fleet", "cost", "told"),
    [
        (TWO_G5, -1.0, "switching_cost: start = -1.0: must be at least 0"),
        (TWO_G5, float("nan"), "start = nan: must be a finite number"),
        (TWO_G5, "5", "start = '5': must be a number"),
        (TWO_G5, {"begin": 5.0}, "unknown field 'begin'"),
        (None, 5.0, "switching_cost is charged for leaving current_fleet, which is not given"),
        ("g5.xlarge", 0.0, "give a Plan, a table, or rows of (provider, region"),
        ([("aws", "g5.xlarge", 2)], 0.0, "is no row of (provider, region"),
        ([(*TWO_G5[0][:5], -2)], 0.0, "current_fleet[0]: count = -2: must be above 0"),
        ([(*TWO_G5[0][:4], "on-demand", 2)], 0.0, "Did you mean on_demand"),
    ],
)
def test_a_fleet_or_cost_that_makes_no_sense_is_refused(
    fleet: Any, cost: Any, told: str, cents: Catalog
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        optimize(WORK, cents, current_fleet=fleet, switching_cost=cost)
    assert told in str(refused.value)


def test_unknown_names_in_a_fleet_suggest_the_nearest(cents: Catalog) -> None:
    with pytest.raises(UnknownNameError, match=r"instance type 'g5\.xlarg'.*g5\.xlarge"):
        optimize(WORK, cents, current_fleet=[("aws", "us-east-1", "", "g5.xlarg", "spot", 1)])
    with pytest.raises(UnknownNameError, match="Unknown provider 'awz'"):
        optimize(WORK, cents, current_fleet=[("awz", "us-east-1", "", "g5.xlarge", "spot", 1)])
    table = pd.DataFrame([{"provider": "aws", "region": "us-east-1", "instance-type": "g5.xlarge",
                           "purchase_option": "spot", "count": 1}])  # fmt: skip
    with pytest.raises(InvalidInputError, match="did you mean its column 'instance-type'"):
        costopt.optimize(WORK, cents, current_fleet=table)
