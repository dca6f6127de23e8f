"""Plans whose lines are started: of examples, and of requests with one way to run them."""

import shlex
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from importlib.resources import files

import pytest

from costopt.catalog.catalog import Catalog
from costopt.launch.command import Command
from costopt.launch.recipe import Recipe
from costopt.launch.serving import serving_recipe
from costopt.launch.training import training_recipe
from costopt.plan.line import PlanLine
from costopt.plan.plan import Plan
from costopt.planning.optimize_request import answer_request
from costopt.workload.limits import Limits
from costopt.workload.request import AnyWorkload, PlanRequest
from costopt.workload.serving import InferenceService
from costopt.workload.traffic import RequestSize, Traffic
from costopt.workload.training import FineTuneJob

PlanOf = Callable[[str], Plan]
ShellWords = Callable[[Command], list[str]]
RecipeOn = Callable[..., Recipe]
LineOn = Callable[..., PlanLine]


@pytest.fixture(scope="session")
def shell_words() -> ShellWords:
    """Read a command as a shell does, which joins lines that end in a backslash."""

    def words(command: Command) -> list[str]:
        return shlex.split(str(command).replace("\\\n", ""))

    return words


@pytest.fixture(scope="session")
def plan_of(bundled: Catalog) -> PlanOf:
    """Plan a shipped example once."""
    folder = files("costopt").joinpath("examples")

    @cache
    def plan(name: str) -> Plan:
        text = folder.joinpath(f"{name}.toml").read_text(encoding="utf-8")
        return answer_request(PlanRequest.from_toml(text, name), bundled)

    return plan


@pytest.fixture(scope="session")
def recipe_on(bundled: Catalog) -> RecipeOn:
    """Plan a workload on one accelerator, and return the recipe of its first line."""

    def recipe(workload: AnyWorkload, accelerator: str, **more: object) -> Recipe:
        return _plan_on(bundled, workload, accelerator, **more).launch_recipes()[0]

    return recipe


@pytest.fixture(scope="session")
def served_on(bundled: Catalog) -> RecipeOn:
    """Serve on one instance type in replicas of a given degree, whichever is cheapest there."""

    def recipe(workload: InferenceService, instance_type: str, tensor_parallel: int) -> Recipe:
        plan = _plan_on(bundled, workload, "*", instance_types=(instance_type,))
        line = plan.lines[0]
        layout = replace(
            line.layout,
            tensor_parallel=tensor_parallel,
            replicas=int(line.layout.accelerators) // tensor_parallel,
        )
        split = line.model_copy(update={"layout": layout})
        return serving_recipe(workload, split, bundled, plan.request)

    return recipe


@pytest.fixture(scope="session")
def gang_line(bundled: Catalog) -> LineOn:
    """Plan a job on one instance type, and return its line with a given number of nodes."""

    def line(job: FineTuneJob, instance_type: str, nodes: int) -> PlanLine:
        plan = _plan_on(bundled, job, "*", instance_types=(instance_type,))
        return plan.lines[0].model_copy(update={"count": nodes})

    return line


@pytest.fixture(scope="session")
def gang_recipe(bundled: Catalog, gang_line: LineOn) -> RecipeOn:
    """Train on a given number of nodes of one instance type."""

    def recipe(job: FineTuneJob, instance_type: str, nodes: int) -> Recipe:
        return training_recipe(job, (gang_line(job, instance_type, nodes),), 0, bundled, ())

    return recipe


@pytest.fixture(scope="session")
def service() -> Callable[..., InferenceService]:
    """A service of one request size, 1,000 + 200 tokens, with some fields replaced."""

    def make(
        model: str = "meta-llama/Llama-3.1-8B-Instruct", **fields: object
    ) -> InferenceService:
        size = RequestSize(input_tokens=1000, output_tokens=200, share_fraction=1)
        given: dict[str, object] = {
            "model": model,
            "precision": ("bf16",),
            "traffic": Traffic(sizes=(size,), requests_per_second=2),
            "max_ttft_ms": 2000,
            "max_tpot_ms": 100,
        }
        return InferenceService.model_validate(given | fields)

    return make


@pytest.fixture(scope="session")
def chat_70b(service: Callable[..., InferenceService]) -> InferenceService:
    """The chat model of the shipped examples, on their trace."""
    return service(
        "meta-llama/Llama-3.1-70B-Instruct",
        precision=("fp8",),
        traffic=Traffic(trace="azure-llm-2023-conv", requests_per_second=10),
        max_ttft_ms=1000,
        max_tpot_ms=50,
    )


@pytest.fixture(scope="session")
def qlora_70b(plan_of: PlanOf) -> FineTuneJob:
    """The job of the shipped example that trains adapters on 4-bit weights."""
    job = plan_of("qlora-70b").request.workloads[0]
    assert isinstance(job, FineTuneJob)
    return job


def _plan_on(catalog: Catalog, workload: AnyWorkload, accelerator: str, **more: object) -> Plan:
    given: dict[str, object] = {"accelerator_types": (accelerator,), "max_distinct_types": 1}
    limits = Limits.model_validate(given | more)
    return answer_request(PlanRequest(workloads=(workload,), limits=limits), catalog).require()
