"""to_pulp: the program behind a plan as a PuLP model."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Union

import pandas as pd

from costopt.candidate.find import NamedWorkload, all_candidates
from costopt.candidate.service import ServiceCandidates
from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.plan.plan import Plan
from costopt.plan.schedule import Tranche
from costopt.planning.asked import check_catalog
from costopt.planning.assemble import AssembledProblem, assemble
from costopt.planning.fleet_changes import changes_of
from costopt.planning.over_time_problem import HourlyAssembly, assemble_over_time
from costopt.planning.over_time_work import is_batch
from costopt.planning.search import shared_limits
from costopt.workload.demand_hours import hours_of
from costopt.workload.request import PlanRequest

if TYPE_CHECKING:
    from costopt.solve.hours.pulp_model import PulpHours
    from costopt.solve.pulp_model import PulpModel

NAMED_BY = ("provider", "region", "zone", "instance_type", "purchase_option")
"""Columns of an offer that its variable is named by."""


def to_pulp(plan: Plan, catalog: Catalog | None = None) -> Union["PulpModel", "PulpHours"]:
    """Write the program of a plan with PuLP, to read it, to export it or to solve it elsewhere.

    It is the whole program before anything is pruned, merged or taken apart; of a plan over time
    only, servers that another replaces in every way to pay are left out first, and hours of one
    kind are one. `optimize` solves a reduced one of the same cost, and solves again with less room
    wherever a mix turns out to be late: then its plan costs more than this program's optimum,
    which stays the plan's proven bound. A plan whose workloads share nodes has the program
    with nodes; every other one that with instances of each workload's own.

    Args:
        plan: from `optimize`, with or without an answer.
        catalog: needed for a plan that was read from a file.

    Raises:
        InvalidInputError: the plan was read from a file and no catalogue is given, or it is one
            on shared nodes, whose program is not written with PuLP.

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
    priced = plan.own_prices(source)
    workloads = all_candidates(plan.request, priced)
    if plan.request.demand_profile is not None:
        return _over_time(sorted(workloads, key=is_batch), plan.request, priced)
    # PuLP takes 0.3 s to import: only who asks for its model waits for it.
    from costopt.solve.pulp_model import write_pulp_model

    assembled = assemble(workloads, shared_limits(plan.request))
    changes = changes_of(workloads, assembled.services, plan.request, priced)
    problem = replace(assembled.problem, changes=changes)
    return write_pulp_model(problem, list(_offer_names(workloads, assembled)))


def _over_time(
    workloads: Sequence[NamedWorkload], request: PlanRequest, catalog: Catalog
) -> "PulpHours":
    """Write the program over hours; jobs stand after services in it."""
    from costopt.solve.hours.pulp_model import HourlyNames, write_pulp_hours

    assembly = assemble_over_time(workloads, hours_of(request, catalog), request, catalog)
    names = HourlyNames(
        offers=list(_hourly_names(workloads, assembly)),
        quantities=[
            "_".join(str(getattr(key, column)) for column in NAMED_BY)
            for key in assembly.quantities.keys
        ],
        spends=[_name_of_plan(tranche) for tranche in assembly.spends.tranches],
    )
    return write_pulp_hours(assembly.problem, names)


def _hourly_names(workloads: Sequence[NamedWorkload], assembly: HourlyAssembly) -> Iterator[str]:
    """Name each offer over time as in a program of one rate."""
    services = [item for item in workloads if isinstance(item.candidates, ServiceCandidates)]
    named = [_named(item.candidates.offers) for item in services]
    places = (assembly.service.tolist(), assembly.row.tolist(), assembly.layout.tolist())
    for service, row, layout in zip(*places, strict=True):
        yield f"{services[service].name}_{named[service][row]}_{layout}"


def _name_of_plan(tranche: Tranche) -> str:
    """Name a plan of money by where it holds, its kind and its term."""
    place = f"{tranche.provider}_{tranche.region}_{tranche.family}_{tranche.kind}"
    return f"{place}_{tranche.term_years:g}y_{tranche.payment}"


def _not_written(plan: Plan) -> Iterator[str]:
    """Yield a sentence for what makes a plan's program another one than is written here."""
    if any(line.shared_node for line in plan.lines):
        yield (
            "workloads share nodes in this plan, and the program with shared nodes is not "
            "written with PuLP; give to_pulp a plan of one workload alone"
        )


def _offer_names(workloads: Sequence[NamedWorkload], assembled: AssembledProblem) -> Iterator[str]:
    """Name each offer of the program: workload, offer and layout."""
    services = [item for item in workloads if isinstance(item.candidates, ServiceCandidates)]
    for item, columns in zip(services, assembled.services, strict=True):
        named = _named(item.candidates.offers)
        for offer, layout in zip(columns.offer, columns.layout, strict=True):
            yield f"{item.name}_{named[offer]}_{layout}"


def _named(offers: pd.DataFrame) -> Sequence[str]:
    """Name each of the offers."""
    names: Sequence[str] = offers[list(NAMED_BY)].agg("_".join, axis=1).tolist()
    return names
