"""The figure of a frontier: cost over the limit, and how well it is proven."""

from typing import TYPE_CHECKING, Final

from costopt.errors import MissingDependencyError
from costopt.planning.frontier import Frontier

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLOUR: Final = "#1b6ca8"
_REFUSED: Final = "#c1121f"
_INCHES: Final = (7.0, 4.2)


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
    axes.fill_between(values, bounds, costs, color=_COLOUR, alpha=0.2, label="not proven")
    refused = [point.value for point in found.points if point.cost_total is None]
    if refused:
        axes.plot(refused, [0.0] * len(refused), "x", color=_REFUSED, label="no plan")
    axes.set_xlabel(found.over)
    axes.set_ylabel(f"cost [{found.currency}]")
    axes.set_ylim(bottom=0.0)
    axes.grid(visible=True, alpha=0.25)
    axes.legend()
    return figure
