"""diff: instances, prices, cost and limits between two plans."""

from collections.abc import Callable, Mapping

import pytest

import costopt
from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.plan.diff_record import MetDifference
from costopt.plan.plan import Plan
from costopt.planning.optimize_request import optimize
from costopt.units import HOURS_PER_MONTH
from costopt.workload.limits import Limits
from costopt.workload.requirement import Requirement

Priced = Callable[[Mapping[str, float]], Catalog]

WORK = Requirement(
    demand_per_second=40, throughput_per_second={"g5.xlarge": 10, "g6.xlarge": 10}
)  # fmt: skip
FIRM = Limits(purchase_options=["on_demand"])


def planned(priced: Priced, g5: float, g6: float, demand: float = 40.0) -> Plan:
    catalog = priced({"g5.xlarge/on_demand": g5, "g6.xlarge/on_demand": g6})
    work = WORK.model_copy(update={"demand_per_second": demand})
    return optimize(work, catalog, limits=FIRM)


def test_a_moved_price_is_told_from_a_moved_choice(priced: Priced) -> None:
    """Four g5 at $1.00; at $1.50 they would cost $2.00 more an hour, and g6 at $1.20 saves $1.20.

    4 x 1.00 -> 4 x 1.20 is +$0.80: +$2.00 of prices, -$1.20 of choice, over 730 h.
    """
    before, after = planned(priced, 1.0, 1.2), planned(priced, 1.5, 1.2)
    found = before.diff(after)
    assert found.cost_difference == pytest.approx(0.8 * HOURS_PER_MONTH)
    assert found.price_difference == pytest.approx(2.0 * HOURS_PER_MONTH)
    assert found.choice_difference == pytest.approx(-1.2 * HOURS_PER_MONTH)
    assert [one.words for one in found.started] == ["4 x g6.xlarge in aws us-east-1"]
    assert [one.words for one in found.stopped] == ["4 x g5.xlarge in aws us-east-1"]
    assert found.kept == ()
    told = " ".join(str(found).split())
    assert "Cost $2,920/month -> $3,504/month (+20.0 %): +$1,460 from moved prices, -$876" in told
    assert (
        "Price of g5.xlarge in aws us-east-1, on demand: $1.00 -> $1.50 an hour (+50.0 %)" in told
    )
    assert "<li>Start: 4 x g6.xlarge in aws us-east-1.</li>" in found._repr_html_()


def test_a_plan_read_from_a_file_knows_the_prices_of_what_it_rents(priced: Priced) -> None:
    before, after = planned(priced, 1.0, 1.2), planned(priced, 1.5, 1.2)
    found = costopt.diff(before, Plan.from_json(after.to_json()))
    assert found.price_difference == 0.0
    assert found.choice_difference == pytest.approx(0.8 * HOURS_PER_MONTH)
    same = costopt.diff(before, Plan.from_json(planned(priced, 1.1, 1.2).to_json()))
    assert same.price_difference == pytest.approx(4 * 0.1 * HOURS_PER_MONTH)
    assert same.choice_difference == pytest.approx(0.0, abs=1e-6)


def test_figures_that_read_the_same_are_not_told() -> None:
    def met(after: float) -> MetDifference:
        return MetDifference(workload="chat", figure="ttft_ms", before=619.1, after=after)

    assert not met(619.2).is_seen
    assert met(610.0).is_seen
    assert met(610.0).words == "chat: time to first token 619 ms -> 610 ms"


def test_more_demand_keeps_what_runs_and_starts_the_rest(priced: Priced) -> None:
    found = planned(priced, 1.0, 1.2).diff(planned(priced, 1.0, 1.2, demand=60.0))
    assert [one.count for one in found.kept] == [4]
    assert [one.count for one in found.started] == [2]
    row = found.to_frame().iloc[0]
    assert (row["count_before"], row["count_after"], row["price_after"]) == (4, 6, 1.0)
    assert row["cost_after"] == pytest.approx(6 * HOURS_PER_MONTH)
    assert row["currency"] == "USD"


def test_equal_plans_have_no_difference(priced: Priced) -> None:
    plan = planned(priced, 1.0, 1.2)
    found = plan.diff(plan)
    assert (found.cost_difference, found.started, found.stopped, found.met) == (0.0, (), (), ())
    assert "Nothing is started or stopped." in str(found)


def test_limits_that_are_met_otherwise_are_told(few: Catalog) -> None:
    firm = optimize(WORK, few, limits=FIRM)
    spot = optimize(WORK, few)
    told = {(one.figure, one.before, one.after) for one in firm.diff(spot).met}
    assert ("spot_fraction", 0.0, 1.0) in told
    assert "requirement: share on spot 0 % -> 100 %." in str(firm.diff(spot))


def test_a_plan_without_an_answer_stops_everything(few: Catalog) -> None:
    plan = optimize(WORK, few, limits=FIRM)
    none = optimize(WORK, few, limits=Limits(budget=1.0))
    found = plan.diff(none)
    assert found.cost_after is None
    assert found.cost_difference is None
    assert str(found).startswith("Cost $2,350/month -> no plan.")


def test_plans_that_cannot_be_compared_are_refused(few: Catalog) -> None:
    plan = optimize(WORK, few, limits=FIRM)
    year = optimize(WORK, few, limits=FIRM, horizon_hours=8760.0)
    with pytest.raises(InvalidInputError, match="same horizon_hours="):
        plan.diff(year)
    with pytest.raises(InvalidInputError, match="the other in EUR; plan both"):
        plan.diff(plan.model_copy(update={"currency": "EUR"}))
    with pytest.raises(InvalidInputError, match="give two Plans"):
        costopt.diff(plan, "plan.json")  # type: ignore[arg-type]


def test_prices_that_did_not_move_add_exactly_nothing(priced: Priced) -> None:
    """A demand of 40 and of 30 at the same prices: 4 and 3 instances, all of it choice."""
    before, after = planned(priced, 0.7, 0.3), planned(priced, 0.7, 0.3, demand=30.0)
    assert before.diff(after).price_difference == 0.0
    assert "$0 from moved prices" in str(before.diff(after))
