"""Where the prices of a plan lie among earlier ones: five nights of one type, and bundled levels.

The type is g4dn.xlarge in us-east-1, on demand at $0.526/h. In the nights before the last it cost
0.9, 1.0, 1.04 and 1.2 times that: $0.4734, $0.526, $0.54704 and $0.6312.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from costopt.catalog.catalog import Catalog
from costopt.catalog.schema import TABLES
from costopt.catalog.store.part import SHARED_TABLES, NewVersion, PartStatus, fresh_parts
from costopt.catalog.store.store import CatalogStore, open_store
from costopt.explain.price_history import MOST_VERSIONS, price_history
from costopt.explain.price_place import PricePlace
from costopt.plan.plan import Plan
from costopt.planning.optimize_request import optimize
from costopt.workload.limits import Limits
from costopt.workload.requirement import Requirement

FIRST_NIGHT = datetime(2026, 11, 20, 3, 15, tzinfo=UTC)
FACTORS = (0.9, 1.0, 1.04, 1.2, 1.0)
CHARGES = ["recurring_per_hour", "upfront", "effective_per_hour"]
NODE = Requirement(accelerators_per_node=1)

Changed = Callable[[int, NewVersion], NewVersion]
StoreOf = Callable[..., CatalogStore]


@pytest.fixture(scope="module")
def one_type(bundled: Catalog) -> Catalog:
    """g4dn.xlarge in us-east-1, on demand."""
    return bundled.filter(
        providers=["aws"],
        regions=["us-east-1"],
        instance_types=["g4dn.xlarge"],
        purchase_options=["on_demand"],
    )


@pytest.fixture
def store_of(one_type: Catalog, tmp_path: Path) -> StoreOf:
    """Publish a night for each factor on the prices, changed as the caller wants."""
    every = {name: one_type.table(name) for name in TABLES}
    tables = {
        name: rows[rows["provider"] == "aws"] if "provider" in rows else rows
        for name, rows in every.items()
    }
    offers = tables["offers"]

    def publish(
        factors: Sequence[float] = FACTORS, changed: Changed = lambda number, new: new
    ) -> CatalogStore:
        store, last = open_store(tmp_path / "store"), None
        for number, factor in enumerate(factors):
            at = FIRST_NIGHT + timedelta(days=number)
            priced = offers.assign(**{name: offers[name] * factor for name in CHARGES})
            new = NewVersion(
                created_at=at,
                started_from=last,
                parts=fresh_parts({**tables, "offers": priced}, at),
                shared={name: tables[name] for name in SHARED_TABLES},
            )
            last = store.publish(changed(number, new)).id
        return store

    return publish


def the_place(plan: Plan) -> PricePlace:
    (place,) = plan.explain().price_places
    return place


def with_offers(new: NewVersion, **columns: str) -> NewVersion:
    """Set columns of all offers."""
    (part,) = new.parts
    offers = part.tables["offers"].assign(**columns)
    return replace(new, parts=(replace(part, tables={**part.tables, "offers": offers}),))


def test_place_counts_what_is_cheaper_and_half_of_what_is_equal(store_of: StoreOf) -> None:
    place = the_place(optimize(NODE, Catalog.open(store_of().place)))
    # One of five nights is cheaper and two are equal, today's being one: (1 + 2 / 2) / 5.
    assert place.percentile_fraction == pytest.approx(0.4)
    # 1.0, 1.04 and 1.0 times today's price are within 5 % of it; 0.9 and 1.2 are not.
    assert (place.close, place.sightings, place.basis) == (3, 5, "offer")
    assert place.lowest_per_hour == pytest.approx(0.4734)
    assert place.highest_per_hour == pytest.approx(0.6312)
    assert (place.lowest_on, place.highest_on) == ("2026-11-20", "2026-11-23")
    assert place.text == (
        "g4dn.xlarge in us-east-1, on demand: percentile 40; held within 5 % in 3 of 5 versions; "
        "$0.526/h, lowest $0.473 (2026-11-20), highest $0.631 (2026-11-23)"
    )


def carried(number: int, new: NewVersion) -> NewVersion:
    if number != 0:
        return new
    (part,) = new.parts
    stale = replace(part, status=PartStatus.CARRIED, stale_since=new.created_at)
    return replace(new, parts=(stale,))


def of_a_stale_region(number: int, new: NewVersion) -> NewVersion:
    if number != 0:
        return new
    (part,) = new.parts
    return replace(new, parts=(replace(part, stale_regions={"us-east-1": new.created_at}),))


def quarantined(number: int, new: NewVersion) -> NewVersion:
    return with_offers(new, flags="quarantined") if number == 0 else new


def in_yuan(number: int, new: NewVersion) -> NewVersion:
    return with_offers(new, currency="CNY") if number == 0 else new


@pytest.mark.parametrize("changed", [carried, of_a_stale_region, quarantined, in_yuan])
def test_sightings_that_are_not_fresh_or_of_another_currency_do_not_count(
    changed: Changed, store_of: StoreOf
) -> None:
    place = the_place(optimize(NODE, Catalog.open(store_of(changed=changed).place)))
    # Without the first night nothing is cheaper: (0 + 2 / 2) / 4.
    assert place.sightings == 4
    assert place.percentile_fraction == pytest.approx(0.25)
    assert place.lowest_per_hour == pytest.approx(0.526)


def test_price_that_was_the_same_every_night_is_in_the_middle(store_of: StoreOf) -> None:
    place = the_place(optimize(NODE, Catalog.open(store_of((1.0, 1.0, 1.0)).place)))
    assert place.percentile_fraction == pytest.approx(0.5)
    assert place.brief.endswith("on demand: percentile 50; held within 5 % in 3 of 3 versions")


def test_two_sightings_are_too_few_for_a_place(store_of: StoreOf) -> None:
    place = the_place(optimize(NODE, Catalog.open(store_of((0.9, 1.0)).place)))
    assert place.percentile_fraction is None
    assert place.text == (
        "g4dn.xlarge in us-east-1, on demand: seen in 2 versions, too few to place its price"
    )


def test_discounted_price_is_placed_by_its_list_price(store_of: StoreOf) -> None:
    own = Catalog.open(store_of().place).with_prices(discounts={"aws": 0.09}, reason="contract")
    place = the_place(optimize(NODE, own))
    assert place.is_own
    assert place.price_per_hour == pytest.approx(0.526)
    assert place.percentile_fraction == pytest.approx(0.4)
    assert "list price $0.526/h, lowest" in place.text


def test_price_of_your_own_has_no_place_in_a_history_of_list_prices(store_of: StoreOf) -> None:
    own = Catalog.open(store_of().place).with_prices(prices_per_hour={"aws/*/*/on_demand": 0.4})
    reasons = optimize(NODE, own).explain()
    assert reasons.price_places == ()
    assert "at a price of your own; its history is of list prices" in str(reasons)


def test_missing_duckdb_is_said_and_breaks_no_plan(
    store_of: StoreOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = optimize(NODE, Catalog.open(store_of().place))
    monkeypatch.setitem(sys.modules, "duckdb", None)
    reasons = plan.explain()
    assert reasons.price_places == ()
    assert "cloud-costopt[history]" in str(reasons)


def test_damaged_old_version_is_said_and_breaks_no_plan(store_of: StoreOf) -> None:
    store = store_of()
    plan = optimize(NODE, Catalog.open(store.place))
    old = Path(store.place) / "versions" / store.versions()[0] / "offers.aws.parquet"
    old.write_bytes(old.read_bytes()[:-1])
    said = " ".join(str(plan.explain()).split())
    assert "bytes where the manifest says" in said


def test_only_a_quarter_of_nights_is_looked_at() -> None:
    # 13 weeks of nights are 91.
    assert MOST_VERSIONS == 90


def node_of(catalog: Catalog, **limits: object) -> Plan:
    accelerators = Requirement(accelerators_per_node=8)
    return optimize(accelerators, catalog, limits=Limits.model_validate(limits)).require()


@pytest.fixture(scope="module")
def on_spot(bundled: Catalog) -> Catalog:
    """p5.48xlarge in us-east-2 on spot: $9.677867/h, the mean of its zones."""
    return bundled.filter(
        regions=["us-east-2"], instance_types=["p5.48xlarge"], purchase_options=["spot"]
    )


def test_bundled_level_of_the_cheapest_zone_is_named_as_such(on_spot: Catalog) -> None:
    place = the_place(node_of(on_spot))
    # All eight levels are above: 9.8320, the lowest, by 1.6 %; 11.6059, the next, by 19.9 %.
    assert (place.basis, place.sightings, place.close) == ("lowest_zone", 8, 1)
    assert place.percentile_fraction == 0
    assert place.text == (
        "p5.48xlarge in us-east-2, spot: percentile 0; held within 5 % on 1 of 8 dates of its "
        "cheapest zone; $9.68/h, the mean of its zones, lowest $9.83 (2025-03-27), "
        "highest $15.93 (2025-10-24)"
    )


def test_price_of_a_zone_is_not_taken_for_that_of_the_region(on_spot: Catalog) -> None:
    zoned = on_spot.with_offers(on_spot.offers.assign(zone="use2-az1", flags=""))
    place = the_place(node_of(zoned))
    # Its own zone has one level, which is too few.
    assert place.brief == (
        "p5.48xlarge in use2-az1, spot: percentile 0; held within 5 % on 1 of 8 dates of the "
        "cheapest zone of its region"
    )


def test_bundled_region_level_is_compared_with_its_own_kind(bundled: Catalog) -> None:
    narrow = bundled.filter(
        regions=["us-central1"], instance_types=["a3-highgpu-8g"], purchase_options=["spot"]
    )
    place = the_place(node_of(narrow))
    past = bundled.table("spot_history")
    levels = past[(past["region"] == "us-central1") & (past["instance_type"] == "a3-highgpu-8g")]
    prices = levels["spot_per_hour"]
    today = narrow.offers["effective_per_hour"].iloc[0]
    assert (place.basis, place.sightings) == ("region", len(levels))
    cheaper, equal = (prices < today - 1e-6).sum(), (prices - today).abs().le(1e-6).sum()
    assert place.percentile_fraction == pytest.approx((cheaper + equal / 2) / len(levels))
    assert place.lowest_on in set(levels.loc[prices == prices.min(), "as_of"])


def test_offer_without_a_past_is_not_mentioned(one_type: Catalog) -> None:
    reasons = optimize(NODE, one_type).explain()
    assert reasons.prices.sentences == ()
    assert "history" not in str(reasons)


def test_catalogue_in_memory_has_no_past_and_says_nothing(on_spot: Catalog) -> None:
    tables = {name: on_spot.table(name) for name in TABLES}
    bare = {name: rows for name, rows in tables.items() if name not in ("spot_history",)}
    del bare["arrival_profiles"]
    plan = node_of(Catalog(bare, place="here"))
    assert plan.explain().prices.sentences == ()


def test_another_catalogue_without_the_offer_says_so(on_spot: Catalog) -> None:
    plan = node_of(on_spot)
    found = price_history(plan, on_spot.with_offers(on_spot.offers.iloc[:0]))
    assert found.gaps == ("p5.48xlarge in us-east-2, spot: not in this catalogue",)


def test_reasons_hold_the_places_in_their_own_block(on_spot: Catalog) -> None:
    text = str(node_of(on_spot).explain())
    assert "Price in its own history (percentile 0 is the cheapest):\n  - p5.48xlarge" in text


def test_plan_frame_and_json_are_of_the_plan_alone(on_spot: Catalog) -> None:
    plan = node_of(on_spot)
    assert isinstance(plan.to_frame(), pd.DataFrame)
    assert "percentile_fraction" not in plan.to_json()
