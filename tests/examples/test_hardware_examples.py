"""need-8xa100 and impossible: which hardware is enough, read from the published tables."""

from collections.abc import Callable
from typing import Any

import pytest

from costopt.errors import NoPlanError
from costopt.plan.plan import Plan
from costopt.plan.status import PlanStatus

PlanOf = Callable[[str], Plan]
GIB = 2**30
FOUR_TYPES = {
    "p4d.24xlarge",
    "Standard_ND96asr_v4",
    "a2-highgpu-8g",
    "ecs.ebmgn7.26xlarge",
}


def enough(kind: dict[str, str]) -> bool:
    """Eight A100-40GB with 39 GiB each behind a switch."""
    return (
        kind["accelerator"] == "A100-40GB"
        and float(kind["accelerator_count"]) == 8
        and float(kind["accelerator_usable_gib"]) >= 39
        and kind["intra_node_interconnect"] == "nvswitch"
    )


def test_exactly_four_types_have_eight_switched_a100_of_40_gb(tables: Any) -> None:
    found = {kind["instance_type"] for kind in tables.types.values() if enough(kind)}
    assert found == FOUR_TYPES
    # 39.5 GiB of each are usable, so asking for 40 would leave none.
    usable = {k["accelerator_usable_gib"] for k in tables.types.values() if enough(k)}
    assert usable == {"39.5"}


def test_need_8xa100_rates_exactly_the_offers_of_those_types(plan_of: PlanOf, tables: Any) -> None:
    eligible = [offer for offer in tables.within({}) if enough(tables.type_of(offer))]
    assert plan_of("need-8xa100").rated_offers == len(eligible)
    assert {offer["provider"] for offer in eligible} <= {"aws", "azure", "gcp", "alibaba"}


def test_need_8xa100_takes_the_cheapest_of_them(plan_of: PlanOf, tables: Any) -> None:
    prices = {
        (offer["instance_type"], offer["region"], offer["purchase_option"]): tables.in_dollars(
            offer
        )
        for offer in tables.within({})
        if enough(tables.type_of(offer))
    }
    (line,) = plan_of("need-8xa100").lines
    offer = line.offer
    assert line.count == 1
    assert prices[offer.instance_type, offer.region, offer.purchase_option] == min(prices.values())
    assert plan_of("need-8xa100").cost_total == pytest.approx(730 * min(prices.values()))


def test_need_8xa100_says_what_the_cheapest_firm_one_costs(plan_of: PlanOf, tables: Any) -> None:
    firm = min(
        tables.in_dollars(offer)
        for offer in tables.within({"purchase_options": ["on_demand"]})
        if enough(tables.type_of(offer))
    )
    baseline = plan_of("need-8xa100").baselines[0]
    assert baseline.name == "single_type_on_demand"
    assert baseline.cost_total == pytest.approx(730 * firm)


def test_no_node_with_t4_holds_405_billion_weights_of_16_bit(tables: Any) -> None:
    nodes = [
        float(kind["accelerator_count"]) * float(kind["accelerator_usable_gib"])
        for kind in tables.types.values()
        if kind["accelerator"] == "T4"
    ]
    parameters = float(tables.models["meta-llama/Llama-3.1-405B"]["parameters_billions"]) * 1e9
    # 405.9e9 x 2 B = 756 GiB; the largest node has 8 x 15.6 = 125 GiB.
    assert parameters * 2 / GIB > 5 * max(nodes)


def test_impossible_is_infeasible_and_says_by_how_much(plan_of: PlanOf, tables: Any) -> None:
    plan = plan_of("impossible")
    assert plan.status is PlanStatus.INFEASIBLE
    assert (plan.cost_per_hour, plan.cost_total, plan.gap, plan.lines) == (None, None, None, ())
    said = plan.unanswered_because
    assert "no offer within the limits can run it: with too little VRAM" in said[0]
    # Eight of a node share the weights: 756 / 8 = 94.5 GiB each, of which 15.6 are there.
    nearest = next(text for text in said if "g4dn.metal" in text)
    shortfall = float(nearest.split(": ")[-1].split(" GiB")[0])
    usable = float(tables.types["aws", "g4dn.metal"]["accelerator_usable_gib"])
    assert shortfall > 756 / 8 - usable - 1
    with pytest.raises(NoPlanError, match="infeasible"):
        plan.require()


def test_impossible_names_what_would_help_and_what_would_not(plan_of: PlanOf) -> None:
    changes = plan_of("impossible").explain().changes
    assert changes[0].startswith("without limits.accelerator_types: ")
    assert changes[-1] == (
        "changing only traffic.requests_per_second or only max_ttft_ms or only max_tpot_ms "
        "does not help"
    )
