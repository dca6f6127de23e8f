"""Committed amounts of vCPUs, memory and accelerators in plans over time, by hand."""

from collections.abc import Callable, Mapping, Sequence
from math import pi, sin
from typing import Any

import pandas as pd
import pytest

from costopt.catalog.catalog import Catalog
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
