"""Jobs equal a search over offers and gang sizes, with reclaims worked out by hand."""

from collections.abc import Callable, Mapping
from itertools import product
from math import exp, expm1, sqrt
from typing import Any

import numpy as np
import pytest

from costopt.candidate.batch import rate_instances
from costopt.candidate.layout import instance_types_of
from costopt.candidate.rated_gangs import rate_gangs
from costopt.catalog.catalog import Catalog
from costopt.plan.status import PlanStatus
from costopt.planning.optimize_request import optimize
from costopt.workload.batch import BatchInference
from costopt.workload.limits import Limits
from costopt.workload.requirement import Requirement
from costopt.workload.traffic import RequestSize
from costopt.workload.training import FineTuneJob

Priced = Callable[[Mapping[str, float]], Catalog]
LLAMA = "meta-llama/Llama-3.1-8B-Instruct"


@pytest.fixture(scope="module")
def spot_terms(bundled: Catalog) -> Callable[[str], tuple[float, float, float, float, float]]:
    """Reclaims per hour, availability, hours to restart and notice of a type; hours to start."""
    defaults = bundled.table("interruption_defaults").set_index(["signal", "bucket"])
    signals = bundled.table("interruptions").query(
        "provider == 'aws' and region == 'us-east-1' and os == 'linux'"
    )
    buckets = {
        row["instance_type"]: (row["signal"], row["bucket"]) for row in signals.to_dict("records")
    }
    notices = bundled.table("spot_notices").set_index("provider")["notice_seconds"]
    first = float(defaults["provisioning_hours"].loc["none", "any"])

    def terms(kind: str) -> tuple[float, float, float, float, float]:
        row: Any = defaults.loc[buckets.get(kind, ("none", "any"))]
        return (
            float(row["hazard_per_instance_hour"]),
            float(row["availability_fraction"]),
            float(row["provisioning_hours"]),
            float(notices["aws"]) / 3600,
            first,
        )

    return terms


def billed_hours(work: float, write: float, restart: float, mean: float, notice: float) -> float:
    """Daly 2006; a checkpoint that fits into the notice loses nothing but the restart."""
    if write <= notice:
        return work * exp(restart / mean)
    ratio = sqrt(write / (2 * mean))
    interval = sqrt(2 * write * mean) * (1 + ratio / 3 + ratio**2 / 9) - write
    interval = min(interval if write < 2 * mean else mean, work)
    return mean * exp(restart / mean) * expm1((interval + write) / mean) * work / interval


def gang_costs(
    work: float,
    nodes: int,
    prices: Mapping[str, float],
    terms: tuple[float, ...],
    *,
    deadline: float,
    spot_share: float,
    state_bytes: float,
) -> list[float]:
    """Cost of one gang in step, all on demand and with each number of spot nodes [USD].

    Args:
        work: hours of the gang at its planned rate [h].
        nodes: instances [1].
        prices: per hour, by purchase option [USD/h].
        terms: of the spot pool.
        deadline: until all is done [h].
        spot_share: largest part of the hours on spot.
        state_bytes: of a checkpoint [B].
    """
    hazard, available, restart, notice, start = terms
    found = []
    if start + work <= deadline * (1 + 1e-9):
        found.append(nodes * (start + work) * prices["on_demand"])
    write = state_bytes / (nodes * 1e9) / 3600
    for spot in range(1, nodes + 1):
        billed = billed_hours(work, write, restart, 1 / (hazard * spot), notice)
        done = restart + billed / available
        hours = spot * (restart + billed)
        share = hours / (hours + (nodes - spot) * done)
        if done <= deadline * (1 + 1e-9) and share <= spot_share:
            found.append(hours * prices["spot"] + (nodes - spot) * done * prices["on_demand"])
    return found


def batch_costs(
    alone: float,
    prices: Mapping[str, float],
    terms: tuple[float, ...],
    *,
    deadline: float,
    spot_share: float,
) -> list[float]:
    """Cost of a batch on all numbers of firm and spot instances, most of it on spot [USD].

    Args:
        alone: hours of one instance for the whole batch [h].
        prices: per hour, by purchase option [USD/h].
        terms: of the spot pool.
        deadline: until all is done [h].
        spot_share: largest part of the hours on spot.
    """
    hazard, available, restart, _, start = terms
    lost = exp(restart * hazard)
    found = []
    for firm, spot in product(range(61), range(61)):
        on_spot = min(alone, spot * (deadline - restart) * available / lost)
        if spot_share < 1:  # (1 - f) (R m + k w) <= f (S n + W - w)
            room = spot_share * (start * firm + alone) - (1 - spot_share) * restart * spot
            on_spot = min(on_spot, room / ((1 - spot_share) * lost + spot_share))
        if firm:
            on_spot = min(on_spot, 0.999 * alone)  # firm instances do a thousandth at least
        if (spot and on_spot <= 0) or alone - on_spot > firm * (deadline - start) + 1e-9:
            continue
        paid = (firm * start + alone - on_spot) * prices["on_demand"]
        if spot:
            paid += (spot * restart + on_spot * lost) * prices["spot"]
        found.append(paid)
    return found


def prices_of(catalog: Catalog) -> dict[str, dict[str, float]]:
    """Hourly price by type and purchase option."""
    table: dict[str, dict[str, float]] = {}
    for row in catalog.offers.to_dict("records"):
        options = table.setdefault(row["instance_type"], {})
        options[row["purchase_option"]] = row["recurring_per_hour"]
    return table


@pytest.mark.parametrize("seed", range(8))
def test_a_batch_costs_what_search_over_offers_and_counts_finds(
    seed: int, priced: Priced, spot_terms: Callable[[str], Any]
) -> None:
    draw = np.random.default_rng(seed)
    share = float(draw.choice([0.0, 0.5, 1.0]))
    spot = draw.uniform(0.2, 1.6, 2).tolist()
    catalog = priced(dict(zip(("g5.xlarge/spot", "g6.xlarge/spot"), spot, strict=True)))
    batch = BatchInference(
        model=LLAMA,
        precision=("bf16",),
        sizes=(RequestSize(input_tokens=500, output_tokens=200, share_fraction=1),),
        requests=int(draw.integers(100_000, 900_000)),
        deadline_hours=float(draw.uniform(3, 20)),
    )
    kinds = instance_types_of(catalog.joined_offers)
    rates = rate_instances(batch, catalog, kinds, [""] * len(kinds), "bf16")
    assert not np.isnan(rates.units_per_second).any()
    prices, costs = prices_of(catalog), []
    for owner, rate in zip(rates.owners, rates.units_per_second, strict=True):
        if rate > 0:
            costs += batch_costs(
                (batch.requests or 0) / rate / 3600,
                prices[kinds[owner].name],
                spot_terms(kinds[owner].name),
                deadline=batch.deadline_hours,
                spot_share=share,
            )
    plan = optimize(batch, catalog, limits=Limits(max_spot_fraction=share))
    assert plan.cost_total == pytest.approx(min(costs), rel=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_a_fine_tuning_costs_what_search_over_gang_sizes_finds(
    seed: int, bundled: Catalog, spot_terms: Callable[[str], Any]
) -> None:
    draw = np.random.default_rng(seed)
    share = float(draw.choice([0.0, 0.5, 1.0]))
    catalog = bundled.filter(
        providers=["aws"],
        regions=["us-east-1"],
        instance_types=["p4d.24xlarge", "g6e.12xlarge", "g5.48xlarge"],
        purchase_options=["on_demand", "spot"],
    )
    job = FineTuneJob(
        model=LLAMA,
        method="full",
        tokens=float(draw.uniform(2e7, 2e8)),
        sequence_length=2048,
        deadline_hours=float(draw.uniform(6, 30)),
    )
    kinds = list(instance_types_of(catalog.joined_offers))
    sizes = np.arange(1, 17)
    rated = rate_gangs(job, catalog.model(LLAMA), catalog, kinds, sizes, "bf16")
    prices, costs = prices_of(catalog), []
    for row, kind in enumerate(kinds):
        for column, nodes in enumerate(sizes.tolist()):
            rate = float(rated.tokens_per_second[row, column])
            if rate > 0:
                costs += gang_costs(
                    (job.tokens or 0) / rate / 3600,
                    nodes,
                    prices[kind.name],
                    spot_terms(kind.name),
                    deadline=job.deadline_hours,
                    spot_share=share,
                    state_bytes=14 * catalog.model(LLAMA).parameters,
                )
    plan = optimize(job, catalog, limits=Limits(max_spot_fraction=share))
    assert sum(line.count for line in plan.lines) <= 16
    assert plan.cost_total == pytest.approx(min(costs), rel=1e-6)


@pytest.mark.parametrize("nodes", [1, 2, 7])
@pytest.mark.parametrize("memory", [20.0, 39.0, 79.0])
def test_equal_nodes_cost_what_the_cheapest_row_of_the_table_does(
    nodes: int, memory: float, bundled: Catalog
) -> None:
    catalog = bundled.filter(providers=["aws"], regions=["us-*"], purchase_options=["on_demand"])
    wanted = Requirement(nodes=nodes, vram_gib_per_accelerator=memory, accelerators_per_node=8)
    plan = optimize(wanted, catalog).require()
    fitting = catalog.instance_types[
        (catalog.instance_types["provider"] == "aws")
        & (catalog.instance_types["accelerator_count"] == 8)
        & (catalog.instance_types["accelerator_usable_gib"] >= memory)
    ]["instance_type"]
    rows = catalog.offers[catalog.offers["instance_type"].isin(fitting)]
    in_time = rows[rows["as_of"] > "2023-08-22"]  # 36 months before the newest price
    public = in_time[~in_time["region"].str.startswith("us-gov")]
    cheapest = float(public["recurring_per_hour"].min())
    assert plan.cost_per_hour == pytest.approx(nodes * cheapest)
    assert plan.cost_total == pytest.approx(nodes * cheapest * 730)


def test_a_deadline_that_nothing_meets_is_infeasible(few: Catalog) -> None:
    batch = BatchInference(
        model=LLAMA,
        precision=("bf16",),
        sizes=(RequestSize(input_tokens=500, output_tokens=200, share_fraction=1),),
        requests=1000,
        deadline_hours=0.01,  # starting alone takes longer
    )
    plan = optimize(batch, few)
    assert plan.status is PlanStatus.INFEASIBLE
    assert any("not done by the deadline" in text for text in plan.unanswered_because)
