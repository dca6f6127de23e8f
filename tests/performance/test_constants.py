import pytest

from costopt.errors import UnknownNameError
from costopt.performance.constants import constants_table, shipped_constants

FLOORS = {
    "score.serving.throughput.left_out_group": (21.0, 61.0),
    "score.serving.tpot.left_out_group": (19.0, 52.0),
    "score.serving.ttft.left_out_group": (57.0, 151.0),
    "score.training.throughput.left_out_group": (18.0, 51.0),
}
"""Median and 90th percentile of the absolute error of a fitted roofline, left out [%]."""


@pytest.mark.parametrize("name", FLOORS)
def test_left_out_errors_are_below_those_of_a_fitted_roofline(name: str) -> None:
    score = constants_table()[name]
    median, ninetieth = FLOORS[name]

    assert score.value < median
    assert score.high is not None
    assert score.high < ninetieth


def test_there_is_about_one_fitted_constant_for_forty_measurements() -> None:
    fitted = [
        constant
        for constant in constants_table().values()
        if constant.fitted and not constant.name.startswith("band.")
    ]
    rows = {constant.name.split(".")[0]: constant.rows for constant in fitted}

    assert sum(rows[kind] for kind in ("serving", "samples", "training")) / len(fitted) > 35


def test_every_constant_names_its_source_and_unit() -> None:
    for constant in constants_table().values():
        assert constant.source
        assert constant.unit


def test_fitted_constants_lie_between_the_values_of_the_left_out_fits() -> None:
    for constant in constants_table().values():
        if constant.fitted and not constant.name.startswith("band."):
            assert constant.low is not None
            assert constant.high is not None
            assert constant.low <= constant.value * 1.001
            assert constant.value <= constant.high * 1.001


def test_shares_of_a_peak_are_shares() -> None:
    for constant in constants_table().values():
        if constant.unit.startswith("share of"):
            assert 0.0 < constant.value <= 1.0, constant.name


def test_bands_widen_from_calibrated_to_analytic() -> None:
    for kind in ("serving", "samples", "training"):
        calibrated, analytic = (
            constants_table()[f"band.{kind}.{origin}"] for origin in ("calibrated", "analytic")
        )
        assert calibrated.low is not None
        assert analytic.low is not None
        assert analytic.low < calibrated.low < 1.0
        assert analytic.high is not None
        assert calibrated.high is not None
        assert 1.0 < calibrated.high <= analytic.high


def test_training_band_is_wider_where_the_layout_is_not_told() -> None:
    for origin in ("calibrated", "scaled"):
        told, assumed = (
            constants_table()[f"band.{kind}.{origin}"] for kind in ("training_told", "training")
        )
        assert None not in (told.low, told.high, assumed.low, assumed.high)
        assert (assumed.low or 0.0) < (told.low or 0.0) < 1.0
        assert 1.0 < (told.high or 0.0) < (assumed.high or 0.0)


def test_unknown_constant_suggests_the_nearest_known_one() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean"):
        shipped_constants()["serving.bandwidth_shar"]
