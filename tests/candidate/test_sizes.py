"""Which request sizes may be late, and what the others must keep instead."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costopt.candidate.sizes import (
    Sizes,
    free_choices,
    free_of_ttft,
    sizes_of,
    strict_percentile,
)
from costopt.catalog.catalog import Catalog
from costopt.errors import UnknownNameError
from costopt.performance.work import RequestSizes
from costopt.workload.traffic import Traffic


def histogram(prompts: list[float], shares: list[float]) -> Sizes:
    tokens = RequestSizes(
        input_tokens=np.array(prompts), output_tokens=np.full(len(prompts), 100.0)
    )
    return Sizes(tokens=tokens, shares=np.array(shares), prompts=np.arange(len(prompts)))


def test_the_longest_prompts_may_use_up_half_of_what_the_percentile_allows() -> None:
    # At the 95th percentile 5 % may be late, and half of that is 2.5 %: 0.5 + 1.5 = 2 % fit,
    # with the next 1 % it would be 3 %.
    sizes = histogram([100, 9000, 4000, 2000], [0.97, 0.005, 0.015, 0.01])
    assert free_of_ttft(sizes, 95).tolist() == [False, True, True, False]


def test_a_long_prompt_that_is_too_frequent_keeps_all_shorter_ones_strict() -> None:
    sizes = histogram([100, 9000, 4000], [0.96, 0.03, 0.01])
    assert not free_of_ttft(sizes, 95).any()


def test_more_of_the_allowance_frees_prompts_that_half_of_it_does_not() -> None:
    # 5 % may be late: half is 2.5 %, four fifths are 4 %, 95 % of it are 4.75 %.
    sizes = histogram([500, 12000], [0.96, 0.04])
    assert [free.tolist() for free in free_choices(sizes, 95)] == [[False, False], [False, True]]
    # The other 96 % may be late in 1 % of all requests: 1 - 0.01 / 0.96 = 98.958 %.
    assert strict_percentile(sizes, free_choices(sizes, 95)[1], 95) == pytest.approx(98.9583, 1e-6)


def test_larger_parts_that_free_nothing_more_are_not_tried() -> None:
    assert len(free_choices(histogram([500, 12000], [0.98, 0.02]), 95)) == 1
    assert len(free_choices(histogram([500, 12000], [0.95, 0.05]), 95)) == 1
    # 2 % fit into 2.5 %, with the next 1.5 % into 4 %, with the next 1 % into 4.75 %.
    four = histogram([100, 9000, 4000, 2000], [0.955, 0.02, 0.015, 0.01])
    assert [int(free.sum()) for free in free_choices(four, 95)] == [1, 2, 3]


def test_a_single_size_is_never_free() -> None:
    assert not free_of_ttft(histogram([5000], [1.0]), 50).any()


def test_the_others_must_be_in_time_more_often() -> None:
    # t = 2 % late for sure; of the other 98 %, 3 % / 98 % = 3.061 % may be late.
    sizes = histogram([100, 9000], [0.98, 0.02])
    free = free_of_ttft(sizes, 95)
    assert free.tolist() == [False, True]
    assert strict_percentile(sizes, free, 95) == pytest.approx(100 * (1 - 0.03 / 0.98))
    assert strict_percentile(sizes, free, 95) == pytest.approx(96.9388, abs=1e-4)


def test_without_free_sizes_the_percentile_stays() -> None:
    sizes = histogram([100, 9000], [0.5, 0.5])
    assert strict_percentile(sizes, free_of_ttft(sizes, 95), 95) == pytest.approx(95)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(st.floats(1, 1e5), st.floats(1e-4, 1)), min_size=1, max_size=8),
    st.floats(50, 99.9),
)
def test_late_free_sizes_and_strict_others_together_are_what_was_allowed(
    buckets: list[tuple[float, float]], percentile: float
) -> None:
    total = sum(weight for _, weight in buckets)
    sizes = histogram([p for p, _ in buckets], [weight / total for _, weight in buckets])
    free = free_of_ttft(sizes, percentile)
    strict = strict_percentile(sizes, free, percentile)
    share = float(sizes.shares[free].sum())
    late = share + (1 - share) * (1 - strict / 100)
    assert late == pytest.approx(1 - percentile / 100, abs=1e-9)
    assert percentile - 1e-9 <= strict < 100
    if free.any() and not free.all():
        prompts = sizes.tokens.input_tokens
        assert prompts[free].min() >= prompts[~free].max()


def test_shares_of_a_histogram_are_normalised(bundled: Catalog) -> None:
    written = Traffic.from_sizes(
        [
            {"input_tokens": 10.0, "output_tokens": 0.5, "share_fraction": 0.2501},
            {"input_tokens": 20.0, "output_tokens": 5.0, "share_fraction": 0.7501},
        ],
        requests_per_second=1,
    )
    sizes = sizes_of(written, bundled)
    assert sizes.shares.sum() == pytest.approx(1)
    assert sizes.shares[0] == pytest.approx(0.2501 / 1.0002)
    assert sizes.tokens.output_tokens.tolist() == [1.0, 5.0]  # nothing below one token


def test_answers_to_one_prompt_size_cannot_be_told_apart(bundled: Catalog) -> None:
    traffic = Traffic.from_sizes(
        [
            {"input_tokens": 900.0, "output_tokens": 50.0, "share_fraction": 0.4},
            {"input_tokens": 100.0, "output_tokens": 50.0, "share_fraction": 0.3},
            {"input_tokens": 900.0, "output_tokens": 400.0, "share_fraction": 0.3},
        ],
        requests_per_second=1,
    )
    assert sizes_of(traffic, bundled).prompts.tolist() == [1, 0, 1]


def test_prompts_of_a_trace_are_told_apart_by_the_range_that_they_are_in(bundled: Catalog) -> None:
    sizes = sizes_of(Traffic.from_trace("azure-llm-2023-conv", requests_per_second=1), bundled)
    lows = bundled.trace("azure-llm-2023-conv")["input_low_tokens"].tolist()
    ranges = sorted(set(lows))
    assert [ranges[prompt] for prompt in sizes.prompts] == lows
    assert len(ranges) < len(lows)


def test_sizes_of_a_trace_are_the_rows_of_the_table(bundled: Catalog) -> None:
    sizes = sizes_of(Traffic.from_trace("azure-llm-2023-conv", requests_per_second=1), bundled)
    rows = bundled.trace("azure-llm-2023-conv")
    assert len(sizes.shares) == len(rows) == 36
    assert sizes.shares.tolist() == pytest.approx(rows["share_fraction"].tolist(), rel=1e-3)


def test_an_unknown_trace_names_the_nearest_one(bundled: Catalog) -> None:
    with pytest.raises(UnknownNameError, match="azure-llm-2023-conv"):
        sizes_of(Traffic.from_trace("azure-llm-2023-con", requests_per_second=1), bundled)
