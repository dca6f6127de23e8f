"""Which offers the limits leave, and the one reason that each of the others is given."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from costopt.candidate.eligible import ages_allowed, eligible_offers
from costopt.candidate.reasons import REASONS, count_reasons
from costopt.catalog.catalog import Catalog
from costopt.errors import (
    EmptyCatalogError,
    InvalidInputError,
    MissingExchangeRateError,
    UnknownNameError,
)
from costopt.workload.limits import Limits

MakeOffer = Callable[..., Mapping[str, str]]
CatalogOf = Callable[..., Catalog]
NEWEST = "2026-08-22"


def reasons(catalog: Catalog, *limits: Limits, currency: str = "USD") -> list[str]:
    """Reason of each offer, in the order of the table."""
    found = eligible_offers(catalog, limits or (Limits(),), currency)
    return [str(code) for code in found.excluded.codes]


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({}, ""),
        ({"regions": ("eu-*",)}, "regions"),
        ({"countries": ("EU",)}, "countries"),
        ({"instance_types": ("h100.*",)}, "instance_types"),
        ({"families": ("h100",)}, "families"),
        ({"accelerator_types": ("H100-80GB",)}, "accelerator_types"),
        ({"accelerator_types": ("Tesla-T4",)}, ""),
        ({"min_vcpus_per_accelerator": 4.0}, ""),
        ({"min_vcpus_per_accelerator": 4.5}, "vcpus"),
        ({"min_memory_gib_per_accelerator": 16.5}, "memory"),
        ({"intra_node_interconnect": ("*nvswitch",)}, "intra_node_interconnect"),
        ({"inter_node_fabric": ("*",)}, "inter_node_fabric"),
        ({"purchase_options": ("spot",)}, "purchase_option"),
        ({"quota": {"t4.*": 0}}, "quota"),
        ({"quota": {"t4.*": 1}}, ""),
        ({"max_age_months": {"on_demand": 0.5}}, ""),
    ],
)
def test_a_limit_leaves_an_offer_out_with_its_own_reason(
    limits: dict[str, Any], reason: str, make_offer: MakeOffer, catalog_of: CatalogOf
) -> None:
    others = [
        make_offer("eu-west-1/h100.large"), make_offer("eu-west-1/h100.large", "spot")
    ]  # fmt: skip
    catalog = catalog_of(make_offer("us-east-1/t4.small"), *others)
    assert reasons(catalog, Limits(**limits))[0] == reason
    assert reason == "" or reason in REASONS


def test_the_first_broken_limit_is_the_reason_places_before_hardware_before_age(
    make_offer: MakeOffer, catalog_of: CatalogOf
) -> None:
    old = make_offer("us-east-1/t4.small", "spot", as_of="2020-01-01")
    catalog = catalog_of(old, make_offer("eu-west-1/h100.large"))
    everything: dict[str, Any] = {
        "regions": ("eu-*",),
        "purchase_options": ("on_demand",),
        "families": ("h100",),
        "max_age_months": {"spot": 1.0},
    }
    order = []
    while everything:
        reason = reasons(catalog, Limits(**everything))[0]
        order.append(reason)
        everything.pop({"purchase_option": "purchase_options"}.get(reason, reason), None)
        if reason == "stale":
            break
    assert order == ["regions", "purchase_option", "families", "stale"]


def test_limits_of_workload_and_request_all_apply(
    make_offer: MakeOffer, catalog_of: CatalogOf
) -> None:
    catalog = catalog_of(
        make_offer("us-east-1/t4.small"),
        make_offer("us-east-1/h100.large"),
        make_offer("eu-west-1/h100.large"),
    )
    own, shared = Limits(families=("h100",)), Limits(regions=("us-*",))
    assert reasons(catalog, own, shared) == ["families", "", "regions"]
    assert reasons(catalog, shared, own) == ["families", "", "regions"]


@pytest.mark.parametrize(
    ("option", "as_of", "reason"),
    [
        ("spot", "2025-02-22", ""),  # 546 days; 18 months are 547.9
        ("spot", "2025-02-20", "stale"),  # 548 days
        ("on_demand", "2023-08-23", ""),  # 1,095 days; 36 months are 1,095.75
        ("on_demand", "2023-08-22", "stale"),  # 1,096 days
        ("spot", "2025-03", ""),  # a month is its first day: 539 days
        ("spot", "2025-02", "stale"),  # 567 days
    ],
)
def test_ages_are_counted_from_the_newest_price(
    option: str, as_of: str, reason: str, make_offer: MakeOffer, catalog_of: CatalogOf
) -> None:
    newest = make_offer("eu-west-1/h100.large", as_of=NEWEST)
    catalog = catalog_of(make_offer("us-east-1/t4.small", option, as_of=as_of), newest)
    assert reasons(catalog)[0] == reason


def test_the_stricter_of_two_ages_counts() -> None:
    own = Limits(max_age_months={"spot": 24.0, "on_demand": 6.0})
    shared = Limits(max_age_months={"spot": 12.0})
    allowed = ages_allowed((own, shared))
    assert (allowed["spot"], allowed["on_demand"]) == (12.0, 6.0)
    assert allowed["exchange_rate"] == 24


def test_a_price_past_its_last_day_is_out(make_offer: MakeOffer, catalog_of: CatalogOf) -> None:
    catalog = catalog_of(
        make_offer("us-east-1/h100.large", "capacity_block", valid_until="2026-08-21"),
        make_offer("eu-west-1/h100.large", "capacity_block", valid_until=NEWEST),
    )
    found = reasons(catalog, Limits(purchase_options=("capacity_block",)))
    assert found == ["stale", ""]


@pytest.mark.parametrize(
    ("option", "flags", "reason"),
    [
        ("spot", "equals_on_demand", "not_below_on_demand"),
        ("spot", "zone_average;above_on_demand", "not_below_on_demand"),
        ("spot", "zone_average", ""),
        ("on_demand", "equals_on_demand", ""),
    ],
)
def test_spot_that_saves_nothing_is_out(
    option: str, flags: str, reason: str, make_offer: MakeOffer, catalog_of: CatalogOf
) -> None:
    catalog = catalog_of(make_offer("us-east-1/t4.small", option, flags=flags))
    assert reasons(catalog) == [reason]


@pytest.mark.parametrize(
    ("spot", "flags", "reason"),
    [
        ("0.5", "equals_on_demand", ""),  # cheaper than the 1 beside it, whatever was flagged
        ("0.9999", "", "not_below_on_demand"),  # as close as rounding brings it
        ("0.9998", "", ""),
        ("1", "", "not_below_on_demand"),
        ("1.5", "", "not_below_on_demand"),
    ],
)
def test_spot_is_compared_with_the_on_demand_price_beside_it(
    spot: str, flags: str, reason: str, make_offer: MakeOffer, catalog_of: CatalogOf
) -> None:
    beside = make_offer("us-east-1/t4.small", price="1")
    other = make_offer("eu-west-1/t4.small", price="0.01")
    catalog = catalog_of(
        make_offer("us-east-1/t4.small", "spot", price=spot, flags=flags), beside, other
    )
    assert reasons(catalog) == [reason, "", ""]


def test_a_discount_on_spot_brings_it_back_and_one_on_demand_takes_it_out(
    make_offer: MakeOffer, catalog_of: CatalogOf
) -> None:
    catalog = catalog_of(
        make_offer("us-east-1/t4.small", "spot", price="1", flags="equals_on_demand"),
        make_offer("us-east-1/t4.small", price="1"),
    )
    key = "aws/us-east-1/t4.small"
    assert reasons(catalog)[0] == "not_below_on_demand"
    cheaper = catalog.with_prices(discounts={f"{key}/spot": 0.5})
    assert reasons(cheaper) == ["", ""]
    assert reasons(cheaper.filter(purchase_options="spot")) == [""]
    # 0.5 on spot is above 1 x 0.4 on demand
    dearer = cheaper.with_prices(discounts={f"{key}/on_demand": 0.6})
    assert reasons(dearer)[0] == "not_below_on_demand"


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"instance_types": ("h100.*",)}, "instance type: h100.large has no price here"),
        ({"families": ("h100",)}, "family: h100 has no price here"),
        ({"accelerator_types": ("H100-80GB",)}, "accelerator: H100-80GB has no price here"),
        ({"inter_node_fabric": ("efa",)}, "inter_node_fabric: efa has no price here"),
        ({"regions": ("eu-west-1",)}, "region: eu-west-1 has no price here"),
    ],
)
def test_limits_that_name_only_what_has_no_price_say_so(
    limits: dict[str, Any], said: str, make_offer: MakeOffer, catalog_of: CatalogOf
) -> None:
    catalog = catalog_of(make_offer("us-east-1/t4.small"))
    with pytest.raises(InvalidInputError) as refusal:
        reasons(catalog, Limits(**limits))
    assert str(refusal.value).startswith(said)


def test_names_without_a_price_may_stand_beside_others_and_in_quotas(
    make_offer: MakeOffer, catalog_of: CatalogOf
) -> None:
    catalog = catalog_of(make_offer("us-east-1/t4.small"))
    both = Limits(instance_types=("h100.large", "t4.small"), quota={"aws/h100.large": 0})
    assert reasons(catalog, both) == [""]


@pytest.mark.parametrize(
    ("regions", "taking_part"),
    [
        (None, {"us-east-1", "eu-west-1"}),
        (("*",), {"us-east-1", "eu-west-1"}),
        (("us-*",), {"us-east-1"}),  # matches a public region too, so GovCloud is not meant
        (("us-gov-*",), {"us-gov-west-1"}),
        (("US-GOV-*",), {"us-gov-west-1"}),
        (("cn-*", "us-*"), {"cn-north-1", "us-east-1"}),
        (("us-gov-west-1", "*"), {"us-gov-west-1", "us-east-1", "eu-west-1"}),
    ],
)
def test_a_partition_takes_part_only_when_a_pattern_means_it_alone(
    regions: tuple[str, ...] | None,
    taking_part: set[str],
    make_offer: MakeOffer,
    catalog_of: CatalogOf,
) -> None:
    places = ("us-east-1", "eu-west-1", "us-gov-west-1", "cn-north-1")
    catalog = catalog_of(*(make_offer(f"{place}/t4.small") for place in places))
    found = eligible_offers(catalog, (Limits(regions=regions),), "USD")
    assert set(found.offers.loc[found.excluded.taking_part, "region"]) == taking_part


def test_only_own_partitions_left_is_an_error_that_says_what_to_do(
    make_offer: MakeOffer, catalog_of: CatalogOf
) -> None:
    catalog = catalog_of(make_offer("us-gov-west-1/t4.small"))
    with pytest.raises(InvalidInputError, match=r"name its regions in limits\.regions"):
        reasons(catalog)


def test_places_that_never_meet_are_an_error_naming_both(
    make_offer: MakeOffer, catalog_of: CatalogOf
) -> None:
    catalog = catalog_of(make_offer("us-east-1/t4.small"), make_offer("eu-west-1/t4.small"))
    with pytest.raises(InvalidInputError, match=r"regions = us-\* and countries = EU"):
        reasons(catalog, Limits(regions=("us-*",)), Limits(countries=("EU",)))


@pytest.mark.parametrize(
    "limits",
    [{"regions": ("us-esat-1",)}, {"quota": {"t5.small": 1}}, {"instance_types": ("t5.*",)}],
)
def test_a_name_that_matches_nothing_is_an_error(
    limits: dict[str, Any], make_offer: MakeOffer, catalog_of: CatalogOf
) -> None:
    catalog = catalog_of(make_offer("us-east-1/t4.small"))
    with pytest.raises(UnknownNameError):
        reasons(catalog, Limits(**limits))


def test_an_empty_catalogue_is_an_error(catalog_of: CatalogOf) -> None:
    with pytest.raises(EmptyCatalogError):
        reasons(catalog_of())


def test_prices_are_brought_to_the_currency_with_the_dated_rate(
    make_offer: MakeOffer, catalog_of: CatalogOf
) -> None:
    catalog = catalog_of(
        make_offer("us-east-1/t4.small"), make_offer("eu-west-1/t4.small", currency="CNY")
    )
    found = eligible_offers(catalog, (Limits(),), "CNY").offers
    assert found["exchange_rate"].tolist() == [8.0, 1.0]
    assert found["exchange_rate_as_of"].tolist() == ["2026-08-01", ""]
    other_way = eligible_offers(catalog, (Limits(),), "USD").offers
    assert other_way["exchange_rate"].tolist() == [1.0, 1 / 8]


def test_a_missing_rate_is_an_error_only_for_offers_that_take_part(
    make_offer: MakeOffer, catalog_of: CatalogOf
) -> None:
    catalog = catalog_of(
        make_offer("us-east-1/t4.small"), make_offer("eu-west-1/t4.small", currency="EUR")
    )
    with pytest.raises(MissingExchangeRateError, match="EUR"):
        reasons(catalog)
    assert reasons(catalog, Limits(regions=("us-*",))) == ["", "regions"]


def test_types_are_counted_under_the_reason_that_took_their_last_offer(
    make_offer: MakeOffer, catalog_of: CatalogOf
) -> None:
    catalog = catalog_of(
        make_offer("us-east-1/t4.small"),
        make_offer("eu-west-1/t4.small"),
        make_offer("eu-west-1/h100.large"),
    )
    codes = eligible_offers(catalog, (Limits(regions=("us-*",)),), "USD").excluded.codes
    # Two offers are out; t4.small still has one, h100.large has none left.
    assert count_reasons(catalog.offers, codes) == [("regions", 2, 1)]
