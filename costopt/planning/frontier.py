"""frontier: the cheapest plan at each value of one limit, each solved to its own gap."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from html import escape
from typing import TYPE_CHECKING, Any

from costopt.account.account import Account
from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.plan.answer import cost_figure, lines_in_words
from costopt.plan.plan import Plan
from costopt.plan.status import proven_status
from costopt.plan.words import in_columns
from costopt.planning.asked import asked_workloads, check_sources
from costopt.planning.current_fleet import Fleet
from costopt.planning.frontier_axes import SUBJECT, axis_of, checked_values
from costopt.planning.frontier_point import FrontierPoint
from costopt.planning.optimize_request import optimize
from costopt.profile.profile import Profile
from costopt.workload.demand_profile import DemandProfile
from costopt.workload.fleet import SwitchingCost
from costopt.workload.limits import Limits
from costopt.workload.request import AnyWorkload
from costopt.written import Written

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

SAME_COST = 1e-9
"""Relative difference below which two costs count as equal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frontier:
    """Cheapest plans over the values of one limit.

    Attributes:
        over: the limit.
        points: one for each value, from the strictest to the loosest.
        currency: of all amounts.
    """

    over: str
    points: tuple[FrontierPoint, ...]
    currency: str

    def to_frame(self) -> "pd.DataFrame":
        """Return one row per point, with what the plan really reaches."""
        import pandas as pd

        return pd.DataFrame([_row(self.over, point) for point in self.points]).assign(
            currency=self.currency
        )

    def plot(self) -> "Figure":
        """Draw cost over the limit: the bound below it, dominated points hollow.

        Raises:
            MissingDependencyError: matplotlib is not installed.
        """
        from costopt.planning.frontier_plot import frontier_figure

        return frontier_figure(self)

    def __str__(self) -> str:
        """Return readable text for a terminal."""
        return "\n".join(in_columns(text, "    ") for text in _sentences(self))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Return a table for a notebook, and why there are points without a plan."""
        import pandas as pd

        shown = pd.DataFrame([_shown(self.over, point) for point in self.points])
        with pd.option_context("display.max_colwidth", None):
            table = shown.to_html(index=False, border=0, justify="left")
        refused = [point for point in self.points if point.because]
        reasons = "".join(
            f"<p>{self.over} {point.value:g}: {escape('; '.join(point.because))}</p>"
            for point in refused
        )
        return f"{table}{reasons}"


def frontier(
    workload: AnyWorkload | Sequence[AnyWorkload],
    catalog: Catalog,
    *,
    over: str,
    values: Sequence[float],
    limits: Limits | None = None,
    currency: str = "USD",
    horizon_hours: float | None = None,
    gap: float = 1e-4,
    time_limit_seconds: float = 10.0,
    confidence: float = 0.5,
    account: Account | None = None,
    profiles: Profile | Sequence[Profile] = (),
    current_fleet: Fleet | None = None,
    switching_cost: float | Mapping[str, float] | SwitchingCost = 0.0,
    demand_profile: DemandProfile | None = None,
    cost_of_capital: float = 0.0,
    price_decline: float = 0.0,
    executor: Executor | None = None,
) -> Frontier:
    """Find the cheapest plan at each value of one limit.

    A plan for a stricter value also meets a looser one. It stands at the looser one where it is
    cheaper than what was found there, and what is proven of a looser value holds for a stricter
    one, so that neither cost nor bound rises as the limit loosens.

    Args:
        workload: one workload, or several that share quotas and budget.
        catalog: offers and facts.
        over: what is varied: a latency limit or ``deadline_hours`` of the workloads that have
            it, or one of the limits, such as ``max_spot_fraction``.
        values: sorted, up or down.
        limits: as for ``optimize``, which explains the settings that follow.
        currency: of the plans.
        horizon_hours: how long services and requirements run; default as for ``optimize`` [h].
        gap: relative distance to the proven bound at which each search may stop [0..1].
        time_limit_seconds: time for each of the values, as for a plan of its own [s].
        confidence: probability with which the planned rates are reached [0.05..0.95].
        account: negotiated prices, quotas and capacity that is paid for already.
        profiles: runs that you measured yourself.
        current_fleet: what runs already.
        switching_cost: of each instance that is started or stopped [currency].
        demand_profile: how demand moves from hour to hour.
        cost_of_capital: yearly rate by which payments are discounted [1/year].
        price_decline: part by which list prices fall in a year [0..1).
        executor: runs the searches side by side; the plans then come back without their
            catalogue, as if read from a file.

    Raises:
        UnknownNameError: a frontier cannot go over ``over``.
        InvalidInputError: the values or another argument break a rule.
    """
    check_sources(SUBJECT, catalog, account)
    workloads = asked_workloads(SUBJECT, workload)
    if executor is not None and not isinstance(executor, Executor):
        raise InvalidInputError(
            SUBJECT, ["executor must be a concurrent.futures.Executor, or None for none"]
        )
    shared = Limits() if limits is None else limits
    if not isinstance(shared, Limits) or not all(isinstance(w, Written) for w in workloads):
        raise InvalidInputError(SUBJECT, ["give workloads, a Catalog and Limits"])
    axis = axis_of(over, workloads)
    ordered = axis.ordered(checked_values(values))
    asked = [axis.applied(workloads, shared, value) for value in ordered]
    solve = partial(
        _solved,
        catalog=catalog,
        currency=currency,
        horizon_hours=horizon_hours,
        gap=gap,
        time_limit_seconds=time_limit_seconds,
        confidence=confidence,
        account=account,
        profiles=profiles,
        current_fleet=current_fleet,
        switching_cost=switching_cost,
        demand_profile=demand_profile,
        cost_of_capital=cost_of_capital,
        price_decline=price_decline,
    )
    plans = (
        [solve(one) for one in asked]
        if executor is None
        else [Plan.from_json(text) for text in executor.map(partial(_written, solve), asked)]
    )
    points = [FrontierPoint.of(value, plan) for value, plan in zip(ordered, plans, strict=True)]
    return Frontier(over=over, points=tuple(_settled(points, gap)), currency=currency)


def _solved(asked: tuple[tuple[AnyWorkload, ...], Limits], **settings: Any) -> Plan:
    return optimize(asked[0], limits=asked[1], **settings)


def _written(solve: "partial[Plan]", asked: tuple[tuple[AnyWorkload, ...], Limits]) -> str:
    """Solve one point elsewhere; text travels between processes, open catalogues do not."""
    return solve(asked).to_json()


def _settled(points: Sequence[FrontierPoint], gap: float) -> Iterator[FrontierPoint]:
    """Yield the points with what they tell of each other, the strictest first."""
    bounds: list[float] = []
    for point in reversed(points):
        bounds.append(max(point.bound_total or 0.0, *bounds[-1:], 0.0))
    best: FrontierPoint | None = None
    for point, bound in zip(points, reversed(bounds), strict=True):
        held, dominated = point, False
        cost, least = point.cost_with_switching, best.cost_with_switching if best else None
        if best is not None and least is not None:
            dominated = cost is None or least <= cost * (1 + SAME_COST)
            if cost is None or least < cost * (1 - SAME_COST):
                held = replace(point, plan=best.plan, cost_total=best.cost_total, because=())
        yield _proven(replace(held, is_dominated=dominated), bound, gap)
        if held.cost_total is not None and not dominated:
            best = held


def _proven(point: FrontierPoint, bound: float, gap: float) -> FrontierPoint:
    """Return a point with its bound, and the status that follows from it."""
    cost = point.cost_with_switching
    if cost is None:
        return point
    left = max(cost - bound, 0.0) / cost if cost > 0 else 0.0
    return replace(point, bound_total=min(bound, cost), gap=left, status=proven_status(left, gap))


def _row(over: str, point: FrontierPoint) -> dict[str, Any]:
    """Return a point as a flat row, with the worst that a workload of its plan reaches."""
    plan = point.plan
    reached = {
        name: max(
            (getattr(one, name) for one in plan.outcomes if getattr(one, name)), default=None
        )
        for name in ("ttft_ms", "tpot_ms", "latency_ms", "duration_hours", "spot_fraction")
    }
    least = {
        name: min((getattr(one, name) for one in plan.outcomes), default=None)
        for name in ("served_after_worst_loss", "expected_served_fraction")
    }
    return {
        over: point.value,
        "status": point.status.value,
        "cost_total": point.cost_total,
        "cost_per_hour": plan.cost_per_hour,
        "switching_cost": None if point.cost_total is None else plan.switching_cost,
        "bound_total": point.bound_total,
        "gap": point.gap,
        "is_dominated": point.is_dominated,
        **reached,
        **least,
        "instances": lines_in_words(plan.lines) if plan.lines else "",
        "because": "; ".join(point.because),
    }


def _shown(over: str, point: FrontierPoint) -> dict[str, str]:
    """Return a point as a row of texts, in the words of the plan."""
    if point.cost_total is None:
        told = {"cost": point.status.value.replace("_", " "), "proven": "", "instances": ""}
        return {over: f"{point.value:g}"} | told
    dominated = "; costs no less than a stricter value" if point.is_dominated else ""
    return {
        over: f"{point.value:g}",
        "cost": cost_figure(point.plan, point.cost_total),
        "proven": _how_proven(point) or "cheapest",
        "instances": f"{lines_in_words(point.plan.lines)}{dominated}",
    }


def _how_proven(point: FrontierPoint) -> str:
    """Say how far the cost is proven; empty where it is the least."""
    exact = point.gap is None or point.gap <= SAME_COST
    return "" if exact else f"within {100 * (point.gap or 0.0):.2g} %"


def _sentences(found: Frontier) -> Iterator[str]:
    """Say point by point what it costs, how well that is proven, and what is not worth it."""
    yield f"Cheapest plan over {found.over}, strictest first:"
    for point in found.points:
        yield f"  {point.value:g}: {_words(point)}"


def _words(point: FrontierPoint) -> str:
    if point.cost_total is None:
        return f"{point.status.value.replace('_', ' ')}: {'; '.join(point.because)}"
    within = _how_proven(point)
    proven = f" (proven {within})" if within else ""
    text = f"{cost_figure(point.plan, point.cost_total)}{proven}, "
    text += lines_in_words(point.plan.lines)
    return f"{text}; costs no less than a stricter value" if point.is_dominated else text
