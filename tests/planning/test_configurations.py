"""How many instances of a pool are rented for how many that are counted on."""

import numpy as np
import pytest

from costopt.planning.configurations import LEAST_FALL, configurations, numbers_tried


def test_small_numbers_are_all_tried_and_larger_ones_in_steps_past_the_most() -> None:
    assert numbers_tried(1, 5) == [1, 2, 3, 4, 5]
    assert numbers_tried(1, 4.2) == [1, 2, 3, 4, 5]
    assert numbers_tried(12, 20) == [12, 14, 17, 20]
    assert numbers_tried(3, 3) == [3]


def test_one_instance_that_is_counted_on_weighs_what_its_availability_says() -> None:
    listed = configurations(0.95, 0.9, most=1, allowed=1.0)
    # 1 of 1: -ln 0.95; 1 of 2: both are away with 0.05 x 0.905, so -ln(1 - 0.04525)
    assert listed.rented[:2].tolist() == [1, 2]
    assert listed.weight[:2] == pytest.approx([-np.log(0.95), -np.log(0.95475)])
    assert (listed.counted == 1).all()


def test_what_weighs_more_than_is_allowed_is_not_listed() -> None:
    # 0.01 is allowed at 99 %, and no spare instance brings a correlated pool below 0.03.
    assert not len(configurations(0.95, 0.9, most=5, allowed=-np.log(0.99)).counted)


def test_every_spare_instance_lowers_the_weight_by_a_twentieth_at_least() -> None:
    listed = configurations(0.85, 0.5, most=6, allowed=10.0)
    for counted in np.unique(listed.counted):
        rows = listed.counted == counted
        assert listed.rented[rows][0] == counted
        assert (np.diff(listed.rented[rows]) > 0).all()
        falls = listed.weight[rows][1:] / listed.weight[rows][:-1]
        assert (falls <= 1 - LEAST_FALL).all()


def test_what_is_listed_for_less_availability_holds_what_is_for_more() -> None:
    loose, strict = (
        set(zip(one.counted.tolist(), one.rented.tolist(), strict=True))
        for one in (configurations(0.9, 0.3, most=8, allowed=-np.log(a)) for a in (0.8, 0.95))
    )
    assert strict < loose
