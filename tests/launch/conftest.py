"""Plans whose lines are started: of examples, and of requests with one way to run them."""

import shlex
from collections.abc import Callable
from functools import cache
from importlib.resources import files

import pytest

from costopt.catalog.catalog import Catalog
from costopt.launch.command import Command
from costopt.launch.recipe import Recipe
from costopt.plan.plan import Plan
from costopt.planning.optimize_request import answer_request
from costopt.workload.limits import Limits
from costopt.workload.request import AnyWorkload, PlanRequest
from costopt.workload.serving import InferenceService
from costopt.workload.traffic import RequestSize, Traffic

PlanOf = Callable[[str], Plan]
ShellWords = Callable[[Command], list[str]]
RecipeOn = Callable[..., Recipe]


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
        given: dict[str, object] = {"accelerator_types": (accelerator,), "max_distinct_types": 1}
        limits = Limits.model_validate(given | more)
        request = PlanRequest(workloads=(workload,), limits=limits)
        return answer_request(request, bundled).require().launch_recipes()[0]

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
