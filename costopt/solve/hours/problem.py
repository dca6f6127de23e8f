"""HourlyProblem: demand over hours, offers paid by the hour, and commitments, in arrays."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from costopt.solve.hours.changes import HourlyChanges
from costopt.solve.hours.commitments import (
    QuantityCommitments,
    ResourceCommitments,
    SpendCommitments,
)
from costopt.solve.hours.gangs import Gangs
from costopt.solve.hours.whole_limits import Budget, TypeLimit
from costopt.solve.problem import FloatArray, IntArray, LimitRow, ServingBlock

NO_SERVER: Final = -1
"""Server of an offer that serves no block: it works on deferrable work only."""

BY_THE_HOUR: Final = -1
"""Quantity commitment of an offer that is paid by the hour."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DeferrableWork:
    """Jobs that may run in any hour between release and deadline.

    Attributes:
        amount: work of each job, in every scenario (jobs,) [units].
        release: first hour in which it may run, counted in its scenario (jobs,).
        deadline: first hour in which it may not run any more (jobs,).
        job: job that the offer works on; -1 = none (offers,).
        rate: work that one instance does in an hour (offers,) [units/h].
    """

    amount: FloatArray
    release: IntArray
    deadline: IntArray
    job: IntArray
    rate: FloatArray

    @classmethod
    def none(cls) -> "DeferrableWork":
        """Return no deferrable work."""
        nothing = np.zeros(0, dtype=np.int64)
        return cls(
            amount=np.zeros(0), release=nothing, deadline=nothing, job=nothing, rate=np.zeros(0)
        )

    def __len__(self) -> int:
        """Return the number of jobs."""
        return len(self.amount)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sequence:
    """What hours that follow each other bring: starting takes time, and so does stopping.

    The hours of a scenario are one round that repeats: before its first hour comes its last.

    Attributes:
        start_up_hours: hours charged for a start before the instance serves, at the offer's
            price, which plans of money cover like any hour (offers,) [h].
        min_up_hours: hours that an instance runs at least once started, longer than a round if
            need be; 0 and 1 ask nothing (offers,) [h].
    """

    start_up_hours: FloatArray
    min_up_hours: IntArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scenarios:
    """Courses that demand may take: commitments are common to them, counts are not.

    With a tail weight ``b``, ``(1 - b) mean + b CVaR_a`` of the scenarios' costs is minimised.

    Attributes:
        scenario: scenario that the hour belongs to (hours,).
        probability: of each scenario; they add up to 1 (scenarios,) [0..1].
        tail_weight: ``b`` [0..1].
        tail_level: ``a``; the tail is the dearest ``1 - a`` of probability [0..1).
    """

    scenario: IntArray
    probability: FloatArray
    tail_weight: float = 0.0
    tail_level: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HourlyProblem:
    """What runs in each hour, and what is committed for all of them.

    Servers are counted over all blocks, as in `Problem`. An offer adds to one server, works on
    one job, or serves nothing of use; it is paid by the hour, or runs on a quantity commitment,
    and may be covered by spend commitments or by resource commitments, not by both. One
    instance type appears once for each way to run it and to pay for it.

    Attributes:
        price_per_hour: charge of an hour of one instance; of an offer on a quantity commitment
            what that does not include, mostly 0 (offers,) [currency/h].
        server: server that an instance of the offer adds to; -1 = none (offers,).
        upper: most instances in any hour; ``inf`` = no limit (offers,) [instances].
        quantity: quantity commitment whose instances the offer runs on; -1 = paid by the hour
            (offers,).
        blocks: workloads that are served; their demand is scaled by `demand_factor`.
        rows: quotas and other limits that hold in every hour; without choices and payers.
        weight: hours of that kind in the horizon, in its scenario (hours,) [h].
        demand_factor: factor on each block's demand (blocks, hours) [1].
        quantities: commitments of whole instances.
        spends: commitments of money per hour.
        resources: commitments of amounts of resources.
        work: jobs with a deadline; hours must then follow each other.
        gangs: offers whose instances run together, all of a configuration or none.
        sequence: start-up and minimum-up time; hours must then follow each other. None = hours
            are kinds that stand for themselves.
        scenarios: courses that demand may take; None = the hours are one course.
        changes: what ran before; None = starting and stopping for good is free.
        budgets: what may be paid over the horizon.
        types: how many distinct types may run; None = no limit.
    """

    price_per_hour: FloatArray
    server: IntArray
    upper: FloatArray
    quantity: IntArray
    blocks: tuple[ServingBlock, ...]
    rows: tuple[LimitRow, ...] = ()
    weight: FloatArray
    demand_factor: FloatArray
    quantities: QuantityCommitments = field(default_factory=QuantityCommitments.none)
    spends: SpendCommitments = field(default_factory=SpendCommitments.none)
    resources: ResourceCommitments = field(default_factory=ResourceCommitments.none)
    work: DeferrableWork = field(default_factory=DeferrableWork.none)
    gangs: Gangs = field(default_factory=Gangs.none)
    sequence: Sequence | None = None
    scenarios: Scenarios | None = None
    changes: HourlyChanges | None = None
    budgets: tuple[Budget, ...] = ()
    types: TypeLimit | None = None

    @property
    def offer_count(self) -> int:
        """How many offers there are."""
        return len(self.price_per_hour)

    @property
    def hour_count(self) -> int:
        """How many hours, or kinds of hours, there are."""
        return len(self.weight)

    @property
    def first_server(self) -> IntArray:
        """Where each block's servers begin, and where the last one's end (blocks + 1,)."""
        sizes = [len(block.max_utilisation) for block in self.blocks]
        return np.cumsum([0, *sizes], dtype=np.int64)

    @property
    def row_coefficients(self) -> FloatArray:
        """Coefficients of all limit rows, offer by offer (offers, rows)."""
        columns = [row.offer_coefficients for row in self.rows]
        return np.stack(columns, axis=1) if columns else np.zeros((self.offer_count, 0))

    @property
    def scenario(self) -> IntArray:
        """Scenario that each hour belongs to (hours,)."""
        if self.scenarios is None:
            return np.zeros(self.hour_count, dtype=np.int64)
        return self.scenarios.scenario

    @property
    def probability(self) -> FloatArray:
        """Probability of each scenario (scenarios,) [0..1]."""
        return np.ones(1) if self.scenarios is None else self.scenarios.probability

    @property
    def tail_weight(self) -> float:
        """Weight of the dearest scenarios in the objective [0..1]."""
        return 0.0 if self.scenarios is None else self.scenarios.tail_weight

    @property
    def gang_work_lost(self) -> FloatArray:
        """Work that each configuration of a gang loses with a start (configurations,) [units]."""
        gangs = self.gangs
        speed = np.zeros(len(gangs.size))
        mine = np.flatnonzero(gangs.configuration >= 0)
        if len(self.work):
            speed[gangs.configuration[mine]] = self.work.rate[mine]
        lost: FloatArray = speed * gangs.size * gangs.lost_hours
        return lost

    @property
    def start_up_hours(self) -> FloatArray:
        """Hours charged for a start (offers,) [h]."""
        return (
            np.zeros(self.offer_count) if self.sequence is None else self.sequence.start_up_hours
        )

    @property
    def hours_are_coupled(self) -> bool:
        """Whether something other than commitments and scenarios ties hours to each other."""
        return self.sequence is not None or len(self.work) > 0
