"""Several services on one node: what it costs, how it is written, and what is refused."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from costopt.candidate.find import all_candidates
from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.evaluate.check import evaluate_plan
from costopt.explain.later import Later
from costopt.launch.placement import placements
from costopt.plan.line import PlanLine
from costopt.plan.plan import Plan
from costopt.planning.current_fleet import read_fleet
from costopt.planning.from_fleet import search_from_fleet
from costopt.planning.most_demand import most_demand
from costopt.planning.optimize_request import optimize
from costopt.planning.pulp_of_plan import to_pulp
from costopt.planning.search import search
from costopt.workload.fleet import SwitchingCost
from costopt.workload.limits import Limits
from costopt.workload.serving import InferenceService
from costopt.workload.traffic import Traffic

MONTH = 730.0


def traffic(requests_per_second: float) -> Traffic:
    size = {"input_tokens": 1000.0, "output_tokens": 200.0, "share_fraction": 1.0}
    return Traffic.from_sizes([size], requests_per_second=requests_per_second)


def chat(rate: float = 1.0, **more: Any) -> InferenceService:
    return InferenceService(
        name="chat",
        model="meta-llama/Llama-3.1-70B-Instruct",
        precision="fp8",
        traffic=traffic(rate),
        max_ttft_ms=1500.0,
        max_tpot_ms=15.0,
        **more,
    )


def assist(rate: float = 1.0, **more: Any) -> InferenceService:
    return InferenceService(
        name="assist",
        model="meta-llama/Llama-3.1-8B-Instruct",
        precision="bf16",
        traffic=traffic(rate),
        max_ttft_ms=1000.0,
        max_tpot_ms=40.0,
        **more,
    )


def embed(rate: float = 50.0, **more: Any) -> InferenceService:
    return InferenceService(
        name="embed",
        model="google-bert/bert-large-uncased",
        precision="fp16",
        samples_per_second=rate,
        tokens_per_sample=128.0,
        max_latency_ms=100.0,
        **more,
    )


@pytest.fixture(scope="module")
def eights(bundled: Catalog) -> Catalog:
    """Two types with eight H100 in two regions, on demand and on spot."""
    return bundled.filter(
        instance_types=["p5.48xlarge", "a3-highgpu-8g"],
        regions=["us-east-1", "us-central1"],
        purchase_options=["on_demand", "spot"],
    )


@pytest.fixture(scope="module")
def firm(eights: Catalog) -> Catalog:
    return eights.filter(purchase_options=["on_demand"])


@pytest.fixture(scope="module")
def three(firm: Catalog) -> Plan:
    """The plan of the three services on nodes of eight accelerators."""
    return optimize([chat(), assist(), embed()], firm)


def test_a_70b_an_8b_and_an_encoder_on_one_node_cost_one_node(three: Plan, firm: Catalog) -> None:
    cheapest = firm.offers["effective_per_hour"].min()
    assert three.cost_per_hour == pytest.approx(cheapest, rel=1e-9)
    assert sum(line.line_cost_total for line in three.lines) == pytest.approx(MONTH * cheapest)
    used = {line.workload: (line.layout.tensor_parallel, line.layout.replicas, line.count)
            for line in three.lines}  # fmt: skip
    assert used == {"chat": (4, 1, 1), "assist": (1, 1, 1), "embed": (1, 1, 1)}
    # 4, 1 and 1 of the 6 accelerators in use: chat carries 4/6 of the node.
    assert [line.node_fraction for line in three.lines] == pytest.approx([4 / 6, 1 / 6, 1 / 6])


def test_each_of_the_three_alone_costs_as_much_as_all_of_them(three: Plan, firm: Catalog) -> None:
    for service in (chat(), assist(), embed()):
        assert optimize(service, firm).cost_per_hour == pytest.approx(three.cost_per_hour)


def test_the_text_says_who_shares_the_node_and_names_it_once(three: Plan) -> None:
    text = " ".join(str(three).split())
    place = three.lines[0].place
    assert f"1 x {place} shared by chat (4 accelerators), assist (1), embed (1), 2 idle" in text
    assert f"Run 1 x {three.lines[0].offer.instance_type} in" in text


def test_a_quota_of_one_instance_counts_a_shared_node_once(three: Plan, firm: Catalog) -> None:
    name = three.lines[0].offer.instance_type
    within = optimize(
        [chat(), assist(), embed()], firm, limits=Limits(quota={"p5.48xlarge|a3-highgpu-8g": 1})
    )
    assert within.require().lines[0].offer.instance_type == name
    assert within.cost_per_hour == pytest.approx(three.cost_per_hour)


def test_a_shared_plan_survives_json_and_holds_when_it_is_evaluated(
    three: Plan, firm: Catalog
) -> None:
    assert evaluate_plan(Plan.from_json(three.to_json()), firm).violations == ()


Change = Callable[[PlanLine], dict[str, Any]]


def tampered(plan: Plan, workload: str, change: Change) -> Plan:
    lines = tuple(
        line.model_copy(update=change(line)) if line.workload == workload else line
        for line in plan.lines
    )
    return plan.model_copy(update={"lines": lines})


def with_replicas(replicas: int) -> Change:
    def change(line: PlanLine) -> dict[str, Any]:
        return {"layout": replace(line.layout, replicas=replicas)}

    return change


def test_more_replicas_than_accelerators_are_named(three: Plan, firm: Catalog) -> None:
    broken = evaluate_plan(tampered(three, "assist", with_replicas(4)), firm).violations
    # 4 of chat, 4 x 1 of assist and 1 of embed on 8.
    assert any("its replicas take 9 accelerators, it has 8" in text for text in broken)


def test_another_count_on_the_same_node_is_named(three: Plan, firm: Catalog) -> None:
    broken = evaluate_plan(tampered(three, "embed", lambda _: {"count": 2}), firm).violations
    assert any("its lines say different counts" in text for text in broken)


def test_a_line_that_claims_a_node_of_its_own_is_named(three: Plan, firm: Catalog) -> None:
    apart = tampered(three, "embed", lambda _: {"shared_node": ""})
    broken = evaluate_plan(apart, firm).violations
    assert any("its layout is none of those that are possible" in text for text in broken)


def test_a_smaller_part_of_the_cost_than_of_the_accelerators_is_named(
    three: Plan, firm: Catalog
) -> None:
    less = tampered(three, "chat", lambda line: {"line_cost_total": line.line_cost_total / 2})
    broken = evaluate_plan(less, firm).violations
    assert any("line_cost_total is" in text for text in broken)


def test_host_memory_that_replicas_need_together_is_checked(firm: Catalog) -> None:
    limits = Limits(min_memory_gib_per_accelerator=200.0)
    plan = optimize([chat(limits=limits), assist(limits=limits)], firm).require()
    held = firm.instance_types.set_index("instance_type")["memory_gib"]
    for line in plan.lines:
        assert held[line.offer.instance_type] >= 8 * 200.0
    full = tampered(plan, "assist", with_replicas(8))
    broken = evaluate_plan(full, firm).violations
    # 12 accelerators at 200 GiB each are 2,400 GiB.
    assert any("its replicas take 2400 GiB of host memory" in text for text in broken)


def test_the_loss_of_a_spot_node_counts_against_all_on_it(eights: Catalog) -> None:
    plan = optimize([chat(), assist(), embed()], eights).require()
    assert {line.offer.purchase_option for line in plan.lines} == {"spot"}
    assert len({outcome.worst_pool for outcome in plan.outcomes}) == 1
    assert [outcome.served_after_worst_loss for outcome in plan.outcomes] == [0.0, 0.0, 0.0]


def test_a_service_with_a_budget_of_its_own_has_its_own_node(three: Plan, firm: Catalog) -> None:
    own = Limits(budget=1e9)
    plan = optimize([chat(limits=own), assist(), embed()], firm).require()
    assert [line.workload for line in plan.lines if not line.shared_node] == ["chat"]
    assert plan.cost_per_hour == pytest.approx(2 * three.cost_per_hour)  # type: ignore[operator]


def test_sharing_that_saves_nothing_leaves_the_plan_as_it_is(bundled: Catalog) -> None:
    singles = bundled.filter(
        providers=["aws"],
        regions=["us-east-1"],
        instance_types=["g6e.xlarge", "g6e.12xlarge"],
        purchase_options=["on_demand"],
    )
    plan = optimize([assist(0.5), embed()], singles).require()
    assert [line.shared_node for line in plan.lines] == ["", ""]
    apart = [optimize(one, singles).require() for one in (assist(0.5), embed())]
    expected = [line.model_dump(exclude={"workload"}) for one in apart for line in one.lines]
    assert [line.model_dump(exclude={"workload"}) for line in plan.lines] == expected


def test_idle_accelerators_of_a_fleet_are_used_by_others(three: Plan, firm: Catalog) -> None:
    alone = optimize(chat(30.0), firm).require()
    plan = optimize([chat(30.0), assist(), embed()], firm).require()
    needed = sum(line.count for line in alone.lines)
    nodes = plan.cost_per_hour / three.cost_per_hour  # type: ignore[operator]
    # One node more at most: six accelerators are enough for one replica of each.
    assert needed <= round(nodes, 6) <= needed + 1


def test_a_new_plan_keeps_the_node_that_services_share(three: Plan, firm: Catalog) -> None:
    request = three.request.model_copy(
        update={"current_fleet": read_fleet(three, firm), "switching_cost": SwitchingCost(start=5)}
    )
    best = search_from_fleet(all_candidates(request, firm), request, firm)
    assert best.found.solution.cost == pytest.approx(three.cost_per_hour)
    assert best.change is not None
    assert best.change.is_none
    assert sum(kept.count for kept in best.change.kept) == 1


def test_an_idle_node_stays_where_to_stop_it_costs_more(three: Plan, firm: Catalog) -> None:
    """Two nodes run, one is enough: a month of another one is some $40,000, a stop is $100,000."""
    two = [one.model_copy(update={"count": 2}) for one in read_fleet(three, firm)]
    plan = optimize([chat(), assist(), embed()], firm, current_fleet=two,
                    switching_cost={"start": 0.0, "stop": 1e5}).require()  # fmt: skip
    assert plan.change is not None
    assert plan.change.is_none
    assert plan.cost_per_hour == pytest.approx(2 * three.cost_per_hour)  # type: ignore[operator]
    assert sum(kept.count for kept in plan.change.kept) == 2
    assert evaluate_plan(plan, firm).violations == ()


def test_services_share_a_node_that_keeps_what_is_promised_of_losses(
    three: Plan, eights: Catalog
) -> None:
    limits = Limits(survive_pool_losses=1, served_after_loss=0.5, purchase_options=("on_demand",))
    request = three.request.model_copy(update={"limits": limits})
    found = search(all_candidates(request, eights), request, eights)
    assert found.solution.cost == pytest.approx(three.cost_per_hour)


def test_the_loss_of_a_shared_node_counts_in_the_availability_of_all_on_it(
    three: Plan, eights: Catalog
) -> None:
    """Where 0.7 is promised, a pool that is there 75 % of the time holds all three."""
    limits = Limits(availability=0.7)
    plan = optimize([chat(), assist(), embed()], eights, limits=limits).require()
    assert {line.shared_node for line in plan.lines} == {"1"}
    assert {line.offer.purchase_option for line in plan.lines} == {"spot"}
    assert [outcome.availability for outcome in plan.outcomes] == pytest.approx([0.75] * 3)
    assert plan.cost_per_hour < three.cost_per_hour  # type: ignore[operator]
    stricter = plan.model_copy(
        update={"request": plan.request.model_copy(update={"limits": Limits(availability=0.8)})}
    )
    broken = evaluate_plan(stricter, eights).violations
    assert sum("75.00 %, 80.00 % promised" in text for text in broken) == 3


def test_spare_nodes_hold_what_the_others_hold(eights: Catalog) -> None:
    """No pool is there so often alone: several nodes are rented for each that is counted on."""
    limits = Limits(availability=0.77, purchase_options=("spot",))
    plan = optimize([chat(), assist(), embed()], eights, limits=limits).require()
    assert all(outcome.availability >= 0.77 for outcome in plan.outcomes)  # type: ignore[operator]
    assert {(line.shared_node, line.count > 1) for line in plan.lines} == {("1", True)}
    assert to_pulp(plan).solve(gap=1e-6).cost == pytest.approx(plan.cost_per_hour)


def test_the_most_of_a_budget_counts_what_services_on_one_node_carry(
    firm: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """$56/h pay for one node of $55.04/h: nothing for two services apart, all of it together."""
    monkeypatch.setattr("costopt.planning.most_demand.STEP", 1.0)
    single = firm.filter(instance_types=["p5.48xlarge"])
    budget = Limits(budget=56 * MONTH)
    found = most_demand([chat(), embed()], single, limits=budget)
    assert found.factor >= 1.0
    assert found.plan.has_answer
    assert {line.shared_node for line in found.plan.lines} == {"1"}


@pytest.fixture(scope="module")
def one(bundled: Catalog) -> Catalog:
    """One type with a single A100 of 80 GB."""
    return bundled.filter(
        instance_types=["a2-ultragpu-1g"],
        purchase_options=["on_demand"],
        regions=["us-central1"],
    )


def test_two_small_services_share_one_accelerator_in_slices(one: Catalog) -> None:
    services = [embed(20.0), embed(10.0).model_copy(update={"name": "rank"})]
    plan = optimize(services, one).require()
    assert plan.cost_per_hour == pytest.approx(float(one.offers["effective_per_hour"].iloc[0]))
    assert all(line.layout.slice and line.rate_origin == "analytic" for line in plan.lines)
    assert sum(line.node_fraction for line in plan.lines) == pytest.approx(1.0)
    held = 0.975 * 80
    for line in plan.lines:
        part = {"1g": 1, "2g": 2, "3g": 4, "4g": 4}[line.layout.slice[:2]]
        eighths = 2 if line.layout.slice == "1g.20gb" else part
        assert line.vram_usable_gib == pytest.approx(held * eighths / 8)
    text = " ".join(str(plan).split())
    assert f"embed (1 x {plan.lines[0].layout.slice})" in text
    crowded = tampered(plan, "embed", with_replicas(8))
    broken = evaluate_plan(crowded, one).violations
    assert any("accelerators, it has 1" in sentence for sentence in broken)


def test_the_model_of_a_plan_on_shared_nodes_has_its_cost(three: Plan) -> None:
    written = to_pulp(three)
    assert written.solve(gap=1e-6).cost == pytest.approx(three.cost_per_hour)
    told = " ".join(str(written).split())
    assert "replicas and divided accelerators stand on parts of their size" in told
    names = [variable.name for variable in written.model.variables()]
    assert any(name.startswith("m_") and "_chat_" in name for name in names)
    assert any(name.startswith("n_") and "p5_48xlarge" in name for name in names)


def test_what_is_only_told_of_nodes_of_their_own_is_refused(three: Plan) -> None:
    with pytest.raises(InvalidInputError, match="this plan shares some"):
        three.next_measurements()
    assert three.made_from is not None
    later = Later(three, three.made_from, three._workloads)
    assert later.measurements.runs == ()


def test_why_not_says_that_its_plan_shares_no_node(three: Plan) -> None:
    other = {"p5.48xlarge", "a3-highgpu-8g"} - {line.offer.instance_type for line in three.lines}
    found = three.why_not(other.pop())
    assert "It would cost at most" in found.text
    assert "the cheapest plan that shares no node with at least one" in found.text


def test_recipes_of_a_shared_node_name_accelerators_ports_and_neighbours(three: Plan) -> None:
    large, small, samples = three.launch_recipes()
    assert large.commands[0].environment == {"CUDA_VISIBLE_DEVICES": "0,1,2,3"}
    assert small.commands[0].environment == {"CUDA_VISIBLE_DEVICES": "4"}
    # The first server answers on the usual port, 8000; its neighbour on the next.
    assert "--port" not in large.commands[0].words
    assert small.commands[0].words[-2:] == ("--port", "8001")
    assert small.benchmark is not None
    assert "8001" in small.benchmark.command.words
    assert samples.assumptions[-1] == (
        "Each instance is shared with chat (4 accelerators) and assist (1 accelerator): this line "
        "runs on accelerator 5, counted from 0."
    )


def test_recipes_of_slices_say_how_they_are_made(three: Plan) -> None:
    first, second, third = three.lines
    sliced: dict[str, Any] = {"slice": "3g.40gb", "tensor_parallel": 1, "replicas": 1}
    lines = [
        first,
        second.model_copy(update={"layout": replace(second.layout, **sliced)}),
        third.model_copy(update={"layout": replace(third.layout, **sliced | {"replicas": 2})}),
    ]
    placed = placements(lines)
    # 4 + 4 of 8 parts of memory fill an accelerator, the third slice takes a second one: 4 and 5.
    assert [(placed[row].first_device, placed[row].last_device) for row in range(3)] == [
        (0, 3), (4, 5), (4, 5),
    ]  # fmt: skip
    assert [placed[2].visible(0, 1), placed[2].visible(1, 1)] == ["MIG-3", "MIG-4"]
    assert placed[1].sentences[0].endswith("this line has 1 slice of 3g.40gb.")
    assert (
        "put the UUIDs that nvidia-smi -L shows in place of MIG-3 to MIG-4"
        in (placed[2].sentences[1])
    )
