"""ServedLoad, ObservedJob and Watched: figures that cannot be true together are refused."""

from typing import Any

import pytest

from costopt.errors import InvalidInputError
from costopt.profile.profile import ObservedJob, ServedLoad, Watched

# 9.6 requests/s of 410 ms + 25 ms x 255 = 6.785 s each are 65.1 in the system.
GOOD: dict[str, Any] = {
    "concurrency": 64.0,
    "input_tokens": 1024.0,
    "output_tokens": 256.0,
    "requests_per_second": 9.6,
    "output_tokens_per_second": 2457.6,
    "ttft_ms": 410.0,
    "tpot_ms": 25.0,
    "completed": 1152,
    "failed": 3,
    "duration_seconds": 120.0,
}


def refused(**other: Any) -> str:
    with pytest.raises(InvalidInputError) as told:
        ServedLoad(**{**GOOD, **other})
    return str(told.value)


def test_a_load_whose_figures_agree_is_taken() -> None:
    assert ServedLoad(**GOOD).requests_per_second == 9.6


def test_a_load_without_latencies_is_taken() -> None:
    load = ServedLoad(**{**GOOD, "ttft_ms": None, "tpot_ms": None})
    assert load.ttft_ms is None


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 0.0, -3.0])
@pytest.mark.parametrize("name", ["concurrency", "requests_per_second", "ttft_ms", "tpot_ms"])
def test_no_figure_is_nan_infinite_zero_or_negative(name: str, value: float) -> None:
    assert f"{name} = {value!r}: must be" in refused(**{name: value})


def test_token_rates_that_contradict_each_other_are_both_named() -> None:
    """9.6 requests/s x 256 tokens = 2,457.6 tokens/s, not the 12,288 that prompts add up to."""
    told = refused(output_tokens_per_second=12288.0)
    assert "output_tokens_per_second = 12288" in told
    assert "9.6 x 256 = 2457.6" in told
    assert "counts prompts too" in told


def test_a_duration_in_milliseconds_is_found() -> None:
    """9.6 requests/s x 120,000 s would be 1,152,000 requests."""
    assert "is the duration in seconds" in refused(duration_seconds=120000.0)


def test_a_few_requests_may_differ_from_rate_times_duration() -> None:
    """Three requests were answered, 0.5/s x 10 s = 5 were due: two at the ends."""
    load = ServedLoad(
        **{
            **GOOD,
            "concurrency": 3.0,
            "requests_per_second": 0.5,
            "output_tokens_per_second": 128.0,
            "completed": 3,
            "failed": 0,
            "duration_seconds": 10.0,
        }
    )
    assert load.completed == 3


def test_a_first_token_in_seconds_is_found_by_its_size() -> None:
    assert "ttft_ms = 0.41 is too short" in refused(ttft_ms=0.41)


def test_a_first_token_in_seconds_is_found_beside_the_time_per_token() -> None:
    """4.1 s taken for 4.1 ms is less than a third of one pass of 25 ms."""
    told = refused(ttft_ms=4.1)
    assert "ttft_ms = 4.1 is shorter than one pass" in told
    assert "such as seconds" in told


def test_a_first_token_in_seconds_is_found_without_the_time_per_token() -> None:
    """64 requests at 9.6 a second stay 6.7 s, 26 ms for each of 256 tokens; a third is 8.7."""
    told = refused(ttft_ms=2.5, tpot_ms=None)
    assert "ttft_ms = 2.5 is shorter than one pass" in told
    assert "8.68056 ms by the concurrency" in told
    assert ServedLoad(**{**GOOD, "ttft_ms": 25.0, "tpot_ms": None}).ttft_ms == 25.0


def test_a_time_per_token_in_seconds_is_found() -> None:
    assert "tpot_ms = 0.025 is too short" in refused(tpot_ms=0.025)


def test_a_first_token_longer_than_the_measurement_is_refused() -> None:
    told = refused(ttft_ms=150000.0)
    assert "longer than the whole measurement of 120 s" in told


def test_a_concurrency_that_the_rate_never_reached_is_refused() -> None:
    """9.6 x (410 + 25 x 255) ms = 9.6 x 6.785 s = 65.1 in the system, not 512."""
    told = refused(concurrency=512.0)
    assert "concurrency = 512" in told
    assert "6785 ms each are 65.136 in the system (Little's law)" in told
    assert "a limit that the load never reached" in told


def test_every_contradiction_is_told_at_once() -> None:
    told = refused(concurrency=512.0, output_tokens_per_second=12288.0)
    assert "Little's law" in told
    assert "counts prompts too" in told


def test_many_failures_are_refused() -> None:
    """200 of 1,352 are 14.8 %, above 10 %."""
    assert "200 of 1352 requests failed" in refused(failed=200)


def test_a_job_needs_a_rate() -> None:
    with pytest.raises(InvalidInputError, match="give tokens_per_second or samples_per_second"):
        ObservedJob(kind="training")


def test_samples_of_a_job_need_a_length() -> None:
    with pytest.raises(InvalidInputError, match="only with tokens_per_sample"):
        ObservedJob(kind="training", samples_per_second=4.0)


def test_a_service_of_samples_is_measured_in_samples() -> None:
    with pytest.raises(InvalidInputError, match="is measured in samples_per_second"):
        ObservedJob(kind="samples", tokens_per_second=4000.0)


def test_images_have_no_length() -> None:
    assert ObservedJob(kind="samples", samples_per_second=900.0).tokens_per_sample is None


def test_a_fine_tune_says_its_method() -> None:
    with pytest.raises(InvalidInputError, match="method of a fine_tune job is required"):
        ObservedJob(kind="fine_tune", tokens_per_second=4000.0)


def test_a_method_belongs_to_a_fine_tune() -> None:
    with pytest.raises(InvalidInputError, match="method = 'lora' belongs to kind fine_tune"):
        ObservedJob(kind="training", method="lora", tokens_per_second=4000.0)


def test_two_rates_of_one_job_agree() -> None:
    """4 samples/s x 1,024 tokens = 4,096 tokens/s: 4,000 agrees, 32,000 of eight does not."""
    job = ObservedJob(
        kind="training", tokens_per_second=4000.0, samples_per_second=4.0, tokens_per_sample=1024.0
    )
    assert job.tokens_per_second == 4000.0
    with pytest.raises(InvalidInputError, match="4 x 1024 = 4096: are all three of the whole"):
        ObservedJob(
            kind="training",
            tokens_per_second=32000.0,
            samples_per_second=4.0,
            tokens_per_sample=1024.0,
        )


def test_memory_in_use_fits_into_all_memory() -> None:
    seen = Watched(
        accelerator_busy_fraction=0.9, vram_peak_gib=60.0, vram_total_gib=80.0, samples=3
    )
    assert seen.vram_fraction == 0.75
    with pytest.raises(InvalidInputError, match="vram_peak_gib = 600 is more than"):
        Watched(accelerator_busy_fraction=0.9, vram_peak_gib=600.0, vram_total_gib=80.0, samples=3)
