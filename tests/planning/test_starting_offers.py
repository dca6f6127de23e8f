"""Which offers stay in the program where starts take time."""

import numpy as np
import pandas as pd
import pytest

from costopt.candidate.find import all_candidates
from costopt.catalog.catalog import Catalog
from costopt.planning.over_time import search_over_time
from costopt.planning.over_time_products import QuantityProducts, SpendProducts
from costopt.planning.over_time_starts import servers_compare, worth_starting
from costopt.solve.hours.problem import Sequence
from costopt.workload.demand_hours import hours_of
from costopt.workload.demand_profile import DemandProfile
from costopt.workload.limits import Limits, PurchaseOption
from costopt.workload.request import PlanRequest
from costopt.workload.serving import InferenceService
from costopt.workload.traffic import RequestSize, Traffic

SERVER = np.array([0, 0, 0, 0, 1])
PRICE = np.array([1.0, 1.1, 1.2, 0.0, 2.0])
"""Of one server three offers by the hour and one committed, of another one by the hour."""

RATE = np.array([[0.8, 0.7, 0.9, np.nan, 1.5]])
"""The second offer is the cheapest under the plan, the third is beaten by the first."""


def sequence(*hours: float) -> Sequence:
    return Sequence(start_up_hours=np.array(hours), min_up_hours=np.ones(5, dtype=np.int64))


@pytest.fixture
def quantities() -> QuantityProducts:
    product = np.array([-1, -1, -1, 0, -1])
    return QuantityProducts(product=product, keys=(), present_value=np.ones(1))


@pytest.fixture
def spends() -> SpendProducts:
    return SpendProducts(tranches=(), present_value=np.ones(1), rate=RATE)


def test_an_offer_stays_that_one_other_does_not_beat_in_every_way(
    quantities: QuantityProducts, spends: SpendProducts
) -> None:
    alike = sequence(0.2, 0.2, 0.2, 0.2, 0.5)
    kept = worth_starting(alike, SERVER, PRICE, quantities, spends)
    assert kept.tolist() == [False, True, False, False, False]
    assert not worth_starting(None, SERVER, PRICE, quantities, spends).any()
    assert worth_starting(
        sequence(0.2, 0.3, 0.2, 0.2, 0.2), SERVER, PRICE, quantities, spends
    ).all()


def test_servers_are_held_against_each_other_where_one_offer_pays_for_each() -> None:
    by_hour, nobody = np.array([True, True, True, False, True]), np.zeros(5, dtype=np.bool_)
    alike = sequence(0.2, 0.2, 0.2, 0.2, 0.2)
    one_each = np.array([True, False, False, True, True])
    two = np.array([True, True, False, True, True])
    assert servers_compare(None, SERVER, by_hour, nobody, two)
    assert servers_compare(alike, SERVER, by_hour, nobody, one_each)
    assert not servers_compare(alike, SERVER, by_hour, nobody, two)
    slower = sequence(0.2, 0.2, 0.2, 0.2, 0.5)
    assert not servers_compare(slower, SERVER, by_hour, nobody, one_each)
    is_job = np.array([False, False, False, False, True])
    assert servers_compare(slower, SERVER, by_hour, is_job, one_each)


@pytest.fixture(scope="module")
def catalog(bundled: Catalog) -> Catalog:
    """Two types on demand and reserved, and a plan of money for both of them."""
    found = bundled.filter(providers=["aws"], regions=["us-east-1"],
                           instance_types=["g6.xlarge", "g6e.xlarge"])  # fmt: skip
    offers = found.offers[found.offers["purchase_option"].isin(["on_demand", "reserved"])]
    listed = offers[offers["purchase_option"] == "on_demand"]
    rate = listed["effective_per_hour"] * 0.55
    plan = listed.assign(purchase_option="savings_plan", kind="compute", term_years=1.0,
                         term_hours=8760.0, payment="no", recurring_per_hour=rate,
                         effective_per_hour=rate)  # fmt: skip
    joined = pd.concat([offers, plan], ignore_index=True).astype(offers.dtypes.to_dict())
    return found.with_offers(joined)


@pytest.mark.parametrize("option", ["reserved", "savings_plan"])
def test_what_is_minimised_is_what_the_plan_comes_to(
    catalog: Catalog, option: PurchaseOption
) -> None:
    size = RequestSize(input_tokens=512, output_tokens=128, share_fraction=1.0)
    service = InferenceService(
        model="meta-llama/Llama-3.1-8B-Instruct",
        precision="bf16",
        max_tpot_ms=100,
        traffic=Traffic.from_sizes([size], requests_per_second=40),
    )
    request = PlanRequest(
        workloads=(service,),
        limits=Limits(purchase_options=("on_demand", option)),
        demand_profile=DemandProfile(
            factors=[0.3] * 4 + [1.0, 1.6, 1.2, 0.6], start_up_hours="catalogue", min_up_hours=2
        ),
        horizon_hours=8760.0,
        gap=0.05,
        time_limit_seconds=2.0,
        price_decline=0.15,
        cost_of_capital=0.08,
    )
    hours = hours_of(request, catalog)
    found = search_over_time(all_candidates(request, catalog), hours, request, catalog)
    assert found.scheduled is not None
    assert found.solution.costs is not None
    schedule = found.scheduled.schedule
    assert schedule.starts_cost > 0
    assert len(schedule.tranches) >= 1
    assert schedule.objective == pytest.approx(found.solution.costs.objective, rel=1e-9)
