"""Why a type cannot run a workload: the layout that comes nearest speaks for it."""

import numpy as np
import pytest

from costopt.candidate.misses import (
    CLOSENESS,
    REASON_CODES,
    Miss,
    code_of,
    nearest_misses,
    too_little_memory,
    too_slow,
)
from costopt.candidate.reasons import REASONS
from costopt.performance.reasons import Reason


def test_every_reason_of_the_performance_model_has_words() -> None:
    assert set(REASON_CODES) == set(Reason)
    for reason in Reason:
        assert code_of(int(reason)) == "" or code_of(int(reason)) in REASONS


def test_every_reason_that_is_ranked_has_words() -> None:
    assert set(CLOSENESS) <= set(REASONS)
    assert len(set(CLOSENESS)) == len(CLOSENESS)


def test_memory_that_is_short_is_said_in_gib_and_as_a_ratio() -> None:
    miss = too_little_memory(3.9, 15.6)
    assert miss.reason == "vram"
    assert "3.9 GiB short" in miss.words
    assert "15.6 GiB" in miss.words
    assert miss.distance == pytest.approx(0.25)


def test_a_hair_of_memory_is_not_rounded_to_nothing() -> None:
    assert "0.012 GiB short" in too_little_memory(0.0123, 15.6).words


def test_no_memory_at_all_is_infinitely_far() -> None:
    assert too_little_memory(3.9, 0.0).distance == float("inf")


def test_a_latency_is_said_beside_what_is_allowed() -> None:
    miss = too_slow("tpot", "a token", 75.0, 50.0)
    assert "75.0 ms" in miss.words
    assert "50 allowed" in miss.words
    assert miss.distance == pytest.approx(0.5)
    assert "0.5 allowed" in too_slow("tpot", "a token", 75.0, 0.5).words
    assert "1,500 allowed" in too_slow("ttft", "a prompt", 2000.0, 1500.0).words


def test_the_nearest_layout_speaks_for_its_type() -> None:
    far, near = too_little_memory(30, 15), too_little_memory(3, 15)
    slow, slower = too_slow("tpot", "a token", 60, 50), too_slow("tpot", "a token", 90, 50)
    owners = np.array([0, 0, 1, 1, 2, 2])
    found = nearest_misses(owners, [far, near, slow, far, slower, slow], ["", "", ""])
    assert found == (near, slow, slow)


def test_a_layout_that_runs_wins_over_every_miss() -> None:
    found = nearest_misses(np.array([0, 0]), [too_slow("ttft", "a prompt", 2, 1), Miss()], [""])
    assert found == (Miss(),)


def test_a_type_without_layouts_keeps_the_reason_why_none_is_tried() -> None:
    found = nearest_misses(np.array([1]), [Miss()], ["no_software", ""])
    assert [miss.reason for miss in found] == ["no_software", ""]
