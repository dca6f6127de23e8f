"""replan: what a measured run does to a plan, in figures and in words."""

from dataclasses import replace

import pytest

import costopt
from costopt.account.account import Account
from costopt.account.records import Quota
from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.evaluate.check import evaluate_plan
from costopt.plan.plan import Plan
from costopt.planning.optimize_request import optimize
from costopt.planning.replan import replan
from costopt.profile.profile import ObservedJob, Profile, ServedLoad
from costopt.workload.serving import InferenceService
from costopt.workload.traffic import RequestSize, Traffic
from costopt.workload.training import FineTuneJob

LLAMA = "meta-llama/Llama-3.1-8B-Instruct"
SIZE = RequestSize(input_tokens=1000, output_tokens=200, share_fraction=1.0)
SERVICE = InferenceService(
    model=LLAMA,
    precision="bf16",
    traffic=Traffic.from_sizes([SIZE], requests_per_second=8),
    max_ttft_ms=1500,
    max_tpot_ms=60,
)
TUNE = FineTuneJob(
    model=LLAMA, method="qlora", tokens=2e7, sequence_length=1024, deadline_hours=8
)  # fmt: skip


def run(concurrency: float, rate: float, accelerator: str = "L40S") -> Profile:
    return Profile(
        model=LLAMA,
        accelerator=accelerator,
        accelerators=1,
        precision="bf16",
        loads=(
            ServedLoad(
                concurrency=concurrency,
                input_tokens=1000,
                output_tokens=200,
                requests_per_second=rate,
                output_tokens_per_second=200 * rate,
                completed=500,
                duration_seconds=500 / rate,
            ),
        ),
        source="bench.json, vllm 0.10.0",
    )


def tuned(tokens_per_second: float) -> Profile:
    return Profile(
        model=LLAMA,
        accelerator="L40S",
        accelerators=1,
        precision="bf16",
        job=ObservedJob(
            kind="fine_tune",
            method="qlora",
            tokens_per_second=tokens_per_second,
            tokens_per_sample=1024.0,
        ),
        source="trainer log",
    )


def cost_of(plan: Plan) -> float:
    assert plan.cost_total is not None
    return plan.cost_total


@pytest.fixture(scope="module")
def on_l40s(few: Catalog) -> Catalog:
    return few.filter(instance_types=["g6e.xlarge"], purchase_options=["on_demand"])


def test_a_slower_run_says_how_many_more_of_the_same_it_takes(on_l40s: Catalog) -> None:
    plan = optimize(SERVICE, on_l40s).require()
    found = costopt.replan(plan, run(32, 2.5))
    assert not found.holds
    assert found.same_types.lines == found.after.lines
    old, new = plan.lines[0], found.after.lines[0]
    assert new.count > old.count
    # each rents at the same price, so the cost is to the other as the counts are.
    assert found.after.cost_total == pytest.approx(cost_of(plan) * new.count / old.count)
    assert found.saving == pytest.approx(0.0)
    text = " ".join(str(found).split())
    assert "It no longer meets its limits:" in text
    assert f"With the same instance types it takes {new.count} x g6e.xlarge" in text
    assert f"{new.count} instead of {old.count}" in text
    assert "planning again saves nothing" in text
    assert evaluate_plan(found.after, on_l40s).violations == ()


def test_as_many_of_the_same_are_not_told_as_a_change(on_l40s: Catalog) -> None:
    """The same number may be needed at other prices, or with other routing."""
    plan = optimize(SERVICE, on_l40s).require()
    found = replace(replan(plan, run(32, 2.5)), same_types=plan)
    text = " ".join(str(found).split())
    count = plan.lines[0].count
    assert "It no longer meets its limits:" in text
    assert f"as many as planned, {count}: $" in text
    assert "instead of" not in text


def test_a_faster_run_saves_instances_while_the_plan_still_holds(on_l40s: Catalog) -> None:
    plan = optimize(SERVICE, on_l40s).require()
    found = replan(plan, run(64, 9.0))
    assert found.holds
    assert (found.lines[0].rate_per_instance or 0) > (plan.lines[0].rate_per_instance or 0)
    assert found.staying_cost == pytest.approx(plan.cost_total)
    fewer = plan.lines[0].count - found.after.lines[0].count
    assert fewer >= 1
    # what is saved is the rent of the instances that are no longer needed.
    rent = plan.lines[0].line_cost_total / plan.lines[0].count
    assert found.saving == pytest.approx(fewer * rent)
    assert found.saving_per_month == pytest.approx(found.saving)  # the horizon is a month
    text = " ".join(str(found).split())
    assert "It still meets every limit." in text
    assert "against staying as planned" in text
    assert "no longer" not in text


def test_a_slow_run_moves_the_plan_to_another_type(few: Catalog) -> None:
    plan = optimize(SERVICE, few).require()
    found = replan(plan, run(64, 3.2))
    assert found.after.request.profiles == (run(64, 3.2),)
    assert found.after.lines != plan.lines
    assert found.saving is not None
    assert found.saving >= 0  # all types are at least as cheap as those of the plan alone
    page = found._repr_html_()
    assert page.startswith("<p><b>Measured: bench.json, vllm 0.10.0.")
    assert "Cheapest now" in page


def test_types_that_can_no_longer_serve_are_told(on_l40s: Catalog) -> None:
    plan = optimize(SERVICE, on_l40s).require()
    found = replan(plan, run(8, 0.4))  # 200 tokens in 20 s: 100 ms each, 60 allowed
    assert not found.holds
    assert found.staying_cost is None
    assert found.saving is None
    text = str(found)
    assert "No number of the same instance types meets them." in text
    assert "There is no plan any more" in text
    assert "inf" not in text.replace("inference", "")


def test_a_job_that_runs_slower_than_planned_costs_more_or_misses_its_deadline(
    on_l40s: Catalog,
) -> None:
    plan = optimize(TUNE, on_l40s).require()
    found = replan(plan, tuned(800.0))
    # 20 M tokens at 800 a second are 6.9 hours of the 8 there are.
    assert found.holds
    assert found.lines[0].hours == pytest.approx(2e7 / 800 / 3600, rel=0.05)
    assert found.saving_per_month is None
    assert (found.staying_cost or 0.0) > cost_of(plan)
    missed = replan(plan, tuned(400.0))
    assert not missed.holds
    assert any("8.00 h allowed" in text for text in missed.broken)


def test_a_measured_latency_above_the_limit_breaks_a_plan(on_l40s: Catalog) -> None:
    service = SERVICE.model_copy(update={"max_tpot_ms": 70, "max_ttft_ms": 900})
    plan = optimize(service, on_l40s).require()
    profile = run(45, 3.5)
    late = profile.loads[0].model_copy(update={"ttft_ms": 2000.0})
    found = replan(plan, profile.model_copy(update={"loads": (late,)}))
    assert any("a median TTFT of 2,000 ms" in text for text in found.broken)
    assert not found.holds
    assert not any("median" in text for text in replan(plan, profile).broken)


def test_a_newer_run_at_the_same_point_replaces_the_older(on_l40s: Catalog) -> None:
    first = replan(optimize(SERVICE, on_l40s).require(), run(32, 4.0)).after
    found = replan(first, run(33, 2.5))
    assert found.after.request.profiles == (run(33, 2.5),)
    other = replan(first, run(8, 1.0))
    assert len(other.after.request.profiles) == 2


def test_a_plan_from_a_file_needs_its_catalogue(on_l40s: Catalog) -> None:
    plan = optimize(SERVICE, on_l40s).require()
    read = Plan.from_json(plan.to_json())
    with pytest.raises(InvalidInputError, match="needs the catalogue"):
        replan(read, run(64, 9.0))
    assert str(replan(read, run(64, 9.0), on_l40s)) == str(replan(plan, run(64, 9.0)))


def test_a_plan_that_rents_nothing_cannot_be_replanned(on_l40s: Catalog) -> None:
    hopeless = optimize(SERVICE.model_copy(update={"max_tpot_ms": 0.1}), on_l40s)
    with pytest.raises(InvalidInputError, match="rents nothing"):
        replan(hopeless, run(64, 9.0))


def test_a_run_of_another_model_is_refused(on_l40s: Catalog) -> None:
    plan = optimize(SERVICE, on_l40s).require()
    other = run(64, 9.0).model_copy(update={"model": "Qwen/Qwen2.5-7B-Instruct"})
    with pytest.raises(InvalidInputError, match="says nothing about what is asked"):
        replan(plan, other)


def test_the_account_of_a_plan_stays_with_it(few: Catalog) -> None:
    quota = Quota(key="aws/us-east-1/g6e.*", limit=1, name="G6e instances")
    plan = optimize(SERVICE, few, account=Account(quotas=(quota,))).require()
    found = replan(plan, run(64, 6.0))
    assert found.after.account == plan.account
    assert evaluate_plan(found.after, few).violations == ()
    g6e = [line for line in found.after.lines if line.offer.instance_type == "g6e.xlarge"]
    assert sum(line.count for line in g6e) <= 1


@pytest.mark.parametrize("given", [("plan.json", run(8, 4.0)), (None, "result.json")])
def test_files_are_not_read_by_replanning(given: tuple[object, object], bundled: Catalog) -> None:
    plan, profile = given
    with pytest.raises(InvalidInputError, match="give a Plan and a Profile"):
        replan(plan, profile, bundled)  # type: ignore[arg-type]
