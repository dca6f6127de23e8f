"""The report of a run as one HTML page that needs nothing beside it."""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from costopt.refresh.page_values import page_values, printable

if TYPE_CHECKING:
    from jinja2 import Template

TEMPLATE: Final = "page.html"

MOST_BARS: Final = 20
"""Bars of the chart [1]."""

MOST_LETTERS: Final = 58
"""Letters of the label of a bar [1]."""

CHART: Final[Mapping[str, float]] = {
    "width": 950, "label": 400, "zero": 675, "half": 200, "row": 22, "bar": 14,
}  # fmt: skip
"""Measures of the chart, in its own units: labels end at ``label``, bars begin at ``zero`` and
are at most ``half`` long."""


def page_of(report: Mapping[str, Any]) -> str:
    """Return the page of a run; whatever providers told is text on it and nothing else.

    Args:
        report: of the run, as JSON values.
    """
    bars = _bars(report["largest_moves"])
    page = {**page_values(report), "bars": bars, "chart_height": len(bars) * CHART["row"] + 4}
    return _template().render(report=report, page=page, chart=CHART)


@cache
def _template() -> "Template":
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True,
        finalize=printable,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    text = files("costopt.refresh").joinpath(TEMPLATE).read_text(encoding="utf-8")
    return environment.from_string(text)


def _bars(moves: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return one bar for each of the largest moves; the longest takes the whole width."""
    shown = [move for move in moves if move["moved_fraction"] is not None][:MOST_BARS]
    largest = max((abs(move["moved_fraction"]) for move in shown), default=1.0)
    return [_bar(move, number, largest) for number, move in enumerate(shown)]


def _bar(move: Mapping[str, Any], number: int, largest: float) -> dict[str, Any]:
    share = move["moved_fraction"]
    length = CHART["half"] * abs(share) / largest
    rises = share > 0
    top = number * CHART["row"] + 4
    return {
        "label": _label(move),
        "kind": "up" if rises else "down",
        "x": round(CHART["zero"] if rises else CHART["zero"] - length, 2),
        "y": top,
        "width": round(length, 2),
        "text_y": top + CHART["bar"] - 3,
        "value": f"{share:+.1%}",
        "value_x": round(CHART["zero"] + (length + 6 if rises else -length - 6), 2),
        "anchor": "start" if rises else "end",
    }


def _label(move: Mapping[str, Any]) -> str:
    """Name a price; of a long name the beginning and the end."""
    zone = move["zone"] or move["region"]
    text = f"{move['provider']} {zone} {move['instance_type']} {move['purchase_option']}"
    if len(text) <= MOST_LETTERS:
        return text
    half = (MOST_LETTERS - 1) // 2
    return f"{text[:half]}…{text[-half:]}"
