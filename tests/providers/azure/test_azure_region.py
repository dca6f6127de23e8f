"""One region over HTTP: sizes, prices and eviction rates to rows; then without credentials."""

from collections.abc import Callable
from typing import Any

import pytest

from costopt.catalog.schema import TABLES
from costopt.provider import LiveProvider, Source
from costopt_azure import AzureProvider
from costopt_azure.source import AzureSource

Make = Callable[..., Any]
H100 = "Standard_ND96isr_H100_v5"


@pytest.fixture
def stocked(cloud: Any, sku: Make, item: Make) -> Any:
    plans = [
        {"term": "1 Year", "retailPrice": 70.0, "unitPrice": 70.0},
        {"term": "3 Years", "retailPrice": 43.75, "unitPrice": 43.75},
    ]
    cloud.sizes([sku(NvmeDiskSizeInMiB="27465936")])
    cloud.prices(
        [
            item(savingsPlan=plans),
            item(price=29.496, skuName="ND96isrH100v5 Spot", meterId="2222"),
            item(price=19.664, skuName="ND96isrH100v5 Low Priority", meterId="3333"),
            item(price=102.7, productName="Virtual Machines NDsrH100v5 Series Win"),
        ]
    )
    cloud.prices(
        [
            item(price=551880.0, type="Reservation", reservationTerm="1 Year", meterId="4444"),
            item(price=1182600.0, type="Reservation", reservationTerm="3 Years", meterId="5555"),
        ],
        kind="Reservation",
    )
    cloud.evictions([{"size": H100.lower(), "location": "eastus", "evictionRate": "5-10"}])
    return cloud


def test_adapter_satisfies_the_protocols_of_live_providers(opened: Make) -> None:
    assert isinstance(AzureProvider(), LiveProvider)
    source: Source = opened()
    assert source.secrets()


def test_size_becomes_a_row_with_every_column_of_the_schema(
    stocked: Any, opened: Make, context: Make
) -> None:
    (row,) = opened().fetch("eastus", context()).instance_types
    assert tuple(row) == TABLES["instance_types"].column_names
    assert row["family"] == "NDH100_v5"
    assert (row["accelerator"], row["accelerator_count"]) == ("H100-80GB", 8.0)
    assert (row["accelerator_memory_gib"], row["accelerator_usable_gib"]) == (80.0, 79.6)
    assert row["accelerator_usable_origin"] == "device_reported"
    assert (row["vcpus"], row["memory_gib"]) == (96.0, 1900.0)
    # 27,465,936 MiB x 1,048,576 B / 10^9 B = 28,800.1 GB: eight disks of 3.6 TB
    assert row["local_nvme_gb"] == 28800.1
    assert (row["network_gbps"], row["fabric_gbps"]) == (None, None)
    assert (row["intra_node_interconnect"], row["inter_node_fabric"]) == ("nvswitch", "infiniband")
    assert (row["hosts"], row["cpu_architecture"]) == (1, "x86_64")
    assert (row["as_of"], row["note"]) == ("2026-11-21", "")


def test_region_yields_every_way_to_pay_and_nothing_else(
    stocked: Any, opened: Make, context: Make
) -> None:
    read = opened().fetch("eastus", context())
    assert all(tuple(row) == TABLES["offers"].column_names for row in read.offers)
    ways = ("purchase_option", "kind", "term_years", "payment", "recurring_per_hour", "upfront")
    assert [tuple(row[column] for column in ways) for row in read.offers] == [
        ("on_demand", "", None, "", 98.32, 0.0),
        # whole-term totals: 551,880 / 8,760 h = 63 per hour, 1,182,600 / 26,280 h = 45
        ("reserved", "", 1, "all", 0.0, 551880.0),
        ("reserved", "", 1, "no", 63.0, 0.0),
        ("reserved", "", 3, "all", 0.0, 1182600.0),
        ("reserved", "", 3, "no", 45.0, 0.0),
        ("savings_plan", "azure", 1, "no", 70.0, 0.0),
        ("savings_plan", "azure", 3, "no", 43.75, 0.0),
        ("spot", "", None, "", 29.496, 0.0),
    ]
    assert [row["effective_per_hour"] for row in read.offers] == [
        98.32, 63.0, 63.0, 45.0, 45.0, 70.0, 43.75, 29.496,
    ]  # fmt: skip
    assert [row["term_hours"] for row in read.offers[:4]] == [None, 8760, 8760, 26280]
    assert {row["currency"] for row in read.offers} == {"USD"}
    assert {row["as_of"] for row in read.offers} == {"2026-11-21"}
    assert read.offers[-1]["source"] == "Azure Retail Prices API, meter 2222"
    assert read.offers[0]["note"] == "in force since 2023-12-01"
    assert read.findings == ()


def test_eviction_band_is_an_hourly_chance(stocked: Any, opened: Make, context: Make) -> None:
    (row,) = opened().fetch("eastus", context()).interruptions
    assert tuple(row) == TABLES["interruptions"].column_names
    assert (row["instance_type"], row["os"], row["signal"]) == (H100, "linux", "eviction_rate")
    assert (row["bucket"], row["low_fraction"], row["high_fraction"]) == ("5-10", 0.05, 0.10)
    assert row["window_hours"] == 1.0
    assert row["savings_fraction"] is None


def test_region_is_asked_four_questions_and_prices_without_a_token(
    stocked: Any, opened: Make, context: Make
) -> None:
    run = context()
    opened().fetch("eastus", run)
    assert stocked.seen == [
        ("sizes", "eastus", "", 1),
        ("prices", "eastus", "Consumption", 1),
        ("prices", "eastus", "Reservation", 1),
        ("evictions", "eastus", "", 1),
    ]
    bearer = "Bearer planted-bearer-token"
    assert stocked.tokens == [bearer, "", "", bearer]
    assert (run.wire.counts.calls, run.wire.counts.retries) == (4, 0)
    asked = stocked.server.log[1][0].args
    assert asked["api-version"] == "2023-01-01-preview"
    assert asked["currencyCode"] == "'USD'"
    assert asked["$filter"] == (
        "serviceName eq 'Virtual Machines' and armRegionName eq 'eastus' "
        "and priceType eq 'Consumption'"
    )


def test_without_credentials_only_prices_of_known_types_are_read(
    stocked: Any, public: AzureSource, context: Make
) -> None:
    known = frozenset({H100, "p5.48xlarge", "Standard_NC24ads_A100_v4"})
    read = public.fetch("eastus", context(known_types=known))
    assert read.instance_types == ()
    assert read.interruptions == ()
    assert len(read.offers) == 8
    assert [key[0] for key in stocked.seen] == ["prices", "prices"]
    assert stocked.tokens == ["", ""]


def test_without_credentials_and_known_types_a_finding_says_why_nothing_came(
    cloud: Any, public: AzureSource, context: Make
) -> None:
    read = public.fetch("eastus", context())
    assert read.offers == ()
    assert [(found.check, found.severity) for found in read.findings] == [
        ("no_known_types", "warning")
    ]
    assert cloud.seen == []


def test_without_credentials_a_retired_size_of_the_catalogue_is_left_out(
    cloud: Any, public: AzureSource, item: Make, context: Make
) -> None:
    cloud.prices([item(), item("Standard_NC6s_v3", 3.06)])
    known = frozenset({H100, "Standard_NC6s_v3"})
    read = public.fetch("eastus", context(known_types=known))
    assert [row["instance_type"] for row in read.offers] == [H100]
    assert [(found.check, found.row) for found in read.findings] == [
        ("retired", "azure/Standard_NC6s_v3")
    ]


def test_families_narrow_known_types(stocked: Any, public: AzureSource, context: Make) -> None:
    known = frozenset({H100, "Standard_D4s_v5"})
    read = public.fetch("eastus", context(known_types=known, families=("Ds_v5",)))
    assert read.offers == ()


def test_region_without_accelerators_is_not_asked_for_prices(
    cloud: Any, opened: Make, sku: Make, context: Make
) -> None:
    cloud.sizes([sku("Standard_D4s_v5", GPUs=None, RdmaEnabled=None)])
    read = opened().fetch("eastus", context())
    assert (read.instance_types, read.offers, read.findings) == ((), (), ())
    assert cloud.seen == [("sizes", "eastus", "", 1)]


def test_region_without_any_size_is_reported(cloud: Any, opened: Make, context: Make) -> None:
    (found,) = opened().fetch("eastus", context()).findings
    assert (found.check, found.severity, found.row) == (
        "no_sizes_listed",
        "warning",
        "azure/eastus/*",
    )


def test_cpu_sizes_come_only_when_a_family_names_them(
    cloud: Any, opened: Make, sku: Make, item: Make, context: Make
) -> None:
    cpu = sku("Standard_D4s_v5", vCPUs="4", MemoryGB="16", GPUs=None, RdmaEnabled="False")
    cloud.sizes([cpu, sku()])
    cloud.prices([item("Standard_D4s_v5", 0.192)])
    read = opened().fetch("eastus", context(families=("Ds_*",)))
    (row,) = read.instance_types
    assert (row["family"], row["accelerator"], row["accelerator_count"]) == ("Ds_v5", "", 0.0)
    assert (row["accelerator_usable_gib"], row["accelerator_usable_origin"]) == (None, "")
    assert (row["intra_node_interconnect"], row["inter_node_fabric"]) == ("none", "none")
    assert [offer["recurring_per_hour"] for offer in read.offers] == [0.192]


def test_regions_come_from_prices_without_canaries_and_other_clouds(
    cloud: Any, public: AzureSource, item: Make, context: Make
) -> None:
    named = ["westeurope", "WestUS3", "eastus", "eastus2euap", "usgovvirginia", "attdallas1", ""]
    cloud.prices([item(armRegionName=name) for name in named], region="")
    assert public.regions(context()) == ("eastus", "westeurope", "westus3")
    assert cloud.seen == [("prices", "", "Consumption", 1)]
    assert "armSkuName eq 'Standard_D4s_v5'" in cloud.server.log[0][0].args["$filter"]


def test_regions_of_the_settings_are_not_asked_for(
    cloud: Any, opened: Make, context: Make
) -> None:
    assert opened(regions=["westus3", "eastus"]).regions(context()) == ("eastus", "westus3")
    assert cloud.seen == []


def test_eviction_rates_can_be_left_out(stocked: Any, opened: Make, context: Make) -> None:
    read = opened(eviction_rates=False).fetch("eastus", context())
    assert read.interruptions == ()
    assert "evictions" not in {key[0] for key in stocked.seen}
