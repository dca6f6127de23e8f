"""The figure of a frontier: cost over the limit, and how well it is proven."""

from typing import TYPE_CHECKING, Final

from costopt.errors import MissingDependencyError
from costopt.plan.answer import runs_on
from costopt.plan.words import hours_in_words
from costopt.planning.frontier import SAME_COST, Frontier

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLOUR: Final = "#1b6ca8"
_REFUSED: Final = "#c1121f"
_INCHES: Final = (7.0, 4.2)
_UNITS: Final = {"_ms": "ms", "_hours": "h", "percentile": "%"}


def frontier_figure(found: Frontier) -> "Figure":
    """Draw cost over the limit; values without a plan stand as crosses on the axis.

    Args:
        found: the frontier.

    Raises:
        MissingDependencyError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as missing:
        raise MissingDependencyError("matplotlib", "plot") from missing
    figure = Figure(figsize=_INCHES, layout="constrained")
    axes = figure.subplots()
    solved = [point for point in found.points if point.cost_total is not None]
    costs = [point.cost_with_switching or 0.0 for point in solved]
    values = [point.value for point in solved]
    axes.plot(values, costs, color=_COLOUR, linewidth=1.2)
    for point, cost in zip(solved, costs, strict=True):
        inside = "white" if point.is_dominated else _COLOUR
        axes.plot(point.value, cost, "o", color=_COLOUR, markerfacecolor=inside)
    bounds = [
        cost if point.bound_total is None else point.bound_total
        for point, cost in zip(solved, costs, strict=True)
    ]
    if any(bound < cost * (1 - SAME_COST) for bound, cost in zip(bounds, costs, strict=True)):
        axes.fill_between(values, bounds, costs, color=_COLOUR, alpha=0.2, label="not proven")
    refused = [point.value for point in found.points if point.cost_total is None]
    if refused:
        axes.plot(refused, [0.0] * len(refused), "x", color=_REFUSED, label="no plan")
    axes.set_xlabel(_with_unit(found))
    axes.set_ylabel(_cost_label(found))
    axes.set_ylim(bottom=0.0)
    axes.grid(visible=True, alpha=0.25)
    if axes.get_legend_handles_labels()[0]:
        axes.legend()
    return figure


def _with_unit(found: Frontier) -> str:
    """Name the limit with the unit of its values."""
    if found.over == "budget":
        return f"budget [{found.currency}]"
    units = (unit for end, unit in _UNITS.items() if found.over.endswith(end))
    return f"{found.over} [{next(units, '1')}]"


def _cost_label(found: Frontier) -> str:
    """Name the cost with its currency and the time that it is for."""
    plan = found.points[0].plan
    span = f" over {hours_in_words(plan.horizon_hours)}" if runs_on(plan) else ""
    return f"cost{span} [{found.currency}]"
