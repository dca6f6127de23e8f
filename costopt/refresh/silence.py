"""Purchase options that a region told before and tells no more, such as all spot prices."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from costopt.catalog.schema import FINDINGS, OFFERS
from costopt.fetch.fetched import Row
from costopt.refresh.flags import NOT_REFRESHED, OPTION_NOT_TOLD, has_flag
from costopt.refresh.frames import frame_of
from costopt.refresh.last_good import LastGood, finding_id
from costopt.refresh.scope import Mask, Scope, in_places


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """One purchase option of one region that is told no more.

    Attributes:
        row: ``provider/region/*/purchase_option``.
        offers: last good offers that stay in its place [1].
        accepted: whether somebody accepts that it is so.
    """

    row: str
    offers: int
    accepted: bool


def silent_options(
    scope: Scope, last_good: LastGood, fresh: set[tuple[str, str]], day: str
) -> tuple[tuple[Silence, ...], Mask]:
    """Find the options of fresh regions that an earlier run was told, and this one was not.

    What no run was ever told, such as spot prices of a cloud that is asked without credentials,
    is no silence. Neither are offers with a last day of their own: they come and go.

    Args:
        scope: what the run covers.
        last_good: the catalogue before.
        fresh: places whose rows are new.
        day: of the run, ISO 8601.

    Returns:
        One record for each option and region, and which last good offers they are about.
    """
    offers = last_good.tables[OFFERS.name]
    if last_good.started_from is None:
        return (), np.zeros(len(offers), dtype=np.bool_)
    told_before = ~has_flag(offers, NOT_REFRESHED) | has_flag(offers, OPTION_NOT_TOLD)
    rows = np.asarray(
        in_places(offers, fresh)
        & scope.covered(offers)
        & ~scope.replaced(offers)
        & (told_before & (offers["valid_until"] == "")).to_numpy()
    )
    named = offers["provider"] + "/" + offers["region"] + "/*/" + offers["purchase_option"]
    found = []
    for row, count in named[rows].value_counts(sort=False).sort_index().items():
        said = last_good.accepted.get(finding_id(OPTION_NOT_TOLD, str(row)))
        accepted = said is not None and said.until >= day
        found.append(Silence(row=str(row), offers=int(count), accepted=accepted))
    return tuple(found), rows


def silence_findings(silent: tuple[Silence, ...], day: str) -> pd.DataFrame:
    """Return a finding for each option that is told no more.

    Args:
        silent: the options.
        day: of the run, ISO 8601.
    """
    rows: list[Row] = [
        {
            "check": OPTION_NOT_TOLD,
            "severity": "info" if one.accepted else "warning",
            "table": OFFERS.name,
            "row": one.row,
            "detail": f"none was told, where the last good catalogue has {one.offers:,}; the last "
            "good ones stay, flagged",
            "source": "refresh",
            "as_of": day,
        }
        for one in silent
    ]
    return frame_of(FINDINGS, rows, "findings").astype("str")
