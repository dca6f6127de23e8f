"""How the lines of a scheduled plan run in each kind of hour, all hours worked out at once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from costopt.candidate.sizes import sizes_of
from costopt.catalog.catalog import Catalog
from costopt.evaluate.operate import Operated, operated
from costopt.plan.line import PlanLine
from costopt.plan.schedule import ScheduledHour
from costopt.workload.request import AnyWorkload, PlanRequest
from costopt.workload.serving import InferenceService


@dataclass(frozen=True, slots=True, kw_only=True)
class HourOperated:
    """One workload in one kind of hour.

    Attributes:
        hour: position of the kind of hour.
        rows: positions of its running lines among the lines of the plan.
        factor: of the demand [1].
        operated: the running lines with their figures, at that hour's counts and routing.
    """

    hour: int
    rows: tuple[int, ...]
    factor: float
    operated: Operated


def prompts_of(workload: AnyWorkload, catalog: Catalog) -> NDArray[np.int64]:
    """Return the prompt size of each request-size bucket of a workload (buckets,).

    Args:
        workload: what is served.
        catalog: where its trace is.
    """
    if isinstance(workload, InferenceService) and workload.traffic is not None:
        return sizes_of(workload.traffic, catalog).prompts
    return np.zeros(1, dtype=np.int64)


def operated_by_hour(
    name: str,
    workload: AnyWorkload,
    lines: Sequence[PlanLine],
    hours: Sequence[ScheduledHour],
    catalog: Catalog,
    request: PlanRequest,
) -> tuple[HourOperated, ...]:
    """Work out how one workload runs in every kind of hour in which something runs for it.

    An hour's demand stands in the routing while figures are worked out: what arrives at a line is
    its share times the hour's factor. So all hours go through the performance model together.
    The time to first token of all requests is worked out for the hour in which most are late,
    and left out of the others.

    Args:
        name: what the plan calls the workload.
        workload: what is served, at its mean rate.
        lines: of the whole plan.
        hours: kinds of hours.
        catalog: what it runs on.
        request: the question, for horizon, currency and confidence.

    Raises:
        InvalidInputError: an offer is not the catalogue's, or routing lacks prompt sizes.
    """
    prompts = prompts_of(workload, catalog)
    own = [row for row, line in enumerate(lines) if line.workload == name]
    running: list[tuple[int, tuple[int, ...], float]] = []
    at_factor: list[PlanLine] = []
    routed: list[tuple[float, ...]] = []
    for number, hour in enumerate(hours):
        factor = hour.demand_factor[name]
        rows = tuple(row for row in own if hour.counts[row])
        if not rows or not factor:
            continue
        running.append((number, rows, factor))
        for row in rows:
            parts = np.array(hour.routing[row])[prompts]
            routed.append(tuple(parts.tolist()))
            changed = {"count": hour.counts[row], "routing": tuple((parts * factor).tolist())}
            at_factor.append(lines[row].model_copy(update=changed))
    if not running:
        return ()
    found = operated(workload, at_factor, catalog, request)
    split = _split(found, running, routed)
    latest = max(range(len(split)), key=lambda place: _lateness(split[place].operated))
    first = sum(len(rows) for _, rows, _ in running[:latest])
    alone = at_factor[first : first + len(split[latest].rows)]
    of_all = operated(workload, alone, catalog, request).ttft_ms
    split[latest] = replace(
        split[latest], operated=replace(split[latest].operated, ttft_ms=of_all)
    )
    return tuple(split)


def _lateness(hour: Operated) -> tuple[float, float]:
    return hour.late_fraction, max((line.ttft_ms or 0.0) for line in hour.lines)


def _split(
    found: Operated,
    running: Sequence[tuple[int, tuple[int, ...], float]],
    routed: Sequence[tuple[float, ...]],
) -> list[HourOperated]:
    """Hand the figures back hour by hour, with the shares of each hour's own demand."""
    parts = []
    first = 0
    for number, rows, factor in running:
        span = slice(first, first + len(rows))
        lines = tuple(
            line.model_copy(update={"routing": routing, "share": line.share / factor})
            for line, routing in zip(found.lines[span], routed[span], strict=True)
        )
        late = found.late_fractions[span]
        shares = [line.share for line in lines]
        overloaded = tuple(
            row - first for row in found.overloaded if span.start <= row < span.stop
        )
        parts.append(
            HourOperated(
                hour=number,
                rows=rows,
                factor=factor,
                operated=replace(
                    found,
                    lines=lines,
                    ttft_ms=None,
                    tpot_ms=slowest(line.tpot_ms for line in lines),
                    latency_ms=slowest(line.latency_ms for line in lines),
                    late_fractions=late,
                    late_fraction=float(np.average(late, weights=shares)) if late else 0.0,
                    overloaded=overloaded,
                ),
            )
        )
        first = span.stop
    return parts


def slowest(times: Iterable[float | None]) -> float | None:
    """Return the longest of some times, None where none is known.

    Args:
        times: such as those of lines [ms].
    """
    known = [time for time in times if time is not None]
    return max(known) if known else None
