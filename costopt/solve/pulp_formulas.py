"""Formulas of a PuLP model in aligned columns: what each is, and what it says."""

from collections.abc import Iterable

import pulp

Formulas = Iterable[tuple[str, str]]
"""Formulas with what they say."""


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
            f"  {goal}",
            "Such that",
            *_table(constraints),
        ]
    )


def _table(rows: Formulas) -> list[str]:
    """Align what is said of each formula behind the longest of them."""
    found = list(rows)
    width = max((len(formula) for formula, _ in found), default=0)
    return [f"  {formula:<{width}}  {said}" for formula, said in found]
