"""How the fleets of a plan over time stand when something is otherwise, and what mends them."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from time import perf_counter
from typing import Final

import numpy as np

from costopt.candidate.find import NamedWorkload
from costopt.catalog.catalog import Catalog
from costopt.evaluate.hours_operated import operated_by_hour
from costopt.evaluate.operate import Operated
from costopt.evaluate.schedule_money import DECLINING
from costopt.evaluate.scheduled import scheduled
from costopt.evaluate.worked_hours import JobHours, broken_work, job_hours, worked_by_hour
from costopt.evaluate.workload_check import broken_workload
from costopt.explain.field import OfferMatch, Other, any_of
from costopt.explain.hours_again import HoursAgain, HoursFound, spent_on
from costopt.explain.standing import Standing, by_the_clock, filled, standing_of
from costopt.explain.stress_cases import Case, stressed_request
from costopt.explain.stress_record import StressRow
from costopt.explain.stress_trial import LOOSE_GAP, PRICES, StressTrial, case_of
from costopt.plan.plan import Plan
from costopt.plan.schedule import Schedule
from costopt.plan.status import PlanStatus, proven_status
from costopt.plan.words import percent
from costopt.workload.batch import BatchInference
from costopt.workload.demand_hours import follows_profile
from costopt.workload.requirement import Requirement

MENDING_SECONDS: Final = 18.0
"""Time for planning all cases again; how the plan stands in each is not counted [s]."""

SEARCH_SECONDS: Final = 1.5
"""Time for planning again in one case [s]."""


class TrialOverTime(StressTrial):
    """A plan over time, mended by the hour: what it committed is signed, used or not.

    Attributes:
        schedule: of the plan.
        left: time for planning again [s].
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
        self.left = MENDING_SECONDS

    def of_prices(self) -> Iterator[StressRow]:
        """Yield the cases of other prices of what is paid by the hour; signed ones stay."""
        hourly = dict.fromkeys(
            line.offer for line in self.plan.lines if line.offer.purchase_option in DECLINING
        )
        matches = [OfferMatch(values=tuple(offer.model_dump().items())) for offer in hourly]
        standing, own = self._at("demand", 1.0), self.plan.cost_total or 0.0
        for factor in PRICES if matches else ():
            moved = _moved(self.catalog, matches, factor)
            held = scheduled(self.plan.lines, self.schedule, self.plan.request, moved)
            cost = own + spent_on(held.schedule) - spent_on(self.schedule)
            broken = tuple(self._over_budget(cost))
            now = replace(standing, broken=broken, cost_total=cost)
            yield self._row("hourly_price", factor, now, self._at_prices(moved))

    def _at_prices(self, catalog: Catalog) -> Other | None:
        return self._mended(lambda again: again.at_prices(catalog, again.signed))

    def _standing(self, case: Case) -> Standing:
        return standing_in_hours(self.plan, self.schedule, case, self.rented)

    def _both(self, kind: str, factor: float) -> tuple[Standing, Other | None]:
        """Return how the plan stands, and, where something breaks, what then runs by the hour."""
        standing = self._at(kind, factor)
        if not standing.broken and not standing.is_overfull:
            return standing, None
        request = stressed_request(self.plan.request, case_of(kind, factor))
        return standing, self._mended(lambda again: again.asked(request, again.signed))

    def _lost(self, pool: str) -> Standing:
        return pool_lost_in_hours(self.plan, self.schedule, pool)

    def _without(self, pool: str) -> Other | None:
        match = self._match_of(pool)
        return self._mended(lambda again: again.without(match.rows, self.workloads, again.signed))

    def _mended(self, ask: Callable[[HoursAgain], HoursFound | PlanStatus]) -> Other | None:
        """Plan again, and sum up what that came to; None where there was no time for it."""
        started = perf_counter()
        seconds = min(SEARCH_SECONDS, self.plan.request.time_limit_seconds)
        tries = replace(self.tries, ends_at=started + self.left, seconds=seconds)
        found = ask(HoursAgain(plan=self.plan, catalog=self.catalog, tries=tries))
        self.left -= perf_counter() - started
        if found is PlanStatus.NO_ANSWER_IN_TIME:
            return None
        if not isinstance(found, HoursFound):
            return Other(lines=(), cost_total=0.0, status=found)
        cost = (self.plan.cost_total or 0.0) + spent_on(found.schedule) - spent_on(self.schedule)
        proven = found.slack / found.objective if found.objective else 0.0
        return Other(
            lines=found.at_once,
            cost_total=cost,
            status=proven_status(proven, max(LOOSE_GAP, self.plan.request.gap)),
        )


def _moved(catalog: Catalog, matches: list[OfferMatch], factor: float) -> Catalog:
    """Return the catalogue with other prices of some offers."""
    offers = catalog.offers
    scale = np.where(any_of(matches, offers), factor, 1.0)
    moved = {name: offers[name] * scale for name in ("recurring_per_hour", "effective_per_hour")}
    return catalog.with_offers(offers.assign(**moved))


def standing_in_hours(plan: Plan, schedule: Schedule, case: Case, catalog: Catalog) -> Standing:
    """Work out how the fleet of every kind of hour runs in a case, and which limits then break.

    Every hour keeps its fleet and its routing. Of the hours in which one limit breaks, the first
    is named. Jobs have as much more to do as they are slower.

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
        if not follows_profile(workload):
            job = (
                _job(name, planned, plan, schedule, case, catalog)
                if isinstance(planned, BatchInference)
                else job_hours(name, workload, plan.lines, schedule, plan.request, catalog)
            )
            broken += [f"{name}: {text}" for text in broken_work(job, schedule.scenarios)]
            runs += [hour.operated for hour in worked_by_hour(job, schedule)]
            continue
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


def _job(
    name: str,
    workload: BatchInference,
    plan: Plan,
    schedule: Schedule,
    case: Case,
    catalog: Catalog,
) -> JobHours:
    """Work out what a job's instances do in a case, and how much there is to do."""
    job = job_hours(name, workload, plan.lines, schedule, plan.request, catalog)
    return replace(job, done=job.done * case.rate_factor, units=job.units * case.demand_factor)


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
