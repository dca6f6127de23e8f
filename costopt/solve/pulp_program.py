"""PulpProgram: what every PuLP model offers, and how its variables and rows are named."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pulp

from costopt.errors import InvalidInputError

WRITERS: Final = {".lp": "writeLP", ".mps": "writeMPS"}
"""File endings that a model can be written to, and what of PuLP writes them."""

LONGEST_NAME: Final = 60
"""Characters of a name that are kept; the LP format ends names at 255, PuLP's writer at 100."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PulpProgram:
    """A program written with PuLP.

    Attributes:
        model: the model; `print` it to see every row.
    """

    model: pulp.LpProblem

    def write(self, path: str | Path) -> Path:
        """Write the model to a file that other solvers read; nothing half-written is left.

        Args:
            path: ends in ``.lp`` or ``.mps``.

        Raises:
            InvalidInputError: another ending, or a folder that is not there.
        """
        target = Path(path)
        writer = WRITERS.get(target.suffix)
        if writer is None:
            problem = f"{target.name} must end in {' or '.join(WRITERS)}"
            raise InvalidInputError("to_pulp", [problem])
        if not target.parent.is_dir():
            raise InvalidInputError("to_pulp", [f"there is no folder {target.parent}"])
        with TemporaryDirectory(dir=target.parent) as beside:
            written = Path(beside) / target.name
            getattr(self.model, writer)(str(written))
            written.replace(target)
        return target


def plain(name: str) -> str:
    """Keep letters, digits and underscores of a name, which every format takes."""
    return re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_")[:LONGEST_NAME]


def numbered(letter: str, number: int | str, name: str) -> str:
    """Name a variable or a row by its letter, its number and, where it has one, its name."""
    return f"{letter}_{number}_{name}" if name else f"{letter}_{number}"


def weighted(weights: Any, variables: Sequence[pulp.LpVariable]) -> list[Any]:
    """Return weight times variable wherever the weight is not 0."""
    return [
        float(weight) * variable
        for weight, variable in zip(weights, variables, strict=True)
        if weight
    ]
