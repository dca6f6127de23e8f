"""Hours and cost of gangs on firm and spot nodes, by hand."""

from dataclasses import replace
from math import exp, inf
from typing import Any

import numpy as np
import pandas as pd
import pytest

from costopt.candidate.find_gangs import find_gangs
from costopt.candidate.gang_costs import GangOffers, GangWork
from costopt.candidate.job import NO_OFFER, Gangs
from costopt.candidate.settings import CandidateSettings
from costopt.interruption.signal import SpotRisk

NAN = float("nan")
FIRM, SPOT, ELSEWHERE = 0, 1, 2


def work(hours: list[float], nodes: list[int], **changes: Any) -> GangWork:
    """Gangs of one type; by default their nodes work each on their own, as in a batch."""
    count = len(nodes)
    one = np.ones(count)
    values: dict[str, Any] = {
        "type_index": np.zeros(count, dtype=np.int64),
        "layout": np.arange(count),
        "nodes": np.array(nodes),
        "work_hours": np.array(hours),
        "rate": one,
        "low_factor": one,
        "high_factor": one,
        "planned_factor": one,
        "origin": np.zeros(count, dtype=np.int64),
        "writers": np.array(nodes),
        "state_bytes": 0.0,
        "nodes_fail_together": False,
    }
    return GangWork(**(values | changes))


def renting(
    *, hazard: float = 0.1, available: float = 0.8, upfront: float = 0.0, term: float = NAN
) -> GangOffers:
    """On demand at 10 $/h, spot at 4 $/h in the same place, spot at 3 $/h without firm nodes."""
    offers = pd.DataFrame(
        {
            "provider": "aws",
            "region": ["here", "here", "there"],
            "zone": "",
            "instance_type": "big",
            "purchase_option": ["on_demand", "spot", "spot"],
            "recurring_per_hour": [10.0, 4.0, 3.0],
            "upfront": [upfront, 0.0, 0.0],
            "term_hours": [term, NAN, NAN],
            "payment": "",
            "exchange_rate": 1.0,
        }
    )
    three = np.ones(3)
    return GangOffers(
        offers=offers,
        type_index=np.zeros(3, dtype=np.int64),
        risk=SpotRisk(
            hazard_per_instance_hour=three * hazard,
            availability_fraction=three * available,
            pool_correlation=three * 0.9,
            provisioning_hours=three * 0.5,
            notice_seconds=three * 120,
            source=("", "", ""),
        ),
        start_hours=0.25,
    )


def found(
    gangs: GangWork, offers: GangOffers, *, deadline: float = 1000.0, spot: float = 1.0
) -> tuple[Gangs, list[str]]:
    settings = CandidateSettings(horizon_hours=730, confidence=0.5, max_spot_fraction=spot)
    kept, reasons = find_gangs(gangs, offers, deadline, settings)
    return kept, [str(reason) for reason in reasons]


def row_of(gangs: Gangs, firm: int, spot: int = NO_OFFER) -> Gangs:
    rows = np.flatnonzero((gangs.offer == firm) & (gangs.spot_offer == spot))
    assert len(rows) == 1
    return gangs.take(rows)


def test_a_firm_gang_pays_for_its_start_and_its_work() -> None:
    gangs, _ = found(work([8.0], [3]), renting())
    firm = row_of(gangs, FIRM)
    assert firm.hours[0] == pytest.approx(8.25)  # 0.25 h to start
    assert firm.cost_total[0] == pytest.approx(3 * 8.25 * 10)  # 247.50 $
    assert (firm.nodes[0], firm.spot_nodes[0]) == (3, 0)


def test_a_spot_gang_pays_for_restarts_and_waits_for_capacity() -> None:
    gangs, _ = found(work([8.0], [3]), renting())
    spot = row_of(gangs, SPOT, SPOT)
    # Nothing is lost but restarts: 8 h x e^(0.5 h x 0.1/h) = 8.4102 h are billed after 0.5 h.
    billed = 0.5 + 8 * exp(0.05)
    assert spot.spot_hours[0] == pytest.approx(billed)
    assert spot.spot_hours[0] == pytest.approx(8.91017, abs=1e-5)
    assert spot.hours[0] == pytest.approx(0.5 + 8 * exp(0.05) / 0.8)  # 11.0127 h
    assert spot.cost_total[0] == pytest.approx(3 * billed * 4)
    assert spot.spot_nodes[0] == 3


def test_firm_nodes_beside_spot_are_paid_while_the_gang_waits() -> None:
    gangs, _ = found(work([8.0], [5], nodes_fail_together=True), renting(), spot=0.5)
    mixed = row_of(gangs, FIRM, SPOT)
    # Two spot nodes: 0.2 reclaims an hour. A third would be 3 x 9.99 of 53.6 h, 56 %.
    hours, billed = 0.5 + 8 * exp(0.1) / 0.8, 0.5 + 8 * exp(0.1)
    assert mixed.spot_nodes[0] == 2
    assert mixed.spot_work_fraction[0] == pytest.approx(0.4)  # in step: 2 of 5 nodes
    assert mixed.firm_hours[0] == pytest.approx(hours)
    assert mixed.cost_total[0] == pytest.approx(3 * hours * 10 + 2 * billed * 4)


def test_a_gang_that_stops_together_is_reclaimed_as_often_as_all_its_spot_nodes() -> None:
    gangs, _ = found(work([8.0], [4], nodes_fail_together=True), renting())
    spot = row_of(gangs, SPOT, SPOT)
    # Four nodes: 0.4 reclaims an hour; 8 h x e^(0.5 x 0.4) = 9.7712 h.
    assert spot.spot_hours[0] == pytest.approx(0.5 + 8 * exp(0.2))


def test_a_checkpoint_longer_than_the_notice_costs_lost_work() -> None:
    size = 4 * 1e9 * 360.0  # four writers at 1 GB/s need 0.1 h, and the notice is 0.033 h
    gangs, _ = found(work([8.0], [4], nodes_fail_together=True, state_bytes=size), renting())
    spot = row_of(gangs, SPOT, SPOT)
    assert spot.spot_hours[0] > 0.5 + 8 * exp(0.2)


def test_a_deadline_counts_the_start_and_the_waiting() -> None:
    # Firm: 8.25 h. Spot, reclaimed 0.3 times an hour: 0.5 + 8 x e^0.15 / 0.8 = 12.118 h.
    step = work([8.0], [3], nodes_fail_together=True)
    for deadline, kept in ((8.24, []), (8.25, [FIRM]), (12.11, [FIRM]), (12.12, [FIRM, SPOT, 2])):
        gangs, reasons = found(step, renting(), deadline=deadline)
        assert sorted(gangs.offer.tolist()) == kept
        assert [row for row, reason in enumerate(reasons) if not reason] == kept
        assert set(reasons) <= {"", "deadline"}


def test_without_spot_no_gang_is_rented_there_and_the_share_is_the_reason() -> None:
    gangs, reasons = found(work([8.0], [3]), renting(), spot=0.0)
    assert gangs.offer.tolist() == [FIRM]
    assert reasons == ["", "spot_share", "spot_share"]


def test_a_spot_share_needs_firm_nodes_in_the_same_place() -> None:
    gangs, reasons = found(work([8.0], [4]), renting(), spot=0.5)
    assert sorted(gangs.spot_offer.tolist()) == [NO_OFFER, SPOT]
    assert reasons == ["", "", "spot_share"]


def test_spot_of_a_zone_stands_beside_firm_nodes_of_its_zone_or_of_the_whole_region() -> None:
    offers = renting()
    for zones, beside in (
        (["", "a", "a"], True),
        (["a", "a", "a"], True),
        (["b", "a", "a"], False),
    ):
        placed = replace(offers, offers=offers.offers.assign(zone=zones))
        gangs, _ = found(work([8.0], [4]), placed, spot=0.5)
        assert (SPOT in gangs.spot_offer) == beside


def test_a_share_of_a_gang_in_step_counts_hours_and_not_nodes() -> None:
    # One of three nodes is paid for 0.5 + 8 x e^0.05 = 8.910 h while the others are paid for
    # 0.5 + 8 x e^0.05 / 0.8 = 11.013 h each: 8.910 / 30.936 = 28.8 % of the hours, not a third.
    step = work([8.0], [3], nodes_fail_together=True)
    gangs, reasons = found(step, renting(), spot=0.289)
    assert row_of(gangs, FIRM, SPOT).spot_nodes[0] == 1
    assert reasons == ["", "", "spot_share"]
    gangs, reasons = found(step, renting(), spot=0.287)
    assert gangs.offer.tolist() == [FIRM]
    assert reasons == ["", "spot_share", "spot_share"]


def test_a_pool_that_is_reclaimed_before_anything_is_done_never_ends() -> None:
    gangs, reasons = found(work([8.0], [3]), renting(hazard=100.0))  # 50 reclaims per restart
    assert gangs.offer.tolist() == [FIRM]
    assert reasons == ["", "spot_progress", "spot_progress"]


def test_a_term_is_paid_in_whole_by_a_job_that_ends_in_it() -> None:
    gangs, _ = found(work([8.0], [2]), renting(upfront=500.0, term=8760.0), spot=0.0)
    assert gangs.cost_total.tolist() == [pytest.approx(2 * (500 + 10 * 8760))]


def test_larger_gangs_are_kept_only_where_they_cost_less() -> None:
    # 1 node: 16.25 h; 2 nodes: 2 x 8.25 = 16.5; 4 nodes, faster than in proportion: 4 x 3.25 = 13.
    gangs, _ = found(work([16.0, 8.0, 3.0], [1, 2, 4]), renting(), spot=0.0)
    assert gangs.nodes.tolist() == [1, 4]
    assert gangs.cost_total.tolist() == pytest.approx([162.5, 130.0])


def test_work_that_cannot_be_done_is_no_alternative() -> None:
    gangs, reasons = found(work([inf], [1]), renting(), spot=0.0)
    assert len(gangs) == 0
    assert reasons[FIRM] == "deadline"
