"""Types without a price: which stay when a catalogue is narrowed, and what is said of them."""

import csv
from collections.abc import Callable
from importlib.resources import files
from io import StringIO
from typing import Any

import pandas as pd
import pytest

from costopt.catalog.catalog import Catalog
from costopt.catalog.schema import TABLES
from costopt.errors import InvalidInputError, UnknownNameError

MakeCatalog = Callable[..., Catalog]


def kept(catalog: Catalog, column: str) -> set[str]:
    return set(catalog.offers[column])


def bundled_rows(name: str) -> list[dict[str, str]]:
    """Read a bundled table with the csv module alone."""
    text = files("costopt_catalogs").joinpath(TABLES[name].file_name).read_text(encoding="utf-8")
    return list(csv.DictReader(StringIO(text)))


def rows_of(catalog: Catalog, name: str) -> list[dict[str, str]]:
    """Write the rows of a table as text again."""
    records = catalog.table(name).to_dict("records")
    return [
        {str(key): "" if pd.isna(value) else str(value) for key, value in row.items()}
        for row in records
    ]


def types_of(catalog: Catalog) -> set[str]:
    return set(catalog.instance_types["instance_type"])


@pytest.mark.parametrize(
    ("conditions", "left"),
    [
        ({"providers": "gcp"}, {"a3-highgpu-8g"}),
        ({"families": ["p5", "x9"]}, {"p5.48xlarge", "x9.large"}),
        ({"accelerator_types": "T4"}, {"g4dn.xlarge", "ecs.gn6i.xlarge"}),
        ({"vendors": "intel"}, {"c7i.xlarge"}),
        # 8 x 79.6 = 636.8 GiB
        ({"min_vram_gib": 100}, {"p5.48xlarge", "a3-highgpu-8g"}),
        ({"providers": "aws", "instance_types": "?*.large"}, None),
    ],
)
def test_types_stay_when_they_meet_the_conditions_that_concern_types(
    small: Catalog, conditions: dict[str, Any], left: set[str] | None
) -> None:
    if left is None:
        with pytest.raises(InvalidInputError, match=r"x9\.large has no price here"):
            small.filter(**conditions)
        return
    assert types_of(small.filter(**conditions)) == left


def test_conditions_on_places_and_prices_leave_every_type(small: Catalog) -> None:
    narrow = small.filter(
        regions="us-*", countries="US", purchase_options="on_demand", max_price_per_hour=1
    )
    assert types_of(narrow) == types_of(small)


def test_types_without_a_price_are_those_without_any_offer_before_narrowing(
    small: Catalog,
) -> None:
    # of seven types only x9.large of AWS has no offer
    assert small.unpriced_types["instance_type"].tolist() == ["x9.large"]
    spot = small.filter(providers="aws", purchase_options="spot")
    # c7i.xlarge has no spot offer: it is left without one here, and is not without a price
    assert "c7i.xlarge" in types_of(spot) - set(spot.offers["instance_type"])
    assert spot.unpriced_types["instance_type"].tolist() == ["x9.large"]
    assert small.filter(providers="gcp").unpriced_types.empty
    own = spot.with_prices(discounts={"aws": 0.5})
    assert own.unpriced_types["instance_type"].tolist() == ["x9.large"]


def test_merged_catalogues_know_what_either_prices(
    small: Catalog, make_catalog: MakeCatalog
) -> None:
    without = make_catalog(offers=[])
    assert len(without.unpriced_types) == 7
    assert without.merge(small).unpriced_types["instance_type"].tolist() == ["x9.large"]
    parts = small.filter(providers="gcp").merge(small.filter(providers="aws"))
    assert types_of(parts) == {
        "a3-highgpu-8g", "p5.48xlarge", "g4dn.xlarge", "c7i.xlarge", "x9.large",
    }  # fmt: skip
    assert parts.unpriced_types["instance_type"].tolist() == ["x9.large"]


def test_bundled_types_without_a_price_are_counted_alike_however_narrow(bundled: Catalog) -> None:
    offered, named = (
        {(row["provider"], row["instance_type"]) for row in bundled_rows(name)}
        for name in ("offers", "instance_types")
    )
    never = named - offered
    assert len(never) == 70
    assert len(bundled.unpriced_types) == len(never)
    narrow = bundled.filter(providers=["gcp"], purchase_options=["on_demand"])
    of_gcp = {name for provider, name in never if provider == "gcp"}
    assert set(narrow.unpriced_types["instance_type"]) == of_gcp


NEVER = "no price here; name another, or leave the condition out"


@pytest.mark.parametrize(
    ("condition", "name", "said"),
    [
        ("instance_types", "x9.large", f"instance type: x9.large has {NEVER}"),
        ("instance_types", "X9*", f"instance type: x9.large has {NEVER}"),
        ("families", ["x9"], f"family: x9 has {NEVER}"),
        ("accelerator_types", "A100-40GB", f"accelerator: A100-40GB has {NEVER}"),
        ("accelerator_types", "A100", f"accelerator: A100-40GB has {NEVER}"),
        ("vendors", "amd", f"vendor: amd has {NEVER}"),
        ("regions", ["eu-west-9"], f"region: eu-west-9 has {NEVER}"),
        ("countries", "FR", f"country or group: FR has {NEVER}"),
    ],
)
def test_known_name_without_an_offer_is_no_error_of_spelling(
    small: Catalog, make_catalog: MakeCatalog, condition: str, name: Any, said: str
) -> None:
    catalog = make_catalog(
        accelerators=(
            *rows_of(small, "accelerators"),
            {"name": "A100-40GB", "vendor": "nvidia", "usable_gib": "39.5"},
            {"name": "MI300X", "vendor": "amd", "usable_gib": "187"},
        ),
        accelerator_aliases=({"alias": "A100", "accelerator": "A100-40GB"},),
        regions=(
            *rows_of(small, "regions"),
            {"provider": "aws", "region": "eu-west-9", "country": "FR", "continent": "any",
             "partition": "public"},
        ),
    )  # fmt: skip
    with pytest.raises(InvalidInputError) as refusal:
        catalog.filter(**{condition: name})
    assert str(refusal.value) == said


def test_names_without_an_offer_may_stand_beside_others(small: Catalog) -> None:
    narrow = small.filter(instance_types=["x9.large", "c7i.xlarge"])
    assert kept(narrow, "instance_type") == {"c7i.xlarge"}
    assert types_of(narrow) == {"x9.large", "c7i.xlarge"}


def test_processor_rate_is_no_accelerator(small: Catalog) -> None:
    with pytest.raises(UnknownNameError, match="Unknown accelerator 'CPU-Rapids-vCPU'"):
        small.filter(accelerator_types="CPU-Rapids-vCPU")
