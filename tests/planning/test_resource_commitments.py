"""Committed amounts of vCPUs, memory and accelerators in plans over time, by hand."""

from collections.abc import Callable, Mapping, Sequence
from math import pi, sin
from typing import Any

import pandas as pd
import pytest

from costopt.catalog.catalog import Catalog
from costopt.errors import CostoptError, InvalidInputError
from costopt.evaluate.check import evaluate_plan
from costopt.plan.plan import Plan
from costopt.plan.schedule import Schedule
from costopt.planning.optimize_request import optimize
from costopt.workload.demand_profile import DemandProfile
from costopt.workload.limits import Limits
from costopt.workload.requirement import Requirement

YEAR = 8760.0
COMMITTED = Limits(purchase_options=("on_demand", "committed_use"))
ON_DEMAND = {"vcpu": 0.05, "memory_gib": 0.01, "L4": 0.64}
"""A g2-standard-4 has 4 vCPUs, 16 GiB and one L4: 0.20 + 0.16 + 0.64 = 1 $/h."""

Priced = Callable[..., Catalog]


@pytest.fixture(scope="module")
def g2(bundled: Catalog) -> Priced:
    """Two sizes with one L4 each, at the sum of their components, and commitments of a year."""
    found = bundled.filter(
        providers=["gcp"],
        regions=["us-central1"],
        instance_types=["g2-standard-4", "g2-standard-8"],
        purchase_options=["on_demand"],
    )
    # The larger one has 8 vCPUs and 32 GiB: 0.40 + 0.32 + 0.64 = 1.36 $/h.
    price = found.offers["instance_type"].map({"g2-standard-4": 1.0, "g2-standard-8": 1.36})
    listed = found.offers.assign(recurring_per_hour=price, effective_per_hour=price)

    def with_discounts(
        discounts: Mapping[str, float], *, terms: Sequence[float] = (1.0,)
    ) -> Catalog:
        rows = [component(name, None, price) for name, price in ON_DEMAND.items()]
        rows += [
            component(name, term, ON_DEMAND[name] * (1 - discount))
            for name, discount in discounts.items()
            for term in terms
        ]
        return found.with_offers(listed).with_components(pd.DataFrame(rows))

    return with_discounts


def component(resource: str, term_years: float | None, price: float) -> dict[str, Any]:
    return {
        "provider": "gcp", "region": "us-central1", "instance_types": "g2-standard-*",
        "resource": resource,
        "purchase_option": "committed_use" if term_years else "on_demand",
        "term_years": term_years, "price_per_unit_hour": price, "currency": "USD",
        "source": "made by hand", "as_of": "2026-11-01", "note": "",
    }  # fmt: skip


def same(discount: float) -> dict[str, float]:
    return dict.fromkeys(ON_DEMAND, discount)


def planned(catalog: Catalog, factors: Sequence[float], **given: Any) -> Plan:
    work = Requirement(demand_per_second=1.0, throughput_per_second={"g2-standard-4": 1.0})
    asked = {"limits": COMMITTED, "demand_profile": DemandProfile(factors=factors), **given}
    return optimize(work, catalog, **asked).require()


def schedule_of(plan: Plan) -> Schedule:
    assert plan.schedule is not None
    return plan.schedule


def amounts(plan: Plan) -> dict[str, float | None]:
    return {one.resource: one.amount for one in schedule_of(plan).tranches}


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
def test_the_newsvendor_amounts_come_out_of_the_program(
    discount: float,
    count: int,
    per_hour: float,
    saving: float,
    utilisation: float,
    coverage: float,
    g2: Priced,
) -> None:
    # Each resource alone is the newsvendor of its own amounts, so all are those of k* instances.
    catalog = g2(same(discount))
    plan = planned(catalog, checked_curve())
    schedule = schedule_of(plan)
    assert amounts(plan) == {"vcpu": 4 * count, "memory_gib": 16 * count, "L4": count}
    assert plan.cost_total == pytest.approx(per_hour * YEAR, rel=1e-4)
    assert schedule.effective_savings_rate == pytest.approx(saving, abs=5e-5)
    assert schedule.utilisation == pytest.approx(utilisation, abs=5e-5)
    assert schedule.coverage == pytest.approx(coverage, abs=5e-5)
    for tranche in schedule.tranches:
        assert tranche.break_even_utilisation == pytest.approx(1 - discount)
        assert tranche.cash_now == 0.0
    assert evaluate_plan(Plan.from_json(plan.to_json()), catalog).violations == ()


def test_flat_demand_commits_fully_and_no_discount_commits_nothing(g2: Priced) -> None:
    flat = planned(g2(same(0.1)), [2.0, 2.0])
    assert amounts(flat) == {"vcpu": 8, "memory_gib": 32, "L4": 2}
    assert flat.cost_total == pytest.approx(2 * 0.9 * YEAR)
    assert schedule_of(flat).coverage == pytest.approx(1.0)
    assert schedule_of(planned(g2(same(0.0)), [2.0, 2.0])).tranches == ()


def test_only_a_resource_that_is_worth_it_is_committed(g2: Priced) -> None:
    # One instance runs in all hours, a second one in half of them. At 60 % off the L4 of both
    # pays (used from 0.4 on), at 30 % off the vCPUs of one (from 0.7 on), and memory has no price.
    catalog = g2({"L4": 0.6, "vcpu": 0.3})
    plan = planned(catalog, [1.0, 2.0])
    assert amounts(plan) == {"L4": 2, "vcpu": 4}
    # L4: 2 x 0.256. vCPUs: 4 x 0.035 and half of the time 4 x 0.05. Memory: 1.5 x 16 x 0.01.
    per_hour = 2 * 0.256 + 4 * 0.035 + 0.5 * 4 * 0.05 + 1.5 * 0.16
    assert plan.cost_total == pytest.approx(per_hour * YEAR)
    of = {one.resource: one for one in schedule_of(plan).tranches}
    assert of["L4"].utilisation == pytest.approx(0.75)
    assert of["L4"].waste == pytest.approx(0.25 * 2 * 0.256 * YEAR)
    # It takes the place of 1.5 x 0.64 on demand for 2 x 0.256.
    assert of["L4"].npv == pytest.approx((1.5 * 0.64 - 2 * 0.256) * YEAR)
    assert schedule_of(plan).coverage == pytest.approx((1.5 * 0.64 + 4 * 0.05) / 1.5)
    assert schedule_of(plan).demand_fall is not None
    assert "2 L4 of g2-standard-* in gcp us-central1, 1-year committed use" in str(plan)
    assert "4 vCPU of g2-standard-* in gcp us-central1" in str(plan)
    assert list(schedule_of(plan).to_frame()["tranche 0"]) in ([1, 2], [4, 4])
    (line,) = plan.lines
    assert line.line_cost_total == pytest.approx(plan.cost_total)
    assert plan.baselines[0].cost_total == pytest.approx(1.5 * YEAR)
    assert evaluate_plan(plan, catalog).violations == ()


def test_reasons_name_what_one_unit_more_costs(g2: Priced) -> None:
    plan = planned(g2({"L4": 0.6, "vcpu": 0.3}), [1.0, 2.0])
    text = " ".join(str(plan.explain()).split())
    # A third L4 is never used, 0.256 $/h x 730 h; a fifth vCPU in half of the hours, at 0.05.
    assert "1 L4 more costs $187/month more" in text
    assert "1 vCPU more costs $7.30/month more" in text


def test_sizes_of_one_series_share_what_is_committed(g2: Priced) -> None:
    small = Requirement(
        name="small", demand_per_second=1.0, throughput_per_second={"g2-standard-4": 1.0}
    )
    large = Requirement(
        name="large", demand_per_second=1.0, throughput_per_second={"g2-standard-8": 1.0}
    )
    catalog = g2(same(0.3))
    profile = DemandProfile(by_workload={"small": [1.0, 0.0], "large": [0.0, 1.0]})
    plan = optimize([small, large], catalog, limits=COMMITTED, demand_profile=profile).require()
    # The L4 and the first 4 vCPUs and 16 GiB are in use throughout, the rest in half of the hours.
    assert amounts(plan) == {"vcpu": 4, "memory_gib": 16, "L4": 1}
    # 0.7 committed, and half of the time 0.36 for what the larger one has more.
    assert plan.cost_total == pytest.approx((0.7 + 0.5 * 0.36) * YEAR)
    costs = {line.workload: line.line_cost_total for line in plan.lines}
    # 0.35 is the half of what is committed that either uses.
    assert costs == pytest.approx({"small": 0.35 * YEAR, "large": (0.35 + 0.18) * YEAR})
    assert evaluate_plan(plan, catalog).violations == ()


def test_spot_is_not_covered(g2: Priced) -> None:
    catalog = g2(same(0.3))
    offers = catalog.offers
    spot = offers.assign(purchase_option="spot", recurring_per_hour=0.6, effective_per_hour=0.6)
    spot = spot[spot["instance_type"] == "g2-standard-4"]
    both = catalog.with_offers(pd.concat([offers, spot], ignore_index=True))
    named = Limits(purchase_options=("on_demand", "spot", "committed_use"))
    plan = planned(both, [1.0, 1.0], limits=named)
    assert plan.cost_total == pytest.approx(0.6 * YEAR)
    assert schedule_of(plan).tranches == ()


def test_the_cheaper_term_over_the_horizon_is_taken(g2: Priced) -> None:
    catalog = g2(same(0.3), terms=(1.0, 3.0))
    rows = catalog.components
    longer = rows["term_years"] == 3.0
    price = rows["price_per_unit_hour"].mask(longer, rows["price_per_unit_hour"] * 0.9)
    cheaper = catalog.with_components(rows.assign(price_per_unit_hour=price))
    year = planned(cheaper, [1.0])
    # Three years of 0.63 for one of use are dearer than one of 0.7.
    assert {one.term_years for one in schedule_of(year).tranches} == {1.0}
    whole = planned(cheaper, [1.0], horizon_hours=3 * YEAR)
    assert {one.term_years for one in schedule_of(whole).tranches} == {3.0}
    assert whole.cost_total == pytest.approx(0.63 * 3 * YEAR)
    asked = COMMITTED.model_copy(update={"term_years": (1.0,)})
    limited = planned(cheaper, [1.0], horizon_hours=3 * YEAR, limits=asked)
    assert {one.term_years for one in schedule_of(limited).tranches} == {1.0}


def test_falling_prices_weigh_on_committed_amounts(g2: Priced) -> None:
    catalog = g2(same(0.3))
    plan = planned(catalog, [1.0], price_decline=0.5)
    # On demand falls from 1 to 0.5 in the year, 0.7213 on average: 0.7 still pays.
    assert plan.cost_total == pytest.approx(0.7 * YEAR)
    assert sum(one.npv or 0.0 for one in schedule_of(plan).tranches) == pytest.approx(
        (0.5 / 0.693147 - 0.7) * YEAR, rel=1e-4
    )
    assert schedule_of(planned(catalog, [1.0], price_decline=0.6)).tranches == ()


def test_a_lower_price_of_an_instance_lowers_what_its_components_are_worth(g2: Priced) -> None:
    # At 20 % off on demand, 0.8 $/h, a commitment at 0.7 pays from 0.875 of the hours on.
    catalog = g2(same(0.3)).with_prices(discounts={"gcp/*/*/on_demand": 0.2}, reason="ours")
    plan = planned(catalog, [1.0])
    assert plan.cost_total == pytest.approx(0.7 * YEAR)
    parts = schedule_of(plan).tranches
    assert [one.break_even_utilisation for one in parts] == pytest.approx([0.875] * 3)


def test_committed_use_must_be_named(g2: Priced) -> None:
    plan = planned(g2(same(0.5)), [1.0], limits=Limits(purchase_options=("on_demand",)))
    assert schedule_of(plan).tranches == ()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"resource": "ram"}, "Unknown resource 'ram'"),
        ({"price_per_unit_hour": 0.0}, "price_per_unit_hour must be above 0"),
        ({"price_per_unit_hour": float("nan")}, "price_per_unit_hour must be above 0"),
        ({"purchase_option": "reserved"}, "must be on_demand or committed_use"),
        ({"term_years": 0.0}, "term_years must be above 0 where it is committed"),
        ({"region": "europe-west4"}, "the resource has no on_demand row"),
    ],
)
def test_odd_components_are_refused(changed: Mapping[str, Any], message: str, g2: Priced) -> None:
    rows = g2(same(0.3)).components
    odd = pd.concat([rows.iloc[:-1], rows.iloc[-1:].assign(**changed)], ignore_index=True)
    with pytest.raises(CostoptError, match=message):
        g2(same(0.3)).with_components(odd)
    twice = pd.concat([rows, rows.iloc[-1:]], ignore_index=True)
    with pytest.raises(InvalidInputError, match="the row is there twice"):
        g2(same(0.3)).with_components(twice)


def test_a_type_in_two_scopes_is_refused(g2: Priced) -> None:
    rows = g2(same(0.3)).components
    twice = pd.concat([rows, rows.assign(instance_types="g2-*")], ignore_index=True)
    with pytest.raises(InvalidInputError, match=r"both cover g2-standard-\d+, so its"):
        planned(g2(same(0.3)).with_components(twice), [1.0])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"amount": 3.0}, "the plan says"),
        ({"amount": 4.5}, "4.5 is not sold, only multiples of 1"),
        ({"amount": 0.0}, "which is nothing to commit"),
        ({"instances": 2}, "commits the wrong kind of thing"),
        ({"spend_per_hour": 1.0}, "commits the wrong kind of thing"),
        ({"waste": 0.0}, "waste"),
    ],
)
def test_changed_amounts_are_found(changed: Mapping[str, Any], message: str, g2: Priced) -> None:
    catalog = g2({"L4": 0.6, "vcpu": 0.3})
    plan = planned(catalog, [1.0, 2.0])
    schedule = schedule_of(plan)
    # Every commitment is changed, so that the wasteful one is among them.
    odd = tuple(one.model_copy(update=dict(changed)) for one in schedule.tranches)
    tampered = plan.model_copy(update={"schedule": schedule.model_copy(update={"tranches": odd})})
    assert message in "\n".join(evaluate_plan(tampered, catalog).violations)
