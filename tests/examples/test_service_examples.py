"""Services: the routed load fits what the performance model says of each line, alone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import ceil
from typing import Any

import numpy as np
import pytest

from costopt.candidate.eligible import eligible_offers
from costopt.candidate.sizes import sizes_of
from costopt.catalog.catalog import Catalog
from costopt.performance.hardware import Hardware
from costopt.performance.reasons import Origin
from costopt.performance.samples import sample_rates
from costopt.performance.serving_state import ServingState, serving_state
from costopt.performance.support import Task, is_supported
from costopt.plan.line import PlanLine
from costopt.plan.plan import Plan
from costopt.planning.optimize_request import answer_request
from costopt.precision import WEIGHT_FORMATS, formats_named
from costopt.workload.serving import InferenceService
from costopt.workload.traffic import Traffic

PlanOf = Callable[[str], Plan]
CHATS = ("chat-70b", "chat-70b-h200", "chat-8b-us-east-1", "china", "eu")


def service_of(plan: Plan) -> tuple[InferenceService, Traffic]:
    (workload,) = plan.request.workloads
    assert isinstance(workload, InferenceService)
    assert workload.traffic is not None
    return workload, workload.traffic


def states_of(plan: Plan, tables: Any, catalog: Catalog) -> tuple[ServingState, Any]:
    """Each line's replica under the share of the traffic that the plan routes to it."""
    workload, traffic = service_of(plan)
    sizes = sizes_of(traffic, catalog)
    routing = np.array([line.routing for line in plan.lines])
    arrivals = routing * sizes.shares * traffic.requests_per_second
    replicas = np.array([line.count * line.layout.replicas for line in plan.lines])
    hardware = Hardware.of(
        [
            tables.placement(
                catalog, tables.type_of(tables.offer_of(line)), line.layout.tensor_parallel
            )
            for line in plan.lines
        ]
    )
    (precision,) = {line.layout.precision for line in plan.lines}
    state = serving_state(
        catalog.model(workload.model),
        hardware,
        formats_named(precision, workload.kv_precision),
        sizes.tokens,
        arrivals / replicas[:, None],
    )
    return state, arrivals


@pytest.mark.parametrize("name", CHATS)
def test_every_replica_serves_what_is_routed_to_it_in_time(
    name: str, plan_of: PlanOf, tables: Any, bundled: Catalog
) -> None:
    plan = plan_of(name)
    workload, traffic = service_of(plan)
    # The expected speed may be planned with, except where it rests on published peaks alone.
    assert "analytic" not in {line.rate_origin for line in plan.lines}
    state, arrivals = states_of(plan, tables, bundled)
    assert state.feasible.all()
    assert (state.tpot_ms <= (workload.max_tpot_ms or 0) * (1 + 1e-6)).all()
    late = state.ttft_exceeds(workload.max_ttft_ms or 0)
    late_requests = float((late * arrivals).sum()) / traffic.requests_per_second
    assert late_requests <= 0.05 + 1e-6


@pytest.mark.parametrize("name", CHATS)
def test_no_line_is_routed_by_what_only_the_answer_shows(
    name: str, plan_of: PlanOf, bundled: Catalog
) -> None:
    plan = plan_of(name)
    _, traffic = service_of(plan)
    lows = bundled.trace(traffic.trace or "")["input_low_tokens"]
    for line in plan.lines:
        shares: dict[int, list[float]] = {}
        for low, share in zip(lows, line.routing, strict=True):
            shares.setdefault(int(low), []).append(share)
        assert len(shares) < len(line.routing)
        for alike in shares.values():
            assert alike == pytest.approx([alike[0]] * len(alike), abs=1e-12)


def test_chat_70b_costs_what_it_does_without_knowing_answers(plan_of: PlanOf) -> None:
    # By prompt and answer it would be $42.04/h, with one share for all requests $53.33/h.
    plan = plan_of("chat-70b")
    prices = [line.count * line.price_per_hour for line in plan.lines]
    assert plan.cost_per_hour == pytest.approx(sum(prices))
    assert plan.cost_per_hour == pytest.approx(45.560367, rel=1e-4)


@pytest.mark.parametrize("name", CHATS)
def test_replicas_of_a_line_fit_onto_the_accelerators_of_its_instances(
    name: str, plan_of: PlanOf, tables: Any
) -> None:
    for line in plan_of(name).lines:
        count = float(tables.type_of(tables.offer_of(line))["accelerator_count"])
        assert line.layout.replicas * line.layout.tensor_parallel <= max(1, count)


@pytest.mark.parametrize("name", CHATS)
def test_no_line_needs_more_operations_than_its_accelerators_have(
    name: str, plan_of: PlanOf, tables: Any, bundled: Catalog
) -> None:
    # Every weight takes part in one multiplication and one addition for each token.
    plan = plan_of(name)
    workload, traffic = service_of(plan)
    sizes = sizes_of(traffic, bundled)
    weights = bundled.model(workload.model).parameters
    per_size = sizes.tokens.input_tokens + sizes.tokens.output_tokens
    for line in plan.lines:
        requests = np.array(line.routing) * sizes.shares * traffic.requests_per_second
        needed = 2 * weights * float(requests @ per_size)
        chip = tables.accelerators[line.layout.accelerator]
        peak = float(chip[f"{line.layout.precision}_tflops"]) * 1e12
        assert needed < peak * line.layout.accelerators * line.count


def test_chat_70b_stays_in_the_united_states_on_two_clouds(plan_of: PlanOf, tables: Any) -> None:
    for line in plan_of("chat-70b").lines:
        assert line.offer.provider in ("aws", "gcp")
        assert line.offer.region.startswith("us-")
        assert tables.country_of(tables.offer_of(line)) == "US"


def test_eu_stays_inside_the_european_union(plan_of: PlanOf, tables: Any) -> None:
    members = tables.groups["EU"]
    assert len(members) == 27
    for line in plan_of("eu").lines:
        assert tables.country_of(tables.offer_of(line)) in members


def test_chat_70b_h200_pays_for_whole_nodes_of_eight(plan_of: PlanOf, tables: Any) -> None:
    sold = [kind for key, kind in tables.types.items() if key[0] == "aws"]
    counts = {k["accelerator_count"] for k in sold if k["accelerator"] == "H200-141GB"}
    assert counts == {"8"}
    (line,) = plan_of("chat-70b-h200").lines
    offer = tables.offer_of(line)
    assert line.layout.accelerators == 8
    # The price in the table is that of the node; two accelerators would do, eight are paid.
    assert line.line_cost_per_hour == line.count * float(offer["recurring_per_hour"])


def test_china_costs_the_same_in_dollars_through_the_dated_rate(
    plan_of: PlanOf, tables: Any, bundled: Catalog
) -> None:
    in_yuan = plan_of("china")
    request = in_yuan.request.model_copy(update={"currency": "USD"})
    in_dollars = answer_request(request, bundled)
    assert [line.offer for line in in_dollars.lines] == [line.offer for line in in_yuan.lines]
    assert (in_yuan.currency, in_dollars.currency) == ("CNY", "USD")
    rate = tables.yuan_per_dollar()
    assert rate == 7.1884  # of 2024-12-31, the newer of the two in the table
    assert (in_dollars.cost_total or 0) * rate == pytest.approx(in_yuan.cost_total, rel=1e-9)
    assert {line.exchange_rate_as_of for line in in_dollars.lines} == {"2024-12-31"}
    assert {line.exchange_rate_as_of for line in in_yuan.lines} == {""}
    assert {line.exchange_rate for line in in_yuan.lines} == {1.0}


def test_china_runs_on_a10_in_the_mainland(plan_of: PlanOf, tables: Any) -> None:
    for line in plan_of("china").lines:
        kind = tables.type_of(tables.offer_of(line))
        assert (kind["accelerator"], kind["family"] in ("gn7i", "vgn7i")) == ("A10", True)
        assert tables.country_of(tables.offer_of(line)) == "CN"


def test_classify_bert_lets_five_kinds_of_hardware_compete(
    plan_of: PlanOf, bundled: Catalog
) -> None:
    plan = plan_of("classify-bert")
    found = eligible_offers(bundled, (plan.request.limits,), "USD")
    taking_part = found.offers[found.excluded.taking_part]
    wanted = {"Inferentia", "Inferentia2", "T4", "L4", "A10G", "cpu"}
    assert set(taking_part["accelerator"]) == wanted


def alone_costs(
    plan: Plan, tables: Any, catalog: Catalog, limits: Mapping[str, Any]
) -> dict[tuple[str, str, str], tuple[float, float]]:
    """Price and planned rate of each offer, in the format that is fastest on it [USD/h, 1/s]."""
    workload = plan.request.workloads[0]
    assert isinstance(workload, InferenceService)
    offers = [
        offer
        for offer in tables.within(limits)
        if (kind := tables.type_of(offer))["accelerator"] or kind["cpu_rate"]
        if is_supported(catalog.accelerator(kind["accelerator"] or kind["cpu_rate"]), Task.SAMPLES)
    ]
    kinds = [tables.type_of(offer) for offer in offers]
    hardware = Hardware.of(
        [
            tables.placement(catalog, kind, max(1, int(float(kind["accelerator_count"]))))
            for kind in kinds
        ]
    )
    rates = [
        planned_rate(workload, catalog, hardware, precision) for precision in workload.precision
    ]
    best = np.max(rates, axis=0)
    return {
        (offer["region"], offer["instance_type"], offer["purchase_option"]): (
            tables.in_dollars(offer),
            float(rate),
        )
        for offer, rate in zip(offers, best, strict=True)
        if rate > 0
    }


def planned_rate(
    workload: InferenceService, catalog: Catalog, hardware: Hardware, precision: str
) -> Sequence[float]:
    """Samples per second at 80 % of each instance, slower where peaks alone are known."""

    def rated(rows: Hardware) -> Any:
        return sample_rates(
            catalog.model(workload.model),
            rows,
            WEIGHT_FORMATS[precision],
            tokens_per_sample=workload.tokens_per_sample,
            max_latency_ms=workload.max_latency_ms,
        )

    band = rated(hardware).band
    factor = np.where(band.origin == Origin.ANALYTIC, band.low_factor, 1.0)
    slowed = replace(
        hardware,
        bandwidth_bytes_per_second=hardware.bandwidth_bytes_per_second * factor,
        peak_flops=hardware.peak_flops * factor[:, None],
        link_bytes_per_second=hardware.link_bytes_per_second * factor,
    )
    return [0.8 * float(rate) for rate in rated(slowed).samples_per_second]


def test_classify_bert_is_cheaper_than_any_offer_alone_and_dearer_than_fractions(
    plan_of: PlanOf, tables: Any, bundled: Catalog, written: Callable[[str], dict[str, Any]]
) -> None:
    plan = plan_of("classify-bert")
    offers = alone_costs(plan, tables, bundled, written("classify-bert")["limits"])
    whole = min(price * ceil(2000 / rate - 1e-9) for price, rate in offers.values())
    fractions = min(price * 2000 / rate for price, rate in offers.values())
    assert fractions <= (plan.cost_per_hour or 0) <= whole * (1 + 1e-4)
    (line,) = plan.lines
    key = (line.offer.region, line.offer.instance_type, line.offer.purchase_option)
    assert line.count == ceil(2000 / offers[key][1] - 1e-9)
    assert latency_is_kept(line)


def latency_is_kept(line: PlanLine) -> bool:
    return line.latency_ms is not None and line.latency_ms <= 50 * (1 + 1e-6)
