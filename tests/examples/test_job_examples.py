"""Jobs: hours and cost follow from the rate, the reclaims and the start, by hand formulas."""

from collections.abc import Callable, Iterator
from math import ceil, exp, expm1, sqrt
from typing import Any

import numpy as np
import pytest

from costopt.candidate.sizes import sizes_of
from costopt.catalog.catalog import Catalog
from costopt.performance.hardware import Hardware
from costopt.performance.limits import LatencyLimits
from costopt.performance.parallelism import tensor_parallel_degrees
from costopt.performance.reasons import Origin
from costopt.performance.serving import serving_rates
from costopt.performance.support import Task, is_supported
from costopt.plan.plan import Plan
from costopt.precision import formats_named
from costopt.workload.batch import BatchInference

PlanOf = Callable[[str], Plan]
Written = Callable[[str], dict[str, Any]]
LORA_RANK = 16
UNITS = {
    "batch-summaries": 2_000_000,
    "finetune-8b": 50_000_000,
    "qlora-70b": 10_000 * 1_024 * 3,
    "pretrain-7b": 1_000_000_000_000,
}
"""Requests of the batch, tokens of the others."""


def saved_bytes(name: str, model: dict[str, str]) -> float:
    """14 B for each trained weight: 2 in 16 bit, 4 master copy, 8 moments; a batch saves none."""
    if name == "batch-summaries":
        return 0.0
    trained = float(model["parameters_billions"]) * 1e9
    if name == "qlora-70b":
        trained *= 2 * LORA_RANK / float(model["hidden_size"])
    return 14 * trained


def billed_hours(work: float, write: float, restart: float, mean: float, notice: float) -> float:
    """Daly 2006: lost work and restarts of a job that is reclaimed every ``mean`` hours."""
    if write <= notice:
        return work * exp(restart / mean)
    ratio = sqrt(write / (2 * mean))
    interval = sqrt(2 * write * mean) * (1 + ratio / 3 + ratio**2 / 9) - write
    interval = min(interval if write < 2 * mean else mean, work)
    return mean * exp(restart / mean) * expm1((interval + write) / mean) * work / interval


@pytest.mark.parametrize("name", UNITS)
def test_a_job_takes_the_hours_that_its_rate_and_its_reclaims_imply(
    name: str, plan_of: PlanOf, tables: Any
) -> None:
    plan = plan_of(name)
    (line,) = plan.lines
    offer = line.offer
    assert offer.purchase_option == "spot"
    model = tables.models[plan.request.workloads[0].model.removesuffix("-Instruct")]
    hazard, available, restart = tables.risk_of(offer.provider, offer.region, offer.instance_type)
    hosts = int(tables.types[offer.provider, offer.instance_type]["hosts"])
    work = UNITS[name] / (line.count * (line.rate_per_instance or 0)) / 3600
    write = saved_bytes(name, model) / (line.count * hosts * 1e9) / 3600
    failing = 1 if name == "batch-summaries" else line.count
    notice = tables.notices[offer.provider] / 3600
    billed = billed_hours(work, write, restart, 1 / (hazard * failing), notice)
    assert line.hours == pytest.approx(restart + billed, rel=1e-6)
    assert plan.duration_hours == pytest.approx(restart + billed / available, rel=1e-6)


@pytest.mark.parametrize("name", UNITS)
def test_a_job_is_priced_as_nodes_times_hours_times_price(
    name: str, plan_of: PlanOf, tables: Any
) -> None:
    (line,) = plan_of(name).lines
    price = tables.in_dollars(tables.offer_of(line))
    assert plan_of(name).cost_total == pytest.approx(line.count * line.hours * price)


@pytest.mark.parametrize("name", ["finetune-8b", "qlora-70b", "pretrain-7b"])
def test_a_gang_does_no_more_operations_than_its_accelerators_have(
    name: str, plan_of: PlanOf, tables: Any
) -> None:
    # Training takes at least 6 operations per weight and token (4 where weights are frozen).
    plan = plan_of(name)
    (line,) = plan.lines
    weights = float(
        tables.models[plan.request.workloads[0].model]["parameters_billions"]  # type: ignore[union-attr]
    )
    needed = (4 if name == "qlora-70b" else 6) * weights * 1e9 * (line.rate_per_instance or 0)
    chip = tables.accelerators[line.layout.accelerator]
    there = float(chip["bf16_tflops"]) * 1e12 * line.layout.accelerators
    assert 0.1 * there < needed < there


def test_pretraining_uses_types_with_a_fabric_only(plan_of: PlanOf, tables: Any) -> None:
    (line,) = plan_of("pretrain-7b").lines
    fabric = tables.type_of(tables.offer_of(line))["inter_node_fabric"]
    assert fabric not in ("", "none")


def alone_rates(
    tables: Any, catalog: Catalog, workload: BatchInference, kinds: list[dict[str, str]]
) -> Any:
    """Best requests per second of one instance of each type, over all ways to lay it out."""
    model = catalog.model(workload.model)
    sizes = sizes_of(workload, catalog)
    layouts = [
        (index, degree, max(1, int(float(kind["accelerator_count"])) // degree))
        for index, kind in enumerate(kinds)
        for degree in tensor_parallel_degrees(
            float(kind["accelerator_count"]), model.attention_heads or 1
        )
    ]
    rated = serving_rates(
        model,
        Hardware.of([tables.placement(catalog, kinds[i], degree) for i, degree, _ in layouts]),
        formats_named("bf16", "bf16"),
        sizes.tokens,
        LatencyLimits(),
        max_utilisation=1.0,
    )
    able = (rated.requests_per_second > 0).all(axis=1)
    seconds = (sizes.shares / np.where(able[:, None], rated.requests_per_second, 1)).sum(axis=1)
    factor = np.where(rated.band.origin == Origin.ANALYTIC, rated.band.low_factor, 1.0)
    best = np.zeros(len(kinds))
    for row, (index, _, replicas) in enumerate(layouts):
        if able[row]:
            best[index] = max(best[index], replicas / seconds[row] * factor[row])
    return best


def batch_costs(tables: Any, catalog: Catalog, workload: BatchInference) -> Iterator[float]:
    """Cost of the batch on the fewest instances of every single offer that end in time [USD]."""
    offers = list(tables.within({}))
    names = sorted({(offer["provider"], offer["instance_type"]) for offer in offers})
    usable = [
        name
        for name in names
        if (kind := tables.types[name])["hosts"] == "1"
        and (chip := kind["accelerator"] or kind["cpu_rate"])
        and is_supported(catalog.accelerator(chip), Task.SERVING)
    ]
    rates = alone_rates(tables, catalog, workload, [tables.types[name] for name in usable])
    rate_of = dict(zip(usable, rates, strict=True))
    for offer in offers:
        rate = rate_of.get((offer["provider"], offer["instance_type"]), 0.0)
        if rate <= 0:
            continue
        hours = (workload.requests or 0) / rate / 3600
        start, waiting, lost = tables.start_hours(), 1.0, 1.0
        if offer["purchase_option"] == "spot":
            place = (offer["provider"], offer["region"], offer["instance_type"])
            hazard, available, start = tables.risk_of(*place)
            lost = exp(start * hazard)
            waiting = lost / available
        nodes = ceil(hours * waiting / (workload.deadline_hours - start) - 1e-9)
        yield max(1, nodes) * (start + hours * lost / max(1, nodes)) * tables.in_dollars(offer)


def test_no_single_offer_works_the_batch_off_for_less(
    plan_of: PlanOf, tables: Any, bundled: Catalog
) -> None:
    plan = plan_of("batch-summaries")
    workload = plan.request.workloads[0]
    assert isinstance(workload, BatchInference)
    costs = list(batch_costs(tables, bundled, workload))
    assert len(costs) > 1_000
    assert plan.cost_total == pytest.approx(min(costs), rel=1e-6)
