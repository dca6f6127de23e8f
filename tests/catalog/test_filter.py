"""Narrowing by figures, bad figures, and filters against a plain loop over the rows."""

import csv
from collections.abc import Callable
from fnmatch import fnmatchcase
from importlib.resources import files
from io import StringIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costopt.catalog.catalog import Catalog
from costopt.catalog.schema import DATED_MATERIAL, TABLES
from costopt.errors import (
    CatalogFileError,
    EmptyCatalogError,
    InvalidInputError,
    MissingExchangeRateError,
)

quick = settings(max_examples=60, deadline=None, derandomize=True)

MakeCatalog = Callable[..., Catalog]


def kept(catalog: Catalog, column: str) -> set[str]:
    return set(catalog.offers[column])


def test_memory_limit_counts_all_accelerators_of_the_instance(small: Catalog) -> None:
    # 8 x 79.6 = 636.8 GiB stays at its own value and drops just above it
    assert kept(small.filter(min_vram_gib=636.8), "instance_type") == {
        "p5.48xlarge",
        "a3-highgpu-8g",
    }
    assert len(small.filter(min_vram_gib=636.9)) == 0


def test_half_an_accelerator_counts_its_own_share_of_memory(small: Catalog) -> None:
    # the share of the A10 has 11.7 GiB: not halved once more to 5.85
    assert "Standard_NV18_A10" in kept(small.filter(min_vram_gib=11.7), "instance_type")
    assert "Standard_NV18_A10" not in kept(small.filter(min_vram_gib=11.8), "instance_type")


def test_type_without_an_accelerator_has_no_memory_to_filter_by(small: Catalog) -> None:
    assert "c7i.xlarge" not in kept(small.filter(min_vram_gib=0), "instance_type")


def test_price_limit_reads_prices_in_its_own_currency(small: Catalog) -> None:
    # 8 CNY/h at 8 CNY per USD is 1 USD/h; the A10 at 1.25 USD/h is 10 CNY/h
    in_dollars = small.filter(max_price_per_hour=1.0)
    assert kept(in_dollars, "instance_type") == {"c7i.xlarge", "g4dn.xlarge", "ecs.gn6i.xlarge"}
    in_yuan = small.filter(max_price_per_hour=10.0, currency="CNY")
    assert kept(in_yuan, "instance_type") == {
        *kept(in_dollars, "instance_type"),
        "Standard_NV18_A10",
    }


def test_price_limit_counts_upfront_charges(small: Catalog) -> None:
    # 20 USD/h + 87,600 USD / 8,760 h = 30 USD/h
    reserved = small.filter(purchase_options="reserved")
    assert len(reserved.filter(max_price_per_hour=30.0)) == 1
    assert len(reserved.filter(max_price_per_hour=29.99)) == 0


def test_price_limit_needs_rates_only_for_offers_that_meet_the_rest(
    make_catalog: MakeCatalog,
) -> None:
    catalog = make_catalog(exchange_rates=())
    assert len(catalog.filter(providers="aws", max_price_per_hour=0.5)) == 3
    with pytest.raises(MissingExchangeRateError, match="from CNY to USD"):
        catalog.filter(max_price_per_hour=0.5)


@pytest.mark.parametrize("figure", [-0.01, float("nan"), float("inf")])
@pytest.mark.parametrize("field", ["min_vram_gib", "max_price_per_hour"])
def test_figure_below_zero_or_not_finite_is_refused(
    small: Catalog, field: str, figure: Any
) -> None:
    with pytest.raises(InvalidInputError, match=f"filter: {field} = .*at least 0"):
        small.filter(**{field: figure})


def test_narrowing_what_is_already_empty_says_that_nothing_is_left(small: Catalog) -> None:
    empty = small.filter(max_price_per_hour=0.01)
    assert len(empty) == 0
    assert list(empty.offers.columns) == list(small.offers.columns)
    with pytest.raises(EmptyCatalogError, match="no offers left to filter"):
        empty.filter(providers="aws")


@pytest.mark.parametrize(
    ("table", "column", "gone", "named"),
    [
        ("instance_types", "instance_type", "a3-highgpu-8g", "gcp a3-highgpu-8g"),
        ("regions", "region", "cn-beijing", "alibaba cn-beijing"),
    ],
)
def test_offer_of_an_undescribed_type_or_region_is_refused(
    small: Catalog, table: str, column: str, gone: str, named: str
) -> None:
    tables = {name: small.table(name) for name in set(TABLES) - DATED_MATERIAL}
    tables[table] = tables[table][tables[table][column] != gone]
    with pytest.raises(CatalogFileError, match=f"name {named}, which has no row in {table}"):
        Catalog(tables, place="small").filter(providers="aws")


def bundled_rows(name: str) -> list[dict[str, str]]:
    """Read a bundled table with the csv module alone."""
    text = files("costopt_catalogs").joinpath(TABLES[name].file_name).read_text(encoding="utf-8")
    return list(csv.DictReader(StringIO(text)))


def test_bundled_filter_keeps_what_a_plain_loop_over_the_file_keeps(bundled: Catalog) -> None:
    types = {(r["provider"], r["instance_type"]): r for r in bundled_rows("instance_types")}
    country = {(r["provider"], r["region"]): r["country"] for r in bundled_rows("regions")}
    union = {r["country"] for r in bundled_rows("region_groups") if r["group"] == "EU"}
    expected = []
    for offer in bundled_rows("offers"):
        kind = types[offer["provider"], offer["instance_type"]]
        if (
            offer["provider"] in ("aws", "gcp")
            and country[offer["provider"], offer["region"]] in union
            and kind["accelerator"] in ("H100-80GB", "L4")
            and offer["purchase_option"] in ("on_demand", "spot")
            and float(offer["effective_per_hour"]) <= 40
            and float(kind["accelerator_usable_gib"]) * float(kind["accelerator_count"]) >= 79
        ):
            expected.append((offer["region"], offer["instance_type"], offer["purchase_option"]))
    narrow = bundled.filter(
        providers=["aws", "gcp"], countries="EU", accelerator_types=["h100", "L4"],
        purchase_options=["on_demand", "spot"], max_price_per_hour=40, min_vram_gib=79,
    ).offers  # fmt: skip
    keys = narrow[["region", "instance_type", "purchase_option"]]
    assert expected
    assert sorted(keys.itertuples(index=False, name=None)) == sorted(expected)


PATTERNS = {
    "provider": ["aws", "gcp", "azure", "alibaba", "a*"],
    "region": ["us-*", "eu*", "norwayeast", "cn-beijing"],
    "purchase_option": ["on_demand", "spot", "reserved", "*ed*"],
}
SOME_PATTERNS = {
    column: st.lists(st.sampled_from(patterns), min_size=1, unique=True)
    for column, patterns in PATTERNS.items()
}


@quick
@given(
    wanted=st.fixed_dictionaries({}, optional=SOME_PATTERNS),
    at_most=st.sampled_from([0.25, 0.5, 1.25, 88.0, 200.0]),
)
def test_any_filter_keeps_what_a_plain_loop_keeps(
    small: Catalog, wanted: dict[str, list[str]], at_most: float
) -> None:
    dollars = {"USD": 1.0, "CNY": 1 / 8}
    expected = [
        row["effective_per_hour"]
        for row in small.offers.to_dict("records")
        if all(
            any(fnmatchcase(row[column], pattern) for pattern in patterns)
            for column, patterns in wanted.items()
        )
        and row["effective_per_hour"] * dollars[row["currency"]] <= at_most
    ]
    conditions: dict[str, Any] = {f"{column}s": names for column, names in wanted.items()}
    found = small.filter(max_price_per_hour=at_most, **conditions).offers
    assert sorted(found["effective_per_hour"]) == sorted(expected)


def test_order_of_narrowing_does_not_matter(small: Catalog) -> None:
    one = small.filter(families="p5").filter(regions="us-*")
    other = small.filter(regions="us-*").filter(families="p5")
    assert len(one) == 3
    assert one.offers.equals(other.offers)
