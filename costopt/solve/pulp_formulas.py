"""Formulas of a PuLP model in aligned columns: what each is, and what it says."""

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import pulp

from costopt.plan.words import WIDTH
from costopt.solve.problem import ServingBlock

Formulas = Iterable[tuple[str, str]]
"""Formulas with what they say."""


WIDEST_FORMULA: Final = 60
"""Columns of a formula beside which there is room for what it says."""


def laid_out(model: pulp.LpProblem, decisions: Formulas, goal: str, constraints: Formulas) -> str:
    """Write how large a model is, what it decides, its goal and its constraints.

    Args:
        model: the model.
        decisions: each kind of variable.
        goal: what is minimised, with its unit.
        constraints: each family of rows.
    """
    return "\n".join(
        [
            f"Program with {model.numVariables()} variables and "
            f"{model.numConstraints()} constraints",
            "Decide",
            *_table(decisions),
            "Minimise",
            textwrap.fill(f"  {goal}", WIDTH, subsequent_indent="    "),
            "Such that",
            *_table(constraints),
        ]
    )


def _table(rows: Formulas) -> list[str]:
    """Align what is said of each formula behind the longest of them that leaves room for it."""
    found = list(rows)
    lengths = [len(formula) for formula, _ in found]
    width = max((length for length in lengths if length <= WIDEST_FORMULA), default=0)
    lines = []
    for formula, said in found:
        parts = textwrap.wrap(said, WIDTH - width - 4)
        beside = parts.pop(0) if len(formula) <= width else ""
        lines.append(f"  {formula:<{width}}  {beside}".rstrip())
        lines += [f"{'':<{width + 4}}{part}" for part in parts]
    return lines


def spot_formulas(blocks: Sequence[ServingBlock], hour: str = "") -> Iterator[tuple[str, str]]:
    """Yield what spot may carry of each workload, and what may be lost together.

    Args:
        blocks: workloads.
        hour: index of the hour in formulas over time.
    """
    for index, block in enumerate(blocks):
        if block.max_spot_fraction < 1:
            yield (
                f"sum_(spot k) x_{index}kb{hour} <= {block.max_spot_fraction:g}",
                f"spot carries no more of a request size of workload {index}",
            )
        if block.limits_losses:
            yield (
                f"largest {block.max_losses} of X_{index}gb{hour} <= {block.max_lost_fraction:g}",
                f"what failure groups g of workload {index} carry, lost together",
            )
        if block.min_failure_groups > 1:
            yield (
                f"sum_g y_{index}g{hour} >= {block.min_failure_groups}",
                f"failure groups of workload {index} that carry {block.least_carried:g} of the "
                "demand, once any carries something",
            )
