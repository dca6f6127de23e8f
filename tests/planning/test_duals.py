"""most_demand and earliest_finish: what a budget buys, in throughput and in time."""

from itertools import count

import pytest

import costopt
from costopt.account.account import Account
from costopt.account.records import Quota
from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.evaluate.check import evaluate_plan
from costopt.plan.status import PlanStatus
from costopt.planning import shared_time
from costopt.planning.optimize_request import optimize
from costopt.units import HOURS_PER_MONTH
from costopt.workload.batch import BatchInference
from costopt.workload.demand_profile import DemandProfile
from costopt.workload.limits import Limits
from costopt.workload.requirement import Requirement
from costopt.workload.serving import InferenceService
from costopt.workload.traffic import RequestSize, Traffic
from costopt.workload.training import FineTuneJob

LLAMA = "meta-llama/Llama-3.1-8B-Instruct"
SIZE = RequestSize(input_tokens=1000, output_tokens=200, share_fraction=1.0)
WORK = Requirement(demand_per_second=100, throughput_per_second={"g5.xlarge": 13.0})
SERVICE = InferenceService(
    model=LLAMA,
    precision="bf16",
    traffic=Traffic.from_sizes([SIZE], requests_per_second=8),
    max_ttft_ms=1500,
    max_tpot_ms=60,
)
TUNE = FineTuneJob(model=LLAMA, method="qlora", tokens=2e7, sequence_length=1024, deadline_hours=8)


def test_a_budget_buys_as_many_instances_as_it_pays_for(few: Catalog) -> None:
    """$3,000 / (730 h x $1.006) pay for 4 on demand: 4 x 13 = 52 of 100 units/s."""
    limits = Limits(budget=3000.0, purchase_options=["on_demand"])
    found = costopt.most_demand(WORK, few, limits=limits)
    assert found.factor == pytest.approx(0.52, rel=1e-6)
    assert found.bound_factor == pytest.approx(0.52, rel=1e-6)
    assert found.plan.lines[0].count == 4
    assert found.plan.cost_total == pytest.approx(4 * 1.006 * HOURS_PER_MONTH)
    assert evaluate_plan(found.plan, few).violations == ()
    assert "carry 0.52 times the demand; more is out of reach." in str(found)


def test_quotas_of_an_account_limit_the_demand_too(few: Catalog) -> None:
    quota = Quota(name="g5", key="aws/us-east-1/g5.xlarge", limit=3)
    found = costopt.most_demand(WORK, few, limits=Limits(), account=Account(quotas=(quota,)))
    assert found.factor == pytest.approx(0.39, rel=1e-6)


def test_the_most_of_a_service_has_a_plan_and_one_percent_more_has_none(few: Catalog) -> None:
    limits = Limits(budget=5000.0, purchase_options=["on_demand"])
    found = costopt.most_demand(SERVICE, few, limits=limits)
    assert evaluate_plan(found.plan, few).violations == ()
    assert found.bound_factor <= found.factor * 1.002
    rate = 8 * found.factor
    assert found.plan.request.workloads[0].traffic.requests_per_second == pytest.approx(rate)  # type: ignore[union-attr]
    more = Traffic.from_sizes([SIZE], requests_per_second=1.01 * rate)
    beyond = optimize(SERVICE.model_copy(update={"traffic": more}), few, limits=limits)
    assert not beyond.has_answer


def test_a_batch_grows_until_the_budget_is_spent(few: Catalog) -> None:
    batch = BatchInference(
        model=LLAMA, precision=("bf16",), sizes=(SIZE,), requests=400_000, deadline_hours=6
    )
    one_type = few.filter(instance_types=["g6.xlarge"], purchase_options=["on_demand"])
    cost = optimize(batch, one_type).cost_total
    assert cost is not None
    limits = Limits(budget=1.5 * cost)
    found = costopt.most_demand(batch, one_type, limits=limits, time_limit_seconds=120.0)
    assert 1.35 < found.factor < 1.65
    assert found.bound_factor <= found.factor * 1.002
    assert (found.plan.cost_total or 0.0) <= 1.5 * cost * (1 + 1e-6)


def test_a_budget_for_nothing_serves_nothing_and_says_why(few: Catalog) -> None:
    found = costopt.most_demand(WORK, few, limits=Limits(budget=0.01))
    assert found.factor == 0.0
    assert str(found).startswith("No part of the demand can be served.")
    assert found.plan.unanswered_because


def test_without_a_limit_the_demand_has_no_end(few: Catalog) -> None:
    with pytest.raises(InvalidInputError, match=r"give limits\.budget"):
        costopt.most_demand(WORK, few, limits=Limits())
    with pytest.raises(InvalidInputError, match="no workload has a rate"):
        costopt.most_demand(TUNE, few, limits=Limits(budget=5.0))


def test_a_budget_ends_a_job_earlier_and_not_earlier_still(few: Catalog) -> None:
    one_type = few.filter(instance_types=["g6e.xlarge"], purchase_options=["on_demand"])
    limits = Limits(budget=8.0)
    found = costopt.earliest_finish(TUNE, one_type, limits=limits, time_limit_seconds=120.0)
    assert found.hours is not None
    assert found.hours < 1.0
    assert (found.plan.cost_total or 0.0) <= 8.0 * (1 + 1e-6)
    assert found.plan.duration_hours == found.hours
    assert 0.994 * found.hours <= found.none_within_hours <= found.hours
    assert evaluate_plan(found.plan, one_type).violations == ()
    sooner = TUNE.model_copy(update={"deadline_hours": found.none_within_hours})
    assert not optimize(sooner, one_type, limits=limits).has_answer
    told = " ".join(str(found).split())
    percent = 100 * (1 - found.none_within_hours / found.hours)
    assert f"nothing within the limits was found to end {percent:.2g} % sooner" in told


def test_no_deadline_is_met_below_the_cheapest_run(few: Catalog) -> None:
    found = costopt.earliest_finish(TUNE, few, limits=Limits(budget=0.5))
    assert found.hours is None
    assert not found.plan.has_answer
    assert str(found).startswith("The deadlines cannot be met.")


def test_an_early_end_asks_for_a_job_and_a_budget(few: Catalog) -> None:
    with pytest.raises(InvalidInputError, match="no workload is a job"):
        costopt.earliest_finish(WORK, few, limits=Limits(budget=5.0))
    with pytest.raises(InvalidInputError, match=r"give limits\.budget"):
        costopt.earliest_finish(TUNE, few, limits=Limits())


@pytest.fixture
def slow_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every look at the clock of a question finds it a second later."""
    seconds = count()
    monkeypatch.setattr(shared_time, "perf_counter", lambda: float(next(seconds)))


BATCH = BatchInference(
    model=LLAMA, precision=("bf16",), sizes=(SIZE,), requests=400_000, deadline_hours=6
)


@pytest.mark.usefixtures("slow_clock")
def test_the_time_limit_is_of_all_searches_for_the_most_demand(few: Catalog) -> None:
    """Of 10 s 6 are for searches, each of which looks at the clock twice: 1, 2 and 4 fit."""
    limits = Limits(budget=1e4, purchase_options=["on_demand"])
    found = costopt.most_demand(BATCH, few, limits=limits, time_limit_seconds=10.0)
    assert found.status is PlanStatus.FEASIBLE_AT_LIMIT
    assert found.factor == 4.0
    assert found.bound_factor == float("inf")
    told = " ".join(str(found).split())
    assert "carry 4 times the demand, and may carry more. Time ran out before" in told
    assert found.plan.request.time_limit_seconds == pytest.approx(4.0)


@pytest.mark.usefixtures("slow_clock")
def test_the_time_limit_is_of_all_searches_for_the_earliest_end(few: Catalog) -> None:
    found = costopt.earliest_finish(TUNE, few, limits=Limits(budget=50.0), time_limit_seconds=10.0)
    assert found.status is PlanStatus.FEASIBLE_AT_LIMIT
    assert found.hours is not None
    assert found.none_within_hours < 0.9 * found.hours
    assert "time ran out before that was closed in on" in " ".join(str(found).split())


def test_searches_without_an_answer_in_time_say_nothing_of_what_can_be_served(
    few: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_time, "LAST_SHARE", 1e-9)
    limits = Limits(budget=1e4, purchase_options=["on_demand"])
    found = costopt.most_demand(BATCH, few, limits=limits, time_limit_seconds=1e-6)
    assert found.status in (PlanStatus.NO_ANSWER_IN_TIME, PlanStatus.FEASIBLE_AT_LIMIT)
    assert found.bound_factor == float("inf")


def test_the_most_demand_over_time_lasts_as_long_as_a_plan(few: Catalog) -> None:
    """A budget of 100 instances x 8,760 h x $1.006: a plan of these options lasts a year."""
    profile = DemandProfile(factors=[0.5, 1.5])
    limits = Limits(purchase_options=["on_demand", "reserved"], budget=100 * 8760 * 1.006)
    found = costopt.most_demand(
        WORK, few, limits=limits, demand_profile=profile, gap=0.2, time_limit_seconds=2
    )
    assert found.plan.horizon_hours == 8760
    # On demand they serve 13 x 100 units/s around the clock, 13 times as much as asked.
    assert found.factor >= 13.0 * 0.8


def test_without_a_limit_the_demand_over_time_has_no_end(few: Catalog) -> None:
    profile = DemandProfile(factors=[0.5, 1.5])
    with pytest.raises(InvalidInputError, match=r"give limits\.budget"):
        costopt.most_demand(WORK, few, limits=Limits(), demand_profile=profile)


def test_the_most_demand_over_time_fills_a_quota_in_the_busiest_hour(few: Catalog) -> None:
    """3 x 13 = 39 units/s are 1.5 times the mean rate at 26 of 100 units/s."""
    limits = Limits(purchase_options=["on_demand"], quota={"g5.xlarge": 3})
    found = costopt.most_demand(
        WORK, few, limits=limits, demand_profile=DemandProfile(factors=[0.5, 1.0, 1.5, 1.0])
    )
    assert found.status is PlanStatus.OPTIMAL_WITHIN_GAP
    assert found.factor == pytest.approx(0.26, rel=2e-3)
    assert 0.26 <= found.bound_factor <= found.factor * 1.001
    assert found.plan.schedule is not None
    assert evaluate_plan(found.plan, few).violations == ()
