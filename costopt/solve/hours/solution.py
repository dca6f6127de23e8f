"""HourlySolution: counts of every hour, commitments, coverage, cost and proven bound."""

from dataclasses import dataclass

from costopt.plan.status import PlanStatus
from costopt.solve.problem import FloatArray, IntArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Commitments:
    """What is committed for all hours.

    Attributes:
        quantities: instances committed (commitments,) [1].
        spends: committed anew, beside what is owned (plans,) [currency/h].
        resources: units committed (products,) [1].
    """

    quantities: IntArray
    spends: FloatArray
    resources: IntArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Coverage:
    """What commitments pay for in each hour, in the provider's order.

    Attributes:
        spends: instances billed under each plan (plans, offers, hours) [1].
        others: units of other usage billed under each plan (plans, lines, hours) [units].
        resources: amounts covered (resources, hours) [amount].
    """

    spends: FloatArray
    others: FloatArray
    resources: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HourlyDecision:
    """What runs in each hour and what is committed.

    Attributes:
        counts: instances of each offer (offers, hours) [1].
        kind: hours of the same kind are equal in everything that decides (hours,).
        shares: for each block, share of each bucket that each server takes in hours of a kind
            (kinds, servers, buckets) [0..1]; 0 for what has no demand.
        commitments: what is committed.
    """

    counts: IntArray
    kind: IntArray
    shares: tuple[FloatArray, ...]
    commitments: Commitments


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HourlyCosts:
    """Where the money goes, over the horizon.

    Attributes:
        commitments: paid whether used or not [currency].
        by_scenario: paid by the hour in each scenario, other usage of the company included
            (scenarios,) [currency].
        others_by_scenario: part of that for other usage of the company (scenarios,) [currency].
        expected: commitments, changes and the mean of what is paid by the hour [currency].
        objective: what was minimised: `expected`, or its mixture with the dearest scenarios
            [currency].
        changes: paid once for the way from what ran before [currency].
    """

    commitments: float
    by_scenario: FloatArray
    others_by_scenario: FloatArray
    expected: float
    objective: float
    changes: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HourlySolution:
    """Outcome of one solve over hours, rechecked against the problem as it was handed in.

    Without a plan (`PlanStatus.INFEASIBLE`, `PlanStatus.NO_ANSWER_IN_TIME`) the decision, its
    coverage and costs, and the gap are None.

    Attributes:
        status: what the solve came to.
        decision: what runs and what is committed.
        coverage: what the commitments pay for.
        costs: recomputed from the decision; coverage in the provider's order.
        bound: proven: no plan has a lower objective [currency]; None when infeasible.
        gap: (objective - bound) / objective [1].
        seconds: wall-clock time of everything [s].
        infeasible_hours: hours that no fleet within its limits can serve, whatever is committed;
            empty too where hours are infeasible only together.
    """

    status: PlanStatus
    decision: HourlyDecision | None
    coverage: Coverage | None
    costs: HourlyCosts | None
    bound: float | None
    gap: float | None
    seconds: float
    infeasible_hours: tuple[int, ...] = ()
