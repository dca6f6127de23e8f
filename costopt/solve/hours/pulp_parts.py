"""Which parts of a problem over hours are written with PuLP."""

from collections.abc import Sized
from dataclasses import fields
from typing import Final

from costopt.errors import InvalidInputError
from costopt.solve.hours.problem import HourlyProblem

WRITTEN: Final = frozenset(
    {
        "price_per_hour", "server", "upper", "quantity", "blocks", "rows", "weight",
        "demand_factor", "quantities", "spends", "resources", "work", "sequence", "scenarios",
        "changes", "gangs", "budgets", "types",
    }
)  # fmt: skip
"""Parts of a problem over hours that the rows are written from."""


def refuse_unwritten(problem: HourlyProblem) -> None:
    """Refuse a problem that would lose a part without a word.

    Args:
        problem: a checked problem.

    Raises:
        InvalidInputError: it has a part that is not written with PuLP.
    """
    found = {one.name: getattr(problem, one.name) for one in fields(problem)}
    lost = [
        f"{name} of the program over hours is not written with PuLP; leave it out of the request"
        for name, value in found.items()
        if name not in WRITTEN
        and value is not None
        and not (isinstance(value, Sized) and not len(value))
    ]
    if lost:
        raise InvalidInputError("to_pulp", lost)
