"""Figures written in a plan, held against those that were recomputed."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from costopt.evaluate.outcome import cost_range
from costopt.plan.line import PlanLine, PlanRecord
from costopt.plan.plan import Plan
from costopt.plan.status import proven_status

FIGURE_TOLERANCE: Final = 1e-6
"""Relative rounding by which a written figure may differ from the recomputed one."""

SMALL_FIGURE: Final = 1e-3
"""Below this the tolerance is that of a figure of this size."""


def wrong_figures(written: PlanRecord, recomputed: PlanRecord) -> Iterator[str]:
    """Yield a sentence for each field of a record that differs from the recomputed one."""
    for name in type(written).model_fields:
        said, found = getattr(written, name), getattr(recomputed, name)
        if said is not found and not agree(said, found):
            yield f"{name} is {_shown(found)}, the plan says {_shown(said)}"


def agree(said: Any, found: Any) -> bool:
    """Return whether two figures, texts or records are the same up to rounding."""
    if isinstance(said, int | float) and isinstance(found, int | float):
        size = max(abs(said), abs(found), SMALL_FIGURE)
        return said == found or abs(said - found) <= FIGURE_TOLERANCE * size
    if isinstance(said, Mapping) and isinstance(found, Mapping):
        return said.keys() == found.keys() and all(agree(said[key], found[key]) for key in said)
    if isinstance(said, tuple) and isinstance(found, tuple):
        return len(said) == len(found) and all(map(agree, said, found))
    if isinstance(said, PlanRecord) and type(said) is type(found):
        return not any(wrong_figures(said, found))
    return bool(said == found)


def _shown(value: Any) -> str:
    """Return a short form of a figure."""
    if isinstance(value, float):
        return f"{value:,.6g}"
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def recomputed_plan(plan: Plan, lines: Sequence[PlanLine], duration_hours: float | None) -> Plan:
    """Sum recomputed lines up; bound, baselines and exclusions stay as they were written.

    Args:
        plan: as written.
        lines: recomputed.
        duration_hours: of the longest job, recomputed; None without a job [h].
    """
    request = plan.request
    total = sum(line.line_cost_total for line in lines)
    low, high = cost_range(lines)
    gap = relative_gap((total + plan.switching_cost) / request.horizon_hours, plan.bound)
    return plan.model_copy(
        update={
            "status": plan.status if plan.gap is None else proven_status(plan.gap, request.gap),
            "currency": request.currency,
            "horizon_hours": request.horizon_hours,
            "cost_per_hour": sum(line.line_cost_per_hour for line in lines),
            "cost_total": total,
            "cost_total_low": low,
            "cost_total_high": high,
            "duration_hours": duration_hours,
            "cash_now": sum(line.cash_now for line in lines),
            "locked_in": sum(line.locked_in for line in lines),
            "gap": gap,
        }
    )


def relative_gap(cost_per_hour: float, bound: float | None) -> float | None:
    """Return the distance of a cost to its bound over the cost; None without a bound.

    Args:
        cost_per_hour: what was minimised [plan currency/h].
        bound: proven [plan currency/h].
    """
    if bound is None:
        return None
    return max(cost_per_hour - bound, 0.0) / cost_per_hour if cost_per_hour > 0 else 0.0
