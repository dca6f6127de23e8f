"""Parts of providers: fresh, carried over, missing, and what contradicts itself."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest

from costopt.catalog.catalog import Catalog
from costopt.catalog.store.part import NewVersion, PartStatus, ProviderPart
from costopt.catalog.store.store import CatalogStore
from costopt.catalog.store.version import Version
from costopt.errors import InvalidInputError, PublishConflictError, UnknownNameError

NewNight = Callable[..., NewVersion]
Night = Callable[[int], datetime]


@pytest.fixture
def first(store: CatalogStore, new_night: NewNight) -> Version:
    """The version of the first night."""
    store.publish(new_night(1, None))
    return store.version()


def with_part(new: NewVersion, part: ProviderPart) -> NewVersion:
    """Return a version with another part of one provider."""
    others = tuple(old for old in new.parts if old.provider != part.provider)
    return replace(new, parts=(*others, part))


def test_files_lie_one_for_each_table_and_provider(store: CatalogStore, first: Version) -> None:
    names = {path.name for path in Path(store.place, "versions", first.manifest.id).iterdir()}
    assert {"manifest.json", "models.parquet", "offers.aws.parquet"} <= names
    assert len(names) == 1 + 10 + 6 * 4  # manifest, shared tables, six tables of four providers
    assert first.manifest.files["offers.aws.parquet"].rows == 8
    assert first.manifest.files["offers.gcp.parquet"].rows == 3


def test_carried_part_has_the_old_rows_and_says_since_when(
    store: CatalogStore, first: Version, new_night: NewNight, night: Night
) -> None:
    new = new_night(2, first.manifest.id, factor=2.0)
    store.publish(with_part(new, first.carried_part("aws", night(2))))
    entry = store.version().manifest.providers["aws"]
    assert entry.status is PartStatus.CARRIED
    assert (entry.fetched_at, entry.stale_since) == (night(1), night(2))
    offers = Catalog.open(store.place).offers
    highest = offers.groupby("provider")["recurring_per_hour"].max()
    assert (highest["aws"], highest["gcp"]) == (120.0, 176.0)  # as it was; 88 x 2
    assert Catalog.open(store.place).place.endswith("(aws stale since 2026-11-22T03:15:00Z)")


def test_part_carried_twice_keeps_its_first_date_and_its_bytes(
    store: CatalogStore, first: Version, new_night: NewNight, night: Night
) -> None:
    last = first
    for number in (2, 3):
        new = new_night(number, last.manifest.id, factor=float(number))
        store.publish(with_part(new, last.carried_part("aws", night(number))))
        last = store.version()
    assert last.manifest.stale == {"aws": night(2)}
    assert last.manifest.files["offers.aws.parquet"] == first.manifest.files["offers.aws.parquet"]


def test_history_marks_a_carried_price(
    store: CatalogStore, first: Version, new_night: NewNight, night: Night
) -> None:
    new = new_night(2, first.manifest.id)
    store.publish(with_part(new, first.carried_part("aws", night(2))))
    past = Catalog.open(store.place).history(
        instance_type="p5.48xlarge", region="eu-central-1", purchase_option="on_demand"
    )
    assert past["status"].tolist() == ["fresh", "carried"]


def test_region_that_was_carried_over_is_told(
    store: CatalogStore, first: Version, new_night: NewNight, night: Night
) -> None:
    new = new_night(2, first.manifest.id)
    (aws,) = (part for part in new.parts if part.provider == "aws")
    store.publish(with_part(new, replace(aws, stale_regions={"us-east-1": night(1)})))
    assert store.version().manifest.stale == {"aws/us-east-1": night(1)}


def test_place_names_one_stale_region_and_counts_several(
    store: CatalogStore, first: Version, new_night: NewNight, night: Night
) -> None:
    new = new_night(3, first.manifest.id)
    aws, gcp = (part for part in new.parts if part.provider in ("aws", "gcp"))
    several = {"us-east-1": night(2), "us-west-2": night(1), "eu-west-1": night(2)}
    others = with_part(new, replace(gcp, stale_regions={"us-central1": night(2)}))
    store.publish(with_part(others, replace(aws, stale_regions=several)))
    assert store.version().place.endswith(
        "(3 regions of aws stale since 2026-11-21T03:15:00Z or later, "
        "gcp/us-central1 stale since 2026-11-22T03:15:00Z)"
    )


def test_provider_that_never_answered_is_missing_and_stays_so(
    store: CatalogStore, new_night: NewNight, night: Night
) -> None:
    missing = ProviderPart(
        provider="aws", status=PartStatus.MISSING, fetched_at=None, stale_since=night(1)
    )
    store.publish(with_part(new_night(1, None), missing))
    version = store.version()
    assert version.manifest.providers["aws"].status is PartStatus.MISSING
    assert "aws" not in set(Catalog.open(store.place).offers["provider"])
    assert version.carried_part("aws", night(2)) == missing


def test_version_without_any_provider_opens_empty(
    store: CatalogStore, new_night: NewNight
) -> None:
    store.publish(replace(new_night(1, None), parts=()))
    catalog = Catalog.open(store.place)
    assert len(catalog) == 0
    assert not catalog.accelerators.empty
    assert catalog.history().empty


def test_unknown_provider_suggests_the_nearest(first: Version, night: Night) -> None:
    with pytest.raises(UnknownNameError, match=r"'azur'\. Did you mean azure"):
        first.carried_part("azur", night(2))


def test_tables_may_be_read_by_provider(first: Version) -> None:
    part = first.part("gcp")
    assert set(part["offers"]["provider"]) == {"gcp"}
    assert len(part["offers"]) == 3


def part(**other: object) -> ProviderPart:
    """Return a sound part of one offer, with other values."""
    offers = pd.DataFrame({"provider": ["aws"]})
    sound = ProviderPart(
        provider="aws",
        status=PartStatus.FRESH,
        fetched_at=datetime.fromisoformat("2026-11-21T00:00:00Z"),
        tables={"offers": offers},
    )
    return replace(sound, **other)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("odd", "told"),
    [
        ({"provider": "../aws", "tables": {}}, "provider '../aws' is not in small letters"),
        ({"provider": "gcp"}, "gcp has rows of another provider in offers"),
        ({"fetched_at": None}, "aws is fresh without fetched_at"),
        ({"stale_since": datetime.fromisoformat("2026-11-20T00:00:00Z")}, "and has stale_since"),
        ({"status": PartStatus.CARRIED}, "aws is carried without stale_since"),
        ({"status": PartStatus.MISSING}, "aws is missing and has tables"),
        ({"tables": {}}, "aws is fresh without offers"),
        ({"tables": {"models": pd.DataFrame()}}, "tables that do not go by provider: models"),
    ],
)
def test_part_that_contradicts_itself_is_refused(
    store: CatalogStore, new_night: NewNight, odd: dict[str, object], told: str
) -> None:
    with pytest.raises(InvalidInputError, match="version to publish") as caught:
        store.publish(replace(new_night(1, None), parts=(part(**odd),)))
    assert told in str(caught.value)
    assert store.versions() == ()


def test_provider_with_two_parts_is_refused(store: CatalogStore, new_night: NewNight) -> None:
    with pytest.raises(InvalidInputError, match="aws has two parts"):
        store.publish(replace(new_night(1, None), parts=(part(), part())))


def test_shared_tables_must_all_be_given(store: CatalogStore, new_night: NewNight) -> None:
    new = new_night(1, None)
    shared = {**new.shared, "offers": new.parts[0].tables["offers"]}
    shared.pop("models")
    with pytest.raises(InvalidInputError) as caught:
        store.publish(replace(new, shared=shared))
    assert "table models is lacking" in caught.value.problems
    assert "table offers is not one that all share" in caught.value.problems


def test_moment_without_a_zone_is_refused(store: CatalogStore, new_night: NewNight) -> None:
    new = replace(new_night(1, None), created_at=datetime(2026, 11, 21))
    with pytest.raises(
        InvalidInputError, match="created_at: 2026-11-21T00:00:00 has no time zone"
    ):
        store.publish(new)


def test_version_from_before_the_latest_one_is_refused(
    store: CatalogStore, first: Version, new_night: NewNight
) -> None:
    with pytest.raises(
        PublishConflictError, match=f"before version {first.manifest.id}; check the"
    ):
        store.publish(new_night(0, first.manifest.id))


def test_ids_begin_with_the_moment_and_differ_by_what_is_in_them(
    store: CatalogStore, new_night: NewNight
) -> None:
    first = store.publish(new_night(1, None)).id
    second = store.publish(new_night(1, first)).id
    assert first != second
    assert {name[:17] for name in (first, second)} == {"20261121T031500Z-"}
