"""How the fleets of a plan over time stand, nothing planned again, when something is otherwise."""

from collections.abc import Iterator

from costopt.candidate.find import NamedWorkload
from costopt.catalog.catalog import Catalog
from costopt.evaluate.hours_operated import operated_by_hour
from costopt.evaluate.operate import Operated
from costopt.evaluate.workload_check import broken_workload
from costopt.explain.standing import Standing, by_the_clock, filled, standing_of
from costopt.explain.stress_cases import Case, stressed_request
from costopt.explain.stress_record import StressRow
from costopt.explain.stress_trial import StressTrial
from costopt.plan.plan import Plan
from costopt.plan.schedule import Schedule
from costopt.plan.words import percent
from costopt.planning.found import Found
from costopt.workload.requirement import Requirement


class TrialOverTime(StressTrial):
    """A plan over time; none of its cases is planned again.

    Attributes:
        schedule: of the plan.
    """

    def __init__(
        self,
        plan: Plan,
        schedule: Schedule,
        catalog: Catalog,
        workloads: tuple[NamedWorkload, ...],
    ) -> None:
        super().__init__(plan, catalog, workloads)
        self.schedule = schedule

    def of_prices(self) -> Iterator[StressRow]:
        """Yield nothing: what prices change is a question of commitments."""
        return iter(())

    def _standing(self, case: Case) -> Standing:
        return standing_in_hours(self.plan, self.schedule, case, self.rented)

    def _both(self, kind: str, factor: float) -> tuple[Standing, Found | None]:
        return self._at(kind, factor), None

    def _lost(self, pool: str) -> Standing:
        return pool_lost_in_hours(self.plan, self.schedule, pool)

    def _without(self, pool: str) -> Found | None:
        return None


def standing_in_hours(plan: Plan, schedule: Schedule, case: Case, catalog: Catalog) -> Standing:
    """Work out how the fleet of every kind of hour runs in a case, and which limits then break.

    Every hour keeps its fleet and its routing. Of the hours in which one limit breaks, the first
    is named.

    Args:
        plan: with lines.
        schedule: of the plan.
        case: what is not as planned.
        catalog: what the plan was made from.
    """
    request = stressed_request(plan.request, case)
    broken: list[str] = []
    is_overfull = False
    runs: list[Operated] = []
    pairs = zip(plan.request.named_workloads, request.workloads, strict=True)
    for (name, planned), workload in pairs:
        asked = workload if isinstance(workload, Requirement) else planned
        of_workload: list[str] = []
        for hour in operated_by_hour(name, workload, plan.lines, schedule.hours, catalog, request):
            run = by_the_clock(hour.operated, planned, case)
            at = f"{name} at {hour.factor:.3g} times the mean rate"
            texts = broken_workload(*filled(asked, run), plan.request, catalog)
            of_workload += [f"{at}: {text}" for text in texts]
            is_overfull |= bool(list(broken_workload(asked, run, plan.request, catalog)))
            runs.append(run)
        broken += of_workload
    return standing_of(runs, broken, is_overfull=is_overfull, cost=plan.cost_total or 0.0)


def pool_lost_in_hours(plan: Plan, schedule: Schedule, pool: str) -> Standing:
    """Say what the loss of a spot pool leaves in the hour that it hurts most.

    Args:
        plan: with lines.
        schedule: of the plan.
        pool: as ``PlanLine.pool`` names it.
    """
    lost = [row for row, line in enumerate(plan.lines) if line.is_spot and line.pool == pool]
    served, stopped = 1.0, []
    for name, _ in plan.request.named_workloads:
        own = [row for row in lost if plan.lines[row].workload == name]
        left = min((1.0 - _largest_share(hour.routing, own) for hour in schedule.hours), default=1)
        if own:
            served = min(served, left)
            stopped.append(f"{percent(left)} of {name} is served in the hour hit hardest")
    paid = sum(plan.lines[row].line_cost_total for row in lost)
    cost = (plan.cost_total or 0.0) - paid
    return Standing(broken=tuple(stopped), cost_total=cost, served_fraction=served)


def _largest_share(routing: tuple[tuple[float, ...], ...], rows: list[int]) -> float:
    """Return the largest part of a prompt size that some lines carry in one hour [0..1]."""
    parts = [routing[row] for row in rows if routing[row]]
    return max((sum(shares) for shares in zip(*parts, strict=True)), default=0.0)
