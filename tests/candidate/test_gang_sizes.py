"""Gang sizes: the grid locates, and every size around what it found is tried."""

from typing import Any

import numpy as np
import pytest

from costopt.candidate.eligible import eligible_offers
from costopt.candidate.find import candidates_of
from costopt.candidate.gang_sizes import GRID, MOST_NODES
from costopt.candidate.layout import instance_types_of
from costopt.candidate.rated_gangs import rate_gangs, training_setup
from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.planning.optimize_request import optimize
from costopt.workload.limits import Limits
from costopt.workload.request import PlanRequest
from costopt.workload.training import TrainingJob

H100 = Limits(
    providers=("aws",),
    regions=("us-east-1",),
    instance_types=("p5.48xlarge",),
    purchase_options=("on_demand",),
)
START_HOURS = 0.2


def job(model: str, tokens: float, hours: float, **more: Any) -> TrainingJob:
    length = 4096 if "Llama-2" in model else 8192
    return TrainingJob(
        model=model, tokens=tokens, sequence_length=length, deadline_hours=hours, **more
    )


def searched(workload: TrainingJob, catalog: Catalog, most: int) -> tuple[float, int]:
    """Cheapest cost [USD] and its size, over every size from 1 to ``most``."""
    offers = eligible_offers(catalog, [H100], "USD")
    taking = offers.offers[offers.excluded.taking_part]
    sizes = np.arange(1, most + 1)
    kinds = list(instance_types_of(taking))
    rated = rate_gangs(workload, catalog.model(workload.model), catalog, kinds, sizes, "bf16")
    rate = rated.tokens_per_second[0]
    hours = START_HOURS + workload.tokens / np.where(rate > 0, rate, np.nan) / 3600
    cost = sizes * hours * float(taking["recurring_per_hour"].iloc[0])
    cost[~(hours <= workload.deadline_hours)] = np.inf
    return float(np.nanmin(cost)), int(sizes[np.nanargmin(cost)])


@pytest.mark.parametrize("hours", [45.0, 32.0, 22.5, 15.0, 11.25])
def test_the_cheapest_of_all_sizes_is_found(hours: float, bundled: Catalog) -> None:
    workload = job("meta-llama/Llama-2-7b-hf", 2e11, hours)
    plan = optimize(workload, bundled, limits=H100).require()
    cost, nodes = searched(workload, bundled, 128)
    assert plan.cost_total == pytest.approx(cost)
    assert plan.lines[0].count == nodes


def test_thirty_two_hours_take_twenty_two_nodes(bundled: Catalog) -> None:
    plan = optimize(job("meta-llama/Llama-2-7b-hf", 2e11, 32.0), bundled, limits=H100)
    assert plan.lines[0].count == 22  # between 20 and 24 of the grid


def test_a_quota_between_two_sizes_of_the_grid_is_used(bundled: Catalog) -> None:
    # 112 nodes are too slow for 374 h and 128 are over the quota; 124 are enough.
    workload = job("meta-llama/Llama-3.1-70B", 1e12, 374.0)
    cost, nodes = searched(workload, bundled, 127)
    assert nodes == 124
    limits = H100.model_copy(update={"quota": {"p5.48xlarge": 127}})
    plan = optimize(workload, bundled, limits=limits).require()
    assert plan.lines[0].count == 124
    assert plan.cost_total == pytest.approx(cost)
    tight = H100.model_copy(update={"quota": {"p5.48xlarge": 123}})
    assert optimize(workload, bundled, limits=tight).lines == ()


def test_the_grid_reaches_the_largest_gang_without_a_step_above_a_quarter() -> None:
    assert GRID[0] == 1
    assert GRID[-1] == MOST_NODES == 4096
    assert (np.diff(GRID) <= np.maximum(GRID[:-1] / 4, 1)).all()


def test_a_run_that_the_largest_gang_does_not_finish_says_so(bundled: Catalog) -> None:
    plan = optimize(job("meta-llama/Llama-3.1-405B", 15e12, 24.0), bundled, limits=H100)
    assert plan.lines == ()
    text = " ".join(plan.unanswered_because)
    assert "on 4,096 instances, the most that are tried; 23.8 h are left after the start" in text


def test_five_hundred_nodes_and_more_are_rented(bundled: Catalog) -> None:
    plan = optimize(job("meta-llama/Llama-3.1-70B", 15e12, 1100.0), bundled, limits=H100)
    assert plan.require().lines[0].count > 512


def test_a_step_grows_with_the_length_of_the_run() -> None:
    # Llama 2: 4 M tokens. Llama 3 405B: 16 M tokens after 2.87 T tokens.
    model = "meta-llama/Llama-3.1-70B"
    assert training_setup(job(model, 2e12, 1.0), "bf16").batch_tokens == 4_194_304
    assert training_setup(job(model, 15e12, 1.0), "bf16").batch_tokens == 16_777_216
    own = job(model, 15e12, 1.0, tokens_per_batch=8e6)
    assert training_setup(own, "bf16").batch_tokens == 8e6


def test_larger_steps_keep_many_accelerators_busy(bundled: Catalog) -> None:
    # 512 nodes: with 4 M tokens a step, 512 sequences feed 4,096 accelerators.
    few = job("meta-llama/Llama-3.1-70B", 1e12, 1000.0)
    offers = eligible_offers(bundled, [H100], "USD")
    kinds = list(instance_types_of(offers.offers[offers.excluded.taking_part]))
    rated = [
        rate_gangs(one, bundled.model(one.model), bundled, kinds, np.array([512]), "bf16")
        for one in (few, few.model_copy(update={"tokens_per_batch": 16_777_216.0}))
    ]
    assert rated[0].utilisation[0, 0] < 0.25
    assert rated[1].utilisation[0, 0] > 0.33


def test_a_step_holds_at_least_one_sequence() -> None:
    with pytest.raises(InvalidInputError, match="at least one sequence"):
        job("meta-llama/Llama-3.1-70B", 1e12, 1.0, tokens_per_batch=4096.0)


def test_layouts_follow_the_gangs_that_were_filled_in(bundled: Catalog) -> None:
    workload = job("meta-llama/Llama-2-7b-hf", 2e11, 32.0)
    request = PlanRequest(workloads=(workload,), limits=H100)
    candidates = candidates_of(workload, request, bundled)
    gangs = candidates.gangs  # type: ignore[union-attr]
    for nodes, layout in zip(gangs.nodes.tolist(), gangs.layout.tolist(), strict=True):
        assert candidates.layout_at(layout).nodes_per_gang == nodes  # type: ignore[union-attr]
    assert {*range(21, 24)} & {*gangs.nodes.tolist()}
