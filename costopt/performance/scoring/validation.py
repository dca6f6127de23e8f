"""Scores of the shipped model on a table of measurements, row by row and in all."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.performance.constants import shipped_constants
from costopt.performance.scoring.in_sample import in_sample
from costopt.performance.scoring.memory import predicted_memory
from costopt.performance.scoring.performance import predicted_performance
from costopt.performance.scoring.regret import Regrets, decision_regret
from costopt.performance.scoring.scores import scores_of
from costopt.performance.scoring.table import TableKind, read_measurements

if TYPE_CHECKING:
    import pandas as pd

RESULT_COLUMNS: Final = ("predicted", "low", "high", "origin", "reason")
"""Columns that scoring adds to a table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """What the shipped model is worth on a table of measurements.

    Attributes:
        kind: performance or memory.
        rows: the table's own columns, then what was predicted of each row, the 80 % band, what it
            rests on, and the reason where a row was refused.
        scores: counts and errors in percent, of all rows and by parts of the table.
        refusals: reasons and how many rows they refused, most first.
        regret: how much dearer picks by prediction are; None without groups to compare.
        in_sample: scored rows that the shipped constants were fitted to [1].
    """

    kind: TableKind
    rows: pd.DataFrame
    scores: pd.DataFrame
    refusals: pd.DataFrame
    regret: Regrets | None
    in_sample: int

    @property
    def scored(self) -> int:
        """Rows that were predicted [1]."""
        return int((self.rows["reason"] == "").sum())

    @property
    def refused(self) -> int:
        """Rows that were refused with a reason [1]."""
        return len(self.rows) - self.scored

    def to_json(self) -> str:
        """Every score, reason and regret as one JSON object; what is unknown is null."""
        told = {
            "kind": self.kind.value,
            "scored": self.scored,
            "refused": self.refused,
            "in_sample": self.in_sample,
            "scores": _records(self.scores),
            "refusals": _records(self.refusals),
            "regret": None if self.regret is None else asdict(self.regret),
        }
        return json.dumps(told, indent=2, ensure_ascii=False, allow_nan=False)


def validate_predictions(
    frame: pd.DataFrame, *, kind: str | None = None, catalog: Catalog | None = None
) -> Validation:
    """Predict every row of a table of measurements that can be predicted, and score the model.

    Args:
        frame: a table with the columns of performance measurements or of memory figures; result
            columns of an earlier scoring are replaced.
        kind: ``performance`` or ``memory``; recognised by the columns when left out.
        catalog: looks up models, accelerators and prices; the bundled one when left out.

    Raises:
        InvalidInputError: the table is of neither kind, or has no rows.
        UnknownNameError: the kind is not known.
        MissingExchangeRateError: a price that regret is told in cannot be brought to dollars.
    """
    import pandas as pd

    if not isinstance(frame, pd.DataFrame):
        raise InvalidInputError("table", [f"{type(frame).__name__} is not a pandas DataFrame"])
    fresh = frame.drop(columns=[name for name in RESULT_COLUMNS if name in frame.columns])
    measurements = read_measurements(fresh, kind)
    facts = Catalog.bundled() if catalog is None else catalog
    if measurements.kind is TableKind.MEMORY:
        predicted = predicted_memory(measurements, facts)
    else:
        predicted = predicted_performance(measurements, facts, shipped_constants())
    results = pd.DataFrame(
        {
            "predicted": predicted.expected,
            "low": predicted.low,
            "high": predicted.high,
            "origin": predicted.origin,
            "reason": predicted.reason,
        }
    )
    refusals = results.loc[results["reason"] != "", "reason"].value_counts()
    return Validation(
        kind=measurements.kind,
        rows=pd.concat([measurements.given, results], axis="columns").set_axis(
            frame.index, axis="index"
        ),
        scores=scores_of(measurements, results),
        refusals=refusals.rename_axis("reason").rename("rows").reset_index(),
        regret=decision_regret(measurements, results, facts),
        in_sample=int((in_sample(measurements) & (results["reason"] == "").to_numpy()).sum()),
    )


def _records(table: pd.DataFrame) -> list[dict[str, object]]:
    whole = table.astype(object).where(table.notna(), None)
    return [
        {
            str(name): value.item() if isinstance(value, np.generic) else value
            for name, value in record.items()
        }
        for record in whole.to_dict("records")
    ]
