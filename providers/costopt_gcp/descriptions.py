"""What the description of a SKU says: which part of a machine, and how it is paid."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Part(StrEnum):
    """What a price is charged for."""

    CORE = "vCPU"
    MEMORY = "GiB"
    ACCELERATOR = "accelerator"
    SLICE = "accelerator with its share of the machine"
    TPU = "chip"
    LOCAL_SSD = "GiB local SSD"


class Option(StrEnum):
    """Ways to pay that the price list keeps apart."""

    ON_DEMAND = "on_demand"
    SPOT = "spot"
    COMMITTED_1Y = "committed_use 1 year"
    COMMITTED_3Y = "committed_use 3 years"
    FLEX_START = "flex_start"
    CALENDAR_MODE = "calendar_mode"


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What a SKU prices.

    Attributes:
        part: of a machine.
        name: family of the machine, spelling of the accelerator, or generation of the TPU; empty
            for local SSD of any family, and for an accelerator under no known name.
        option: how it is paid.
    """

    part: Part
    name: str
    option: Option


PROMOTIONAL: Final = re.compile(r" ?\(?\bpromo(?:tion(?:al)?)?\b\)?", re.IGNORECASE)
"""Marks prices that do not last."""

NOT_PREDEFINED: Final = re.compile(
    r"sole tenancy|custom|premium|suspended|preserved|virtual workstation|\bvws\b|extended"
    r"|licens|capacity optimized|committed use|windows|nested",
    re.IGNORECASE,
)
"""SKUs of other things: custom shapes, sole tenancy, surcharges, licences, suspended machines."""

CALENDAR: Final = re.compile(r"calendar mode", re.IGNORECASE)
FLEX: Final = re.compile(r"dws (?:defined duration|flex[ -]start)", re.IGNORECASE)
SCHEDULED: Final = re.compile(r"\bdws\b|\breserved\b|\breservation\b", re.IGNORECASE)
SPOT: Final = re.compile(r"preemptible|\bspot\b", re.IGNORECASE)
COMMITMENT: Final = re.compile(r"^commitment\b", re.IGNORECASE)

COMMITTED: Final[Mapping[str, Option]] = {
    "Commit1Yr": Option.COMMITTED_1Y,
    "Commit3Yr": Option.COMMITTED_3Y,
}

PREFIX: Final = re.compile(
    r"^(?:commitment(?: v\d+)?: |spot preemptible |preemptible |reserved "
    r"|dws (?:defined duration|flex[ -]start|calendar mode) )+",
    re.IGNORECASE,
)
SUFFIX: Final = re.compile(
    r"(?: attached to .*?VMs?)?(?: running)?(?: in .*)?(?: for \d years?)?$", re.IGNORECASE
)
"""What stands before and after the part: how it is paid, and the place in words.

The place is read from the regions of the SKU, never from its words.
"""

SLICE_OF: Final = re.compile(r"^(?:A\w+ )?(?P<name>.+) \(1 gpu slice\)$", re.IGNORECASE)
TPU_OF: Final = re.compile(r"^(?:tpu ?)?(?P<name>v?\d+[a-z]*)(?: tpu)?$", re.IGNORECASE)
LOCAL_SSD_OF: Final = re.compile(
    r"^(?:(?P<name>[A-Z]\w+) (?:Instance )?)?(?:Local SSD|SSD backed Local Storage)$",
    re.IGNORECASE,
)
HOST_OF: Final = re.compile(
    r"^(?P<name>.*?) ?(?:\bInstance )?(?P<part>Core|Cpu|Ram)$", re.IGNORECASE
)
MAKER_WORDS: Final = re.compile(r" (?:predefined|amd|arm|instance)\b")

HOST_FAMILIES: Final[Mapping[str, str]] = {"": "n1", "compute optimized": "c2"}
"""Families that the price list does not call by their name; committed N1 has none at all."""

ACCELERATOR_SKUS: Final[Mapping[str, str]] = {
    "h200-141gb": "nvidia-h200-141gb",
    "nvidia-h100-80gb-mega": "nvidia-h100-mega-80gb",
    "nvidia-h100-80gb-plus": "nvidia-h100-mega-80gb",
    "nvidia-tesla-a100-80gb": "nvidia-a100-80gb",
    "rtx-6000-96gb": "nvidia-rtx-pro-6000",
}
"""Name in the price list, in small letters with hyphens -> ``acceleratorType`` of Compute Engine.

Names that agree are not listed. Source: descriptions in the Cloud Billing Catalog, services
6F81-5844-456A; cloud.google.com/compute/docs/accelerator-optimized-machines.
"""


def payment(description: str, usage_type: str) -> Option | None:
    """Return how a SKU is paid; None where it is no price of a plain machine.

    The description goes before the usage type: spot prices of B200 and all prices of the Dynamic
    Workload Scheduler are filed under ``OnDemand``.

    >>> str(payment("Spot Preemptible A4 Nvidia B200 (1 gpu slice)", "OnDemand"))
    'spot'
    >>> payment("Reserved A2 Ram in Netherlands", "OnDemand") is None
    True
    """
    if NOT_PREDEFINED.search(description):
        return None
    for pattern, option in (
        (CALENDAR, Option.CALENDAR_MODE),
        (FLEX, Option.FLEX_START),
        (SCHEDULED, None),
    ):
        if pattern.search(description):
            return option
    if COMMITMENT.match(description) or usage_type in COMMITTED:
        return COMMITTED.get(usage_type)
    if SPOT.search(description) or usage_type == "Preemptible":
        return Option.SPOT
    return Option.ON_DEMAND if usage_type == "OnDemand" else None


def described(
    description: str, usage_type: str, group: str, accelerators: Mapping[str, str]
) -> Described | None:
    """Return what a SKU prices; None where it is no part of a predefined machine.

    Args:
        description: of the SKU.
        usage_type: of its category.
        group: resource group of its category.
        accelerators: spelling of Compute Engine -> catalogue name.
    """
    option = payment(description, usage_type)
    if option is None:
        return None
    subject = SUFFIX.sub("", PREFIX.sub("", " ".join(description.split()))).strip()
    slice_of = SLICE_OF.match(subject)
    if slice_of:
        return Described(
            part=Part.SLICE, name=_accelerator(slice_of["name"], accelerators), option=option
        )
    if group == "GPU":
        return Described(
            part=Part.ACCELERATOR, name=_accelerator(subject, accelerators), option=option
        )
    for part, pattern in ((Part.TPU, TPU_OF), (Part.LOCAL_SSD, LOCAL_SSD_OF)):
        match = pattern.match(subject)
        if match and (part is not Part.TPU or group == "TPU"):
            name = (match["name"] or "").lower()
            return Described(part=part, name=name, option=option)
    return _host(subject, option)


def _host(subject: str, option: Option) -> Described | None:
    """Return the vCPU or memory of a family."""
    match = HOST_OF.match(subject)
    if not match:
        return None
    label = MAKER_WORDS.sub("", match["name"].lower())
    part = Part.MEMORY if match["part"].lower() == "ram" else Part.CORE
    return Described(part=part, name=HOST_FAMILIES.get(label, label), option=option)


def _accelerator(words: str, accelerators: Mapping[str, str]) -> str:
    """Return the spelling of Compute Engine; empty where it is not a reviewed one."""
    slug = re.sub(r" gpu$", "", words.lower()).replace(" ", "-")
    name = ACCELERATOR_SKUS.get(slug, slug)
    return name if name in accelerators else ""
