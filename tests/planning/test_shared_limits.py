"""Several workloads in one request: quotas, budget and types join them."""

from collections.abc import Callable, Mapping
from itertools import product

import numpy as np
import pytest

from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.plan.status import PlanStatus
from costopt.planning.optimize_request import optimize
from costopt.workload.batch import BatchInference
from costopt.workload.limits import Limits, PurchaseOption
from costopt.workload.requirement import Requirement
from costopt.workload.traffic import RequestSize

Priced = Callable[[Mapping[str, float]], Catalog]
KINDS = ("g4dn.xlarge", "g5.xlarge", "g6.xlarge")
FIRM: tuple[PurchaseOption, ...] = ("on_demand",)


def own_demand(name: str, demand: float, rates: Mapping[str, float]) -> Requirement:
    return Requirement(name=name, demand_per_second=demand, throughput_per_second=dict(rates))


@pytest.mark.parametrize("seed", range(10))
def test_two_demands_that_share_quotas_and_a_budget_cost_what_search_finds(
    seed: int, priced: Priced
) -> None:
    draw = np.random.default_rng(seed)
    prices = dict(zip(KINDS, draw.choice([0.5, 0.9, 1.2, 2.0], 3).tolist(), strict=True))
    rates = [
        dict(zip(KINDS, draw.choice([2.0, 3.0, 5.0, 8.0], 3).tolist(), strict=True))
        for _ in range(2)
    ]
    demand = draw.choice([4.0, 7.0, 9.5], 2).tolist()
    quota = {kind: int(draw.integers(1, 4)) for kind in KINDS}
    budget = float(draw.choice([3.0, 6.0, 20.0]))
    most_types = int(draw.integers(1, 4))
    best = float("inf")
    for counts in product(range(4), repeat=6):
        halves = (counts[:3], counts[3:])
        cost = sum(n * prices[k] for half in halves for n, k in zip(half, KINDS, strict=True))
        together = [a + b for a, b in zip(*halves, strict=True)]
        served = all(
            sum(n * rate[k] for n, k in zip(half, KINDS, strict=True)) >= wanted - 1e-9
            for half, rate, wanted in zip(halves, rates, demand, strict=True)
        )
        within = all(n <= quota[k] for n, k in zip(together, KINDS, strict=True))
        few_types = sum(n > 0 for n in together) <= most_types
        if served and within and few_types and cost <= budget + 1e-9:
            best = min(best, cost)
    plan = optimize(
        [own_demand(n, d, r) for n, d, r in zip(("one", "two"), demand, rates, strict=True)],
        priced({f"{kind}/on_demand": price for kind, price in prices.items()}),
        limits=Limits(
            quota=quota, budget=730 * budget, max_distinct_types=most_types, purchase_options=FIRM
        ),
        gap=0.0,
    )
    found = float("inf") if plan.cost_per_hour is None else plan.cost_per_hour
    assert found == pytest.approx(best, rel=1e-9)
    assert (plan.status is PlanStatus.INFEASIBLE) == (best == float("inf"))


def test_a_shared_quota_gives_the_scarce_type_to_who_saves_most_by_it(priced: Priced) -> None:
    catalog = priced({"g5.xlarge/on_demand": 2.0, "g6.xlarge/on_demand": 1.0})
    first = own_demand("first", 10, {"g5.xlarge": 10, "g6.xlarge": 10})
    second = own_demand("second", 10, {"g5.xlarge": 2, "g6.xlarge": 10})
    limits = Limits(quota={"g6.xlarge": 1}, purchase_options=FIRM)
    plan = optimize([first, second], catalog, limits=limits).require()
    rented = {line.workload: (line.offer.instance_type, line.count) for line in plan.lines}
    # One g6 is left: without it, first pays 2 $/h and second 5 x 2 $/h.
    assert rented == {"first": ("g5.xlarge", 1), "second": ("g6.xlarge", 1)}
    assert plan.cost_per_hour == pytest.approx(3.0)


def test_a_quota_of_one_workload_leaves_the_other_free(priced: Priced) -> None:
    catalog = priced({"g5.xlarge/on_demand": 2.0, "g6.xlarge/on_demand": 1.0})
    rates = {"g5.xlarge": 10.0, "g6.xlarge": 10.0}
    first = own_demand("first", 10, rates).model_copy(
        update={"limits": Limits(quota={"g6.xlarge": 0})}
    )
    plan = optimize(
        [first, own_demand("second", 20, rates)], catalog, limits=Limits(purchase_options=FIRM)
    ).require()
    rented = {line.workload: (line.offer.instance_type, line.count) for line in plan.lines}
    assert rented == {"first": ("g5.xlarge", 1), "second": ("g6.xlarge", 2)}


def test_a_job_and_a_service_add_up_under_one_budget(few: Catalog) -> None:
    batch = BatchInference(
        name="batch",
        model="meta-llama/Llama-3.1-8B-Instruct",
        precision=("bf16",),
        sizes=(RequestSize(input_tokens=500, output_tokens=200, share_fraction=1),),
        requests=300_000,
        deadline_hours=10,
    )
    nodes = Requirement(name="nodes", nodes=2)
    apart = [optimize(one, few).require() for one in (batch, nodes)]
    total = sum(plan.cost_total or 0 for plan in apart)
    both = optimize([batch, nodes], few, limits=Limits(budget=total * (1 + 1e-9))).require()
    assert both.cost_total == pytest.approx(total, rel=1e-6)
    assert [outcome.workload for outcome in both.outcomes] == ["batch", "nodes"]
    assert both.duration_hours == pytest.approx(apart[0].duration_hours, rel=1e-9)
    less = optimize([batch, nodes], few, limits=Limits(budget=total * 0.999))
    assert less.status is PlanStatus.INFEASIBLE


def test_workloads_without_names_are_numbered(few: Catalog) -> None:
    plan = optimize([Requirement(), Requirement(nodes=2)], few).require()
    assert [line.workload for line in plan.lines] == ["requirement 1", "requirement 2"]


def test_one_impossible_workload_leaves_no_plan_and_is_named(few: Catalog) -> None:
    possible = Requirement(name="small", nodes=1)
    impossible = Requirement(name="huge", vram_gib_per_accelerator=500)
    plan = optimize([possible, impossible], few)
    assert plan.status is PlanStatus.INFEASIBLE
    assert plan.lines == ()
    assert any(text.startswith("huge:") for text in plan.unanswered_because)
    assert not any(text.startswith("small:") for text in plan.unanswered_because)


def test_an_empty_list_of_workloads_is_refused(few: Catalog) -> None:
    with pytest.raises(InvalidInputError, match="at least one workload"):
        optimize([], few)
