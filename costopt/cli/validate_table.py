"""Scores as people read them: a table by figure and by part, then reasons and regret."""

from collections.abc import Sequence
from typing import Final

import pandas as pd

from costopt.cli.catalog_table import Column, sentences, table_lines
from costopt.performance.scoring.regret import Regret
from costopt.performance.scoring.validation import Validation
from costopt.plan.words import counted, percent_to

SHOWN: Final = 12
"""Parts of one kind that are printed, those with the most rows [1]."""

REASONS_SHOWN: Final = 8
"""Reasons for refusing that are printed [1]."""


def validation_lines(validation: Validation, width: int) -> list[str]:
    """Return counts, a table of scores, why rows were refused, and the regret.

    Args:
        validation: to be told.
        width: columns of the terminal [1].
    """
    scored, total = validation.scored, len(validation.rows)
    head = (
        f"{scored:,} of {counted(total, 'row')} of {validation.kind} scored "
        f"({percent_to(scored / total, 0)}), {validation.refused:,} refused. Errors "
        "are predicted over "
        "measured less 1, in %: median and 90th percentile of the absolute error, median of the "
        "error (bias), share of measurements inside the 80 % band."
    )
    if validation.in_sample:
        head += (
            f" {validation.in_sample:,} of the scored rows are among those that the shipped "
            "constants were fitted to, so their errors are in sample: expect more of other rows."
        )
    shown = pd.concat(
        [
            part.sort_values(["scored", "name"], ascending=[False, True]).head(SHOWN)
            for _, part in validation.scores.groupby("by", sort=False)
        ]
    )
    lines = [sentences(head, width), "", *table_lines(_columns(shown), width)]
    hidden = len(validation.scores) - len(shown)
    if hidden:
        lines.append(sentences(f"{counted(hidden, 'more part')} in the JSON.", width))
    return [*lines, *_reasons(validation, width), *_regret(validation, width)]


def _columns(scores: pd.DataFrame) -> Sequence[Column]:
    """Columns of a table of scores; the coarse ones first."""
    return (
        Column(heading="by", cells=[str(by).ljust(11) for by in scores["by"]]),
        Column(heading="name", cells=[str(name) for name in scores["name"]], is_name=True),
        Column(heading="scored", cells=[f"{count:,}" for count in scores["scored"]]),
        Column(heading="refused", cells=[f"{count:,}" for count in scores["refused"]]),
        Column(heading="median", cells=_percents(scores["median_error_percent"])),
        Column(heading="90 %", cells=_percents(scores["p90_error_percent"])),
        Column(heading="bias", cells=_percents(scores["bias_percent"], sign="+")),
        Column(heading="in band", cells=_percents(scores["coverage_percent"])),
    )


def _percents(figures: "pd.Series[float]", sign: str = "") -> list[str]:
    return ["-" if pd.isna(figure) else f"{figure:{sign}.1f}" for figure in figures]


def _reasons(validation: Validation, width: int) -> list[str]:
    if validation.refusals.empty:
        return []
    shown = validation.refusals.head(REASONS_SHOWN)
    lines = ["", "Refused:"]
    for count, reason in zip(shown["rows"], shown["reason"], strict=True):
        lines.append(sentences(f"{counted(int(count), 'row')}: {reason}", width))
    rest = len(validation.refusals) - len(shown)
    return [*lines, f"and {counted(rest, 'more reason')} in the JSON"] if rest else lines


def _regret(validation: Validation, width: int) -> list[str]:
    if validation.regret is None:
        return []
    ours, newest = validation.regret.model, validation.regret.newest
    told = (
        f"Decision regret over {counted(ours.groups, 'workload')} measured on three or more "
        f"accelerators, at the catalogue's lowest on-demand prices: our pick is "
        f"{_dearer(ours)}; always the newest accelerator is {_dearer(newest)}."
    )
    return ["", sentences(told, width)]


def _dearer(regret: Regret) -> str:
    return (
        f"{regret.median_percent:.1f} % dearer than the cheapest (median; 90th percentile "
        f"{regret.p90_percent:.1f} %, above 10 % in {regret.above_10_percent:.0f} % of them)"
    )
