"""Differences between the offers of two versions."""

from collections.abc import Callable

import pandas as pd
import pytest

from costopt.catalog.catalog import Catalog
from costopt.catalog.schema import OFFERS
from costopt.catalog.store.diff import DIFF_COLUMNS, diff_offers


@pytest.fixture
def offers(small: Catalog) -> pd.DataFrame:
    """The thirteen offers of the small catalogue."""
    return small.offers


def changed(offers: pd.DataFrame, instance_type: str, column: str, value: object) -> pd.DataFrame:
    """Return the offers with another value for one instance type."""
    one = offers["instance_type"] == instance_type
    return offers.assign(**{column: offers[column].where(~one, value)})


def test_same_offers_have_no_differences(offers: pd.DataFrame) -> None:
    assert diff_offers(offers, offers).empty
    assert tuple(diff_offers(offers, offers).columns) == DIFF_COLUMNS
    assert diff_offers(offers, offers.sample(frac=1, random_state=1)).empty


def test_moved_price_is_told_with_its_fraction(offers: pd.DataFrame) -> None:
    (row,) = diff_offers(
        offers, changed(offers, "c7i.xlarge", "effective_per_hour", 0.11)
    ).to_dict("records")
    assert (row["change"], row["instance_type"]) == ("moved", "c7i.xlarge")
    assert (row["old_per_hour"], row["new_per_hour"]) == (0.2, 0.11)
    assert row["moved_fraction"] == pytest.approx(-0.45)  # 0.11 / 0.2 - 1


def test_added_and_removed_rows_have_one_price(offers: pd.DataFrame) -> None:
    azure = offers["provider"] == "azure"
    (gone,) = diff_offers(offers, offers[~azure]).to_dict("records")
    (come,) = diff_offers(offers[~azure], offers).to_dict("records")
    assert (gone["change"], gone["old_per_hour"], gone["new_currency"]) == ("removed", 1.25, "")
    assert (come["change"], come["new_per_hour"], come["old_currency"]) == ("added", 1.25, "")
    assert pd.isna([gone["new_per_hour"], gone["moved_fraction"]]).all()
    assert pd.isna([come["old_per_hour"], come["moved_fraction"]]).all()


def test_other_currency_is_a_move_without_a_fraction(offers: pd.DataFrame) -> None:
    (row,) = diff_offers(offers, changed(offers, "ecs.gn6i.xlarge", "currency", "USD")).to_dict(
        "records"
    )
    assert (row["change"], row["old_currency"], row["new_currency"]) == ("moved", "CNY", "USD")
    assert pd.isna(row["moved_fraction"])


def test_rows_without_a_term_are_matched_with_each_other(offers: pd.DataFrame) -> None:
    dearer = offers.assign(effective_per_hour=offers["effective_per_hour"] * 2)
    moved = diff_offers(offers, dearer)
    assert len(moved) == len(offers) == 13
    assert set(moved["change"]) == {"moved"}
    assert moved["term_years"].notna().sum() == 1


def test_rows_come_in_the_order_of_the_key(
    offers: pd.DataFrame, make_table: Callable[..., pd.DataFrame]
) -> None:
    both = diff_offers(offers[:6], offers[3:])
    keys = list(OFFERS.key)
    assert both[keys].equals(both[keys].sort_values(keys, ignore_index=True, na_position="first"))
    assert diff_offers(make_table("offers", ()), offers)["change"].tolist() == ["added"] * 13
