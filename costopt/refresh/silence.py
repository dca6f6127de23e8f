"""What was told before and is told no more: a region, or a purchase option of one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from costopt.catalog.schema import FINDINGS, OFFERS
from costopt.catalog.store.part import PartStatus
from costopt.fetch.fetched import Row
from costopt.refresh.flags import NOT_REFRESHED, OPTION_NOT_TOLD, has_flag
from costopt.refresh.frames import frame_of
from costopt.refresh.harvest import Harvest
from costopt.refresh.last_good import REGION_NOT_LISTED, LastGood, finding_id
from costopt.refresh.scope import Mask, Scope, in_places
from costopt.refresh.told import wants_region

DETAILS: Final[Mapping[str, str]] = {
    OPTION_NOT_TOLD: "none was told, where the last good catalogue has {:,}; the last good ones "
    "stay, flagged",
    REGION_NOT_LISTED: "an earlier run was told of it, and its provider does not list it now; its "
    "{:,} last good offers stay, stale",
}
"""Check -> what its finding says of so many offers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """One region, or one purchase option of one, that is told no more.

    Attributes:
        check: name of the finding.
        row: ``provider/region``, or ``provider/region/*/purchase_option``.
        offers: last good offers that stay in its place [1].
        accepted: whether somebody accepts that it is so.
    """

    check: str
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
        found.append(_silence(OPTION_NOT_TOLD, str(row), int(count), last_good, day))
    return tuple(found), rows


def unlisted_regions(
    last_good: LastGood, harvest: Harvest, patterns: tuple[str, ...], day: str
) -> tuple[Silence, ...]:
    """Find the regions that an earlier run was told, and that their provider lists no more.

    What no run was ever told, such as a partition that the account is not in, is no silence.

    Args:
        last_good: the catalogue before.
        harvest: what the providers told.
        patterns: regions that the run asks for.
        day: of the run, ISO 8601.
    """
    if last_good.started_from is None:
        return ()
    offers = last_good.tables[OFFERS.name]
    counts = (offers["provider"] + "/" + offers["region"]).value_counts(sort=False).sort_index()
    told_before = last_good.tables[FINDINGS.name]
    missing_before = set(told_before.loc[told_before["check"] == REGION_NOT_LISTED, "row"])
    found = []
    for row, count in counts.items():
        provider, region = str(row).split("/", 1)
        held = harvest.providers.get(provider)
        entry = last_good.entries.get(provider)
        if held is None or held.listed is None or entry is None or region in held.listed:
            continue
        was_fresh = entry.status is PartStatus.FRESH and region not in entry.stale_regions
        if (was_fresh or row in missing_before) and wants_region(patterns, provider, region):
            found.append(_silence(REGION_NOT_LISTED, str(row), int(count), last_good, day))
    return tuple(found)


def _silence(check: str, row: str, offers: int, last_good: LastGood, day: str) -> Silence:
    said = last_good.accepted.get(finding_id(check, row))
    accepted = said is not None and said.until >= day
    return Silence(check=check, row=row, offers=offers, accepted=accepted)


def silence_findings(silent: tuple[Silence, ...], day: str) -> pd.DataFrame:
    """Return a finding for everything that is told no more.

    Args:
        silent: regions and options.
        day: of the run, ISO 8601.
    """
    rows: list[Row] = [
        {
            "check": one.check,
            "severity": "info" if one.accepted else "warning",
            "table": OFFERS.name if one.check == OPTION_NOT_TOLD else "regions",
            "row": one.row,
            "detail": DETAILS[one.check].format(one.offers),
            "source": "refresh",
            "as_of": day,
        }
        for one in silent
    ]
    return frame_of(FINDINGS, rows, "findings").astype("str")
