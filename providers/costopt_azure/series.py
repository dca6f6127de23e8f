"""Series of Azure sizes: the parts of a size's name, and what each reviewed series carries."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_SIZE: Final = re.compile(
    r"standard_(?P<family>[a-z]+)(?P<vcpus>\d+)(?:-\d+)?(?P<rest>[a-z0-9]*(?:_[a-z0-9]+)*)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Sizes that differ only in how much of the same hardware they hold.

    Attributes:
        family: name in the catalogue.
        accelerator: spelling of the accelerator.
        link: between the accelerators of a size that has several.
        fabric: between instances; ``none`` where the series has none.
        vcpus_per_accelerator: of a series that sells shares of one accelerator [1]; None where
            the provider's own count is right.
        visible_gib: memory of one accelerator where a guest sees less than its nominal one [GiB].
        retired_on: last day of the series, ISO 8601; empty for one that is sold.
    """

    family: str
    accelerator: str
    link: str
    fabric: str = "none"
    vcpus_per_accelerator: int | None = None
    visible_gib: float | None = None
    retired_on: str = ""


_NVV4: Final = Series(
    family="NVv4",
    accelerator="MI25",
    link="pcie",
    vcpus_per_accelerator=32,
    retired_on="2026-09-30",
)
_A10_V5: Final = Series(
    family="NVadsA10_v5", accelerator="A10", link="pcie", vcpus_per_accelerator=36
)
_A10_V4: Final = Series(
    family="NCads_A10_v4", accelerator="A10", link="pcie", vcpus_per_accelerator=16
)
_V710: Final = Series(
    family="NVadsV710_v5",
    accelerator="RADEON-PRO-V710",
    link="pcie",
    vcpus_per_accelerator=24,
    visible_gib=24.0,
)
_NVV3: Final = Series(family="NVv3", accelerator="M60", link="pcie", retired_on="2026-09-30")
_NCV3: Final = Series(family="NCv3", accelerator="V100-16GB", link="pcie", retired_on="2025-09-30")
_NCV3_RDMA: Final = Series(
    family="NCv3",
    accelerator="V100-16GB",
    link="pcie",
    fabric="infiniband",
    retired_on="2025-09-30",
)
_NC_T4: Final = Series(family="NCasT4_v3", accelerator="T4", link="pcie")
_NC_A100: Final = Series(family="NCads_A100_v4", accelerator="A100-80GB-PCIe", link="nvlink")
_NC_H100: Final = Series(family="NCads_H100_v5", accelerator="H100-94GB", link="nvlink")
_NCC_H100: Final = Series(family="NCCadsH100v5", accelerator="H100-94GB", link="nvlink")
_NC_RTX: Final = Series(family="NCRTXPRO6000BSEv6", accelerator="RTX-PRO-6000", link="pcie")
_NDV2: Final = Series(family="NDv2", accelerator="V100-32GB", link="nvlink", fabric="infiniband")
_ND_A100_40: Final = Series(
    family="NDasrA100_v4", accelerator="A100-40GB", link="nvswitch", fabric="infiniband"
)
_ND_A100_80: Final = Series(
    family="NDamsrA100_v4", accelerator="A100-80GB", link="nvswitch", fabric="infiniband"
)
_ND_A100_80_ALONE: Final = Series(family="NDamsrA100_v4", accelerator="A100-80GB", link="nvswitch")
_ND_H100: Final = Series(
    family="NDH100_v5", accelerator="H100-80GB", link="nvswitch", fabric="infiniband"
)
_ND_H100_ALONE: Final = Series(family="NDH100_v5", accelerator="H100-80GB", link="nvswitch")
_ND_H200: Final = Series(
    family="NDH200_v5", accelerator="H200-141GB", link="nvswitch", fabric="infiniband"
)
_ND_H200_ALONE: Final = Series(family="NDH200_v5", accelerator="H200-141GB", link="nvswitch")
_ND_MI300X: Final = Series(
    family="NDMI300X_v5", accelerator="MI300X", link="infinity-fabric", fabric="infiniband"
)
_ND_MI300X_ALONE: Final = Series(
    family="NDMI300X_v5", accelerator="MI300X", link="infinity-fabric"
)
_ND_GB200: Final = Series(
    family="NDGB200v6", accelerator="GB200-186GB", link="nvswitch", fabric="infiniband"
)
_ND_GB300: Final = Series(
    family="NDGB300v6", accelerator="GB300-288GB", link="nvswitch", fabric="infiniband"
)

SERIES: Final[Mapping[str, Series]] = {
    "NCs_v3": _NCV3,
    "NCrs_v3": _NCV3_RDMA,
    "NCas_T4_v3": _NC_T4,
    "NCads_A10_v4": _A10_V4,
    "NCads_A100_v4": _NC_A100,
    "NCads_H100_v5": _NC_H100,
    "NCadis_H100_v5": _NC_H100,
    "NCCads_H100_v5": _NCC_H100,
    "NCds_xl_RTXPRO6000BSE_v6": _NC_RTX,
    "NClds_xl_RTXPRO6000BSE_v6": _NC_RTX,
    "NDrs_v2": _NDV2,
    "NDasr_v4": _ND_A100_40,
    "NDamsr_A100_v4": _ND_A100_80,
    "NDams_A100_v4": _ND_A100_80_ALONE,
    "NDisr_H100_v5": _ND_H100,
    "NDisrf_H100_v5": _ND_H100,
    "NDis_H100_v5": _ND_H100_ALONE,
    "NDisf_H100_v5": _ND_H100_ALONE,
    "NDis_flex_H100_v5": _ND_H100_ALONE,
    "NDis_noIB_H100_v5": _ND_H100_ALONE,
    "NDisr_H200_v5": _ND_H200,
    "NDisrf_H200_v5": _ND_H200,
    "NDis_H200_v5": _ND_H200_ALONE,
    "NDisr_MI300X_v5": _ND_MI300X,
    "NDis_MI300X_v5": _ND_MI300X_ALONE,
    "NDisr_NDR_GB200_v6": _ND_GB200,
    "NDisrf_NDR_GB200_v6": _ND_GB200,
    "NDisr_GB300_v6": _ND_GB300,
    "NDisrG5_GB300_v6": _ND_GB300,
    "NVs_v3": _NVV3,
    "NVas_v4": _NVV4,
    "NVads_A10_v5": _A10_V5,
    "NVadms_A10_v5": _A10_V5,
    "NVads_V710_v5": _V710,
    "NVadms_V710_v5": _V710,
}
"""Name of a size without its vCPUs -> what it carries; ``r`` among the features means RDMA.

Source: learn.microsoft.com, Azure virtual machine sizes naming conventions; the page of each
series under GPU accelerated sizes; Retired Azure VM size series. The sizes NC ads A10 v4, flex,
noIB and f have no page of their own: they are listed as variants of the size that has one.
"""

_BY_LOWER: Final = {spelling.lower(): series for spelling, series in SERIES.items()}

PRICED_AS: Final[Mapping[str, str]] = {"standard_nd96asr_a100_v4": "Standard_ND96asr_v4"}
"""Name of a size in the price list, in lower case -> its name among the sizes.

Source: Azure Retail Prices API against the Resource SKUs API.
"""


def priced_as(item: Mapping[str, Any]) -> str:
    """Return the size that an item of the price list is about; empty where it names none."""
    listed = str(item.get("armSkuName") or "")
    return own_name(listed)


def own_name(listed: str) -> str:
    """Return the name among the sizes of one that the billing side names.

    >>> own_name("Standard_ND96asr_A100_v4")
    'Standard_ND96asr_v4'
    """
    return PRICED_AS.get(listed.lower(), listed)


def series_spelling(instance_type: str) -> str:
    """Return the name of a size without its prefix and vCPUs; empty when it is no such name.

    >>> series_spelling("Standard_ND96isr_H100_v5"), series_spelling("Standard_NC64-32as_T4_v3")
    ('NDisr_H100_v5', 'NCas_T4_v3')
    """
    parts = _SIZE.fullmatch(instance_type)
    return f"{parts['family']}{parts['rest']}" if parts else ""


def series_of(instance_type: str) -> Series | None:
    """Return what the series of a size carries; None when it has not been reviewed."""
    return _BY_LOWER.get(series_spelling(instance_type).lower())
