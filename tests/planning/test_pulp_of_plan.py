"""to_pulp of a plan: the same optimum from a program that was written another way."""

import pytest

from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.plan.plan import Plan
from costopt.planning.optimize_request import optimize
from costopt.planning.pulp_of_plan import to_pulp
from costopt.solve.hours.pulp_model import PulpHours
from costopt.solve.pulp_model import PulpModel
from costopt.workload.demand_profile import DemandProfile
from costopt.workload.limits import Limits
from costopt.workload.serving import InferenceService
from costopt.workload.traffic import Traffic

CHAT = InferenceService(
    model="meta-llama/Llama-3.1-8B-Instruct",
    precision=("bf16",),
    traffic=Traffic.from_trace("azure-llm-2023-conv", requests_per_second=12),
    max_ttft_ms=1500,
    max_tpot_ms=60,
)


@pytest.fixture(scope="module")
def plan(few: Catalog) -> Plan:
    return optimize(CHAT, few, limits=Limits(max_spot_fraction=0.5)).require()


def test_the_model_of_a_plan_has_its_cost(plan: Plan) -> None:
    answer = to_pulp(plan).solve(gap=1e-6)
    assert answer.cost == pytest.approx(plan.bound, rel=2e-4)
    assert answer.cost == pytest.approx(plan.cost_per_hour, rel=2e-4)


def test_variables_are_named_by_workload_and_offer(plan: Plan) -> None:
    written = to_pulp(plan)
    assert isinstance(written, PulpModel)
    names = [variable.name for variable in written.counts]
    assert any("inference_service_aws_us_east_1__g6_xlarge_spot" in name for name in names)
    assert len(set(names)) == len(names)


def test_a_plan_from_a_file_needs_its_catalogue(plan: Plan, few: Catalog) -> None:
    read = Plan.from_json(plan.to_json())
    with pytest.raises(InvalidInputError, match="needs the catalogue"):
        to_pulp(read)
    assert to_pulp(read, few).model.numVariables() == to_pulp(plan).model.numVariables()


def test_what_runs_already_is_in_the_model_of_a_plan(few: Catalog) -> None:
    fleet = [("aws", "us-east-1", "", "g5.xlarge", "on_demand", 2)]
    moved = optimize(CHAT, few, current_fleet=fleet, switching_cost=100.0)
    answer = to_pulp(moved).solve(gap=1e-6)
    assert moved.switching_cost > 0
    assert answer.cost == pytest.approx(moved.bound, rel=2e-4)


def test_the_model_of_a_plan_over_time_has_its_cost(bundled: Catalog) -> None:
    few = bundled.filter(
        providers=["aws"], regions=["us-east-1"], instance_types=["g6.xlarge", "g6.12xlarge"]
    )
    options = Limits(purchase_options=("on_demand", "reserved", "savings_plan"))
    hours = DemandProfile(factors=[1.0, 2.0, 0.5])
    plan = optimize(CHAT, few, limits=options, demand_profile=hours, gap=1e-6).require()
    assert plan.schedule is not None
    written = to_pulp(plan)
    assert isinstance(written, PulpHours)
    assert written.solve(gap=1e-6).cost == pytest.approx(plan.schedule.objective, rel=1e-5)
    names = [variable.name for variable in written.quantities]
    assert names
    assert all(name.startswith("Q_") and name.endswith("_reserved") for name in names)
    assert to_pulp(Plan.from_json(plan.to_json()), few).model.numVariables() > len(names)


def test_anything_but_a_plan_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="give a Plan"):
        to_pulp(CHAT)  # type: ignore[arg-type]
