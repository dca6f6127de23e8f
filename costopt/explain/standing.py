"""How a plan stands, nothing planned again, when something is not as planned."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from costopt.catalog.catalog import Catalog
from costopt.evaluate.limits import broken_totals
from costopt.evaluate.operate import Operated, operated
from costopt.evaluate.repriced import repriced
from costopt.evaluate.workload_check import broken_workload
from costopt.explain.stress_cases import Case, stressed_request
from costopt.plan.line import PlanLine
from costopt.plan.plan import Plan
from costopt.plan.words import percent
from costopt.workload.request import AnyWorkload, Job
from costopt.workload.requirement import Requirement
from costopt.workload.serving import InferenceService


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A plan as it stands in one case.

    Attributes:
        broken: limits that no longer hold, one sentence each.
        is_overfull: True where an instance is loaded beyond what is planned with, though not
            beyond what it can do within the latency limits.
        cost_total: what it then costs [plan currency].
        utilisation: of the fullest instance; None where nothing has one [1].
        served_fraction: part of the demand that is served, of the workload hit hardest [0..1].
        ttft_ms: slowest time to first token; None where it does not apply [ms].
        tpot_ms: slowest time per output token; None where it does not apply [ms].
        duration_hours: until the longest job is done; None without a job [h].
    """

    broken: tuple[str, ...]
    cost_total: float
    is_overfull: bool = False
    utilisation: float | None = None
    served_fraction: float = 1.0
    ttft_ms: float | None = None
    tpot_ms: float | None = None
    duration_hours: float | None = None


def standing_at(plan: Plan, case: Case, catalog: Catalog) -> Standing:
    """Work out how the lines of a plan run in a case, and which limits they then break.

    Args:
        plan: with lines.
        case: what is not as planned.
        catalog: what the plan was made from.
    """
    request = stressed_request(plan.request, case)
    broken: list[str] = []
    is_overfull = False
    lines: list[PlanLine] = []
    runs: list[Operated] = []
    several = len(request.workloads) > 1
    pairs = zip(plan.request.named_workloads, request.workloads, strict=True)
    for (name, planned), workload in pairs:
        own = [line for line in plan.lines if line.workload == name]
        run = by_the_clock(operated(workload, own, catalog, request), planned, case)
        asked = workload if isinstance(workload, Requirement) else planned
        texts = list(broken_workload(*filled(asked, run), plan.request, catalog))
        broken += [f"{name}: {text}" if several else text for text in texts]
        is_overfull |= bool(list(broken_workload(asked, run, plan.request, catalog)))
        runs.append(run)
        lines += run.lines
    ends = any(isinstance(workload, Job) for workload in request.workloads)
    priced = repriced(lines, plan.request, catalog) if ends else plan.lines
    cost = sum(line.line_cost_total for line in priced)
    broken += broken_totals(priced, cost, plan.request.limits)
    return standing_of(runs, broken, is_overfull=is_overfull, cost=cost)


def standing_of(
    runs: Sequence[Operated], broken: Sequence[str], *, is_overfull: bool, cost: float
) -> Standing:
    """Sum up how workloads run in a case, or one workload in several hours.

    Args:
        runs: with their lines.
        broken: limits that no longer hold, one sentence each.
        is_overfull: True where an instance holds more than is planned with.
        cost: of the plan then [plan currency].
    """
    lines = [line for run in runs for line in run.lines]
    loads = [line.utilisation for line in lines if line.utilisation is not None]
    return Standing(
        broken=tuple(broken),
        is_overfull=is_overfull and not broken,
        cost_total=cost,
        utilisation=max(loads, default=None),
        served_fraction=min(1.0, 1 / max([1.0, *loads])),
        ttft_ms=_most(run.ttft_ms for run in runs),
        tpot_ms=_most(run.tpot_ms for run in runs),
        duration_hours=_most(run.duration_hours for run in runs),
    )


def pool_lost(plan: Plan, pool: str) -> Standing:
    """Say what the loss of a spot pool leaves, nothing re-routed.

    Args:
        plan: with lines.
        pool: as ``PlanLine.pool`` names it.
    """
    served, stopped = 1.0, []
    for name, workload in plan.request.named_workloads:
        lost = [line for line in plan.lines if line.workload == name and line.pool == pool]
        lost = [line for line in lost if line.is_spot]
        if not lost:
            continue
        if isinstance(workload, Job):
            stopped.append(f"{name} stops until it is started elsewhere")
            served = 0.0
            continue
        left = 1.0 - float(np.sum([line.routing for line in lost], axis=0).max())
        served = min(served, left)
        stopped.append(f"{percent(left)} of {name} is served")
    cost = sum(
        line.line_cost_total for line in plan.lines if not (line.is_spot and line.pool == pool)
    )
    return Standing(broken=tuple(stopped), cost_total=cost, served_fraction=served)


def filled(workload: AnyWorkload, run: Operated) -> tuple[AnyWorkload, Operated]:
    """Let a service load its instances to the full: no room is left for bursts.

    Args:
        workload: as it is asked.
        run: how it runs.
    """
    if not isinstance(workload, InferenceService):
        return workload, run
    lines = tuple(line.model_copy(update={"max_utilisation": 1.0}) for line in run.lines)
    return workload.model_copy(update={"max_utilisation": 1.0}), replace(run, lines=lines)


def by_the_clock(run: Operated, workload: AnyWorkload, case: Case) -> Operated:
    """Bring latencies that were counted by a slower clock to real time.

    Args:
        run: by that clock.
        workload: as planned.
        case: with the pace of the clock.
    """
    if isinstance(workload, Job) or case.rate_factor == 1.0:
        return run
    factor = case.rate_factor

    def real(value: float | None) -> float | None:
        return None if value is None else value / factor

    lines: Sequence[PlanLine] = [
        line.model_copy(
            update={
                "ttft_ms": real(line.ttft_ms),
                "tpot_ms": real(line.tpot_ms),
                "latency_ms": real(line.latency_ms),
            }
        )
        for line in run.lines
    ]
    return replace(
        run,
        lines=tuple(lines),
        ttft_ms=real(run.ttft_ms),
        tpot_ms=real(run.tpot_ms),
        latency_ms=real(run.latency_ms),
    )


def _most(values: Iterable[float | None]) -> float | None:
    """Return the largest of the values that there are."""
    return max((value for value in values if value is not None), default=None)
