from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import pytest

from costopt.performance.calibration.error_bands import (
    band,
    fitted_bands,
    held,
    measured_over_predicted,
    memory_band,
)
from costopt.performance.calibration.left_out import PEAKS, TRAINING, LeftOutRows, shipped_left_out
from costopt.performance.constants import Constant, constants_table

METRICS = {
    "serving throughput": ("serving",),
    "time per output token": ("tpot",),
    "time to first token": ("ttft",),
    "samples throughput": ("samples",),
    "training throughput": TRAINING,
    "peak memory": PEAKS,
}
"""Metrics that are told apart, each with the figures that it counts."""

LARGE = 40


def covered(inside: np.ndarray, rows: LeftOutRows, metric: str) -> float:
    return float(np.mean(inside[np.isin(rows.figures, METRICS[metric])]))


def all_bands(rows: LeftOutRows) -> Mapping[str, Constant]:
    peaks = rows.of(*PEAKS)
    bands = fitted_bands(rows)
    for kind in np.unique(peaks.bands):
        part = peaks.take(peaks.bands == kind)
        made = memory_band(kind.split(".")[1], measured_over_predicted(part, "in_sample"))
        bands[made.name] = made
    return bands


@pytest.mark.parametrize("split", ["group", "accelerator"])
@pytest.mark.parametrize("metric", METRICS)
def test_band_holds_four_fifths_of_the_rows_that_were_left_out(split: str, metric: str) -> None:
    rows = shipped_left_out()

    assert 0.75 <= covered(held(rows, split, constants_table()), rows, metric) <= 0.9


@pytest.mark.parametrize("metric", METRICS)
def test_band_holds_rows_of_a_source_that_was_left_out(metric: str) -> None:
    rows = shipped_left_out()

    assert 0.7 <= covered(held(rows, "source", constants_table()), rows, metric) <= 0.92


def test_band_of_peaks_holds_rows_of_a_source_that_it_was_not_made_of() -> None:
    peaks = shipped_left_out().of(*PEAKS)
    inside = np.zeros(len(peaks), dtype=np.bool_)
    for source in np.unique(peaks.sources):
        others = peaks.sources != source
        inside[~others] = held(peaks.take(~others), "source", all_bands(peaks.take(others)))

    assert 0.75 <= float(np.mean(inside)) <= 0.9


@pytest.mark.parametrize("split", ["group", "accelerator"])
def test_band_of_training_holds_runs_that_tell_their_layout_and_runs_that_do_not(
    split: str,
) -> None:
    rows = shipped_left_out()
    inside = held(rows, split, constants_table())

    for kind in ("training", "training_told"):
        assert 0.75 <= float(np.mean(inside[rows.bands == kind])) <= 0.9


@pytest.mark.parametrize("metric", METRICS)
def test_band_made_of_half_of_the_groups_holds_the_other_half(metric: str) -> None:
    rows = shipped_left_out()
    names = np.unique(rows.groups)
    inside = np.zeros(len(rows), dtype=np.bool_)
    for half in (names[0::2], names[1::2]):
        made_of = np.isin(rows.groups, half)
        others = ~made_of
        inside[others] = held(rows.take(others), "group", all_bands(rows.take(made_of)))

    assert 0.7 <= covered(inside, rows, metric) <= 0.92


def large_parts(rows: LeftOutRows) -> Iterator[tuple[str, np.ndarray]]:
    for names in (rows.accelerators, rows.sources):
        for name in np.unique(names[names != ""]):
            for metric, figures in METRICS.items():
                part = (names == name) & np.isin(rows.figures, figures)
                if part.sum() >= LARGE:
                    yield f"{name}, {metric}", part


def test_band_fails_no_large_accelerator_or_source() -> None:
    rows = shipped_left_out()
    inside = held(rows, "group", constants_table())
    shares = {name: float(np.mean(inside[part])) for name, part in large_parts(rows)}

    assert len(shares) > 20
    assert {name: share for name, share in shares.items() if share < 0.55} == {}


def test_no_constant_band_holds_what_these_bands_hold() -> None:
    rows = shipped_left_out()
    off = np.abs(1.0 / rows.over["group"] - 1.0)

    def fits(width: float) -> list[str]:
        return [m for m in METRICS if 0.75 <= covered(off <= width, rows, m) <= 0.9]

    best = max((fits(percent / 100.0) for percent in range(1, 301)), key=len)

    assert 1 <= len(best) < len(METRICS)


def test_shipped_bands_are_those_of_the_shipped_rows() -> None:
    for name, found in all_bands(shipped_left_out()).items():
        shipped = constants_table()[name]

        # the file keeps errors to a thousandth
        assert found.low == pytest.approx(shipped.low, rel=5e-3), name
        assert found.high == pytest.approx(shipped.high, rel=5e-3), name


def test_band_reaches_as_far_as_either_way_to_leave_rows_out() -> None:
    # of 11 values the 10 % and 90 % percentiles are the second and the last but one
    near = np.linspace(0.9, 1.1, 11)
    far = np.linspace(0.5, 1.05, 11)

    found = band("band.test", [near, far], "rows", (1.0, 1.0))

    assert found.low == pytest.approx(0.555)
    assert found.high == pytest.approx(1.08)
    assert found.value == pytest.approx(1.0)


def test_band_of_a_time_per_token_is_that_of_its_rate_turned_round() -> None:
    rows = shipped_left_out().of("tpot")
    low, high = 0.5, 1.25
    shipped = constants_table()["band.serving.calibrated"]

    inside = held(rows, "group", {shipped.name: replace(shipped, low=low, high=high)})

    # measured over predicted time lies between 1 / 1.25 and 1 / 0.5
    ratio = 1.0 / rows.over["group"]
    assert np.array_equal(inside, (ratio >= 1.0 / high) & (ratio <= 1.0 / low))
