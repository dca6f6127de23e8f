"""Commitments that an account owns, in a plan over time, by hand."""

from collections.abc import Mapping
from typing import Any

import pytest

from costopt.account.account import Account
from costopt.account.commitments import InstanceCommitment
from costopt.catalog.catalog import Catalog
from costopt.evaluate.check import evaluate_plan
from costopt.plan.plan import Plan
from costopt.planning.optimize_request import optimize
from costopt.workload.demand_profile import DemandProfile
from costopt.workload.limits import Limits
from costopt.workload.requirement import Requirement

DAY = DemandProfile(factors=[3.0] * 12 + [1.0] * 12)
MONTH = 720.0
"""Thirty days [h]."""


@pytest.fixture(scope="module")
def catalog(bundled: Catalog) -> Catalog:
    """One type at 1 $/h on demand."""
    found = bundled.filter(
        providers=["aws"],
        regions=["us-east-1"],
        instance_types=["g6.xlarge"],
        purchase_options=["on_demand"],
    )
    return found.with_prices(prices_per_hour={"aws/us-east-1/g6.xlarge/on_demand": 1.0})


def planned(catalog: Catalog, money: Mapping[str, float] | None = None, **commitment: Any) -> Plan:
    """A plan of an account that owns two instances, as of the first of January 2027."""
    fields = {
        "name": "two", "key": "aws/us-east-1/g6.xlarge", "kind": "reserved", "count": 2,
        "expires": "2027-12-31", **commitment,
    }  # fmt: skip
    account = Account(as_of="2027-01-01", commitments=(InstanceCommitment(**fields),))
    work = Requirement(demand_per_second=1.0, throughput_per_second={"g6.xlarge": 1.0})
    limits = Limits(purchase_options=("on_demand",), max_age_months={"on_demand": 36})
    plan = optimize(work, catalog, limits=limits, account=account, demand_profile=DAY,
                    horizon_hours=MONTH, **(money or {}))  # fmt: skip
    assert evaluate_plan(plan, catalog).violations == ()
    return plan.require()


def test_what_is_owned_runs_first_in_every_hour(catalog: Catalog) -> None:
    plan = planned(catalog)
    # Three by day and one by night: the third alone is paid, half of the hours.
    assert {line.offer.purchase_option: (line.count, line.hours) for line in plan.lines} == {
        "owned": (2, MONTH * 3 / 4),
        "on_demand": (1, MONTH / 2),
    }
    assert plan.cost_total == pytest.approx(MONTH / 2)


def test_what_is_owned_and_ends_inside_the_horizon_is_paid_after_it(catalog: Catalog) -> None:
    plan = planned(catalog, expires="2027-01-15")
    # The first 15 of 30 days are free: what is owned costs half of on demand in each hour.
    # Owned: two by day and one by night are 1.5 on average, at half the price.
    assert plan.cost_total == pytest.approx(MONTH * (1.5 * 0.5 + 0.5))


def test_an_owned_commitment_that_is_in_use_covers_nothing(catalog: Catalog) -> None:
    plan = planned(catalog, used=2)
    assert [line.offer.purchase_option for line in plan.lines] == ["on_demand"]
    assert plan.cost_total == pytest.approx(MONTH * 2)


def test_what_is_owned_goes_on_at_prices_that_have_fallen_until_it_ends(catalog: Catalog) -> None:
    plan = planned(catalog, {"price_decline": 0.5, "cost_of_capital": 0.1}, expires="2027-01-15")
    # (0.5^b - 0.5^a) / ((b - a) ln 0.5) is the mean of 0.5^t from a to b: the second half of 720
    # of 8,760 hours costs 0.95820 of today's price, all of them 0.97205.
    owned, on_demand = 1.5 * 0.5 * 0.95820, 0.5 * 0.97205
    assert plan.cost_total == pytest.approx(MONTH * (owned + on_demand), rel=1e-5)
    assert plan.schedule is not None
    # With q = 0.5 / 1.1 in place of 0.5 the means are 0.95260 and 0.96829.
    present = MONTH * (1.5 * 0.5 * 0.95260 + 0.5 * 0.96829)
    assert plan.schedule.objective == pytest.approx(present, rel=1e-5)
    assert plan.bound == pytest.approx(present / MONTH, rel=1e-5)
