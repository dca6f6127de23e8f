"""Two catalogues in one: the newer row stays, a contradiction is refused."""

from collections.abc import Callable, Mapping

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costopt.catalog.catalog import Catalog
from costopt.catalog.merge import merge_rows
from costopt.catalog.schema import DATED_MATERIAL, OFFERS, TABLES
from costopt.errors import CatalogFileError

quick = settings(max_examples=60, deadline=None, derandomize=True)

MakeCatalog = Callable[..., Catalog]
MakeTable = Callable[..., pd.DataFrame]
Row = Mapping[str, str]


def offer(price: str, as_of: str, **more: str) -> dict[str, str]:
    return {
        "provider": "aws", "region": "us-east-1", "instance_type": "p5.48xlarge",
        "purchase_option": "on_demand", "recurring_per_hour": price, "upfront": "0",
        "currency": "USD", "effective_per_hour": price, "as_of": as_of, **more,
    }  # fmt: skip


def prices(catalog: Catalog) -> list[float]:
    return list(catalog.offers["effective_per_hour"])


def test_newer_price_stays_whichever_side_it_is_on(make_catalog: MakeCatalog) -> None:
    older = make_catalog(offers=[offer("96", "2026-07-31")])
    newer = make_catalog(offers=[offer("80", "2026-08")])
    assert prices(older.merge(newer)) == [80]
    assert prices(newer.merge(older)) == [80]


def test_rows_that_only_one_side_has_all_stay(make_catalog: MakeCatalog) -> None:
    one = make_catalog(offers=[offer("96", "2026-08-01")])
    other = make_catalog(
        offers=[
            offer("120", "2026-08-01", region="eu-central-1"),
            offer("40", "2026-08-01", purchase_option="spot"),
            offer("44", "2026-08-01", purchase_option="spot", zone="us-east-1a"),
        ]
    )
    joined = one.merge(other)
    # sorted by place and way to pay
    assert prices(joined) == [120, 96, 40, 44]


def test_same_row_twice_is_one_row(small: Catalog) -> None:
    joined = small.merge(small)
    for name in set(TABLES) - DATED_MATERIAL:
        assert joined.table(name).equals(small.table(name)), name
    assert joined.fingerprint == small.fingerprint


def test_bundled_catalogue_merged_with_itself_is_itself(bundled: Catalog) -> None:
    joined = bundled.merge(bundled)
    assert joined.fingerprint == bundled.fingerprint
    assert len(joined) == len(bundled)


def test_parts_of_a_catalogue_merge_into_the_whole(bundled: Catalog) -> None:
    parts = [bundled.filter(providers=name) for name in ("gcp", "azure", "aws", "alibaba")]
    whole = parts[0]
    for part in parts[1:]:
        whole = whole.merge(part)
    assert whole.fingerprint == bundled.fingerprint


def test_merged_catalogue_has_the_later_date_of_the_two(small: Catalog) -> None:
    # both parts hold offers of 2026-08-01 only, and are of 2026-08-22 as the whole is
    joined = small.filter(providers="gcp").merge(small.filter(providers="azure"))
    assert joined.offers["as_of"].max() == "2026-08-01"
    assert joined.as_of == "2026-08-22"


def test_older_catalogue_does_not_set_the_clock_back(make_catalog: MakeCatalog) -> None:
    older = make_catalog(offers=[offer("96", "2025-01-01")])
    newer = make_catalog(offers=[offer("90", "2026-08-01", region="eu-central-1")])
    assert older.merge(newer).as_of == newer.merge(older).as_of == "2026-08-01"


def test_merging_with_an_empty_catalogue_changes_nothing(
    small: Catalog, make_catalog: MakeCatalog
) -> None:
    empty = make_catalog(offers=())
    assert small.merge(empty).fingerprint == small.fingerprint
    assert empty.merge(small).fingerprint == small.fingerprint


def test_contradiction_of_one_date_is_refused_and_names_the_row(
    make_catalog: MakeCatalog,
) -> None:
    term = {"purchase_option": "reserved", "term_years": "1", "payment": "no"}
    one = make_catalog(offers=[offer("96", "2026-08-01", **term)])
    other = make_catalog(offers=[offer("95", "2026-08-01", **term)])
    with pytest.raises(CatalogFileError) as refusal:
        one.merge(other)
    assert str(refusal.value) == (
        "offers: both catalogues hold aws/us-east-1//p5.48xlarge/reserved//1/no of 2026-08-01, "
        "with different contents. Filter one of the two before merging."
    )


def test_filtering_one_of_two_resolves_a_contradiction(make_catalog: MakeCatalog) -> None:
    other_region = offer("120", "2026-08-01", region="eu-central-1")
    one = make_catalog(offers=[offer("96", "2026-08-01"), other_region])
    other = make_catalog(offers=[offer("95", "2026-08-01")])
    assert prices(one.filter(regions="eu-*").merge(other)) == [120, 95]


def test_contradiction_outside_the_offers_gives_other_advice(make_catalog: MakeCatalog) -> None:
    rate = {"base": "USD", "quote": "CNY", "as_of": "2026-08-01"}
    one = make_catalog(exchange_rates=[{**rate, "rate": "7"}])
    other = make_catalog(exchange_rates=[{**rate, "rate": "8"}])
    with pytest.raises(CatalogFileError, match=r"exchange_rates: .* a newer date, or remove"):
        one.merge(other)


def test_month_and_its_first_day_are_the_same_date(make_catalog: MakeCatalog) -> None:
    one = make_catalog(offers=[offer("96", "2026-08")])
    other = make_catalog(offers=[offer("95", "2026-08-01")])
    with pytest.raises(CatalogFileError, match="with different contents"):
        one.merge(other)


def test_findings_of_both_stay_though_they_differ(make_catalog: MakeCatalog) -> None:
    finding = {"check": "ageing", "severity": "warning", "table": "offers", "row": "aws/*"}
    one = make_catalog(findings=[{**finding, "detail": "8 offers"}])
    other = make_catalog(findings=[{**finding, "detail": "9 offers"}])
    assert one.merge(other).findings["detail"].tolist() == ["8 offers", "9 offers"]
    assert one.merge(one).findings["detail"].tolist() == ["8 offers"]


def test_own_prices_win_over_older_list_prices_when_merged(small: Catalog) -> None:
    key = "aws/us-east-1/p5.48xlarge/on_demand"
    own = small.with_prices(prices_per_hour={key: 70}, reason="contract").filter(
        instance_types="p5*", regions="us-*", purchase_options="on_demand"
    )
    joined = own.merge(small)
    # the own price is of the catalogue's date, 2026-08-22; the list price of 2026-08-01
    rows = joined.offers.query("trail != ''")
    assert rows["effective_per_hour"].tolist() == [70]
    assert len(joined) == len(small)


def test_merged_catalogue_names_both_places(make_catalog: MakeCatalog) -> None:
    joined = make_catalog(place="first").merge(make_catalog(place="second"))
    assert joined.place == "first + second"


def with_history(small: Catalog, dated: Mapping[str, pd.DataFrame]) -> Catalog:
    """Return the small catalogue with dated material that is read when asked for."""
    tables = {name: small.table(name) for name in set(TABLES) - DATED_MATERIAL}
    return Catalog(tables, place="small", dated=lambda name: dated[name])


def test_dated_material_of_both_is_merged_when_it_is_asked_for(
    small: Catalog, make_table: MakeTable
) -> None:
    level: dict[str, str] = {
        "provider": "aws", "region": "us-east-1", "instance_type": "p5.48xlarge",
        "basis": "region", "currency": "USD",
    }  # fmt: skip
    may = make_table("spot_history", [{**level, "as_of": "2026-05-01", "spot_per_hour": "20"}])
    june = make_table("spot_history", [{**level, "as_of": "2026-06-01", "spot_per_hour": "30"}])
    one = with_history(small, {"spot_history": may})
    other = with_history(small, {"spot_history": june})
    assert one.merge(other).table("spot_history")["spot_per_hour"].tolist() == [20, 30]
    assert one.merge(small).table("spot_history")["spot_per_hour"].tolist() == [20]
    assert small.merge(other).table("spot_history")["spot_per_hour"].tolist() == [30]


PRICE_OF_DAY = {"2026-05": "1", "2026-06-01": "2", "2026-07-01": "3"}
PLACES = ("eu-central-1", "us-east-1", "us-west-2")
DAYS = st.dictionaries(st.sampled_from(PLACES), st.sampled_from(list(PRICE_OF_DAY)))


@pytest.fixture(scope="module")
def every_offer(make_table: MakeTable) -> pd.DataFrame:
    """One offer for each place and day; rows of one day never contradict each other."""
    return make_table(
        "offers",
        [
            offer(price, day, region=place)
            for place in PLACES
            for day, price in PRICE_OF_DAY.items()
        ],
    )


@quick
@given(first=DAYS, second=DAYS)
def test_merged_rows_are_the_newest_of_a_plain_dictionary(
    every_offer: pd.DataFrame, first: dict[str, str], second: dict[str, str]
) -> None:
    def rows(days: dict[str, str]) -> pd.DataFrame:
        return every_offer[every_offer["region"].map(days) == every_offer["as_of"]]

    joined = merge_rows(OFFERS, rows(first), rows(second))
    newest = {
        place: max(days[place] for days in (first, second) if place in days)
        for place in first.keys() | second.keys()
    }
    assert dict(zip(joined["region"], joined["as_of"], strict=True)) == newest
    assert joined["region"].tolist() == sorted(newest)
    pd.testing.assert_frame_equal(joined, merge_rows(OFFERS, rows(second), rows(first)))
    pd.testing.assert_frame_equal(joined, merge_rows(OFFERS, joined, rows(second)))
