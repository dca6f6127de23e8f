"""Instance types: told figures win; known accelerators, and what is not told, stay."""

from typing import Any

import pandas as pd
import pytest

from costopt.catalog.schema import INSTANCE_TYPES
from costopt.refresh.frames import frame_of
from costopt.refresh.hardware import merged_types


def types(*rows: dict[str, Any]) -> pd.DataFrame:
    base: dict[str, Any] = {
        "provider": "aws", "instance_type": "p5.48xlarge", "family": "p5", "hosts": 1,
        "accelerator": "H100-80GB", "accelerator_count": 8.0, "accelerator_usable_gib": 79.6,
        "source": "api", "as_of": "2026-11-21",
    }  # fmt: skip
    return frame_of(INSTANCE_TYPES, [{**base, **row} for row in rows], "test")


BEFORE = {"fabric_gbps": 3200.0, "network_gbps": 100.0, "vcpus": 96.0, "source": "a page"}


def test_figure_that_is_not_told_stays_with_its_source() -> None:
    merged, findings = merged_types(types({"vcpus": 192.0}), types(BEFORE))
    (row,) = (row for _, row in merged.iterrows())
    assert (row["vcpus"], row["fabric_gbps"], row["network_gbps"]) == (192, 3200, 100)
    assert row["source"] == "api; other figures: a page"
    assert findings.empty


def test_source_does_not_grow_from_night_to_night() -> None:
    first, _ = merged_types(types({"vcpus": 192.0}), types(BEFORE))
    second, _ = merged_types(types({"vcpus": 192.0}), first)
    assert second["source"].tolist() == first["source"].tolist()


@pytest.mark.parametrize(
    "told", [{"accelerator_count": 12.0}, {"accelerator": "", "accelerator_count": 0.0}]
)
def test_type_with_other_accelerators_stays_as_it_was_and_is_reported(
    told: dict[str, Any],
) -> None:
    """Twelve for eight, or a machine without any, was never the truth about a known type."""
    before = types(BEFORE)
    merged, findings = merged_types(types(told), before)
    pd.testing.assert_frame_equal(merged, before)
    assert findings["check"].tolist() == ["hardware_changed"]
    again, repeated = merged_types(types(told), merged)
    pd.testing.assert_frame_equal(again, before)
    assert repeated["check"].tolist() == ["hardware_changed"]


def test_type_that_regions_describe_differently_is_reported_once() -> None:
    told = types({}, {"accelerator_count": 4.0}, {"accelerator_count": 4.0})
    merged, findings = merged_types(told, types(BEFORE))
    assert merged["accelerator_count"].tolist() == [8]
    assert findings["check"].tolist() == ["hardware_differs"]


def test_type_that_is_not_told_stays_as_it_is() -> None:
    before = types({**BEFORE, "instance_type": "p4d.24xlarge"})
    merged, _ = merged_types(types({}), before)
    assert merged["instance_type"].tolist() == ["p4d.24xlarge", "p5.48xlarge"]
    assert merged.dtypes.to_dict() == before.dtypes.to_dict()
