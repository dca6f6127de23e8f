"""Plans over a demand profile: hours and commitments by hand, through the public names."""

from collections.abc import Callable, Mapping, Sequence
from math import pi, sin
from typing import Any

import numpy as np
import pandas as pd
import pytest

from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.evaluate.check import evaluate_plan
from costopt.plan.plan import Plan
from costopt.plan.status import PlanStatus
from costopt.planning.optimize_request import optimize
from costopt.workload.demand_profile import DemandProfile, DemandScenario
from costopt.workload.limits import Limits
from costopt.workload.requirement import Requirement
from costopt.workload.training import TrainingJob

YEAR = 8760.0
RESERVED = Limits(purchase_options=("on_demand", "reserved"))
PLANS = Limits(purchase_options=("on_demand", "savings_plan"))

Terms = Sequence[Mapping[str, Any]]
Priced = Callable[..., Catalog]


@pytest.fixture(scope="module")
def priced(bundled: Catalog) -> Priced:
    """Offer types on demand at prices of one's own [USD/h], and terms of a year beside them."""
    few = bundled.filter(
        providers=["aws"],
        regions=["us-east-1"],
        instance_types=["g6.xlarge", "g5.xlarge"],
        purchase_options=["on_demand"],
    )

    def with_prices(on_demand: Mapping[str, float], terms: Terms = ()) -> Catalog:
        offers = few.offers[few.offers["instance_type"].isin(on_demand)]
        price = offers["instance_type"].map(on_demand).astype(np.float64)
        listed = offers.assign(recurring_per_hour=price, effective_per_hour=price)
        rows = [listed]
        for term in terms:
            row = listed[listed["instance_type"] == term["instance_type"]]
            rows.append(row.assign(term_years=1.0, term_hours=YEAR, **term))
        joined = pd.concat(rows, ignore_index=True).astype(offers.dtypes.to_dict())
        return few.with_offers(joined)

    return with_prices


def reserved(per_hour: float, kind: str = "g6.xlarge", upfront: float = 0.0) -> Mapping[str, Any]:
    """A year of one instance: hourly, and upfront."""
    return {
        "instance_type": kind, "purchase_option": "reserved",
        "payment": "no" if per_hour else "all",
        "recurring_per_hour": per_hour, "upfront": upfront,
        "effective_per_hour": per_hour + upfront / YEAR,
    }  # fmt: skip


def savings_plan(rate: float, kind: str = "g6.xlarge") -> Mapping[str, Any]:
    return {
        "instance_type": kind, "purchase_option": "savings_plan", "kind": "compute",
        "payment": "no", "recurring_per_hour": rate, "upfront": 0.0, "effective_per_hour": rate,
    }  # fmt: skip


def work(rate: float = 1.0, name: str = "", **rates: float) -> Requirement:
    """Work that one instance does one unit a second of."""
    own = {kind.replace("_", "."): each for kind, each in rates.items()} or {"g6.xlarge": 1.0}
    return Requirement(name=name, demand_per_second=rate, throughput_per_second=own)


def planned(catalog: Catalog, factors: Sequence[float], limits: Limits, **given: Any) -> Plan:
    profile = DemandProfile(factors=factors)
    return optimize(work(), catalog, limits=limits, demand_profile=profile, **given).require()


def checked_curve() -> list[float]:
    """Four weeks of demand with lower weekends: the check values are worked out for it."""
    return [
        max(0.0, round(10 + 6 * sin(2 * pi * (hour % 24 - 9) / 24) - 4 * (hour // 24 % 7 >= 5)))
        for hour in range(672)
    ]


@pytest.mark.parametrize(
    ("discount", "count", "per_hour", "saving", "utilisation", "coverage"),
    [(0.3, 6, 7.8429, 0.1145, 0.8690, 0.5887), (0.5, 8, 6.4286, 0.2742, 0.8036, 0.7258)],
)
def test_the_newsvendor_commitment_comes_out_of_the_program(
    discount: float,
    count: int,
    per_hour: float,
    saving: float,
    utilisation: float,
    coverage: float,
    priced: Priced,
) -> None:
    # k* is the largest k that is needed in a part of at least 1 - d of the hours. A spend
    # commitment would do no better: both cover whole instances here.
    catalog = priced({"g6.xlarge": 1.0}, [reserved(1 - discount)])
    plan = planned(catalog, checked_curve(), RESERVED)
    schedule = plan.schedule
    assert schedule is not None
    (tranche,) = schedule.tranches
    assert tranche.instances == count
    assert plan.cost_total == pytest.approx(per_hour * YEAR, rel=1e-4)
    assert schedule.effective_savings_rate == pytest.approx(saving, abs=5e-5)
    assert schedule.utilisation == pytest.approx(utilisation, abs=5e-5)
    assert schedule.coverage == pytest.approx(coverage, abs=5e-5)
    assert tranche.break_even_utilisation == pytest.approx(1 - discount)
    assert schedule.waste == pytest.approx(
        count * (1 - discount) * YEAR * (1 - utilisation), rel=1e-3
    )


def test_a_spend_commitment_reaches_the_same(priced: Priced) -> None:
    # k* = 6 instances at a rate of 0.7 are 4.2 $/h; that the money could be split changes nothing.
    plan = planned(priced({"g6.xlarge": 1.0}, [savings_plan(0.7)]), checked_curve(), PLANS)
    assert plan.schedule is not None
    (tranche,) = plan.schedule.tranches
    assert tranche.instances is None
    assert tranche.spend_per_hour == pytest.approx(4.2)
    assert plan.cost_total == pytest.approx(7.8429 * YEAR, rel=1e-4)
    assert {line.offer.purchase_option for line in plan.lines} == {"on_demand"}
    assert sum(line.line_cost_total for line in plan.lines) == pytest.approx(plan.cost_total)


def test_flat_demand_commits_fully_and_a_zero_discount_nothing(priced: Priced) -> None:
    flat = planned(priced({"g6.xlarge": 1.0}, [reserved(0.9)]), [3.0], RESERVED).schedule
    none = planned(priced({"g6.xlarge": 1.0}, [reserved(1.0)]), [1.0, 3.0], RESERVED).schedule
    assert flat is not None
    assert none is not None
    assert [one.instances for one in flat.tranches] == [3]
    assert none.tranches == ()


def test_lines_tell_what_is_paid_and_hours_what_runs(priced: Priced) -> None:
    catalog = priced({"g6.xlarge": 1.0}, [reserved(0.0, upfront=0.6 * YEAR)])
    plan = planned(catalog, [1.0] * 12 + [3.0] * 12, RESERVED)
    # Half of the hours need 3 and half 1. One is reserved: 0.6 x 8,760 = 5,256. The second and
    # third run half the time: 2 x 4,380 x 1 = 8,760 on demand, against 2 x 5,256 reserved.
    by_option = {line.offer.purchase_option: line for line in plan.lines}
    firm, hourly = by_option["reserved"], by_option["on_demand"]
    assert (firm.count, firm.hours, hourly.count, hourly.hours) == (1, YEAR, 2, 4380)
    assert firm.line_cost_total == pytest.approx(5256)
    assert hourly.line_cost_total == pytest.approx(8760)
    assert [firm.cash_now, plan.cash_now] == pytest.approx([5256, 5256])
    # 3 units for 12 h and 1 for 12 h are 48 a day; 24 on the reserved one, 24 on the others.
    assert [firm.share, hourly.share] == pytest.approx([0.5, 0.5])
    assert plan.schedule is not None
    counts = {hour.demand_factor["requirement"]: hour.counts for hour in plan.schedule.hours}
    order = [line.offer.purchase_option for line in plan.lines]
    assert {factor: dict(zip(order, count, strict=True)) for factor, count in counts.items()} == {
        1.0: {"reserved": 1, "on_demand": 0},
        3.0: {"reserved": 1, "on_demand": 2},
    }
    assert [hour.paid_per_hour for hour in plan.schedule.hours] == [0.0, 2.0]
    (tranche,) = plan.schedule.tranches
    # It takes the place of 8,760 on demand, 730 a month: 5,256 / 730 = 7.2 months.
    assert tranche.payback_months == pytest.approx(7.2)
    assert tranche.npv == pytest.approx(8760 - 5256)


def test_without_commitments_and_with_less_demand_stand_beside_the_plan(priced: Priced) -> None:
    catalog = priced({"g6.xlarge": 1.0}, [reserved(0.6)])
    plan = planned(catalog, [4.0] * 23 + [0.0], RESERVED)
    # Four run 23 of 24 hours: 4 x 0.6 x 8,760 = 21,024 reserved, 4 x 8,395 = 33,580 on demand.
    assert plan.cost_total == pytest.approx(21_024)
    (beside,) = plan.baselines
    assert beside.cost_total == pytest.approx(33_580)
    assert plan.schedule is not None
    fall = plan.schedule.demand_fall
    assert fall is not None
    # At 2.8 units three are needed: 3 x 8,395 = 25,185 on demand, and the four are paid anyhow.
    assert fall.cost_total == pytest.approx(21_024)
    assert fall.without_commitments == pytest.approx(25_185)
    assert fall.loss == pytest.approx(21_024 - 25_185)


def test_scenarios_share_commitments_and_cvar_looks_at_the_dearest(priced: Priced) -> None:
    catalog = priced({"g6.xlarge": 1.0}, [reserved(0.6)])
    profile = DemandProfile(
        scenarios=[
            DemandScenario(name="low", probability=0.7, factors=[1.0]),
            DemandScenario(name="high", probability=0.3, factors=[3.0]),
        ]
    )
    mean = optimize(work(), catalog, limits=RESERVED, demand_profile=profile)
    # The second is needed with probability 0.3 < 0.6: one is reserved. Low costs 0.6, high 2.6.
    assert mean.schedule is not None
    assert [one.instances for one in mean.schedule.tranches] == [1]
    assert mean.schedule.cost_by_scenario == pytest.approx((0.6 * YEAR, 2.6 * YEAR))
    assert mean.cost_total == pytest.approx((0.7 * 0.6 + 0.3 * 2.6) * YEAR)
    wary = RESERVED.model_copy(update={"cvar": 0.7})
    tail = optimize(work(), catalog, limits=wary, demand_profile=profile)
    # The dearest 0.3 is the high one: three reserved cost 1.8 in both, 0.9 x 1.8 + 0.1 x 1.8
    # below 0.9 x 2.6 + 0.1 x 1.2.
    assert tail.schedule is not None
    assert [one.instances for one in tail.schedule.tranches] == [3]
    assert tail.schedule.objective == pytest.approx(1.8 * YEAR)


def test_workloads_share_a_commitment_at_different_hours(priced: Priced) -> None:
    catalog = priced({"g6.xlarge": 1.0}, [reserved(0.6)])
    profile = DemandProfile(
        by_workload={"day": [2.0] * 12 + [0.0] * 12, "night": [0.0] * 12 + [2.0] * 12}
    )
    plan = optimize(
        [work(name="day"), work(name="night")], catalog, limits=RESERVED, demand_profile=profile
    ).require()
    assert plan.schedule is not None
    assert [one.instances for one in plan.schedule.tranches] == [2]
    assert plan.cost_total == pytest.approx(2 * 0.6 * YEAR)
    # Each uses the two for half of the hours, so each pays half.
    assert [one.cost_total for one in plan.outcomes] == pytest.approx([0.6 * YEAR] * 2)


def test_capital_and_falling_prices_weigh_on_commitments(priced: Priced) -> None:
    catalog = priced({"g6.xlarge": 1.0}, [reserved(0.0, upfront=0.95 * YEAR)])
    assert planned(catalog, [1.0], RESERVED).cash_now == pytest.approx(0.95 * YEAR)
    # At 10 % a year on demand is worth (1/1.1 - 1) / ln(1/1.1) = 0.9538: still more than 0.95.
    assert planned(catalog, [1.0], RESERVED, cost_of_capital=0.1).cash_now == pytest.approx(8322)
    # At 12 %: 0.9454. With prices that fall by 12 %: (0.88 - 1) / ln 0.88 = 0.9387.
    dear = planned(catalog, [1.0], RESERVED, cost_of_capital=0.12)
    falling = planned(catalog, [1.0], RESERVED, price_decline=0.12)
    assert [dear.cash_now, dear.cost_total] == pytest.approx([0, YEAR])
    assert dear.schedule is not None
    assert dear.schedule.objective == pytest.approx(0.945426 * YEAR, rel=1e-5)
    assert [falling.cash_now, falling.cost_total] == pytest.approx([0, 0.938722 * YEAR], rel=1e-5)


def test_hours_put_together_state_their_error_against_the_series(priced: Priced) -> None:
    profile = DemandProfile(factors=[1.0, 1.4, 3.0, 3.4], kinds=2)
    limits = Limits(purchase_options=("on_demand",))
    plan = optimize(work(), priced({"g6.xlarge": 1.0}), limits=limits, demand_profile=profile)
    schedule = plan.require().schedule
    assert schedule is not None
    # Planned are 2, 2, 4 and 4 instances. In fractions, at the means of 1.2 and 3.2, they would
    # be 8.8 in four hours; on its own each hour takes 1, 2, 3 and 4, which is in between.
    assert schedule.objective == pytest.approx(12 / 4 * 730)
    assert schedule.series_bound == pytest.approx(8.8 / 4 * 730)
    assert schedule.series_gap == pytest.approx(1 - 8.8 / 12)
    assert plan.gap == pytest.approx(0)
    assert "no plan for each hour on its own is more than 27 % cheaper" in " ".join(
        str(plan).split()
    )


def test_a_long_series_is_planned_hour_by_hour_with_a_bound_of_its_own(priced: Priced) -> None:
    factors = np.linspace(1.0, 5.0, 400)
    catalog = priced({"g6.xlarge": 1.0}, [reserved(0.6)])
    plan = planned(catalog, factors.tolist(), RESERVED, gap=0.05)
    needed = np.ceil(factors)
    best = min(0.6 * k + np.maximum(needed - k, 0).mean() for k in range(6)) * YEAR
    schedule = plan.schedule
    assert schedule is not None
    assert len(schedule.hours) == 400
    assert schedule.series_bound is not None
    assert schedule.series_bound <= best <= schedule.objective * (1 + 1e-9)
    assert schedule.series_gap == plan.gap
    assert schedule.objective == pytest.approx(best, rel=0.02)


def test_a_quota_holds_in_every_hour(priced: Priced) -> None:
    catalog = priced({"g6.xlarge": 1.0, "g5.xlarge": 2.0}, [reserved(0.6)])
    limits = RESERVED.model_copy(update={"quota": {"g6.xlarge": 2}})
    both = work(g6_xlarge=1.0, g5_xlarge=1.0)
    profile = DemandProfile(factors=[1.0, 3.0])
    plan = optimize(both, catalog, limits=limits, demand_profile=profile).require()
    # The third instance must be a g5.xlarge at 2 $/h in half of the hours.
    kinds = {
        line.offer.instance_type: line for line in plan.lines if line.offer.term_years is None
    }
    assert kinds["g5.xlarge"].line_cost_total == pytest.approx(2 * 4380)
    none = optimize(work(), catalog, limits=limits, demand_profile=profile)
    assert none.status is PlanStatus.INFEASIBLE
    assert none.schedule is None
    assert none.unanswered_because == (
        "the hours at 3 times the mean rate of requirement cannot be served",
        "quota leaves no plan",
    )


def test_an_hour_without_demand_runs_nothing(priced: Priced) -> None:
    plan = planned(priced({"g6.xlarge": 1.0}), [0.0, 2.0], Limits(purchase_options=("on_demand",)))
    assert plan.schedule is not None
    assert [hour.counts for hour in plan.schedule.hours] == [(0,), (2,)]
    assert plan.cost_total == pytest.approx(2 * 365)


def test_a_type_without_a_price_for_a_year_says_what_would_win(priced: Priced) -> None:
    plan = planned(priced({"g6.xlarge": 1.0}), [1.0, 1.0, 1.0, 0.0], RESERVED)
    assert plan.schedule is not None
    (unpriced,) = plan.schedule.unpriced_terms
    assert (unpriced.instance_type, unpriced.wins_below_per_hour) == ("g6.xlarge", 0.75)
    assert "would win below $0.75/h" in str(plan)


def test_a_term_beyond_the_horizon_is_charged_in_whole(priced: Priced) -> None:
    catalog = priced({"g6.xlarge": 1.0}, [reserved(0.1)])
    # A year at 0.1 $/h is 876, more than 730 hours on demand and less than 1,000 of them.
    assert planned(catalog, [1.0], RESERVED, horizon_hours=730.0).cost_total == pytest.approx(730)
    longer = planned(catalog, [1.0], RESERVED, horizon_hours=1000.0)
    assert longer.cost_total == pytest.approx(876)
    assert longer.locked_in == pytest.approx(0.1 * 7760)
    assert "a term that outlives the horizon is charged in whole" in str(longer)


def test_a_plan_over_time_survives_being_written_and_read(priced: Priced) -> None:
    catalog = priced({"g6.xlarge": 1.0}, [reserved(0.6)])
    plan = planned(catalog, [1.0, 3.0], RESERVED)
    read = Plan.from_json(plan.to_json())
    assert read == plan
    assert evaluate_plan(read, catalog).violations == ()
    assert plan.schedule is not None
    frame = plan.schedule.to_frame()
    assert frame[["hour", "demand_factor requirement", "paid_per_hour"]].to_numpy().tolist() == [
        [0.0, 1.0, 0.0],
        [1.0, 3.0, 2.0],
    ]
    assert "1-year reserved" in plan._repr_html_()


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"purchase_options": "savings_plan"}, "add on_demand to purchase_options"),
        ({"purchase_options": ["on_demand", "capacity_block"]}, "paid for days, not for hours"),
    ],
)
def test_what_cannot_be_planned_over_time_is_refused(
    limits: Mapping[str, Any], words: str, priced: Priced
) -> None:
    with pytest.raises(InvalidInputError, match=words):
        planned(priced({"g6.xlarge": 1.0}, [savings_plan(0.7)]), [1.0, 2.0], Limits(**limits))


def test_work_without_a_rate_follows_no_profile(bundled: Catalog) -> None:
    profile = DemandProfile(factors=[1.0, 2.0])
    nodes = Requirement(nodes=2, accelerator_types=("L4",))
    with pytest.raises(InvalidInputError, match="no service is given"):
        optimize(nodes, bundled, demand_profile=profile)
    job = TrainingJob(model="meta-llama/Llama-3.1-8B", tokens=1e9, sequence_length=2048,
                      deadline_hours=100)  # fmt: skip
    with pytest.raises(InvalidInputError, match="no service is given"):
        optimize(job, bundled, demand_profile=profile)
