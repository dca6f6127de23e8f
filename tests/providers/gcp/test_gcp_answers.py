"""Odd answers that still hold prices: what stays, what is left out, what is said."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from costopt.fetch.fetched import FetchedRegion

Fetch = Callable[..., FetchedRegion]
Price = Callable[..., float]


def findings(fetched: FetchedRegion) -> list[tuple[str, str, str]]:
    return [(one.check, one.severity, one.row) for one in fetched.findings]


def tokens(cloud: Any, end: str) -> list[str]:
    return [request.args.get("pageToken", "") for request in cloud.asked(end)]


def spot(cloud: Any, accelerator: str) -> None:
    """Offer the machine's parts as spot, the accelerator at this price."""
    cloud.skus[0] += [
        cloud.sku("Spot Preemptible A2 Instance Core in X", "0.01", "CPU", "Preemptible"),
        cloud.sku("Spot Preemptible A2 Instance Ram", "0.002", "R", "Preemptible", unit="GiBy.h"),
        cloud.sku("Nvidia Tesla A100 GPU attached to Spot Preemptible VMs", accelerator),
    ]


def test_every_page_is_asked_for_with_its_token(cloud: Any, fetch: Fetch, price: Price) -> None:
    cloud.skus = [cloud.skus[0][:1], cloud.skus[0][1:]]
    cloud.machine_types["us-central1-a"].append(
        [cloud.machine_type("a2-highgpu-2g", 24, 170, "nvidia-tesla-a100", 2)]
    )
    fetched = fetch()
    assert tokens(cloud, "/skus") == ["", "1"]
    assert tokens(cloud, "/machineTypes") == ["", "1"]
    assert price(fetched, "a2-highgpu-2g") == 7.34677  # 2 x 3.673385


def test_empty_page_with_a_token_is_not_the_end(cloud: Any, fetch: Fetch, price: Price) -> None:
    cloud.skus = [[], *cloud.skus]
    cloud.machine_types["us-central1-a"] = [[], *cloud.machine_types["us-central1-a"]]
    assert price(fetch(), "a2-highgpu-1g") == 3.673385
    assert tokens(cloud, "/skus") == ["", "1"]


def test_equal_rows_twice_are_one(cloud: Any, fetch: Fetch) -> None:
    cloud.skus.append(copy.deepcopy(cloud.skus[0]))
    cloud.machine_types["us-central1-a"] *= 2
    fetched = fetch()
    assert (len(fetched.offers), len(fetched.instance_types)) == (1, 1)
    assert fetched.findings == ()


def test_two_prices_for_one_part_keep_the_dearer_and_say_so(
    cloud: Any, fetch: Fetch, price: Price
) -> None:
    cloud.skus[0].insert(0, cloud.sku("Nvidia Tesla A100 GPU in X", "1.5", sku_id="CHEAP"))
    fetched = fetch()
    assert price(fetched, "a2-highgpu-1g") == 3.673385
    (finding,) = fetched.findings
    assert (finding.check, finding.severity) == ("price_ambiguous", "warning")
    assert "at 1.5 and 2.933908 USD/h; 2.933908 is taken" in finding.detail


def test_type_that_differs_between_zones_keeps_one_and_says_so(cloud: Any, fetch: Fetch) -> None:
    cloud.zones["us-central1"].append("us-central1-b")
    cloud.machine_types["us-central1-b"] = [
        [cloud.machine_type("a2-highgpu-1g", 12, 90, "nvidia-tesla-a100", 1)]
    ]
    fetched = fetch()
    assert [row["memory_gib"] for row in fetched.instance_types] == [85.0]
    assert findings(fetched) == [("hardware_differs", "warning", "gcp/a2-highgpu-1g")]
    assert str(fetched.offers[0]["note"]).endswith("zones us-central1-a, us-central1-b")


def test_missing_optional_blocks_are_not_told_figures(cloud: Any, fetch: Fetch) -> None:
    machine = cloud.machine_types["us-central1-a"][0][0]
    del machine["architecture"], machine["memoryMb"]
    cloud.skus[0].append({"skuId": "BARE"})
    fetched = fetch()
    assert (fetched.instance_types[0]["memory_gib"], fetched.offers) == (None, ())
    assert fetched.instance_types[0]["cpu_architecture"] == ""
    assert findings(fetched) == [
        ("hardware_unknown", "left_out", "gcp/us-central1/a2-highgpu-1g/*")
    ]


@pytest.mark.parametrize("amount", ["0", "-1"])
def test_price_that_is_not_positive_is_no_offer(cloud: Any, fetch: Fetch, amount: str) -> None:
    cloud.skus[0][2] = cloud.sku("Nvidia Tesla A100 GPU running in X", amount, sku_id="ZERO")
    fetched = fetch()
    assert fetched.offers == ()
    assert findings(fetched) == [
        ("price_not_positive", "left_out", "gcp/us-central1/ZERO"),
        ("component_missing", "left_out", "gcp/us-central1/a2-highgpu-1g/on_demand"),
    ]


@pytest.mark.parametrize(
    ("change", "check"),
    [({"pricingInfo": []}, "price_missing"), ({"pricingInfo": [{}]}, "unit_unknown")],
)
def test_sku_without_a_price_is_reported(
    cloud: Any, fetch: Fetch, change: dict[str, Any], check: str
) -> None:
    cloud.skus[0][2].update(change)
    fetched = fetch()
    assert fetched.offers == ()
    assert [one.check for one in fetched.findings] == [check, "component_missing"]


def test_unknown_accelerator_is_left_out_and_never_a_cpu_machine(cloud: Any, fetch: Fetch) -> None:
    cloud.machine_types["us-central1-a"][0].append(
        cloud.machine_type("a9-highgpu-1g", 12, 85, "nvidia-q900", 1)
    )
    cloud.skus[0] += [
        *cloud.parts("A9 Instance", "0.03", "0.004"),
        cloud.sku("Nvidia Q900 GPU running in Americas", "9", sku_id="Q900"),
    ]
    fetched = fetch()
    assert [row["instance_type"] for row in fetched.instance_types] == ["a2-highgpu-1g"]
    assert [row["instance_type"] for row in fetched.offers] == ["a2-highgpu-1g"]
    assert findings(fetched) == [
        ("accelerator_unknown", "left_out", "gcp/a9-highgpu-1g"),
        ("accelerator_unknown", "left_out", "gcp/us-central1/Q900"),
    ]


def test_name_of_the_users_own_makes_an_accelerator_known(
    cloud: Any, fetch: Fetch, price: Price
) -> None:
    cloud.machine_types["us-central1-a"][0].append(
        cloud.machine_type("a9-highgpu-1g", 10, 100, "nvidia-q900", 1)
    )
    cloud.skus[0] += [
        *cloud.parts("A9 Instance", "0.03", "0.004"),
        cloud.sku("Nvidia Q900 GPU running in Americas", "9"),
    ]
    fetched = fetch(names={"nvidia-q900": "H100-80GB"})
    assert price(fetched, "a9-highgpu-1g") == 9.7  # 10 x 0.03 + 100 x 0.004 + 9
    row = fetched.instance_types[1]
    assert (row["accelerator"], row["intra_node_interconnect"]) == ("H100-80GB", "none")
    assert row["inter_node_fabric"] == ""
    assert fetched.findings == ()


def test_type_of_an_accelerated_series_is_never_a_cpu_machine(cloud: Any, fetch: Fetch) -> None:
    cloud.machine_types["us-central1-a"] = [
        [cloud.machine_type("a2-highgpu-1g", 12, 85), cloud.machine_type("a2-newgpu-3g", 36, 255)]
    ]
    fetched = fetch(families=("a2-*",))
    (row,) = fetched.instance_types
    assert (row["instance_type"], row["accelerator"]) == ("a2-highgpu-1g", "A100-40GB")
    assert findings(fetched) == [("accelerator_unknown", "left_out", "gcp/a2-newgpu-3g")]


def test_accelerator_without_a_count_is_left_out(cloud: Any, fetch: Fetch) -> None:
    told = cloud.machine_types["us-central1-a"][0][0]["accelerators"][0]
    del told["guestAcceleratorCount"]
    fetched = fetch()
    assert (fetched.instance_types, fetched.offers) == ((), ())
    assert findings(fetched) == [("accelerator_unknown", "left_out", "gcp/a2-highgpu-1g")]


def test_tpu_machine_without_a_reviewed_slice_is_left_out(cloud: Any, fetch: Fetch) -> None:
    cloud.machine_types["us-central1-a"][0].append(
        cloud.machine_type("tpu9x-standard-4t", 180, 720, "tpu9x", 4)
    )
    fetched = fetch()
    assert [row["instance_type"] for row in fetched.instance_types] == ["a2-highgpu-1g"]
    assert findings(fetched) == [("accelerator_unknown", "left_out", "gcp/tpu9x-standard-4t")]


@pytest.mark.parametrize(
    ("code", "checks"),
    [("NO_RESULTS_ON_PAGE", []), ("PARTIAL_SUCCESS", ["answer_incomplete"])],
)
def test_warning_of_a_list_is_reported_unless_it_only_says_empty(
    cloud: Any, fetch: Fetch, code: str, checks: list[str]
) -> None:
    cloud.warning = code
    assert [one.check for one in fetch().findings] == checks


def test_price_without_a_currency_is_no_price(cloud: Any, fetch: Fetch) -> None:
    cloud.skus[0][2] = cloud.sku("Nvidia Tesla A100 GPU in X", "2.9", currency="")
    fetched = fetch()
    assert fetched.offers == ()
    assert [one.check for one in fetched.findings] == ["currency_missing", "component_missing"]


def test_unit_that_is_not_reviewed_is_no_price(cloud: Any, fetch: Fetch) -> None:
    cloud.skus[0][2] = cloud.sku("Nvidia Tesla A100 GPU in X", "2.9", unit="mo")
    assert [one.check for one in fetch().findings] == ["unit_unknown", "component_missing"]


def test_currency_stays_as_answered(cloud: Any, fetch: Fetch) -> None:
    for sku in cloud.skus[0]:
        tier = sku["pricingInfo"][0]["pricingExpression"]["tieredRates"][0]
        tier["unitPrice"]["currencyCode"] = "EUR"
    (row,) = fetch(currency="EUR").offers
    assert row["currency"] == "EUR"
    assert cloud.asked("/skus")[0].args["currencyCode"] == "EUR"


def test_parts_in_two_currencies_are_never_added(cloud: Any, fetch: Fetch) -> None:
    cloud.skus[0][2] = cloud.sku("Nvidia Tesla A100 GPU in X", "2.9", currency="EUR")
    fetched = fetch()
    assert fetched.offers == ()
    assert findings(fetched) == [
        ("currency_mixed", "left_out", "gcp/us-central1/a2-highgpu-1g/on_demand")
    ]


def test_spot_above_on_demand_is_kept_and_flagged(cloud: Any, fetch: Fetch, price: Price) -> None:
    spot(cloud, "4")
    fetched = fetch()
    assert price(fetched, "a2-highgpu-1g", "spot") == 4.29  # 12 x 0.01 + 85 x 0.002 + 4
    assert findings(fetched) == [
        ("spot_above_on_demand", "warning", "gcp/us-central1/a2-highgpu-1g/spot")
    ]


def test_spot_without_on_demand_is_kept_and_flagged(cloud: Any, fetch: Fetch) -> None:
    cloud.skus = [[]]
    spot(cloud, "1")
    fetched = fetch()
    assert [row["purchase_option"] for row in fetched.offers] == ["spot"]
    assert findings(fetched) == [("no_on_demand", "warning", "gcp/us-central1/a2-highgpu-1g/spot")]


def test_spot_carries_the_day_of_the_run(cloud: Any, fetch: Fetch) -> None:
    spot(cloud, "1")
    days = {row["purchase_option"]: row["as_of"] for row in fetch().offers}
    assert days == {"on_demand": "2026-11-03", "spot": "2026-11-21"}


def test_clock_that_runs_ahead_never_dates_a_price_after_the_run(
    cloud: Any, fetch: Fetch, price: Price
) -> None:
    for sku in cloud.skus[0]:
        sku["pricingInfo"][0]["effectiveTime"] = "2026-11-22T02:00:00.123456789Z"
    fetched = fetch()
    assert price(fetched, "a2-highgpu-1g") == 3.673385
    assert fetched.offers[0]["as_of"] == "2026-11-21"


def test_price_of_next_month_is_not_todays(cloud: Any, fetch: Fetch, price: Price) -> None:
    later = cloud.sku("Nvidia Tesla A100 GPU", "9", effective="2026-12-21T00:00:00Z")
    cloud.skus[0][2]["pricingInfo"].append(later["pricingInfo"][0])
    assert price(fetch(), "a2-highgpu-1g") == 3.673385


def test_price_without_a_date_is_of_the_day_of_the_run(cloud: Any, fetch: Fetch) -> None:
    for sku in cloud.skus[0]:
        del sku["pricingInfo"][0]["effectiveTime"]
    assert fetch().offers[0]["as_of"] == "2026-11-21"


def test_retired_type_is_left_out_and_a_deprecated_one_noted(cloud: Any, fetch: Fetch) -> None:
    held = cloud.machine_types["us-central1-a"][0]
    held[0]["deprecated"] = {"state": "DEPRECATED"}
    held.append(
        cloud.machine_type(
            "a2-highgpu-2g", 24, 170, "nvidia-tesla-a100", 2, deprecated={"state": "OBSOLETE"}
        )
    )
    rows = fetch().instance_types
    assert [(row["instance_type"], row["note"]) for row in rows] == [
        ("a2-highgpu-1g", "deprecated by the provider")
    ]


def test_region_that_is_down_is_not_asked(
    cloud: Any, open_source: Callable[..., Any], make_context: Callable[..., Any]
) -> None:
    cloud.zones["us-east1"] = ["us-east1-b"]
    cloud.down.add("us-east1")
    assert open_source().regions(make_context()) == ("us-central1",)


def test_families_narrow_what_is_kept(cloud: Any, fetch: Fetch) -> None:
    assert fetch(families=("a3-*",)).instance_types == ()
    assert len(fetch(families=("a2-highgpu",)).instance_types) == 1
