"""Which offers of a plan a catalogue still has."""

from collections.abc import Sequence

import pandas as pd

from costopt.evaluate.facts import KEY_COLUMNS
from costopt.plan.line import PlanLine


def offers_there(offers: pd.DataFrame, lines: Sequence[PlanLine]) -> pd.DataFrame:
    """Return the offer of each line; ``is_gone`` where there is none.

    Args:
        offers: of a catalogue, at the prices that count.
        lines: of a plan.
    """
    keys = pd.DataFrame([line.offer.model_dump() for line in lines], columns=list(KEY_COLUMNS))
    typed = keys.astype({name: offers[name].dtype for name in KEY_COLUMNS})
    found = typed.merge(offers, on=list(KEY_COLUMNS), how="left", indicator=True)
    return found.assign(is_gone=found["_merge"] != "both").drop(columns="_merge")
