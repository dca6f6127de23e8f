"""Batch workers on firm and spot: each takes its own part of the work, against free search."""

from math import ceil, exp, inf
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as how
from hypothesis import strategies as st

from costopt.candidate.find_gangs import find_gangs
from costopt.candidate.gang_costs import GangOffers, GangWork
from costopt.candidate.job import Gangs
from costopt.candidate.settings import CandidateSettings
from costopt.interruption.signal import SpotRisk

NAN = float("nan")
START = 0.2
LEAST = 1e-3
"""Part of the work that firm nodes do at least."""


def offers(
    firm: float, spot: float, hazard: float, available: float, restart: float
) -> GangOffers:
    """On demand and spot in one place."""
    two = np.ones(2)
    return GangOffers(
        offers=pd.DataFrame(
            {
                "provider": "aws",
                "region": "here",
                "zone": "",
                "instance_type": "small",
                "purchase_option": ["on_demand", "spot"],
                "recurring_per_hour": [firm, spot],
                "upfront": 0.0,
                "term_hours": NAN,
                "payment": "",
                "exchange_rate": 1.0,
            }
        ),
        type_index=np.zeros(2, dtype=np.int64),
        risk=SpotRisk(
            hazard_per_instance_hour=two * hazard,
            availability_fraction=two * available,
            pool_correlation=two * 0.9,
            provisioning_hours=two * restart,
            notice_seconds=two * 120,
            source=("", ""),
        ),
        start_hours=START,
    )


def batch(alone: float, sizes: list[int]) -> GangWork:
    """Work of ``alone`` hours on one instance, and equal gangs that may do it."""
    nodes = np.array(sizes)
    one = np.ones(len(sizes))
    return GangWork(
        type_index=np.zeros(len(sizes), dtype=np.int64),
        layout=np.zeros(len(sizes), dtype=np.int64),
        nodes=nodes,
        work_hours=alone / nodes,
        rate=nodes * 2.0,
        low_factor=one,
        high_factor=one,
        planned_factor=one,
        origin=np.zeros(len(sizes), dtype=np.int64),
        writers=nodes,
        state_bytes=0.0,
        nodes_fail_together=False,
    )


def gangs_of(alone: float, renting: GangOffers, deadline: float, share: float) -> Gangs:
    risk = renting.risk
    stretch = exp(risk.hazard_per_instance_hour[0] * risk.provisioning_hours[0])
    firm = ceil(alone / (deadline - START))
    left = (deadline - risk.provisioning_hours[0]) * risk.availability_fraction[0]
    settings = CandidateSettings(horizon_hours=730, confidence=0.5, max_spot_fraction=share)
    sizes = sorted({firm, ceil(alone * stretch / left)})
    return find_gangs(batch(alone, sizes), renting, deadline, settings)[0]


def searched(
    alone: float, renting: GangOffers, deadline: float, share: float, most: float = inf
) -> float:
    """Cheapest of all numbers of firm and spot nodes, each with every split of the work."""
    risk = renting.risk
    start, available = risk.provisioning_hours[0], risk.availability_fraction[0]
    lost = exp(risk.hazard_per_instance_hour[0] * start)
    price = renting.offers["recurring_per_hour"].to_numpy()
    best = inf
    for firm in range(41):
        for spot in range(101):
            if firm + spot > most or firm + spot == 0:
                continue
            on_spot = spot * (deadline - start) * available / lost
            if share < 1:  # (1 - f) (S' m + k w) <= f (S n + W - w)
                room = share * (START * firm + alone) - (1 - share) * start * spot
                on_spot = min(on_spot, room / ((1 - share) * lost + share))
            on_spot = min(on_spot, alone * (1 - LEAST) if firm else alone)
            on_firm = alone - on_spot
            too_little = spot > 0 and on_spot <= 0
            if too_little or on_firm > firm * (deadline - START) * (1 + 1e-9) + 1e-9:
                continue
            hours_firm, hours_spot = firm * START + on_firm, spot * start + on_spot * lost
            best = min(best, hours_firm * price[0] + (hours_spot * price[1] if spot else 0.0))
    return best


@how(max_examples=60, deadline=None, derandomize=True)
@given(
    alone=st.floats(1.0, 150.0),
    deadline=st.floats(6.0, 20.0),
    share=st.sampled_from([0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 1.0]),
    spot=st.floats(0.1, 1.3),
    hazard=st.floats(0.01, 0.6),
    available=st.floats(0.5, 1.0),
    restart=st.floats(0.05, 0.5),
)
def test_the_cheapest_split_is_the_one_that_a_free_search_finds(
    alone: float, deadline: float, share: float, **terms: Any
) -> None:
    renting = offers(1.0, terms["spot"], terms["hazard"], terms["available"], terms["restart"])
    found = gangs_of(alone, renting, deadline, share)
    assert found.cost_total.min() == pytest.approx(
        searched(alone, renting, deadline, share), rel=1e-9
    )


@pytest.mark.parametrize("most", [9, 10, 12, 14])
@pytest.mark.parametrize("share", [0.5, 1.0])
def test_a_quota_on_instances_is_met_by_the_cheapest_split_within_it(
    most: int, share: float
) -> None:
    renting = offers(1.006, 0.6086, 0.6, 0.6, 0.2)
    found = gangs_of(116.85, renting, 14.0, share)
    within = found.take(found.nodes <= most)
    assert within.cost_total.min() == pytest.approx(
        searched(116.85, renting, 14.0, share, most), rel=1e-9
    )


def test_firm_workers_stop_when_their_own_part_is_done() -> None:
    # 100 h of work, half of the hours on spot at 0.5 $/h, nothing reclaimed, always available:
    # 51 h are paid on either side when 5 + 5 nodes start 0.2 h each and work 10 h each: 75 $
    # for the work and 5 x 0.2 x 1.5 = 1.50 $ for the starts.
    found = gangs_of(100.0, offers(1.0, 0.5, 1e-9, 1.0, 0.2), 10.2, 0.5)
    best = found.take(np.array([int(np.argmin(found.cost_total))]))
    assert (best.nodes[0], best.spot_nodes[0]) == (10, 5)
    assert best.spot_work_fraction[0] == pytest.approx(0.5)
    assert best.firm_hours[0] == pytest.approx(10.2)
    assert best.spot_hours[0] == pytest.approx(10.2)
    assert best.cost_total[0] == pytest.approx(76.5)
    assert best.rate[0] == pytest.approx(20.0)  # 10 instances at 2/s


def test_spot_that_costs_more_for_each_hour_of_work_is_left_out() -> None:
    # 0.99 $/h x e^(0.5 x 0.2) = 1.094 $ for each hour of work, 1 $ on demand.
    found = gangs_of(50.0, offers(1.0, 0.99, 0.5, 1.0, 0.2), 10.0, 0.5)
    assert found.spot_nodes.max() == 0
