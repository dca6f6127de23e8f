"""Usage that cannot be walked through is refused with what to do about it."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from costopt.backtest.usage import read_usage
from costopt.errors import InvalidInputError


def two_months(**changed: Any) -> pd.DataFrame:
    index = pd.date_range("2026-01-31", periods=48, freq="h", tz="UTC")
    return pd.DataFrame({"a": np.arange(48.0)}, index=index).assign(**changed)


def test_months_are_calendar_months_of_utc() -> None:
    usage = read_usage(two_months())
    assert usage.month.tolist() == [0] * 24 + [1] * 24
    assert [f"{month:%Y-%m-%d}" for month in usage.months] == ["2026-01-31", "2026-02-01"]
    assert (usage.first_hour(0), usage.first_hour(1), usage.first_hour(2)) == (0, 24, 48)


def test_rows_in_another_order_are_the_same_usage() -> None:
    shuffled = two_months().sample(frac=1.0, random_state=3)
    assert read_usage(shuffled).units[:, 0].tolist() == list(range(48))


def test_hours_of_a_zone_are_moved_to_utc() -> None:
    """The first hour of Berlin's February is the last of January in UTC."""
    frame = two_months()
    frame.index = pd.DatetimeIndex(frame.index).tz_localize(None).tz_localize("Europe/Berlin")
    usage = read_usage(frame)
    assert str(usage.hours[0]) == "2026-01-30 23:00:00+00:00"
    assert usage.month.tolist() == [0] * 25 + [1] * 23


def test_the_night_when_clocks_change_has_no_gap_where_times_carry_their_zone() -> None:
    index = pd.date_range("2026-03-28", "2026-04-02", freq="h", tz="Europe/Berlin")
    usage = read_usage(pd.DataFrame({"a": np.ones(len(index))}, index=index))
    assert len(usage.hours) == 5 * 24 - 1 + 1  # an hour is skipped; both midnights count


def test_times_without_a_zone_are_utc() -> None:
    frame = two_months()
    frame.index = pd.DatetimeIndex(frame.index).tz_localize(None)
    assert str(read_usage(frame).hours[0]) == "2026-01-31 00:00:00+00:00"


def changed_index(change: Any) -> pd.DataFrame:
    frame = two_months()
    frame.index = change(frame.index)
    return frame


@pytest.mark.parametrize(
    ("frame", "sentence"),
    [
        (two_months(a=[np.nan, *range(47)]), "a at .* is missing; write 0 where nothing ran"),
        (two_months(a=[-1, *range(47)]), "a at .* = -1: must be at least 0"),
        (two_months(a=[np.inf, *range(47)]), "must be a finite number"),
        (two_months(a=1e300), "at most 1,000,000,000,000 are counted; check the unit"),
        (two_months(a=0.0), "nothing was used in any hour"),
        (two_months(a="many"), "column 'a': usage must be numbers"),
        (two_months().drop(two_months().index[[5, 9]]), "2 gap.s. in time: nothing between"),
        (two_months().iloc[:24], "within one calendar month"),
        (two_months().iloc[:0], "it is empty"),
        (two_months().rename(columns={"a": 7}), "column 7: a SKU's name must be text"),
        (pd.concat([two_months(), two_months()], axis=1), "two columns are named 'a'"),
        (pd.concat([two_months(), two_months()]), "stands twice; where the clocks went back"),
        (changed_index(lambda index: index.astype("str")), "it must be the start of each hour"),
        (changed_index(lambda index: index + pd.Timedelta("5min")), "is no start of an hour"),
        (changed_index(lambda index: index.where(index != index[3])), "has an empty time"),
        ([1, 2], "list is not a pandas DataFrame"),
    ],
)
def test_usage_that_breaks_a_rule_is_refused(frame: Any, sentence: str) -> None:
    with pytest.raises(InvalidInputError, match=f"usage: .*{sentence}"):
        read_usage(frame)
