"""to_pulp: the program behind a plan as a PuLP model."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from costopt.candidate.find import NamedWorkload, all_candidates
from costopt.candidate.service import ServiceCandidates
from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.plan.plan import Plan
from costopt.planning.asked import check_catalog
from costopt.planning.assemble import AssembledProblem, assemble
from costopt.planning.fleet_changes import changes_of
from costopt.planning.search import shared_limits

if TYPE_CHECKING:
    from costopt.solve.pulp_model import PulpModel

NAMED_BY = ("provider", "region", "zone", "instance_type", "purchase_option")
"""Columns of an offer that its variable is named by."""


def to_pulp(plan: Plan, catalog: Catalog | None = None) -> "PulpModel":
    """Write the program of a plan with PuLP, to read it, to export it or to solve it elsewhere.

    It is the whole program before anything is pruned. `optimize` solves a reduced one of the same
    cost, and solves again with less room wherever a mix turns out to be late: then its plan costs
    more than this program's optimum, which stays the plan's proven bound. Every workload has
    instances of its own here: a plan on shared ones may cost less.

    Args:
        plan: from `optimize`, with or without an answer.
        catalog: needed for a plan that was read from a file.

    Raises:
        InvalidInputError: the plan was read from a file and no catalogue is given, or it is one
            over time or on shared nodes, whose programs are not written with PuLP.

    Returns:
        The model. `print` it for the mathematics, ``model.write("plan.lp")`` for a file, and
        ``model.solve("PULP_CBC_CMD")`` for a checked answer by another solver.
    """
    if not isinstance(plan, Plan):
        raise InvalidInputError("to_pulp", ["give a Plan: what optimize(workload, catalog) gave"])
    refused = list(_not_written(plan))
    if refused:
        raise InvalidInputError("to_pulp", refused)
    source = plan.made_from if catalog is None else catalog
    if source is None:
        raise InvalidInputError(
            "to_pulp", ["a plan read from a file needs the catalogue: to_pulp(plan, catalog)"]
        )
    check_catalog("to_pulp", source)
    # PuLP takes 0.3 s to import: only who asks for its model waits for it.
    from costopt.solve.pulp_model import write_pulp_model

    priced = plan.own_prices(source)
    workloads = all_candidates(plan.request, priced)
    assembled = assemble(workloads, shared_limits(plan.request))
    changes = changes_of(workloads, assembled.services, plan.request, priced)
    problem = replace(assembled.problem, changes=changes)
    return write_pulp_model(problem, list(_offer_names(workloads, assembled)))


def _not_written(plan: Plan) -> Iterator[str]:
    """Yield a sentence for what makes a plan's program another one than is written here."""
    if plan.request.demand_profile is not None:
        yield (
            "the program over hours is not written with PuLP; ask for a plan without "
            "demand_profile"
        )
    if any(line.shared_node for line in plan.lines):
        yield (
            "workloads share nodes in this plan, and the program with shared nodes is not "
            "written with PuLP; give to_pulp a plan of one workload alone"
        )


def _offer_names(workloads: Sequence[NamedWorkload], assembled: AssembledProblem) -> Iterator[str]:
    """Name each offer of the program: workload, offer and how many accelerators a replica has."""
    services = [item for item in workloads if isinstance(item.candidates, ServiceCandidates)]
    for item, columns in zip(services, assembled.services, strict=True):
        named = item.candidates.offers[list(NAMED_BY)].agg("_".join, axis=1).to_numpy()
        for offer, layout in zip(columns.offer, columns.layout, strict=True):
            yield f"{item.name}_{named[offer]}_{layout}"
