"""Lines and schedule of a plan over time with all their figures, from its decisions alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from costopt.catalog.catalog import Catalog
from costopt.evaluate.hours_operated import (
    HourOperated,
    operated_by_hour,
    prompts_of,
    slowest,
)
from costopt.evaluate.operate import Operated
from costopt.evaluate.other_usage import other_usage_of, with_others
from costopt.evaluate.repriced import repriced
from costopt.evaluate.schedule_figures import Weights, with_figures
from costopt.evaluate.schedule_money import (
    LinePrices,
    Usage,
    line_prices,
    tranche_prices_of,
    usage_of,
)
from costopt.evaluate.starts import with_starts
from costopt.evaluate.tranche_prices import priced_tranche
from costopt.evaluate.worked_hours import JobHours, job_hours, with_work, worked_by_hour
from costopt.plan.line import PlanLine
from costopt.plan.schedule import Schedule, Tranche
from costopt.workload.demand_hours import follows_profile
from costopt.workload.request import PlanRequest

Floats = NDArray[np.float64]

AT_WORK = (
    "utilisation",
    "rate_per_instance",
    "rate_unit",
    "rate_origin",
    "rate_band",
    "vram_used_gib",
    "vram_usable_gib",
)
"""Figures of a line that are those of its busiest kind of hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduled:
    """A plan over time, worked out.

    Attributes:
        lines: with all figures.
        schedule: with all figures.
        hours: name of a workload -> how it runs in each kind of hour with demand.
        jobs: name of a job -> what it does in each kind of hour.
        operated: name of a workload -> its lines, with its slowest figures of any hour.
        charged: by the hour for each line in each scenario, commitments apart
            (scenarios, lines) [plan currency].
    """

    lines: tuple[PlanLine, ...]
    schedule: Schedule
    hours: Mapping[str, tuple[HourOperated, ...]]
    jobs: Mapping[str, JobHours]
    operated: Mapping[str, Operated]
    charged: Floats


def scheduled(
    lines: Sequence[PlanLine], schedule: Schedule, request: PlanRequest, catalog: Catalog
) -> Scheduled:
    """Work out every figure of a plan over time.

    Taken as given are the decisions: offers, layouts, counts and routing of each kind of hour,
    and what is committed. A line counts the most instances that it runs at once; its hours are
    how long each of them runs on average, its cost is what is paid for them: by the hour, and its
    part of the commitments that it runs on. Its load, rate and memory are those of its busiest
    kind of hour, its latencies those of the slowest, its routing the mean over the demand.
    The demand of a job in an hour is the work that its instances do in it.

    Args:
        lines: of the plan, with offers and layouts.
        schedule: kinds of hours and tranches.
        request: the question.
        catalog: at the prices that are paid.
    """
    jobs = {
        name: job_hours(name, workload, lines, schedule, request, catalog)
        for name, workload in request.named_workloads
        if not follows_profile(workload)
    }
    for name, job in jobs.items():
        schedule = with_work(schedule, name, job)
    schedule = with_starts(schedule, request)
    of_workload = {
        name: worked_by_hour(jobs[name], schedule)
        if name in jobs
        else operated_by_hour(name, workload, lines, schedule.hours, catalog, request)
        for name, workload in request.named_workloads
    }
    prices = with_others(line_prices(lines, request, catalog), request, catalog)
    unit_prices = tranche_prices_of(schedule.tranches, request, catalog)
    tranches = tuple(
        priced_tranche(tranche, price, request)
        for tranche, price in zip(schedule.tranches, unit_prices, strict=True)
    )
    others = other_usage_of(schedule, tranches, request)
    usage = usage_of(lines, schedule.hours, tranches, unit_prices, prices, others)
    weights = Weights.of(schedule)
    full = with_figures(
        schedule.model_copy(update={"tranches": tranches}), usage, prices, weights, request
    )
    running = _with_running_figures(lines, full, of_workload, request, catalog)
    paid = _with_costs(repriced(running, request, catalog), full.tranches, usage, prices, weights,
                       request)  # fmt: skip
    return Scheduled(
        lines=paid,
        schedule=full,
        hours=of_workload,
        jobs=jobs,
        operated={
            name: _whole(found, [line for line in paid if line.workload == name])
            for name, found in of_workload.items()
        },
        charged=weights.of_scenario @ (usage.by_hour * prices.hourly)[:, : len(lines)],
    )


def _with_running_figures(
    lines: Sequence[PlanLine],
    schedule: Schedule,
    of_workload: Mapping[str, tuple[HourOperated, ...]],
    request: PlanRequest,
    catalog: Catalog,
) -> list[PlanLine]:
    """Sum each line up over the kinds of hours in which it runs."""
    weight = Weights.of(schedule).hours
    counts = np.array([hour.counts for hour in schedule.hours], dtype=np.float64)
    changed: dict[int, dict[str, Any]] = {}
    for name, workload in request.named_workloads:
        prompts = prompts_of(workload, catalog)
        demand = sum(
            float(weight[row]) * hour.demand_factor[name]
            for row, hour in enumerate(schedule.hours)
        )
        for part in of_workload[name]:
            for row, line in zip(part.rows, part.operated.lines, strict=True):
                amount = float(weight[part.hour]) * part.factor / demand
                _add(changed.setdefault(row, _nothing(len(prompts))), line, amount)
    filled = []
    for row, line in enumerate(lines):
        hours = float(weight @ counts[:, row])
        most = int(counts[:, row].max())
        update = changed.get(row, _nothing(len(line.routing)))
        busiest: PlanLine | None = update["busiest"]
        at_work = {} if busiest is None else {name: getattr(busiest, name) for name in AT_WORK}
        filled.append(
            line.model_copy(
                update={
                    **at_work,
                    "count": most,
                    "hours": hours / most,
                    "share": update["share"],
                    "routing": tuple(update["routing"].tolist()),
                    "ttft_ms": update["ttft_ms"],
                    "tpot_ms": update["tpot_ms"],
                    "latency_ms": update["latency_ms"],
                }
            )
        )
    return filled


def _nothing(buckets: int) -> dict[str, Any]:
    return {"busiest": None, "share": 0.0, "routing": np.zeros(buckets), "ttft_ms": None,
            "tpot_ms": None, "latency_ms": None}  # fmt: skip


def _add(sums: dict[str, Any], line: PlanLine, amount: float) -> None:
    """Count one line in one kind of hour.

    Args:
        sums: of the line so far.
        line: as it runs in that hour.
        amount: of its workload's demand that falls in such hours [0..1].
    """
    sums["share"] += amount * line.share
    sums["routing"] += amount * np.array(line.routing)
    for name in ("ttft_ms", "tpot_ms", "latency_ms"):
        time, slowest = getattr(line, name), sums[name]
        sums[name] = time if slowest is None or time is None else max(time, slowest)
    busiest: PlanLine | None = sums["busiest"]
    if busiest is None or _work(line) > _work(busiest):
        sums["busiest"] = line


def _work(line: PlanLine) -> tuple[int, float]:
    return line.count, line.utilisation or 0.0


def _with_costs(
    lines: Sequence[PlanLine],
    tranches: Sequence[Tranche],
    usage: Usage,
    prices: LinePrices,
    weights: Weights,
    request: PlanRequest,
) -> tuple[PlanLine, ...]:
    """Give each line what is paid for it: by the hour, and its part of what it runs on.

    Lines share a commitment by the instance-hours charged on it, starts included, and one of money
    or of an amount by the on-demand charges that commitments take off them, other usage of the
    company included. Where it takes nothing off any, those that could draw on it share it by their
    instance-hours, and without such a line all do.
    """
    by_hour = weights.hours @ usage.by_hour
    total = by_hour * prices.hourly
    cash, locked, beyond = np.zeros((3, len(total)))
    ran, charged = weights.hours @ usage.counts, weights.hours @ usage.charged
    taken = np.einsum("h,thl->tl", weights.hours, usage.taken)
    on_instances = taken + np.where(taken > 0, charged - ran, 0.0)
    taken_off = (charged - by_hour - on_instances.sum(axis=0)) * prices.hourly
    for tranche, draws, on_it in zip(tranches, usage.draws, on_instances, strict=True):
        saved = taken_off if tranche.instances is None else on_it
        shared = (np.where(draws, saved, 0.0), np.where(draws, ran, 0.0), ran)
        part = next(one / one.sum() for one in shared if one.sum() > 0)
        total = total + part * tranche.cost_total
        cash += part * tranche.cash_now
        locked += part * tranche.locked_in
        beyond = np.where(part > 0, np.maximum(beyond, tranche.locked_in_hours), beyond)
    return tuple(
        line.model_copy(
            update={
                "price_per_hour": float(total[row] / ran[row]),
                "line_cost_per_hour": float(total[row]) / request.horizon_hours,
                "line_cost_total": float(total[row]),
                "cash_now": float(cash[row]),
                "locked_in_hours": float(beyond[row]),
                "locked_in": float(locked[row]),
            }
        )
        for row, line in enumerate(lines)
    )


def _whole(hours: Sequence[HourOperated], lines: Sequence[PlanLine]) -> Operated:
    """Return the lines of a workload, with its slowest figures of any hour."""
    late = max((one.operated.late_fraction for one in hours), default=0.0)
    return Operated(
        lines=tuple(lines),
        ttft_ms=slowest(one.operated.ttft_ms for one in hours),
        tpot_ms=slowest(one.operated.tpot_ms for one in hours),
        latency_ms=slowest(one.operated.latency_ms for one in hours),
        late_fraction=late,
        duration_hours=slowest(one.operated.duration_hours for one in hours),
    )
