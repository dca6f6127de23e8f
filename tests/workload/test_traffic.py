"""Traffic: a trace or a histogram of one's own, whose shares add up to 1."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costopt.errors import InvalidInputError
from costopt.workload.traffic import SHARE_TOLERANCE, RequestSize, Traffic

quick = settings(max_examples=60, deadline=None, derandomize=True)


def size(share: float, input_tokens: float = 100, output_tokens: float = 50) -> RequestSize:
    return RequestSize(
        input_tokens=input_tokens, output_tokens=output_tokens, share_fraction=share
    )


def test_trace_is_kept_by_its_name() -> None:
    traffic = Traffic.from_trace("azure-llm-2023-conv", requests_per_second=10)
    assert (traffic.trace, traffic.sizes) == ("azure-llm-2023-conv", None)
    assert traffic.requests_per_second == 10


def test_sizes_may_be_records_or_mappings() -> None:
    written = {"input_tokens": 100, "output_tokens": 50, "share_fraction": 0.25}
    traffic = Traffic.from_sizes([written, size(0.75)], requests_per_second=2)
    assert traffic.sizes == (size(0.25), size(0.75))
    numbers = {name: np.float32(value) for name, value in written.items()}
    assert Traffic.from_sizes([numbers, size(0.75)], requests_per_second=2) == traffic


@pytest.mark.parametrize(
    ("shares", "is_taken"),
    [
        ((1.0,), True),
        ((0.5, 0.5), True),
        ((1 / 3, 1 / 3, 1 / 3), True),
        ((0.5, 0.5009), True),
        ((0.5, 0.502), False),
        ((0.5, 0.498), False),
        ((2.0,), False),
        ((25.0, 75.0), False),
    ],
)
def test_shares_add_up_to_one_within_a_thousandth(
    shares: tuple[float, ...], is_taken: bool
) -> None:
    assert SHARE_TOLERANCE == 0.001
    sizes = [size(share) for share in shares]
    if is_taken:
        assert len(Traffic.from_sizes(sizes, requests_per_second=1).sizes or ()) == len(shares)
        return
    with pytest.raises(InvalidInputError, match=f"adds up to {sum(shares):g} instead of 1"):
        Traffic.from_sizes(sizes, requests_per_second=1)


@quick
@given(weights=st.lists(st.integers(1, 1000), min_size=1, max_size=30))
def test_any_normalised_histogram_is_taken(weights: list[int]) -> None:
    sizes = [size(weight / sum(weights), input_tokens=weight) for weight in weights]
    traffic = Traffic.from_sizes(sizes, requests_per_second=3)
    assert [kept.input_tokens for kept in traffic.sizes or ()] == weights
    assert Traffic.model_validate_json(traffic.model_dump_json()) == traffic


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"trace": "chat"}, "requests_per_second is required"),
        ({"requests_per_second": 5}, "give either trace or sizes"),
        (
            {"trace": "chat", "sizes": [size(1.0)], "requests_per_second": 5},
            "give either trace or sizes",
        ),
        ({"trace": "", "requests_per_second": 5}, "trace = '': must not be empty"),
        ({"trace": 5, "requests_per_second": 5}, "trace = 5: must be text"),
        ({"sizes": [], "requests_per_second": 5}, "sizes: must not be empty"),
        ({"trace": "chat", "requests_per_second": 0}, "requests_per_second = 0: must be above 0"),
        (
            {"trace": "chat", "requests_per_second": "5/s"},
            "requests_per_second = '5/s': must be a number",
        ),
        (
            {"trace": "chat", "requests_per_second": float("nan")},
            "requests_per_second = nan: must be a finite number",
        ),
    ],
)
def test_wrong_traffic_is_one_sentence(fields: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        Traffic(**fields)
    assert str(caught.value) == f"Traffic: {sentence}"


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ("chat", "must be a table of names and values"),
        ({"input_tokens": 0, "output_tokens": 1, "share_fraction": 1}, "must be above 0"),
        ({"input_tokens": 1, "output_tokens": -1, "share_fraction": 1}, "must be above 0"),
        ({"input_tokens": 1, "output_tokens": 1, "share_fraction": 0}, "must be above 0"),
        ({"input_tokens": 1, "output_tokens": 1}, "share_fraction is required"),
        (
            {"input_token": 1, "output_tokens": 1, "share_fraction": 1},
            "did you mean input_tokens",
        ),
    ],
)
def test_wrong_bucket_is_named_by_its_place(wrong: Any, sentence: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        Traffic.from_sizes([size(0.5), wrong], requests_per_second=1)
    assert str(caught.value).startswith("Traffic: sizes[1]")
    assert sentence in str(caught.value)
