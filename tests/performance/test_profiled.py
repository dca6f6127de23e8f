"""Speeds that profiles show: where they apply in full, scaled, or not at all."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import numpy as np
import pytest

from costopt.accelerator import Accelerator
from costopt.model import ModelSpec
from costopt.performance.bands import Work, band_ends, band_of
from costopt.performance.constants import constants_table, shipped_constants
from costopt.performance.hardware import NO_PROFILE, Hardware, Placement
from costopt.performance.profiled import ProfilePoint, ProfilePoints, with_speed
from costopt.performance.reasons import Origin
from costopt.performance.replica import replica_on
from costopt.performance.sample_times import batch_times
from costopt.performance.sample_work import sample_work
from costopt.performance.serving_setup import ENGINE
from costopt.performance.training import training_rates
from costopt.performance.training_setup import Network, TrainingSetup
from costopt.performance.work import RequestSizes
from costopt.precision import WEIGHT_FORMATS, formats_named

Place = Callable[..., Placement]


@pytest.fixture(scope="module")
def place(accelerators: Mapping[str, Accelerator]) -> Place:
    def at(name: str, count: int = 1, link: str = "nvlink") -> Placement:
        return Placement(accelerator=accelerators[name], accelerators=count, interconnect=link)

    return at


def points_of(*loads: tuple[Placement, tuple[float, float], float, float]) -> ProfilePoints:
    return ProfilePoints.of(
        [
            ProfilePoint(placement=where, lengths=lengths, load=load, speed=speed)
            for where, lengths, load, speed in loads
        ]
    )


def found(
    rows: Sequence[Placement],
    points: ProfilePoints,
    lengths: tuple[float, float] = (1000.0, 200.0),
    load: float = 32.0,
    most: float | None = None,
) -> Hardware:
    planned = np.full(len(rows), load)
    return with_speed(
        Hardware.of(rows), points, lengths, (planned, planned if most is None else planned * most),
    )  # fmt: skip


def test_a_profile_of_the_same_configuration_counts_in_full(place: Place) -> None:
    points = points_of((place("H100-80GB", 2), (1000.0, 200.0), 32.0, 0.7))
    hardware = found([place("H100-80GB", 2)], points)
    assert hardware.speed[0] == pytest.approx(0.7)
    assert hardware.profiled[0] == Origin.MEASURED


@pytest.mark.parametrize(
    ("row", "lengths", "load"),
    [
        (("H100-80GB", 4), (1000.0, 200.0), 32.0),
        (("H100-80GB", 2, "pcie"), (1000.0, 200.0), 32.0),
        (("H100-80GB", 2), (2000.0, 200.0), 32.0),
        (("H100-80GB", 2), (1000.0, 100.0), 32.0),
        (("H100-80GB", 2), (1000.0, 200.0), 64.0),
        (("H100-80GB", 2), (1000.0, 200.0), 8.0),
    ],
    ids=["other degree", "other link", "longer prompt", "shorter answer", "busier", "idler"],
)
def test_another_configuration_on_the_accelerator_is_scaled(
    place: Place, row: tuple[str, int], lengths: tuple[float, float], load: float
) -> None:
    points = points_of((place("H100-80GB", 2), (1000.0, 200.0), 32.0, 0.7))
    hardware = found([place(*row)], points, lengths, load)
    assert hardware.speed[0] == pytest.approx(0.7)
    assert hardware.profiled[0] == Origin.PROFILE_SCALED


def test_a_sister_accelerator_is_scaled_by_the_root_of_the_ratio(place: Place) -> None:
    points = points_of((place("H100-80GB"), (1000.0, 200.0), 32.0, 0.7))
    hardware = found([place("H200-141GB")], points)
    assert hardware.speed[0] == pytest.approx(0.7**0.5)
    assert hardware.profiled[0] == Origin.PROFILE_SISTER


def test_an_accelerator_of_another_architecture_is_left_alone(place: Place) -> None:
    points = points_of((place("H100-80GB"), (1000.0, 200.0), 32.0, 0.7))
    hardware = found([place("A100-80GB")], points)
    assert hardware.speed[0] == 1.0
    assert hardware.profiled[0] == NO_PROFILE


@pytest.mark.parametrize(
    ("lengths", "load"),
    [((1000.0, 1.0), 32.0), ((125.0, 200.0), 32.0), ((1000.0, 200.0), 3.9)],
    ids=["reads only", "prompts eight times as long", "eight times as busy"],
)
def test_beyond_a_factor_of_eight_nothing_is_told(
    place: Place, lengths: tuple[float, float], load: float
) -> None:
    points = points_of((place("H100-80GB"), lengths, load, 0.7))
    hardware = found([place("H100-80GB"), place("H200-141GB")], points, (1001.0, 200.0))
    assert hardware.speed.tolist() == [1.0, 1.0]
    assert hardware.profiled.tolist() == [NO_PROFILE, NO_PROFILE]
    near = points_of((place("H100-80GB"), (126.0, 200.0), 4.1, 0.7))  # 7.9 and 7.8 times
    assert found([place("H100-80GB")], near).profiled[0] == Origin.PROFILE_SCALED


def test_between_the_loads_of_a_sweep_the_ratio_is_interpolated(place: Place) -> None:
    where, lengths = place("H100-80GB"), (1000.0, 200.0)
    points = points_of((where, lengths, 16.0, 0.5), (where, lengths, 64.0, 0.8))
    # halfway between ln 16 and ln 64 lies ln 32: the geometric mean of both ratios.
    assert found([where], points, load=32.0).speed[0] == pytest.approx((0.5 * 0.8) ** 0.5)
    assert found([where], points, load=16.0).speed[0] == pytest.approx(0.5)
    assert found([where], points, load=64.0).speed[0] == pytest.approx(0.8)
    assert found([where], points, load=80.0).speed[0] == pytest.approx(0.8)


def test_repeated_runs_count_with_their_geometric_mean(place: Place) -> None:
    where, lengths = place("H100-80GB"), (1000.0, 200.0)
    points = points_of((where, lengths, 32.0, 0.5), (where, lengths, 32.0, 0.98))
    assert found([where], points).speed[0] == pytest.approx(0.7)  # sqrt(0.5 * 0.98)


def test_the_nearest_lengths_speak(place: Place) -> None:
    where = place("H100-80GB")
    points = points_of(
        (where, (1100.0, 200.0), 32.0, 0.6), (where, (1000.0, 210.0), 32.0, 0.9)
    )  # fmt: skip
    assert found([where], points).speed[0] == pytest.approx(0.9)


def test_a_measurement_goes_before_a_scaled_one_and_that_before_a_sister(place: Place) -> None:
    lengths = (1000.0, 200.0)
    sister = (place("H200-141GB"), lengths, 32.0, 0.5)
    scaled = (place("H100-80GB", 4), lengths, 32.0, 0.6)
    measured = (place("H100-80GB"), lengths, 32.0, 0.9)
    row = [place("H100-80GB")]
    assert found(row, points_of(sister, scaled, measured)).profiled[0] == Origin.MEASURED
    assert found(row, points_of(sister, scaled)).profiled[0] == Origin.PROFILE_SCALED
    assert found(row, points_of(sister)).profiled[0] == Origin.PROFILE_SISTER


def test_a_load_between_the_planned_and_the_full_one_is_the_measured_one(place: Place) -> None:
    points = points_of((place("H100-80GB"), (1000.0, 200.0), 128.0, 0.7))
    assert found([place("H100-80GB")], points, load=32.0, most=6.0).speed[0] == pytest.approx(0.7)


def test_no_hardware_is_no_reason_to_fail(place: Place) -> None:
    points = points_of((place("H100-80GB"), (1000.0, 200.0), 32.0, 0.7))
    assert len(found([], points)) == 0


def test_bands_widen_from_measured_to_scaled_to_sister() -> None:
    for work in Work:
        ends = [band_ends(f"{work}.profile_{name}") for name in ("measured", "scaled", "sister")]
        for (low, high), (wider_low, wider_high) in pairwise(ends):
            assert wider_low <= low < 1.0 < high <= wider_high
        assert ends[0][0] > band_ends(f"{work}.calibrated")[0]
        assert ends[0][1] < band_ends(f"{work}.calibrated")[1]
        assert constants_table()[f"band.{work}.profile_sister"].rows > 100


def test_the_band_of_a_row_says_what_its_rate_rests_on(place: Place) -> None:
    points = points_of((place("H100-80GB"), (1000.0, 200.0), 32.0, 0.7))
    rows = [place("H100-80GB"), place("H200-141GB"), place("A100-80GB")]
    band = band_of(found(rows, points), Work.SERVING)
    assert band.origin.tolist() == [Origin.MEASURED, Origin.PROFILE_SISTER, Origin.CALIBRATED]
    assert band.low_factor[0] == band_ends("serving.profile_measured")[0]
    assert band.high_factor[2] == band_ends("serving.calibrated")[1]


def test_speed_divides_every_second_of_serving(place: Place, llama_8b: ModelSpec) -> None:
    sizes = RequestSizes(input_tokens=np.array([1000.0]), output_tokens=np.array([200.0]))
    formats = formats_named("bf16")
    plain = Hardware.of([place("H100-80GB", 2)])
    points = points_of((place("H100-80GB", 2), (1000.0, 200.0), 32.0, 0.5))
    slow = found([place("H100-80GB", 2)], points)
    one, half = (
        replica_on(llama_8b, hardware, formats, sizes, setup=ENGINE, batch=False).times
        for hardware in (plain, slow)
    )
    for running in (1.0, 32.0, 200.0):
        at = np.array([[running]])
        assert half.rate(at) == pytest.approx(one.rate(at) / 2)
        assert half.turn_seconds(at) == pytest.approx(one.turn_seconds(at) * 2)
    assert half.first_token_seconds == pytest.approx(one.first_token_seconds * 2)


def test_speed_divides_every_second_of_a_batch_of_samples(
    place: Place, models: Mapping[str, ModelSpec]
) -> None:
    bert = next(model for model in models.values() if model.kind == "encoder")
    work = sample_work(bert, WEIGHT_FORMATS["fp16"], 128.0)
    plain = Hardware.of([place("H100-80GB")])
    points = points_of((place("H100-80GB"), (1000.0, 200.0), 32.0, 0.5))
    slow = found([place("H100-80GB")], points)
    one, half = (
        batch_times(work, hardware, WEIGHT_FORMATS["fp16"], shipped_constants())
        for hardware in (plain, slow)
    )
    for samples in (1.0, 64.0):
        at = np.array([samples])
        assert half.seconds(at) == pytest.approx(one.seconds(at) * 2)


def test_speed_scales_the_rate_of_a_gang_and_not_its_strategy(
    place: Place, llama_8b: ModelSpec
) -> None:
    node = place("H100-80GB", 8)
    network = Network(
        fabric_bytes_per_second=np.array([4e11]), host_bytes_per_second=np.array([np.nan])
    )
    points = points_of((node, (1000.0, 200.0), 32.0, 0.5))
    one, half = (
        training_rates(
            llama_8b, TrainingSetup(sequence_length=4096.0), hardware, np.array([1, 4]), network
        )
        for hardware in (Hardware.of([node]), found([node], points))
    )
    assert (one.tokens_per_second > 0).all()
    assert half.tokens_per_second == pytest.approx(one.tokens_per_second / 2)
    assert (half.strategy == one.strategy).all()
