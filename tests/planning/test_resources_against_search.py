"""Committed amounts and shared instances against trying every fleet of every hour."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from costopt.catalog.catalog import Catalog
from costopt.evaluate.check import evaluate_plan
from costopt.planning.optimize_request import optimize
from costopt.workload.demand_profile import DemandProfile
from costopt.workload.eligible_usage import EligibleUsage
from costopt.workload.limits import Limits
from costopt.workload.requirement import Requirement

YEAR = 8760.0
TYPES = ("g2-standard-4", "g2-standard-8")
RATE = np.array([1.0, 1.7])
RESOURCES = ("vcpu", "memory_gib", "L4")
LISTED = np.array([0.05, 0.01, 0.64])
NEEDS = np.array([[4.0, 16.0, 1.0], [8.0, 32.0, 1.0]])
MOST = 4
"""Instances of a type in one hour; demand is at most as much as that many of the smaller do."""

Floats = NDArray[np.float64]


@pytest.fixture(scope="module")
def offered(bundled: Catalog) -> Catalog:
    found = bundled.filter(
        providers=["gcp"],
        regions=["us-central1"],
        instance_types=TYPES,
        purchase_options=["on_demand"],
    )
    price = found.offers["instance_type"].map(dict(zip(TYPES, NEEDS @ LISTED, strict=True)))
    return found.with_offers(
        found.offers.assign(recurring_per_hour=price, effective_per_hour=price)
    )


def with_commitments(catalog: Catalog, committed: Floats) -> Catalog:
    rows = [
        {
            "provider": "gcp", "region": "us-central1", "instance_types": "g2-standard-*",
            "resource": resource, "purchase_option": option, "term_years": term,
            "price_per_unit_hour": price, "currency": "USD", "source": "made by hand",
            "as_of": "2026-11-01", "note": "",
        }
        for row, resource in enumerate(RESOURCES)
        for option, term, price in (
            ("on_demand", None, LISTED[row]), ("committed_use", 1.0, committed[row]),
        )
    ]  # fmt: skip
    return catalog.with_components(pd.DataFrame(rows))


def least(demand: Floats, others: Floats, committed: Floats) -> float:
    """Try every fleet in every hour, and every amount that some hour uses.

    For given fleets each resource stands alone: the best amount is nothing or what one of the
    hours uses, because the cost is linear in between.
    """
    fleets = np.array(list(product(range(MOST + 1), repeat=2)), dtype=np.float64)
    able = [fleets[fleets @ RATE >= one - 1e-9] for one in demand]
    chosen = np.array(list(product(*(range(len(one)) for one in able))))
    used = np.stack(
        [
            able[hour][chosen[:, hour]] @ NEEDS + others[hour] * NEEDS[0]
            for hour in range(len(demand))
        ],
        axis=1,
    )
    levels = np.concatenate([np.zeros_like(used[:, :1]), used], axis=1)
    short = np.maximum(used[:, None] - levels[:, :, None], 0.0).mean(axis=2)
    cost = (committed * levels + LISTED * short).min(axis=1).sum(axis=1)
    return float(cost.min())


@pytest.mark.parametrize("seed", range(4))
def test_committed_amounts_cost_what_trying_everything_finds(seed: int, offered: Catalog) -> None:
    random = np.random.default_rng(seed)
    demand = random.integers(0, MOST + 1, size=3).astype(np.float64)
    demand[random.integers(3)] = MOST
    others = random.integers(0, 3, size=3)
    committed = LISTED * random.uniform(0.3, 0.95, size=3)
    catalog = with_commitments(offered, committed)
    plan = optimize(
        Requirement(
            demand_per_second=1.0, throughput_per_second=dict(zip(TYPES, RATE, strict=True))
        ),
        catalog,
        limits=Limits(purchase_options=("on_demand", "committed_use")),
        demand_profile=DemandProfile(factors=demand.tolist()),
        eligible_usage=[
            EligibleUsage(
                name="web",
                provider="gcp",
                region="us-central1",
                instance_type=TYPES[0],
                instances=others.tolist(),
            )
        ],
        gap=1e-6,
    ).require()
    assert plan.schedule is not None
    found = plan.schedule.objective / YEAR
    assert found == pytest.approx(least(demand, others.astype(np.float64), committed), rel=1e-5)
    assert evaluate_plan(plan, catalog).violations == ()
