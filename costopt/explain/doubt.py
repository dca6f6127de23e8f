"""Doubt: an accelerator whose true rate is not known, and plans at other values of it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import log
from time import perf_counter
from typing import Final

import numpy as np
import pandas as pd

from costopt.candidate.eligible import EligibleOffers, eligible_offers
from costopt.candidate.find import Candidates, NamedWorkload
from costopt.candidate.job import JobCandidates
from costopt.candidate.layout import Layout
from costopt.candidate.service import ServiceCandidates
from costopt.catalog.catalog import Catalog
from costopt.explain.other_rates import among, gangs_left, job_at, offers_left, service_at
from costopt.plan.plan import Plan
from costopt.plan.status import PlanStatus
from costopt.planning.assemble import AssembledProblem, assemble
from costopt.planning.fleet_changes import changes_of
from costopt.planning.search import shared_limits
from costopt.solve.run import solve_problem
from costopt.solve.solution import Solution

TypeName = tuple[str, str]
"""Provider and instance type."""

LOOSE_GAP: Final = 1e-3
"""Gap at which these searches may stop [0..1]."""

SEARCH_SECONDS: Final = 1.0
"""Time for one of these searches [s]."""

LEAST_SECONDS: Final = 0.05
"""Time that a search gets however little is left [s]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """An accelerator that runs, or might run, one workload at a rate that is only predicted.

    Attributes:
        workload: position of the workload.
        accelerator: its name in the catalogue.
        is_pick: True where the plan rents it for the workload.
        low_factor: low end of the 80 % band over the expected rate [1].
        high_factor: high end of the same band [1].
        planned_factor: planned over expected rate [1].
    """

    workload: int
    accelerator: str
    is_pick: bool
    low_factor: float
    high_factor: float
    planned_factor: float

    def factor_at(self, deviations: float) -> float:
        """True over planned rate at a point of the band, each side half of a log-normal.

        Args:
            deviations: from the median, in units of its distance to either end of the band [1].
        """
        end = self.low_factor if deviations < 0 else self.high_factor
        return float(end ** abs(deviations)) / self.planned_factor

    def deviations_at(self, factor: float) -> float:
        """Where in the band a rate lies, the inverse of ``factor_at``.

        Args:
            factor: true over planned rate [1].
        """
        truth = factor * self.planned_factor
        end = self.low_factor if truth < 1.0 else self.high_factor
        return log(truth) / abs(log(end))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rented:
    """An instance type that a workload would be run on.

    Attributes:
        name: provider and instance type.
        layout: how the workload is laid out on it.
        rate: of one instance on the workload's own mix [1/s].
    """

    name: TypeName
    layout: Layout
    rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the doubted workload would be run on, and what all workloads would cost together.

    Attributes:
        cost: with what it takes to get there from what runs; infinite where nothing carries them
            within the limits [plan currency].
        rented: what the doubted workload would be run on.
        is_proven: False where the search ran out of time.
    """

    cost: float
    rented: tuple[Rented, ...]
    is_proven: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DoubtField:
    """A plan and its candidates, to plan again at other rates of one accelerator.

    Latency limits are taken to scale with the rate, mixes are not held against them again, and
    no workloads share nodes.

    Attributes:
        plan: with lines.
        workloads: with their candidates.
        catalog: what the plan was made from.
        deadline: after which no search is begun, on the clock of ``perf_counter`` [s].
    """

    plan: Plan
    workloads: Sequence[NamedWorkload]
    catalog: Catalog
    deadline: float
    _eligible: dict[int, EligibleOffers] = field(default_factory=dict)
    _choices: dict[tuple[str, Doubt, float], Choice] = field(default_factory=dict)
    _jobs: dict[tuple[Doubt, float], JobCandidates] = field(default_factory=dict)

    @property
    def is_out_of_time(self) -> bool:
        """True when no more searches are begun."""
        return perf_counter() > self.deadline

    def types_planned(self, workload: int) -> frozenset[TypeName]:
        """Instance types that the plan rents for one workload."""
        name = self.workloads[workload].name
        return frozenset(
            (line.offer.provider, line.offer.instance_type)
            for line in self.plan.lines
            if line.workload == name
        )

    def types_with(self, doubt: Doubt) -> frozenset[TypeName]:
        """Instance types with the doubted accelerator."""
        kinds = self.workloads[doubt.workload].candidates.types
        return frozenset(
            (kind.provider, kind.name) for kind in kinds if kind.chip == doubt.accelerator
        )

    def staying(self, doubt: Doubt, factor: float) -> Choice:
        """Plan again with the doubted workload on the plan's own instance types alone.

        Args:
            doubt: whose rate is another.
            factor: true over planned rate [1].
        """
        item, own = self.workloads[doubt.workload], factor if doubt.is_pick else 1.0
        planned = among(self.types_planned(doubt.workload))
        if isinstance(item.candidates, ServiceCandidates):
            held = service_at(item.candidates, doubt.accelerator, own, planned)
            return self._remembered(("staying", doubt, own), doubt, lambda: held)
        job = item.candidates if own == 1.0 else self._job(doubt, own)
        return self._remembered(("staying", doubt, own), doubt, lambda: gangs_left(job, planned))

    def best(self, doubt: Doubt, factor: float) -> Choice:
        """Plan again on whatever is cheapest.

        A job takes one gang of one instance type, so the cheaper of one with the accelerator and
        one without is its best.

        Args:
            doubt: whose rate is another.
            factor: true over planned rate [1].
        """
        found = self.workloads[doubt.workload].candidates
        if isinstance(found, ServiceCandidates):
            return self._solved(doubt, service_at(found, doubt.accelerator, factor))
        others = among(self.types_with(doubt), inside=False)
        without = self._remembered(
            ("without", doubt, 1.0), doubt, lambda: gangs_left(found, others)
        )
        using = self._solved(doubt, self._job(doubt, factor))
        return min(using, without, key=lambda choice: choice.cost)

    def _remembered(
        self, key: tuple[str, Doubt, float], doubt: Doubt, candidates: Callable[[], Candidates]
    ) -> Choice:
        """Solve what has not been solved before."""
        if key not in self._choices:
            self._choices[key] = self._solved(doubt, candidates())
        return self._choices[key]

    def _job(self, doubt: Doubt, factor: float) -> JobCandidates:
        """Return a job on the doubted accelerator alone, at another rate of it."""
        item = self.workloads[doubt.workload]
        if not isinstance(item.candidates, JobCandidates):
            raise TypeError(f"{item.name} is no job")
        own = among(self.types_with(doubt))
        if factor == 1.0:
            return gangs_left(item.candidates, own)
        if (doubt, factor) not in self._jobs:
            left = offers_left(self._eligible_for(doubt.workload), own)
            found = job_at(item, factor, self.plan.request, self.catalog, left)
            self._jobs.clear()
            self._jobs[doubt, factor] = found
        return self._jobs[doubt, factor]

    def _eligible_for(self, workload: int) -> EligibleOffers:
        if workload not in self._eligible:
            request = self.plan.request
            limits = (self.workloads[workload].workload.limits, request.limits)
            self._eligible[workload] = eligible_offers(self.catalog, limits, request.currency)
        return self._eligible[workload]

    def _solved(self, doubt: Doubt, candidates: Candidates) -> Choice:
        """Solve with other candidates of the doubted workload."""
        request = self.plan.request
        changed = list(self.workloads)
        changed[doubt.workload] = replace(changed[doubt.workload], candidates=candidates)
        assembled = assemble(changed, shared_limits(request))
        changes = changes_of(changed, assembled.services, request, self.catalog)
        problem = replace(assembled.problem, changes=changes)
        left = max(min(self.deadline - perf_counter(), SEARCH_SECONDS), LEAST_SECONDS)
        solution = solve_problem(problem, gap=max(request.gap, LOOSE_GAP), time_limit_seconds=left)
        proven = (PlanStatus.OPTIMAL_WITHIN_GAP, PlanStatus.INFEASIBLE)
        if solution.cost is None:
            return Choice(cost=float("inf"), rented=(), is_proven=solution.status in proven)
        return Choice(
            cost=solution.cost * request.horizon_hours,
            rented=tuple(_rented(changed, doubt.workload, assembled, solution)),
            is_proven=solution.status in proven,
        )


def _rented(
    workloads: Sequence[NamedWorkload],
    position: int,
    assembled: AssembledProblem,
    solution: Solution,
) -> Iterator[Rented]:
    """Yield what one workload is run on."""
    candidates = workloads[position].candidates
    before = [isinstance(item.candidates, JobCandidates) for item in workloads[:position]]
    if isinstance(candidates, JobCandidates):
        chosen, gangs = int(solution.chosen[sum(before)]), candidates.gangs
        yield Rented(
            name=_name(candidates.offers, int(gangs.offer[chosen])),
            layout=candidates.layout_at(int(gangs.layout[chosen])),
            rate=float(gangs.rate[chosen] / gangs.nodes[chosen]),
        )
        return
    columns = assembled.services[len(before) - sum(before)]
    counts = solution.counts[columns.first : columns.first + len(columns.offer)]
    for column in np.flatnonzero(counts):
        layout = int(columns.layout[column])
        yield Rented(
            name=_name(candidates.offers, int(columns.offer[column])),
            layout=candidates.layouts[layout],
            rate=_mix_rate(candidates, layout),
        )


def _name(offers: pd.DataFrame, row: int) -> TypeName:
    offer = offers.iloc[row]
    return str(offer["provider"]), str(offer["instance_type"])


def _mix_rate(service: ServiceCandidates, layout: int) -> float:
    """Rate of one instance on the part of the workload's mix that it can serve [1/s]."""
    rates = service.prompt_rates[layout]
    demand = np.where(rates > 0, service.buckets.prompt_demand, 0.0)
    load = (demand / np.where(rates > 0, rates, 1.0)).sum()
    return float(demand.sum() / load) if load > 0 else 0.0
