"""Figures of Azure sizes that compiled tables lack: InfiniBand of the older ND series."""

from typing import Final

from costopt.provider import ReviewedValue

REVIEWED_VALUES: Final = (
    ReviewedValue(
        instance_type="Standard_ND96asr_v4",
        column="fabric_gbps",
        value=1600.0,
        source="MicrosoftDocs/azure-docs nda100-v4-series.md: 8 x 200 Gigabit HDR InfiniBand",
        as_of="2023-03-13",
    ),
    ReviewedValue(
        instance_type="Standard_ND96amsr_A100_v4",
        column="fabric_gbps",
        value=1600.0,
        source="MicrosoftDocs/azure-docs ndm-a100-v4-series.md: 8 x 200 Gigabit HDR InfiniBand",
        as_of="2023-03-13",
    ),
    ReviewedValue(
        instance_type="Standard_ND40rs_v2",
        column="fabric_gbps",
        value=100.0,
        source="MicrosoftDocs/azure-docs ndv2-series.md: 100-Gigabit InfiniBand EDR",
        as_of="2020-02-03",
    ),
)
"""Standard_NC24rs_v3 is absent: its page says RDMA capable and states no rate."""
