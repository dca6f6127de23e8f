"""Accelerators, their other spellings, and the one convention for usable memory."""

from collections.abc import Mapping
from decimal import ROUND_DOWN, Decimal
from typing import Final

import pandas as pd

from costopt.catalog.building.provenance import FACTS_COMPILED, dated_by_source
from costopt.catalog.building.words import decimal_text, truth_words
from costopt.provider import Provider

USABLE_FRACTION: Final = Decimal("0.975")
"""Share of the nominal memory that counts as usable where no device figure is known.

Source: costopt convention; device figures of the catalogue lie from 0.93 (A10G, L4, L40S) to
0.996 (H200) of the nominal one.
"""

DEVICE_REPORTED: Final = "device_reported"
SHARE_OF_NOMINAL: Final = f"{USABLE_FRACTION} x nominal"

_SAME_FIGURE: Final = Decimal("0.0001")
_MEMORY_STEP: Final = Decimal("0.000001")

_RENAMED: Final = {
    "memory_bandwidth_gb_s": "bandwidth_gb_per_second",
    "int8_tops": "int8_tflops",
    "int4_tops": "int4_tflops",
    "interconnect_gb_s": "interconnect_gb_per_second",
    "tdp_w": "power_w",
}


def build_accelerators(facts: pd.DataFrame) -> pd.DataFrame:
    """Return the accelerators table from ``accelerators.csv``."""
    usable = [
        usable_memory(nominal=row["memory_gib"], reported=row["usable_memory_gib"])
        for row in facts[["memory_gib", "usable_memory_gib"]].to_dict("records")
    ]
    return dated_by_source(
        facts.rename(columns=_RENAMED).assign(
            usable_gib=[figure for figure, _ in usable],
            usable_origin=[origin for _, origin in usable],
            verified=truth_words(facts["verified"]),
        )
    )


def usable_memory(
    *, nominal: str, reported: str, printed: str = "", share: str = "1"
) -> tuple[str, str]:
    """Return the memory that a workload can use, and where the figure comes from.

    The least of what is known: ``s * r`` and ``p``, or ``0.975 * min(s * n, p)`` when a device
    figure is not; cut, never rounded up, to six decimals. A printed figure that repeats the
    nominal one says nothing about the device.

    Args:
        nominal: n, memory of the whole accelerator as marketed [GiB]; empty for a CPU rate.
        reported: r, memory that devices report [GiB]; empty when unknown.
        printed: p, memory of the accelerator or share in an instance type [GiB]; may be empty.
        share: s, share of the accelerator, above 1 for several of them; empty when unknown [1].

    >>> usable_memory(nominal="24", reported="22.5", printed="22.351562")
    ('22.351562', 'device_reported')
    >>> usable_memory(nominal="24", reported="", printed="4", share="0.166667")
    ('3.9', '0.975 x nominal')
    """
    if not (nominal and share):
        return "", ""
    part = min(Decimal(share), Decimal(1))
    expected = Decimal(nominal) * part
    shown = Decimal(printed) if printed else expected
    known = [Decimal(reported) * part] if reported else []
    if abs(shown - expected) > _SAME_FIGURE * expected:
        known.append(shown)
    origin = DEVICE_REPORTED if known else SHARE_OF_NOMINAL
    figure = min(known) if known else USABLE_FRACTION * min(shown, expected)
    return decimal_text(figure.quantize(_MEMORY_STEP, rounding=ROUND_DOWN)), origin


def build_accelerator_aliases(
    facts: pd.DataFrame, adapters: Mapping[str, Provider]
) -> pd.DataFrame:
    """Return other spellings of these accelerators: listed ones, and the providers' own."""
    listed = facts.assign(alias=facts["aliases"].str.split("|")).explode("alias")
    common = pd.DataFrame(
        {
            "alias": listed["alias"],
            "accelerator": listed["name"],
            "source": "other names listed with the accelerator: " + listed["source"],
        }
    )
    spelt = pd.DataFrame(
        [
            (spelling, name, f"{adapter.title}: its own spelling, reviewed")
            for adapter in adapters.values()
            for spelling, name in adapter.accelerator_names.items()
        ],
        columns=["alias", "accelerator", "source"],
        dtype="str",
    )
    held = spelt[spelt["accelerator"].isin(facts["name"])]
    every = pd.concat([common[common["alias"] != ""], held], ignore_index=True)
    new = every[~every["alias"].isin(facts["name"])]
    return new.drop_duplicates(["alias", "accelerator"]).assign(as_of=FACTS_COMPILED)
