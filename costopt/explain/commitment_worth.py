"""Commitments of a plan over time: what one more or less costs, and when fewer or more pay."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from costopt.candidate.find import NamedWorkload
from costopt.catalog.catalog import Catalog
from costopt.evaluate.schedule_figures import Weights
from costopt.explain.switch_points import SwitchPoint
from costopt.plan.answer import cost_figure
from costopt.plan.plan import Plan
from costopt.plan.schedule import Schedule, Tranche
from costopt.plan.schedule_words import tranche_in_words
from costopt.plan.words import money, signed_percent
from costopt.planning.other_commitments import Costed, GivenCommitments, changed, step_of
from costopt.workload.demand_hours import hours_of

MOST_COMMITMENTS: Final = 3
"""Commitments that are looked at, the dearest first."""

ROUNDING: Final = 1e-6
"""Relative change, or part of an instance, that is rounding [1]."""

MORE: Final = "one more is best"
"""What a lower price leads to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitmentWorth:
    """What one more or less of a commitment costs, everything else planned again.

    Attributes:
        tranche: the commitment.
        step: how much more or less [1] or [plan currency/h].
        more: present value of what that much more adds to the cost over the horizon; None where
            it was not planned in time [plan currency].
        less: the same for that much less [plan currency].
        text: in words.
    """

    tranche: Tranche
    step: float
    more: float | None
    less: float | None
    text: str


def commitment_worths(
    plan: Plan, workloads: Sequence[NamedWorkload], catalog: Catalog
) -> tuple[CommitmentWorth, ...]:
    """Plan all hours again with one more and one less of each commitment, the dearest first.

    Args:
        plan: over time, with lines.
        workloads: with their candidates.
        catalog: what the plan was made from.
    """
    schedule, request = plan.schedule, plan.request
    if schedule is None or request.demand_profile is None or not schedule.tranches:
        return ()
    hours = hours_of(request, catalog)
    given = GivenCommitments.of(workloads, hours, request, catalog)
    base = given.costed(schedule.tranches) if given.knows(schedule) else None
    if base is None:
        return ()
    return tuple(_worth(plan, schedule, row, given, base) for row in _dearest(schedule))


def commitment_switches(plan: Plan) -> Iterator[SwitchPoint]:
    """Yield the prices from which fewer, and below which more of a commitment would pay.

    An instance that is in use in a part ``u`` of the hours pays while its price is at most ``u``
    times that of the same type on demand, a discount of at least ``1 - u``. A commitment of money
    is taken as a whole, with the part of it that is in use. Another type may take over earlier.

    Args:
        plan: over time, with lines.

    Source: equality of ``r`` for each hour of the term and ``o`` for each hour used.
    """
    schedule = plan.schedule
    if schedule is None or plan.request.limits.cvar is not None:
        return
    for row in _dearest(schedule):
        tranche = schedule.tranches[row]
        if tranche.npv is None or not tranche.utilisation:
            continue
        worth = tranche.npv + tranche.present_value
        break_even = tranche.present_value * tranche.utilisation / worth
        for part, ends, why in _parts(plan, schedule, row):
            change = part / break_even - 1
            if (change < -ROUNDING) if ends == MORE else (change > ROUNDING):
                yield SwitchPoint(
                    kind="commitment",
                    text=(
                        f"{tranche_in_words(tranche, plan.currency)}: {ends} when its price moves "
                        f"by {signed_percent(change)}, to a discount of {_share(1 - part)} on "
                        f"demand; {why}"
                    ),
                    value=1 - part,
                    change_fraction=change,
                    key="/".join(part for part in _place(tranche) if part),
                )


def _parts(plan: Plan, schedule: Schedule, row: int) -> Iterator[tuple[float, str, str]]:
    """Yield parts of the hours that decide on a commitment, what they end, and what they are."""
    tranche = schedule.tranches[row]
    if tranche.instances is None:
        part = tranche.utilisation
        yield part, "it stops paying", f"{_share(part)} of it is in use"
        return
    weights = Weights.of(schedule).hours / plan.horizon_hours
    used = np.array([hour.used[row] for hour in schedule.hours])
    last = float(weights @ (used > tranche.instances - 1 + ROUNDING))
    yield last, "one fewer is best", f"the last one is in use {_share(last)} of the time"
    hourly = [
        number
        for number, line in enumerate(plan.lines)
        if line.offer.purchase_option == "on_demand"
        and (line.offer.provider, line.offer.region, line.offer.instance_type)
        == (tranche.provider, tranche.region, tranche.instance_type)
    ]
    beside = np.array([any(hour.counts[own] for own in hourly) for hour in schedule.hours])
    part = float(weights @ beside)
    if part:
        yield part, MORE, f"the type runs on demand beside it {_share(part)} of the time"


def _dearest(schedule: Schedule) -> list[int]:
    """Return the positions of the commitments that are looked at."""
    rows = range(len(schedule.tranches))
    return sorted(rows, key=lambda row: -schedule.tranches[row].cost_total)[:MOST_COMMITMENTS]


def _worth(
    plan: Plan, schedule: Schedule, row: int, given: GivenCommitments, base: Costed
) -> CommitmentWorth:
    """Plan again with more and with less of one commitment."""
    tranche = schedule.tranches[row]
    step = step_of(tranche)
    more = given.costed(changed(schedule, row, step))
    less = given.costed(changed(schedule, row, -step))
    of = "" if tranche.instances is not None else f" {money(step, plan.currency)}/h"
    parts = [
        f"{'one' if not of else of.strip()} {word} {_difference(plan, base, other)}"
        for word, other in (("more", more), ("less", less))
    ]
    return CommitmentWorth(
        tranche=tranche,
        step=step,
        more=None if more is None else more.cost - base.cost,
        less=None if less is None else less.cost - base.cost,
        text=f"{tranche_in_words(tranche, plan.currency)}: {', '.join(parts)}",
    )


def _difference(plan: Plan, base: Costed, other: Costed | None) -> str:
    """Say what a cost is above or below that of the plan, as far as the search can tell."""
    if other is None:
        return "was not planned in time"
    difference = other.cost - base.cost
    if abs(difference) <= max(base.slack, other.slack, ROUNDING * base.cost):
        return "costs the same within the gap"
    figure = cost_figure(plan, abs(difference))
    return f"costs {figure} more" if difference > 0 else f"costs {figure} less"


def _place(tranche: Tranche) -> tuple[str, ...]:
    return (
        tranche.provider, tranche.region or "*", tranche.instance_type or "*",
        tranche.purchase_option,
    )  # fmt: skip


def _share(fraction: float) -> str:
    return f"{100 * fraction:.1f} %"
