"""What a plan over time would cost with a little more or less of one commitment."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from costopt.candidate.find import NamedWorkload
from costopt.catalog.catalog import Catalog
from costopt.plan.schedule import Schedule, Tranche
from costopt.planning.over_time_beside import committed, key_of
from costopt.planning.over_time_problem import HourlyAssembly, assemble_over_time
from costopt.planning.over_time_work import stands_beside
from costopt.solve.hours.run import solve_hours
from costopt.workload.demand_hours import DemandHours
from costopt.workload.request import PlanRequest

SEARCH_SECONDS: Final = 1.0
"""Time for planning all hours again with given commitments [s]."""

SPEND_STEP: Final = 0.1
"""Part of a commitment of money that is committed more, or less [0..1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Costed:
    """What a plan costs with given commitments, and what is proven of it.

    Attributes:
        cost: present value, commitments included [plan currency].
        slack: it may cost less by at most this [plan currency].
    """

    cost: float
    slack: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GivenCommitments:
    """All hours of a plan, to be planned again with commitments that are given.

    Rates are those before any mix turned out late, the same for all commitments that are tried.

    Attributes:
        assembly: the problem over the hours.
        request: limits and settings.
    """

    assembly: HourlyAssembly
    request: PlanRequest

    @classmethod
    def of(
        cls,
        workloads: Sequence[NamedWorkload],
        hours: DemandHours,
        request: PlanRequest,
        catalog: Catalog,
    ) -> "GivenCommitments":
        """Write the problem of a request with a demand profile.

        Args:
            workloads: with their candidates.
            hours: kinds of hours.
            request: limits and settings.
            catalog: at the prices that are paid.
        """
        ordered = sorted(workloads, key=stands_beside)
        assembly = assemble_over_time(ordered, hours, request, catalog)
        return cls(assembly=assembly, request=request)

    def knows(self, schedule: Schedule) -> bool:
        """Return whether every commitment of a schedule is among the products of the problem."""
        bought = {key_of(one) for one in schedule.tranches if one.instances is not None}
        amounts = [one for one in schedule.tranches if one.resource]
        known = all(self.assembly.resources.bought(one) is not None for one in amounts)
        return known and bought <= set(self.assembly.quantities.keys)

    def costed(self, tranches: Sequence[Tranche]) -> Costed | None:
        """Plan all hours with just these commitments; None where none is found in time.

        Args:
            tranches: what is committed, each with its present value.
        """
        problem = committed(self.assembly.problem, self.assembly, tranches)
        seconds = min(SEARCH_SECONDS, self.request.time_limit_seconds)
        found = solve_hours(problem, gap=self.request.gap, time_limit_seconds=seconds)
        if found.costs is None or found.bound is None:
            return None
        paid = sum(one.present_value for one in tranches)
        least = found.costs.objective
        return Costed(cost=paid + least, slack=least - found.bound)


def step_of(tranche: Tranche) -> float:
    """Return how much more or less is tried: an instance, a unit of a resource, a tenth of money.

    Args:
        tranche: what is committed.
    """
    return SPEND_STEP * tranche.quantity if tranche.is_money else 1.0


def changed(schedule: Schedule, row: int, step: float) -> tuple[Tranche, ...]:
    """Return the commitments of a schedule with more or less of one of them.

    Args:
        schedule: with priced commitments.
        row: of the one that changes.
        step: added to it [1], [plan currency/h] or [amount].
    """
    tranches = list(schedule.tranches)
    one = tranches[row]
    quantity = one.quantity + step
    update: dict[str, float] = {"present_value": one.present_value * quantity / one.quantity}
    if one.is_money:
        update["spend_per_hour"] = quantity
    elif one.resource:
        update["amount"] = quantity
    else:
        update["instances"] = round(quantity)
    tranches[row] = one.model_copy(update=update)
    return tuple(tranches)
