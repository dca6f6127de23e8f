"""Plans for request sizes equal an exhaustive search over counts of instances."""

from collections.abc import Callable, Mapping
from itertools import product
from operator import mul
from typing import Any

import numpy as np
import pytest

from costopt.catalog.catalog import Catalog
from costopt.performance.hardware import Hardware, Placement
from costopt.performance.limits import LatencyLimits
from costopt.performance.reasons import Reason
from costopt.performance.serving import serving_rates
from costopt.performance.work import RequestSizes
from costopt.planning.optimize_request import optimize
from costopt.precision import formats_named
from costopt.workload.serving import InferenceService
from costopt.workload.traffic import Traffic

Priced = Callable[[Mapping[str, float]], Catalog]

SERVED_TYPES = {"g5.xlarge": 1, "g6.xlarge": 1, "g6e.xlarge": 1, "g5.12xlarge": 4}
"""Types that hold the model, and their accelerators."""


def rates_of(
    catalog: Catalog, service: InferenceService, tokens: list[tuple[float, float]]
) -> dict[tuple[str, int], Any]:
    """Requests per second of one instance on each size alone, for each type and degree."""
    layouts = [
        (kind, degree)
        for kind, count in SERVED_TYPES.items()
        for degree in (1, 2, 4)
        if degree <= count
    ]
    table = {row["instance_type"]: row for row in catalog.instance_types.to_dict("records")}
    rated = serving_rates(
        catalog.model(service.model),
        Hardware.of(
            [
                Placement(
                    accelerator=catalog.accelerator(table[kind]["accelerator"]),
                    accelerators=degree,
                    fraction=1.0,
                    usable_gib=float(table[kind]["accelerator_usable_gib"]),
                    interconnect=table[kind]["intra_node_interconnect"],
                    vcpus=float(table[kind]["vcpus"]),
                    host_memory_gib=float(table[kind]["memory_gib"]),
                )
                for kind, degree in layouts
            ]
        ),
        formats_named("bf16", "bf16"),
        RequestSizes(
            input_tokens=np.array([prompt for prompt, _ in tokens]),
            output_tokens=np.array([answer for _, answer in tokens]),
        ),
        LatencyLimits(
            max_ttft_ms=service.max_ttft_ms, max_tpot_ms=service.max_tpot_ms, percentile=95.0
        ),
        max_utilisation=service.max_utilisation,
    )
    able = rated.reason == Reason.NONE
    return {
        (kind, degree): np.where(able[row], rated.requests_per_second[row], 0.0)
        * (SERVED_TYPES[kind] // degree)
        for row, (kind, degree) in enumerate(layouts)
    }


def serves(capacities: list[tuple[float, float]], demand: tuple[float, float]) -> bool:
    """Whether servers with these rates on two sizes can share the demand between them.

    The first size goes to the servers that are comparatively best at it; what is left of them
    serves the second.
    """
    order = sorted(capacities, key=lambda rates: -rates[0] / max(rates[1], 1e-12))
    left_of_first, second = demand[0], 0.0
    for first, other in order:
        used = min(1.0, left_of_first / first) if first > 0 else 0.0
        left_of_first -= used * first
        second += (1 - used) * other
    return left_of_first <= 1e-9 and second >= demand[1] * (1 - 1e-9)


def cheapest_mix_of_two_sizes(
    catalog: Catalog, service: InferenceService, tokens: list[tuple[float, float]]
) -> float:
    assert service.traffic is not None
    assert service.traffic.sizes is not None
    rates = rates_of(catalog, service, tokens)
    offers = catalog.offers
    price = offers.groupby("instance_type")["recurring_per_hour"].min()
    demand = tuple(
        size.share_fraction * service.traffic.requests_per_second for size in service.traffic.sizes
    )
    best = float("inf")
    for counts in product(range(4), repeat=len(rates)):
        cost = sum(
            count * price[kind] for count, (kind, _) in zip(counts, rates, strict=True) if count
        )
        capacities = [
            (0.8 * count * float(rate[0]), 0.8 * count * float(rate[1]))
            for count, rate in zip(counts, rates.values(), strict=True)
            if count
        ]
        if 0 < cost < best and serves(capacities, (demand[0], demand[1])):
            best = cost
    return best


@pytest.mark.parametrize("seed", range(8))
def test_two_request_sizes_cost_what_exhaustive_search_finds(seed: int, priced: Priced) -> None:
    draw = np.random.default_rng(seed)
    tokens = [(float(draw.integers(100, 600)), 60.0), (1500.0, float(draw.integers(150, 400)))]
    share = float(draw.choice([0.2, 0.5, 0.8]))
    service = InferenceService(
        model="meta-llama/Llama-3.1-8B-Instruct",
        precision=("bf16",),
        traffic=Traffic.from_sizes(
            [
                {"input_tokens": tokens[0][0], "output_tokens": 60.0, "share_fraction": share},
                {
                    "input_tokens": 1500.0,
                    "output_tokens": tokens[1][1],
                    "share_fraction": 1 - share,
                },
            ],
            requests_per_second=float(draw.choice([0.7, 2.0, 4.5])),
        ),
        max_tpot_ms=float(draw.choice([40.0, 70.0, 120.0])),
    )
    firm = {f"{kind}/on_demand": float(draw.choice([0.6, 1.0, 1.4, 2.2])) for kind in SERVED_TYPES}
    firm["g5.12xlarge/on_demand"] *= 3
    catalog = priced(firm).filter(instance_types=[*SERVED_TYPES], purchase_options=["on_demand"])
    plan = optimize(service, catalog, gap=0.0)
    best = cheapest_mix_of_two_sizes(catalog, service, tokens)
    assert plan.cost_per_hour == pytest.approx(best, rel=1e-9)


def cheapest_without_knowing_answers(
    catalog: Catalog, service: InferenceService, tokens: list[tuple[float, float]]
) -> float:
    """Cost of the best counts when each instance takes both answers as they come."""
    assert service.traffic is not None
    assert service.traffic.sizes is not None
    price = catalog.offers.groupby("instance_type")["recurring_per_hour"].min()
    demand = [
        size.share_fraction * service.traffic.requests_per_second for size in service.traffic.sizes
    ]
    part = {
        layout: 0.8 / (demand[0] / rate[0] + demand[1] / rate[1])
        for layout, rate in rates_of(catalog, service, tokens).items()
        if (rate > 0).all()
    }
    return min(
        sum(count * price[kind] for count, (kind, _) in zip(counts, part, strict=True))
        for counts in product(range(6), repeat=len(part))
        if sum(map(mul, counts, part.values())) >= 1 - 1e-9
    )


@pytest.mark.parametrize(("rate", "told_apart"), [(1.0, 4.0), (1.5, 6.0), (2.0, 6.5)])
def test_answers_to_the_same_prompts_cost_what_search_finds_without_telling_them_apart(
    rate: float, told_apart: float, priced: Priced
) -> None:
    tokens = [(800.0, 30.0), (800.0, 3000.0)]
    sizes = [
        {"input_tokens": 800.0, "output_tokens": answer, "share_fraction": 0.5}
        for _, answer in tokens
    ]
    service = InferenceService(
        model="meta-llama/Llama-3.1-8B-Instruct",
        precision=("bf16",),
        traffic=Traffic.from_sizes(sizes, requests_per_second=rate),
        max_tpot_ms=50.0,
    )
    prices = {"g5.xlarge": 1.0, "g6.xlarge": 0.8, "g6e.xlarge": 2.0, "g5.12xlarge": 4.5}
    catalog = priced({f"{kind}/on_demand": price for kind, price in prices.items()}).filter(
        instance_types=[*SERVED_TYPES], purchase_options=["on_demand"]
    )
    plan = optimize(service, catalog, gap=0.0)
    best = cheapest_without_knowing_answers(catalog, service, tokens)
    assert plan.cost_per_hour == pytest.approx(best, rel=1e-9)
    assert best == pytest.approx({1.0: 4.0, 1.5: 6.0, 2.0: 7.0}[rate])
    assert cheapest_mix_of_two_sizes(catalog, service, tokens) == pytest.approx(told_apart)


@pytest.mark.parametrize("rate", [0.3, 1.0, 3.0, 7.0])
def test_one_request_size_with_a_first_token_limit_costs_what_division_finds(
    rate: float, few: Catalog
) -> None:
    service = InferenceService(
        model="meta-llama/Llama-3.1-8B-Instruct",
        precision=("bf16",),
        traffic=Traffic.from_sizes(
            [{"input_tokens": 800.0, "output_tokens": 120.0, "share_fraction": 1.0}],
            requests_per_second=rate,
        ),
        max_ttft_ms=900.0,
        max_tpot_ms=60.0,
    )
    catalog = few.filter(instance_types=["g6e.xlarge"], purchase_options=["on_demand"])
    (full,) = rates_of(few, service, [(800.0, 120.0)])["g6e.xlarge", 1]
    plan = optimize(service, catalog)
    # Each instance takes 80 % of what it can do: n = ceil(demand / (0.8 r)), at 1.861 $/h.
    needed = int(np.ceil(rate / (0.8 * full) - 1e-9))
    assert [line.count for line in plan.lines] == [needed]
    assert plan.cost_per_hour == pytest.approx(1.861 * needed)
