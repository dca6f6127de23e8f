"""Sizes of a batch that are done before what is owned ends."""

import numpy as np
import pytest

from costopt.candidate.batch_sizes import MOST_BEFORE, sizes_before


def test_all_sizes_from_the_fewest_in_time_to_those_done_before_the_end_are_tried() -> None:
    """100 h of work: 100 / 49.8 asks for 3 until hour 50, 100 / 23.8 for 5 until hour 24."""
    found = sizes_before(np.array([100.0]), 50.0, 24.0, 0.2)
    assert [size for size in found[0].tolist() if size] == [3, 4, 5]


@pytest.mark.parametrize("end_hours", [0.2, 0.1, 50.0, np.inf])
def test_nothing_is_added_where_the_end_changes_no_charge(end_hours: float) -> None:
    assert sizes_before(np.array([100.0]), 50.0, end_hours, 0.2).shape == (1, 0)


def test_a_long_range_is_spread_evenly_from_end_to_end() -> None:
    """1,000 h: 21 until hour 50, 1,250 until hour 1."""
    (found,) = sizes_before(np.array([1000.0]), 50.0, 1.0, 0.2)
    assert (found[0], found[-1], len(found)) == (21, 1250, MOST_BEFORE + 1)
    assert set(np.diff(found).tolist()) == {19, 20}
