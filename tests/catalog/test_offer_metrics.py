"""What offers cost per GiB and per TFLOP, against arithmetic by hand and a plain loop."""

import csv
from collections.abc import Callable
from importlib.resources import files
from io import StringIO
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costopt.catalog.catalog import Catalog
from costopt.catalog.offer_metrics import (
    METRIC_COLUMNS,
    SORT_COLUMNS,
    SortBy,
    offer_metrics,
    sorted_offers,
)
from costopt.errors import EmptyCatalogError, MissingExchangeRateError, UnknownNameError

quick = settings(max_examples=60, deadline=None, derandomize=True)

MakeCatalog = Callable[..., Catalog]


def metric(
    catalog: Catalog, instance_type: str, currency: str = "USD", compute_format: str = "bf16"
) -> dict[str, Any]:
    """Figures of the dearest on-demand offer of one type."""
    narrow = catalog.filter(instance_types=instance_type, purchase_options="on_demand")
    rows = offer_metrics(narrow, currency, compute_format).sort_values("price_per_hour")
    return {str(column): value for column, value in rows.iloc[-1].items()}


def test_price_is_divided_by_all_memory_and_all_rates_of_the_instance(small: Catalog) -> None:
    figures = metric(small, "p5.48xlarge")
    # 120 USD/h in eu-central-1; 8 x 79.6 = 636.8 GiB; 8 x 1,000 = 8,000 TFLOP/s
    assert figures["region"] == "eu-central-1"
    assert figures["price_per_hour"] == 120
    assert figures["vram_gib"] == pytest.approx(636.8)
    assert figures["price_per_vram_gib"] == pytest.approx(120 / 636.8)
    assert figures["price_per_tflop"] == pytest.approx(0.015)


def test_rate_is_that_of_the_format_that_is_asked_for(small: Catalog) -> None:
    # fp8 is twice as fast on H100: half the price per TFLOP
    assert metric(small, "p5.48xlarge", compute_format="fp8")["price_per_tflop"] == pytest.approx(
        120 / 16_000
    )
    assert metric(small, "g4dn.xlarge", compute_format="fp16")["price_per_tflop"] == pytest.approx(
        0.625 / 65
    )


def test_format_without_a_published_rate_has_no_figure(small: Catalog) -> None:
    figures = metric(small, "g4dn.xlarge")
    assert pd.isna(figures["price_per_tflop"])
    assert figures["price_per_vram_gib"] == pytest.approx(0.625 / 15.6)


def test_share_of_an_accelerator_has_its_share_of_memory_and_rate(small: Catalog) -> None:
    figures = metric(small, "Standard_NV18_A10")
    # half an A10: 11.7 GiB and 62.5 TFLOP/s for 1.25 USD/h
    assert figures["price_per_vram_gib"] == pytest.approx(1.25 / 11.7)
    assert figures["price_per_tflop"] == pytest.approx(0.02)


def test_processor_is_rated_by_its_virtual_cpus_and_has_no_memory_figure(small: Catalog) -> None:
    figures = metric(small, "c7i.xlarge")
    # 4 vCPU x 0.5 = 2 TFLOP/s for 0.2 USD/h
    assert figures["price_per_tflop"] == pytest.approx(0.1)
    assert pd.isna(figures["price_per_vram_gib"])
    assert pd.isna(figures["vram_gib"])
    assert (figures["accelerator"], figures["vcpus"]) == ("cpu", 4)


def test_processor_without_a_known_rate_has_no_figure_at_all(
    make_catalog: MakeCatalog, small: Catalog
) -> None:
    offers = [
        {"provider": "aws", "region": "us-east-1", "instance_type": "x9.large",
         "purchase_option": "on_demand", "recurring_per_hour": "0.1", "upfront": "0",
         "currency": "USD", "effective_per_hour": "0.1"}
    ]  # fmt: skip
    figures = metric(make_catalog(offers=offers), "x9.large")
    assert figures["price_per_hour"] == 0.1
    assert pd.isna(figures["price_per_tflop"])
    assert pd.isna(figures["price_per_vram_gib"])


def test_upfront_charge_is_spread_over_the_term(small: Catalog) -> None:
    (row,) = offer_metrics(
        small.filter(purchase_options="reserved"), "USD", "bf16"
    ).to_dict("records")  # fmt: skip
    # 20 USD/h + 87,600 USD / 8,760 h = 30 USD/h
    assert (row["price_per_hour"], row["upfront"]) == (30, 87_600)
    assert (row["term_years"], row["payment"]) == (1, "partial")
    assert row["price_per_tflop"] == pytest.approx(30 / 8000)


def test_prices_come_in_the_currency_that_is_asked_for(small: Catalog) -> None:
    # 1 USD is 8 CNY
    yuan = metric(small, "ecs.gn6i.xlarge", currency="CNY")
    assert (yuan["price_per_hour"], yuan["price_currency"], yuan["currency"]) == (8, "CNY", "CNY")
    dollars = metric(small, "ecs.gn6i.xlarge")
    assert (dollars["price_per_hour"], dollars["currency"]) == (1, "CNY")
    assert metric(small, "c7i.xlarge", currency="CNY")["price_per_hour"] == pytest.approx(1.6)


def test_each_offer_has_its_age_source_and_note(small: Catalog) -> None:
    rows = offer_metrics(small, "USD", "bf16")
    assert tuple(rows.columns) == METRIC_COLUMNS
    spot = rows[(rows["instance_type"] == "p5.48xlarge") & (rows["purchase_option"] == "spot")]
    (row,) = spot.to_dict("records")
    # from 2026-08-01 to the catalogue's date, 2026-08-22
    assert (row["as_of"], row["age_days"], row["source"]) == ("2026-08-01", 21, "price list")
    assert (row["flags"], row["note"]) == ("zone_average", "a mean")


def test_price_past_its_last_day_is_marked_as_stale(small: Catalog) -> None:
    rows = offer_metrics(small, "USD", "bf16")
    # the block ended on 2026-08-10, twelve days before the catalogue's date
    assert rows.loc[rows["is_stale"], "purchase_option"].tolist() == ["capacity_block"]


@pytest.mark.parametrize(
    ("option", "as_of", "is_stale"),
    [
        # 18 x 30.4375 = 547.9 days before 2026-08-22
        ("spot", "2025-02-21", False),  # 547 days
        ("spot", "2025-02-20", True),
        ("on_demand", "2025-02-20", False),
        ("low_priority", "2010", False),  # no limit to its age
    ],
)
def test_price_older_than_plans_take_is_marked_as_stale(
    make_catalog: MakeCatalog, small: Catalog, option: str, as_of: str, is_stale: bool
) -> None:
    row = {"provider": "aws", "region": "us-east-1", "instance_type": "g4dn.xlarge",
           "upfront": "0", "currency": "USD", "recurring_per_hour": "0.1",
           "effective_per_hour": "0.1"}  # fmt: skip
    newest = row | {"purchase_option": "reserved", "as_of": "2026-08-22"}
    asked = row | {"purchase_option": option, "as_of": as_of}
    rows = offer_metrics(make_catalog(offers=[newest, asked]), "USD", "bf16")
    marked = dict(zip(rows["purchase_option"], rows["is_stale"], strict=True))
    assert marked == {"reserved": False, option: is_stale}


def test_own_price_shows_its_trail(small: Catalog) -> None:
    own = small.with_prices(discounts={"aws/us-east-1/p5*/on_demand": 0.25}, reason="contract")
    rows = offer_metrics(own, "USD", "bf16")
    (row,) = rows[rows["trail"] != ""].to_dict("records")
    # 96 x 0.75 = 72; 72 / 8,000 = 0.009
    assert (row["price_per_hour"], row["price_per_tflop"]) == (72, pytest.approx(0.009))
    assert "25 % off" in row["trail"]


def test_catalogue_stays_as_it_was(small: Catalog) -> None:
    fingerprint = small.fingerprint
    offer_metrics(small, "CNY", "fp8")["price_per_hour"].sum()
    assert small.fingerprint == fingerprint
    assert "price_per_hour" not in small.joined_offers


def test_unknown_compute_format_suggests_the_nearest(small: Catalog) -> None:
    with pytest.raises(UnknownNameError, match=r"compute format 'bf61'\. Did you mean bf16"):
        offer_metrics(small, "USD", "bf61")


def test_no_offers_and_no_exchange_rate_are_refused(small: Catalog) -> None:
    with pytest.raises(EmptyCatalogError, match="no offers to show"):
        offer_metrics(small.filter(max_price_per_hour=0.01), "USD", "bf16")
    with pytest.raises(MissingExchangeRateError, match="to EUR"):
        offer_metrics(small, "EUR", "bf16")


def test_every_way_to_sort_has_a_column(small: Catalog) -> None:
    assert set(SORT_COLUMNS) == set(SortBy)
    assert set(SORT_COLUMNS.values()) <= set(METRIC_COLUMNS)


@pytest.mark.parametrize(
    ("by", "first", "last"),
    [
        # c7i at 0.2 USD/h; p5 in eu-central-1 at 120
        (SortBy.PRICE, "c7i.xlarge", "p5.48xlarge"),
        # g4dn spot: 0.25 / 15.6 = 0.016, p5 spot 24 / 636.8 = 0.038; none for c7i
        (SortBy.VRAM, "g4dn.xlarge", "c7i.xlarge"),
        # p5 spot: 24 / 8,000 = 0.003; none for T4, of which aws us-east-1 is the last by name
        (SortBy.TFLOP, "p5.48xlarge", "g4dn.xlarge"),
    ],
)
def test_lowest_figure_comes_first_and_offers_without_it_last(
    small: Catalog, by: SortBy, first: str, last: str
) -> None:
    rows = sorted_offers(offer_metrics(small, "USD", "bf16"), by)
    assert (rows["instance_type"].iloc[0], rows["instance_type"].iloc[-1]) == (first, last)


FIGURES = st.one_of(st.none(), st.sampled_from([0.5, 1.0, 2.0, 64.0]))


@quick
@given(by=st.sampled_from(list(SortBy)), figures=st.lists(FIGURES, min_size=13, max_size=13))
def test_sorting_moves_rows_and_keeps_each_whole(
    small: Catalog, by: SortBy, figures: list[float | None]
) -> None:
    metrics = offer_metrics(small, "USD", "bf16")
    metrics[SORT_COLUMNS[by]] = pd.Series(figures, dtype=float)
    rows = sorted_offers(metrics, by)
    columns = ["provider", "region", "instance_type", "purchase_option", SORT_COLUMNS[by]]
    before = sorted(map(str, metrics[columns].itertuples(index=False, name=None)))
    assert sorted(map(str, rows[columns].itertuples(index=False, name=None))) == before
    found = rows[SORT_COLUMNS[by]].fillna(float("inf")).tolist()
    assert found == sorted(found)


def test_bundled_figures_are_those_of_a_plain_loop_over_the_files(bundled: Catalog) -> None:
    def read(name: str) -> list[dict[str, str]]:
        text = files("costopt_catalogs").joinpath(f"{name}.csv").read_text(encoding="utf-8")
        return list(csv.DictReader(StringIO(text)))

    types = {
        row["instance_type"]: row for row in read("instance_types") if row["provider"] == "gcp"
    }
    rates = {row["name"]: row["bf16_tflops"] for row in read("accelerators")}
    expected: dict[str, tuple[float, float]] = {}
    for offer in read("offers"):
        kind = types.get(offer["instance_type"])
        if offer["provider"] != "gcp" or kind is None or not kind["accelerator"]:
            continue
        price, count = float(offer["effective_per_hour"]), float(kind["accelerator_count"])
        # one share of an accelerator has a memory figure of its own
        vram = float(kind["accelerator_usable_gib"]) * max(count, 1)
        rate = rates[kind["accelerator"]]
        key = "/".join(offer[name] for name in (
            "region", "zone", "instance_type", "purchase_option", "term_years", "payment"
        ))  # fmt: skip
        expected[key] = (price / vram, price / (float(rate) * count) if rate else float("nan"))
    rows = offer_metrics(bundled.filter(providers="gcp"), "USD", "bf16")
    rows = rows[rows["accelerator"] != "cpu"]
    assert len(rows) == len(expected) > 1000
    for row in rows.to_dict("records"):
        term = "" if pd.isna(row["term_years"]) else f"{row['term_years']:g}"
        key = "/".join((row["region"], row["zone"], row["instance_type"],
                        row["purchase_option"], term, row["payment"]))  # fmt: skip
        found = (row["price_per_vram_gib"], row["price_per_tflop"])
        assert found == pytest.approx(expected[key], rel=1e-12, nan_ok=True), key
