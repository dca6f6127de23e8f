"""Slices of accelerators: which fit together, and what they do."""

from itertools import combinations, product

import numpy as np
import pytest

from costopt.candidate.layout import Layout
from costopt.candidate.slice_hardware import sliced
from costopt.candidate.slices import (
    PROFILES,
    SIZES,
    accelerators_for,
    accelerators_taken,
    held_inside,
    partitions,
    size_of,
)
from costopt.catalog.catalog import Catalog
from costopt.performance.hardware import Hardware, Placement


def layout(name: str, replicas: int = 1) -> Layout:
    return Layout(
        accelerator="H100-80GB", accelerators=8, precision="bf16", replicas=replicas, slice=name
    )


def test_partitions_are_those_that_nvidia_lists() -> None:
    found = set(partitions())
    # Seven of 1g; three of 2g and, on the last two parts of memory, one of 1g with double memory;
    # 4g beside 3g; two of 3g.
    assert {(7, 0, 0, 0, 0), (0, 1, 3, 0, 0), (0, 0, 0, 1, 1), (0, 0, 0, 2, 0)} <= found
    assert max(counts[0] for counts in found) == 7
    assert max(counts[4] for counts in found) == 1


@pytest.mark.parametrize("large", range(len(SIZES)))
@pytest.mark.parametrize("small", range(len(SIZES)))
def test_smaller_slices_stand_in_every_place_of_a_larger_one(large: int, small: int) -> None:
    wide, narrow = SIZES[large], SIZES[small]
    count = held_inside(large, small)
    for begin in wide.places:
        inside = range(begin, begin + wide.memory)
        places = [
            set(range(place, place + narrow.memory))
            for place in narrow.places
            if place in inside and place + narrow.memory - 1 in inside
        ]
        fits = any(
            all(first.isdisjoint(second) for first, second in combinations(chosen, 2))
            for chosen in combinations(places, count)
        )
        assert fits, (wide, narrow, begin)


def test_fewest_accelerators_equal_a_search_over_partitions() -> None:
    ways = [np.array(counts) for counts in partitions()]
    for counts in product((0, 1, 3), (0, 2), (0, 2), (0, 1), (0, 1, 2)):
        needed = np.array(counts)
        least = 0 if not needed.any() else 3
        if any((way >= needed).all() for way in ways) and needed.any():
            least = 1
        elif any((a + b >= needed).all() for a in ways for b in ways) and needed.any():
            least = 2
        if least < 3:
            assert accelerators_for(counts) == least, counts


def test_a_slice_takes_its_part_of_memory_of_an_accelerator() -> None:
    assert accelerators_taken(layout("1g.10gb", 4)) == 4 / 8
    assert accelerators_taken(layout("3g.40gb")) == 4 / 8
    assert accelerators_taken(layout("", 2)) == 2
    assert size_of(layout("1g.5gb")) is None
    assert all(len(names) == len(SIZES) for names in PROFILES.values())


def test_a_slice_has_its_sevenths_of_compute_and_eighths_of_memory(bundled: Catalog) -> None:
    chip = bundled.accelerator("H100-80GB")
    whole = Hardware.of([Placement(accelerator=chip), Placement(accelerator=chip)])
    parts = sliced(whole, [layout("2g.20gb"), layout("")])
    assert parts.usable_bytes[0] == pytest.approx(whole.usable_bytes[0] * 2 / 8)
    assert parts.bandwidth_bytes_per_second[0] == pytest.approx(3350e9 * 2 / 8)
    known = np.isfinite(whole.peak_flops[0])
    assert parts.peak_flops[0][known] == pytest.approx(whole.peak_flops[0][known] * 2 / 7)
    assert parts.usable_bytes[1] == whole.usable_bytes[1]
