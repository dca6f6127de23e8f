"""to_pulp: the program behind a plan as a PuLP model."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Union

import pandas as pd

from costopt.candidate.find import NamedWorkload, all_candidates
from costopt.candidate.job import JobCandidates
from costopt.candidate.service import ServiceCandidates
from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.plan.plan import Plan
from costopt.plan.schedule import Tranche
from costopt.planning.asked import check_catalog
from costopt.planning.assemble import AssembledProblem, assemble
from costopt.planning.fleet_changes import changes_of
from costopt.planning.jobs_on_nodes import beside_services
from costopt.planning.over_time_budgets import with_budgets
from costopt.planning.over_time_problem import HourlyAssembly, assemble_over_time
from costopt.planning.over_time_work import stands_beside
from costopt.planning.search import shared_limits
from costopt.planning.shared_nodes import shared_nodes_of, sliced_workloads
from costopt.workload.demand_hours import hours_of
from costopt.workload.request import PlanRequest

if TYPE_CHECKING:
    from costopt.solve.hours.pulp_model import PulpHours
    from costopt.solve.pulp_model import PulpModel
    from costopt.solve.pulp_shared import PulpShared

NAMED_BY = ("provider", "region", "zone", "instance_type", "purchase_option")
"""Columns of an offer that its variable is named by."""


def to_pulp(
    plan: Plan, catalog: Catalog | None = None
) -> Union["PulpModel", "PulpHours", "PulpShared"]:
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
        InvalidInputError: the plan was read from a file and no catalogue is given.

    Returns:
        The model. `print` it for the mathematics, ``model.write("plan.lp")`` for a file, and
        ``model.solve("PULP_CBC_CMD")`` for a checked answer by another solver.
    """
    if not isinstance(plan, Plan):
        raise InvalidInputError("to_pulp", ["give a Plan: what optimize(workload, catalog) gave"])
    source = plan.made_from if catalog is None else catalog
    if source is None:
        raise InvalidInputError(
            "to_pulp", ["a plan read from a file needs the catalogue: to_pulp(plan, catalog)"]
        )
    check_catalog("to_pulp", source)
    priced = plan.own_prices(source)
    workloads: Sequence[NamedWorkload] = all_candidates(plan.request, priced)
    if plan.request.demand_profile is not None:
        return _over_time(sorted(workloads, key=stands_beside), plan.request, priced)
    shares = {line.workload for line in plan.lines if line.shared_node}
    if shares:
        workloads = _sharing(workloads, shares, plan.request, priced)
    assembled = assemble(workloads, shared_limits(plan.request))
    changes = changes_of(workloads, assembled.services, plan.request, priced)
    assembled = replace(assembled, problem=replace(assembled.problem, changes=changes))
    # PuLP takes 0.3 s to import: only who asks for its model waits for it.
    if shares:
        return _on_shared_nodes(workloads, assembled)
    from costopt.solve.pulp_model import write_pulp_model

    names = [_joined(*parts) for parts in _offer_names(workloads, assembled)]
    return write_pulp_model(assembled.problem, names)


def _sharing(
    workloads: Sequence[NamedWorkload],
    shares: Collection[str],
    request: PlanRequest,
    catalog: Catalog,
) -> Sequence[NamedWorkload]:
    """Return the workloads as the widest search knew them that has the plan.

    Args:
        workloads: with the candidates of nodes of their own.
        shares: names of those that share nodes in the plan.
        request: limits and settings.
        catalog: at the prices that are paid.
    """
    if any(isinstance(item.candidates, JobCandidates) and item.name in shares
           for item in workloads):  # fmt: skip
        return beside_services(workloads, request, catalog) or workloads
    return sliced_workloads(workloads, catalog, request) or workloads


def _on_shared_nodes(
    workloads: Sequence[NamedWorkload], assembled: AssembledProblem
) -> "PulpShared":
    """Write the program in which workloads share nodes."""
    from costopt.solve.pulp_shared import write_pulp_shared

    problem, nodes = shared_nodes_of(workloads, assembled)
    names = list(_offer_names(workloads, assembled))
    layout_of = {
        server: _joined(workload, layout)
        for server, (workload, _, layout) in zip(
            assembled.problem.server.tolist(), names, strict=True
        )
    }
    return write_pulp_shared(
        problem,
        nodes,
        [names[offer][1] for offer in nodes.offer.tolist()],
        [layout_of[server] for server in nodes.server.tolist()],
    )


def _over_time(
    workloads: Sequence[NamedWorkload], request: PlanRequest, catalog: Catalog
) -> "PulpHours":
    """Write the program over hours; jobs stand after services in it."""
    from costopt.solve.hours.pulp_model import HourlyNames, write_pulp_hours

    unlimited = assemble_over_time(workloads, hours_of(request, catalog), request, catalog)
    assembly = with_budgets(unlimited, workloads, request, catalog)
    names = HourlyNames(
        offers=list(_hourly_names(workloads, assembly)),
        quantities=[
            _joined(*(str(getattr(key, column)) for column in NAMED_BY))
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
        yield _joined(services[service].name, named[service][row], str(layout))


def _name_of_plan(tranche: Tranche) -> str:
    """Name a plan of money by where it holds, its kind and its term."""
    place = f"{tranche.provider}_{tranche.region}_{tranche.family}_{tranche.kind}"
    return f"{place}_{tranche.term_years:g}y_{tranche.payment}"


def _offer_names(
    workloads: Sequence[NamedWorkload], assembled: AssembledProblem
) -> Iterator[tuple[str, str, str]]:
    """Yield workload, offer and layout of each offer of the program."""
    services = [item for item in workloads if isinstance(item.candidates, ServiceCandidates)]
    for item, columns in zip(services, assembled.services, strict=True):
        named = _named(item.candidates.offers)
        for offer, layout in zip(columns.offer, columns.layout, strict=True):
            yield item.name, named[offer], str(layout)


def _joined(*parts: str) -> str:
    return "_".join(parts)


def _named(offers: pd.DataFrame) -> Sequence[str]:
    """Name each of the offers."""
    names: Sequence[str] = offers[list(NAMED_BY)].agg("_".join, axis=1).tolist()
    return names
