"""Own discounts and prices: what changes, what stays, and the trail of it."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costopt.catalog.catalog import Catalog
from costopt.catalog.offer_keys import OfferNames, known_quota_rows, quota_columns
from costopt.errors import CostoptError, EmptyCatalogError, InvalidInputError, UnknownNameError

quick = settings(max_examples=60, deadline=None, derandomize=True)

MakeCatalog = Callable[..., Catalog]

P5_SPOT = "aws/us-east-1/p5.48xlarge/spot"


def offer(catalog: Catalog, key: str) -> dict[str, Any]:
    """Return the one offer with this key."""
    names = catalog.offers[["provider", "region", "instance_type", "purchase_option"]]
    (row,) = catalog.offers[names.agg("/".join, axis=1) == key].to_dict("records")
    return {str(name): value for name, value in row.items()}


def test_discount_is_taken_off_and_written_into_the_trail(small: Catalog) -> None:
    own = small.with_prices(discounts={P5_SPOT: 0.25}, reason="contract 7")
    # 24 x 0.75 = 18
    changed = offer(own, P5_SPOT)
    assert (changed["recurring_per_hour"], changed["effective_per_hour"]) == (18, 18)
    assert changed["trail"] == "25 % off 24/h (contract 7)"


def test_discount_keeps_source_date_and_flags_of_the_list_price(small: Catalog) -> None:
    before = offer(small, P5_SPOT)
    after = offer(small.with_prices(discounts={P5_SPOT: 0.25}), P5_SPOT)
    for column in ("source", "as_of", "flags", "note", "currency"):
        assert after[column] == before[column]


def test_discount_drops_the_flags_that_compare_the_list_price_with_on_demand(
    small: Catalog, make_catalog: MakeCatalog
) -> None:
    rows = small.offers.astype(str).replace({"nan": ""}).to_dict("records")
    flagged = [{**row, "flags": "zone_average;equals_on_demand"} for row in rows]
    own = make_catalog(offers=flagged).with_prices(discounts={P5_SPOT: 0.25})
    assert offer(own, P5_SPOT)["flags"] == "zone_average"
    other = offer(own, "aws/us-east-1/p5.48xlarge/on_demand")
    assert other["flags"] == "zone_average;equals_on_demand"


def test_key_of_a_type_without_a_price_says_so(small: Catalog) -> None:
    with pytest.raises(InvalidInputError, match=r"instance type: x9\.large has no price here"):
        small.with_prices(prices_per_hour={"aws/us-east-1/x9.large/on_demand": 1.0})


def test_discount_on_a_commitment_lowers_upfront_and_hourly_charges(small: Catalog) -> None:
    own = small.with_prices(discounts={"aws/*/p5*/reserved": 0.5})
    changed = offer(own, "aws/us-east-1/p5.48xlarge/reserved")
    # 10 USD/h + 43,800 USD / 8,760 h = 15 USD/h
    assert (changed["recurring_per_hour"], changed["upfront"]) == (10, 43_800)
    assert changed["effective_per_hour"] == 15
    assert changed["recurring_per_hour"] + changed["upfront"] / 8760 == 15


def test_key_with_fewer_parts_names_all_below_it(small: Catalog) -> None:
    changed = small.with_prices(discounts={"aws/us-*": 0.1}).offers.query("trail != ''")
    assert len(changed) == 6
    assert set(changed["region"]) == {"us-east-1"}


def test_key_may_hold_wildcards_in_every_part_and_ignores_case(small: Catalog) -> None:
    changed = small.with_prices(discounts={"A*/*/*.48XLARGE/s*": 0.1}).offers
    assert changed.query("trail != ''")["instance_type"].tolist() == ["p5.48xlarge"]


def test_last_discount_that_names_an_offer_counts_alone(small: Catalog) -> None:
    own = small.with_prices(discounts={"aws": 0.5, "aws/*/p5*": 0.25, "aws/*/p5*/spot": 0})
    # 96 x 0.75 = 72, not 96 x 0.5 x 0.75 = 36
    on_demand = offer(own, "aws/us-east-1/p5.48xlarge/on_demand")
    assert (on_demand["effective_per_hour"], on_demand["trail"]) == (
        72,
        "25 % off 96/h (own price)",
    )
    spot = offer(own, P5_SPOT)
    assert (spot["effective_per_hour"], spot["trail"]) == (24, "")
    assert offer(own, "aws/us-east-1/c7i.xlarge/on_demand")["effective_per_hour"] == 0.1


def test_discounts_of_two_calls_follow_each_other(small: Catalog) -> None:
    own = small.with_prices(discounts={"aws": 0.5}).with_prices(discounts={P5_SPOT: 0.5})
    # 24 x 0.5 x 0.5 = 6
    changed = offer(own, P5_SPOT)
    assert changed["effective_per_hour"] == 6
    assert changed["trail"] == "50 % off 24/h (own price) -> 50 % off 12/h (own price)"


def test_own_price_takes_the_place_of_the_list_price(small: Catalog) -> None:
    own = small.with_prices(prices_per_hour={P5_SPOT: 19.5}, reason="quote 12")
    changed = offer(own, P5_SPOT)
    assert (changed["recurring_per_hour"], changed["effective_per_hour"]) == (19.5, 19.5)
    assert changed["trail"] == "set from 24/h (price list, 2026-08-01) to 19.5/h (quote 12)"


def test_own_price_is_of_the_catalogue_date_and_its_source_is_the_reason(small: Catalog) -> None:
    own = small.with_prices(prices_per_hour={P5_SPOT: 19.5}, reason="quote 12")
    changed = offer(own, P5_SPOT)
    assert (changed["source"], changed["as_of"]) == ("quote 12", "2026-08-22")
    # the remarks on the list price say nothing of the own one
    assert offer(small, P5_SPOT)["flags"] == "zone_average"
    assert (changed["flags"], changed["note"]) == ("", "")


def test_own_price_of_a_lapsed_block_does_not_lapse(small: Catalog) -> None:
    key = "gcp/europe-west4/a3-highgpu-8g/capacity_block"
    assert offer(small, key)["valid_until"] == "2026-08-10"
    own = small.with_prices(prices_per_hour={key: 41})
    assert (offer(own, key)["valid_until"], offer(own, key)["effective_per_hour"]) == ("", 41)


def test_last_price_that_names_an_offer_counts(small: Catalog) -> None:
    own = small.with_prices(prices_per_hour={"aws/*/*/spot": 1.5, P5_SPOT: 2.5})
    assert offer(own, P5_SPOT)["effective_per_hour"] == 2.5
    assert "to 2.5/h" in offer(own, P5_SPOT)["trail"]
    assert "1.5" not in offer(own, P5_SPOT)["trail"]
    assert offer(own, "aws/us-east-1/g4dn.xlarge/spot")["effective_per_hour"] == 1.5


def test_price_wins_over_a_discount_and_both_are_in_the_trail(small: Catalog) -> None:
    own = small.with_prices(discounts={"aws": 0.5}, prices_per_hour={P5_SPOT: 20})
    changed = offer(own, P5_SPOT)
    assert changed["effective_per_hour"] == 20
    assert changed["trail"] == (
        "50 % off 24/h (own price) -> set from 12/h (price list, 2026-08-01) to 20/h (own price)"
    )


def test_own_price_is_in_the_currency_of_the_offer(small: Catalog) -> None:
    own = small.with_prices(prices_per_hour={"alibaba": 4})
    changed = offer(own, "alibaba/cn-beijing/ecs.gn6i.xlarge/on_demand")
    assert (changed["effective_per_hour"], changed["currency"]) == (4, "CNY")
    # 4 CNY/h at 8 CNY per USD
    assert len(own.filter(providers="alibaba", max_price_per_hour=0.5)) == 1


def test_offers_that_no_key_names_stay_as_they_are(small: Catalog) -> None:
    own = small.with_prices(discounts={"aws/*/p5*": 0.1}, prices_per_hour={"azure": 1.0})
    others = "not (instance_type == 'p5.48xlarge' or provider == 'azure')"
    assert own.offers.query(others).equals(small.offers.query(others))
    assert len(own) == len(small)


def test_without_own_prices_nothing_changes(small: Catalog) -> None:
    assert small.with_prices().fingerprint == small.fingerprint


@pytest.mark.parametrize("discount", [-0.1, 1.0, 1.5, float("nan")])
def test_discount_outside_its_range_is_refused(small: Catalog, discount: float) -> None:
    with pytest.raises(
        InvalidInputError, match=r"discounts: aws = .* from 0 up to, not including"
    ):
        small.with_prices(discounts={"aws": discount})


@pytest.mark.parametrize("price", [0.0, -1.0, float("nan"), float("inf")])
def test_price_that_is_not_above_zero_is_refused(small: Catalog, price: float) -> None:
    with pytest.raises(InvalidInputError, match=r"prices_per_hour: .* must be above 0"):
        small.with_prices(prices_per_hour={P5_SPOT: price})


def test_price_for_offers_with_a_term_is_refused(small: Catalog) -> None:
    with pytest.raises(InvalidInputError, match="names offers with a term; give a discount"):
        small.with_prices(prices_per_hour={"aws/*/p5*": 20})


@pytest.mark.parametrize(
    ("key", "error", "message"),
    [
        ("awz", UnknownNameError, "Unknown provider 'awz'. Did you mean aws"),
        ("aws/us-eats-1", UnknownNameError, "Unknown region 'us-eats-1'. Did you mean us-east-1"),
        ("aws/*/p6*", UnknownNameError, "Unknown instance type 'p6\\*'"),
        ("aws/*/*/spots", UnknownNameError, "Did you mean spot"),
        ("", UnknownNameError, "Unknown provider ''"),
        ("aws/cn-beijing", InvalidInputError, "names no offer: its parts never meet"),
        ("aws/a/b/c/d", InvalidInputError, "has more parts than provider/region/instance_type"),
    ],
)
def test_wrong_key_is_named(
    small: Catalog, key: str, error: type[CostoptError], message: str
) -> None:
    with pytest.raises(error, match=message):
        small.with_prices(discounts={key: 0.1})
    with pytest.raises(error, match=message):
        small.with_prices(prices_per_hour={key: 1.0})


def test_own_prices_need_a_reason(small: Catalog) -> None:
    with pytest.raises(InvalidInputError, match="reason: say where your prices come from"):
        small.with_prices(discounts={"aws": 0.1}, reason=" ")


def test_own_prices_need_offers(make_catalog: MakeCatalog) -> None:
    with pytest.raises(EmptyCatalogError, match="no offers to give a price"):
        make_catalog(offers=()).with_prices(discounts={"aws": 0.1})


def test_wrong_key_leaves_the_catalogue_as_it_was(small: Catalog) -> None:
    before = small.offers
    with pytest.raises(UnknownNameError):
        small.with_prices(discounts={"aws": 0.5, "awz": 0.5})
    assert small.offers.equals(before)


@pytest.mark.parametrize(
    ("key", "offers"),
    # p5.48xlarge: 3 offers in us-east-1 and 1 in eu-central-1; g4dn.xlarge: 2 and 1
    [
        ("p5.48xlarge", 4),
        ("aws/g4dn.*", 3),
        ("P5.48xlarge|g4dn.xlarge", 7),
        ("aws/us-*/P5*", 3),
        ("*", 13),
        ("*/norwayeast/*", 1),
    ],
)
def test_quota_counts_every_offer_of_the_types_it_names(
    small: Catalog, key: str, offers: int
) -> None:
    names = OfferNames.of(small.offers)
    assert names.rows(quota_columns(key)).sum() == offers
    assert known_quota_rows(names, key, small.known_names).sum() == offers


def test_quota_on_what_is_not_there_counts_nothing_unless_it_must_be_known(
    small: Catalog,
) -> None:
    names = OfferNames.of(small.offers)
    assert not names.rows(quota_columns("aws/p6.48xlarge")).any()
    with pytest.raises(UnknownNameError, match=r"'p6\.48xlarge'\. Did you mean p5\.48xlarge"):
        known_quota_rows(names, "aws/p6.48xlarge", small.known_names)
    with pytest.raises(InvalidInputError, match="its parts never meet"):
        known_quota_rows(names, "gcp/p5.48xlarge", small.known_names)


def test_quota_key_with_too_many_parts_is_refused(small: Catalog) -> None:
    key = "aws/us-east-1/p5.48xlarge/spot//two"
    with pytest.raises(InvalidInputError, match="more parts than provider/region/instance"):
        quota_columns(key)
    with pytest.raises(InvalidInputError, match="more parts than provider/region/instance"):
        known_quota_rows(OfferNames.of(small.offers), key, small.known_names)


@pytest.mark.parametrize("key", ["x9.large", "aws/x9.*", "aws/us-east-1/x9.large"])
def test_quota_on_a_type_without_a_price_counts_nothing(small: Catalog, key: str) -> None:
    assert not known_quota_rows(OfferNames.of(small.offers), key, small.known_names).any()


def test_quotas_stay_when_the_catalogue_is_narrowed(small: Catalog) -> None:
    narrow = small.filter(providers="gcp")
    names = OfferNames.of(narrow.offers)
    assert not known_quota_rows(names, "aws/p5.48xlarge", narrow.known_names).any()


@quick
@given(
    discounts=st.dictionaries(
        st.sampled_from(["aws", "gcp", "*/us-*", "*/*/p5*", "*/*/*/spot", P5_SPOT]),
        st.integers(0, 99),
    )
)
def test_each_price_is_its_list_price_less_the_last_discount(
    small: Catalog, discounts: dict[str, int]
) -> None:
    own = small.with_prices(discounts={key: share / 100 for key, share in discounts.items()})
    covers = {
        "aws": "provider == 'aws'",
        "gcp": "provider == 'gcp'",
        "*/us-*": "region == 'us-east-1'",
        "*/*/p5*": "instance_type == 'p5.48xlarge'",
        "*/*/*/spot": "purchase_option == 'spot'",
        P5_SPOT: "instance_type == 'p5.48xlarge' and purchase_option == 'spot'",
    }
    expected = small.offers["effective_per_hour"].copy()
    for key, share in discounts.items():
        rows = small.offers.query(covers[key]).index
        expected[rows] = small.offers.loc[rows, "effective_per_hour"] * (1 - share / 100)
    assert own.offers["effective_per_hour"].tolist() == pytest.approx(expected.tolist(), rel=1e-12)


def test_bundled_discount_reaches_every_offer_of_a_cloud(bundled: Catalog) -> None:
    own = bundled.with_prices(discounts={"aws": 0.2}, reason="agreement")
    ratio = own.offers["effective_per_hour"] / bundled.offers["effective_per_hour"]
    is_aws = bundled.offers["provider"] == "aws"
    assert ratio[is_aws].tolist() == pytest.approx([0.8] * is_aws.sum(), rel=1e-12)
    assert (ratio[~is_aws] == 1).all()
    assert own.offers.loc[is_aws, "trail"].str.startswith("20 % off ").all()
