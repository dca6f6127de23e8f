"""What the words of the price list mean."""

import pytest

from costopt_gcp.descriptions import Described, Option, Part, described
from costopt_gcp.names import ACCELERATOR_NAMES

PLACE = "running in Americas"
SCHEDULER = "DWS Defined Duration"
SPOT_VMS = "attached to Spot Preemptible VMs"


def read(description: str, usage: str = "OnDemand", group: str = "GPU") -> Described | None:
    return described(description, usage, group, ACCELERATOR_NAMES)


@pytest.mark.parametrize(
    ("words", "spelling"),
    [
        ("Nvidia Tesla A100 GPU", "nvidia-tesla-a100"),
        ("Nvidia Tesla A100 80GB GPU", "nvidia-a100-80gb"),
        ("Nvidia H100 80GB GPU", "nvidia-h100-80gb"),
        ("Nvidia H100 80GB Mega GPU", "nvidia-h100-mega-80gb"),
        ("Nvidia H100 Mega 80GB GPU", "nvidia-h100-mega-80gb"),
        ("Nvidia H100 80GB Plus GPU", "nvidia-h100-mega-80gb"),
        ("H200 141GB GPU", "nvidia-h200-141gb"),
        ("RTX 6000 96GB", "nvidia-rtx-pro-6000"),
        ("Nvidia Tesla T4 GPU", "nvidia-tesla-t4"),
        ("Nvidia L40 GPU", ""),
    ],
)
def test_accelerator_is_matched_whole_and_never_by_the_nearest_name(
    words: str, spelling: str
) -> None:
    what = read(f"{words} {PLACE}")
    assert what == Described(part=Part.ACCELERATOR, name=spelling, option=Option.ON_DEMAND)


@pytest.mark.parametrize(
    ("description", "usage", "option"),
    [
        (f"Nvidia L4 GPU {PLACE}", "OnDemand", Option.ON_DEMAND),
        (f"Nvidia L4 GPU {SPOT_VMS} running in Hong Kong", "Preemptible", Option.SPOT),
        (f"Spot Preemptible Nvidia L4 GPU {PLACE}", "OnDemand", Option.SPOT),
        (f"Nvidia L4 GPU attached to {SCHEDULER} VMs {PLACE}", "OnDemand", Option.FLEX_START),
        ("Reserved Nvidia L4 GPU in Americas in Calendar Mode", "OnDemand", Option.CALENDAR_MODE),
        (f"DWS Calendar Mode Nvidia L4 GPU {PLACE}", "OnDemand", Option.CALENDAR_MODE),
        ("Commitment v1: Nvidia L4 GPU in Paris for 1 Year", "Commit1Yr", Option.COMMITTED_1Y),
        (f"Commitment v1: Nvidia L4 GPU {PLACE} for 3 Years", "Commit3Yr", Option.COMMITTED_3Y),
    ],
)
def test_payment_is_read_from_the_description_before_the_usage_type(
    description: str, usage: str, option: Option
) -> None:
    assert read(description, usage) == Described(
        part=Part.ACCELERATOR, name="nvidia-l4", option=option
    )


@pytest.mark.parametrize(
    ("description", "usage"),
    [
        ("Reserved Nvidia L4 GPU in Milan", "OnDemand"),
        ("Nvidia L4 Virtual Workstation GPU running in Milan", "OnDemand"),
        ("Commitment v1: N4A Core in Johannesburg for 5 Years", "Commit"),
        ("Committed Use Discount Premium for E2 Instance Core", "CmtCudPremium"),
        ("Sole Tenancy Instance Ram running in Turin", "OnDemand"),
        ("Custom Instance Core running in Americas", "OnDemand"),
        ("Capacity Optimized TpuV6e running in Columbus", "OnDemand"),
        ("DWS Something New A2 Core running in Americas", "OnDemand"),
        ("Network Internet Egress from Israel to South America", "OnDemand"),
    ],
)
def test_prices_of_other_products_are_passed_over(description: str, usage: str) -> None:
    assert read(description, usage, "CPU") is None


@pytest.mark.parametrize(
    ("description", "usage", "part", "series"),
    [
        (f"A2 Instance Core {PLACE}", "OnDemand", Part.CORE, "a2"),
        (f"A3Plus Instance Ram {PLACE}", "OnDemand", Part.MEMORY, "a3plus"),
        (f"N1 Predefined Instance Core {PLACE}", "OnDemand", Part.CORE, "n1"),
        (f"Compute optimized Core {PLACE}", "OnDemand", Part.CORE, "c2"),
        ("Compute optimized Instance Ram running in Madrid", "OnDemand", Part.MEMORY, "c2"),
        (f"N2D AMD Instance Core {PLACE}", "OnDemand", Part.CORE, "n2d"),
        (f"Spot Preemptible A2 Instance Ram {PLACE}", "Preemptible", Part.MEMORY, "a2"),
        (f"DWS Defined Duration A2 Core {PLACE}", "OnDemand", Part.CORE, "a2"),
        ("Commitment v1: A2 Cpu in Americas for 1 Year", "Commit1Yr", Part.CORE, "a2"),
        ("Commitment v1: Ram in Americas for 3 Year", "Commit3Yr", Part.MEMORY, "n1"),
    ],
)
def test_vcpus_and_memory_belong_to_a_series(
    description: str, usage: str, part: Part, series: str
) -> None:
    what = read(description, usage, "CPU")
    assert what is not None
    assert (what.part, what.name) == (part, series)


@pytest.mark.parametrize(
    ("description", "option"),
    [
        ("TpuV6e running in Columbus", Option.ON_DEMAND),
        (f"TpuV6e {SPOT_VMS} running in Columbus", Option.SPOT),
        ("DWS Defined Duration V6e running in Columbus", Option.FLEX_START),
        ("Reserved V6e TPU in Columbus in Calendar Mode", Option.CALENDAR_MODE),
    ],
)
def test_tpu_keeps_its_generation_in_every_spelling(description: str, option: Option) -> None:
    assert read(description, group="TPU") == Described(part=Part.TPU, name="v6e", option=option)


@pytest.mark.parametrize(
    ("description", "name", "option"),
    [
        ("SSD backed Local Storage", "", Option.ON_DEMAND),
        ("SSD backed Local Storage in Paris", "", Option.ON_DEMAND),
        (f"SSD backed Local Storage {SPOT_VMS} in Paris", "", Option.SPOT),
        ("A3Ultra Instance Local SSD running in Frankfurt", "a3ultra", Option.ON_DEMAND),
    ],
)
def test_local_ssd_belongs_to_any_series_unless_it_names_one(
    description: str, name: str, option: Option
) -> None:
    assert read(description, group="LocalSSD") == Described(
        part=Part.LOCAL_SSD, name=name, option=option
    )


def test_slice_of_a_machine_names_its_accelerator() -> None:
    what = read("Spot Preemptible A4 Nvidia B200 (1 gpu slice) running in Americas")
    assert what == Described(part=Part.SLICE, name="nvidia-b200", option=Option.SPOT)
