"""Quotas over HTTP: families, spot and the whole region, in vCPUs with their use."""

from collections.abc import Callable
from typing import Any

import pytest

from costopt.errors import MalformedAnswerError, MissingCredentialsError
from costopt.provider import AccountSource
from costopt_azure.source import AzureSource

Make = Callable[..., Any]
H100 = "Standard_ND96isr_H100_v5"
FIRM = "on_demand|reserved|savings_plan|owned"


def of_family(sku: dict[str, Any], family: str) -> dict[str, Any]:
    return {**sku, "family": family}


@pytest.fixture
def stocked(cloud: Any, own: Any, sku: Make, usage: Make) -> Any:
    cloud.sizes(
        [
            of_family(sku("Standard_ND96amsr_A100_v4"), "standardNDAMSv4_A100Family"),
            of_family(sku("Standard_NC48ads_A100_v4"), "standardNCADSA100v4Family"),
            of_family(sku("Standard_NC24ads_A100_v4"), "standardNCADSA100v4Family"),
            of_family(sku("Standard_D4s_v5", GPUs=None), "standardDSv5Family"),
        ]
    )
    own.has(
        "usages",
        [
            usage("availabilitySets", 2500, 3),
            usage("cores", 400, 112),
            usage("standardDSv5Family", 100, 16),
        ],
        [
            usage("Standard NDAMSv4_A100 Family", 192, 96),
            usage("StandardNCADSA100v4Family", 0),
            usage("lowPriorityCores", 300, 24),
        ],
    )
    return own


def test_adapter_is_an_account_source(opened: Make) -> None:
    assert isinstance(opened(), AccountSource)


def test_quotas_of_two_pages_become_facts_in_vcpus(
    stocked: Any, cloud: Any, opened: Make, context: Make
) -> None:
    read = opened().account("eastus", context())
    columns = ("fact", "key", "limit", "used", "unit", "name")
    assert [tuple(row[name] for name in columns) for row in read.facts] == [
        ("quota", f"azure/eastus/*/{FIRM}", 400, 112, "vcpus", "cores"),
        ("quota", "azure/eastus/*/spot|low_priority", 300, 24, "vcpus", "lowPriorityCores"),
        (
            "quota",
            f"azure/eastus/Standard_NC24ads_A100_v4|Standard_NC48ads_A100_v4/{FIRM}",
            0,
            0,
            "vcpus",
            "StandardNCADSA100v4Family",
        ),
        (
            "quota",
            f"azure/eastus/Standard_ND96amsr_A100_v4/{FIRM}",
            192,
            96,
            "vcpus",
            "Standard NDAMSv4_A100 Family",
        ),
    ]
    assert (read.region, read.findings) == ("eastus", ())
    assert cloud.seen == [
        ("usages", "", "", 1),
        ("usages", "", "", 2),
        ("sizes", "eastus", "", 1),
    ]
    assert set(cloud.tokens) == {"Bearer planted-bearer-token"}


def test_sizes_are_asked_once_for_the_prices_and_the_quotas_of_a_region(
    stocked: Any, cloud: Any, opened: Make, context: Make
) -> None:
    source, alone = opened(), opened().account("eastus", context())
    source.fetch("eastus", context(account=True, families=("ND96amsr_A100_v4",)))
    read = source.account("eastus", context(account=True))
    assert cloud.seen.count(("sizes", "eastus", "", 1)) == 2  # one is that of ``alone``
    assert read == alone


def test_every_fetch_asks_for_the_sizes_anew(
    stocked: Any, cloud: Any, opened: Make, context: Make
) -> None:
    source = opened()
    assert [len(source.fetch("eastus", context(account=True)).instance_types) for _ in "12"] == [
        3,
        3,
    ]
    assert cloud.seen.count(("sizes", "eastus", "", 1)) == 2


def test_size_of_the_catalogue_without_accelerators_brings_its_quota(
    stocked: Any, opened: Make, context: Make
) -> None:
    read = opened().account("eastus", context(known_types=frozenset({"Standard_D4s_v5"})))
    (row,) = [row for row in read.facts if row["name"] == "standardDSv5Family"]
    assert (row["key"], row["limit"], row["used"]) == (
        f"azure/eastus/Standard_D4s_v5/{FIRM}",
        100,
        16,
    )


def test_family_without_a_quota_is_told_and_never_taken_as_none(
    stocked: Any, cloud: Any, sku: Make, opened: Make, context: Make
) -> None:
    cloud.answers.pop(("sizes", "eastus", "", 1))
    cloud.sizes([of_family(sku(), "standardNDSH100v5Family")])
    read = opened().account("eastus", context())
    assert [row["name"] for row in read.facts] == ["cores", "lowPriorityCores"]
    assert [(found.check, found.severity, found.row) for found in read.findings] == [
        ("quota_untold", "warning", "azure/eastus/standardNDSH100v5Family")
    ]
    assert H100 in read.findings[0].detail


@pytest.mark.parametrize(
    "broken",
    [
        {"limit": None},
        {"limit": -1},
        {"currentValue": None},
        {"name": None, "limit": 7},
    ],
)
def test_quota_that_cannot_be_read_is_left_out_with_a_finding(
    broken: dict[str, Any], stocked: Any, usage: Make, opened: Make, context: Make
) -> None:
    stocked.has("usages", [{**usage("cores", 400, 1), **broken}, usage("lowPriorityCores", 3)])
    read = opened().account("eastus", context())
    assert [row["name"] for row in read.facts] == ["lowPriorityCores"]
    assert [found.check for found in read.findings][:2] == ["quota_unreadable", "quota_untold"]


def test_of_a_quota_that_is_listed_twice_the_one_that_leaves_less_stays(
    stocked: Any, usage: Make, opened: Make, context: Make
) -> None:
    stocked.has("usages", [usage("cores", 400, 100)], [usage("Cores", 350, 100)])
    read = opened().account("eastus", context())
    assert [(row["limit"], row["used"]) for row in read.facts] == [(350, 100)]
    assert read.findings[0].check == "duplicate_differs"


def test_quota_whose_name_is_no_block_is_malformed(
    stocked: Any, opened: Make, context: Make
) -> None:
    key = ("usages", "", "", 1)
    stocked.cloud.answers.pop(key)
    stocked.cloud.script(key, '{"value": [{"name": 7}]}')
    with pytest.raises(MalformedAnswerError, match="azure compute usages in eastus"):
        opened().account("eastus", context())
    assert stocked.asked("usages") == 1


def test_account_without_a_subscription_says_what_to_set(
    public: AzureSource, cloud: Any, context: Make
) -> None:
    with pytest.raises(MissingCredentialsError, match="subscription_id"):
        public.account("eastus", context())
    assert cloud.seen == []
