"""launch_recipes: one recipe for each line of a plan that runs a model."""

from collections.abc import Iterator
from dataclasses import replace

from costopt.catalog.catalog import Catalog
from costopt.launch.placement import Placement, placements
from costopt.launch.recipe import Recipe
from costopt.launch.serving import serving_recipe
from costopt.launch.training import training_recipe
from costopt.plan.answer import lines_in_words
from costopt.plan.line import PlanLine
from costopt.plan.plan import Plan
from costopt.workload.batch import BatchInference
from costopt.workload.request import AnyWorkload
from costopt.workload.requirement import Requirement
from costopt.workload.serving import InferenceService

SAMPLE_SOFTWARE = "the vendor's compiled runtime"
"""What rates of encoders, vision and speech models assume."""


def launch_recipes(plan: Plan, catalog: Catalog) -> tuple[Recipe, ...]:
    """Return how each line of a plan is started, in the order of the lines.

    Lines that only meet a requirement on hardware run no model and have no recipe.

    Args:
        plan: the plan.
        catalog: what it was made from.

    Raises:
        InvalidInputError: the catalogue is not the one that the plan was made from.
    """
    workloads = dict(plan.request.named_workloads)
    placed = placements(plan.lines)
    return tuple(
        _at_most(plan, _recipe(plan, workloads[line.workload], line, catalog, placed.get(row)))
        for row, line in enumerate(plan.lines)
        if not isinstance(workloads[line.workload], Requirement)
    )


def _at_most(plan: Plan, recipe: Recipe) -> Recipe:
    """Say of a plan over time that not every hour runs all of a line's instances."""
    return recipe if plan.schedule is None else replace(recipe, title=f"At most {recipe.title}")


def _recipe(
    plan: Plan,
    workload: AnyWorkload,
    line: PlanLine,
    catalog: Catalog,
    placement: Placement | None,
) -> Recipe:
    if isinstance(workload, Requirement) or _works_on_samples(workload):
        return Recipe(
            workload=line.workload,
            title=lines_in_words([line]),
            software=SAMPLE_SOFTWARE,
            reason="No command: engines for samples have no arguments in common.",
            assumptions=(
                f"Assumes one copy of the model in {line.layout.precision}.",
                *(placement.sentences if placement else ()),
            ),
        )
    if isinstance(workload, InferenceService | BatchInference):
        return serving_recipe(workload, line, catalog, plan.request, placement)
    gang = tuple(_gang(plan, line))
    return training_recipe(workload, gang, gang.index(line), catalog, plan.request.profiles)


def _works_on_samples(workload: AnyWorkload) -> bool:
    if isinstance(workload, InferenceService):
        return workload.traffic is None
    return isinstance(workload, BatchInference) and workload.requests is None


def _gang(plan: Plan, line: PlanLine) -> Iterator[PlanLine]:
    return (other for other in plan.lines if other.workload == line.workload)
