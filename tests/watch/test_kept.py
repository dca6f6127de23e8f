"""Since when a kept offer was not told: the versions before say, not the date of its price."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from costopt.catalog.catalog import Catalog
from costopt.catalog.schema import TABLES
from costopt.catalog.store.part import SHARED_TABLES, NewVersion, fresh_parts
from costopt.catalog.store.store import CatalogStore, open_store
from costopt.plan.plan import Plan
from costopt.watch.freshness import renewed_days
from costopt.watch.kept import kept_days
from costopt.watch.verdict import Judgement
from costopt.watch.watch import watch_plans

Priced = Callable[..., Catalog]
Night = Callable[..., CatalogStore]

G6 = "aws/us-east-1//g6.xlarge/on_demand///"
KEPT = "not_refreshed"


@pytest.fixture
def night(tmp_path: Path, priced: Priced) -> Night:
    """Publish both prices, of 2026-08-22, on a night of November; g6.xlarge with a flag."""
    store = open_store(tmp_path / "store")
    catalog = priced(1.10, 1.00)
    tables = {name: catalog.table(name) for name in TABLES}

    def publish(day: int, flags: str = "", *, is_region_stale: bool = False) -> CatalogStore:
        at = datetime(2026, 11, day, 3, 15, tzinfo=UTC)
        offers = tables["offers"]
        is_g6 = offers["instance_type"] == "g6.xlarge"
        told = offers.assign(as_of="2026-08-22", flags=offers["flags"].mask(is_g6, flags))
        parts = fresh_parts({**tables, "offers": told}, at)
        if is_region_stale:
            parts = tuple(replace(part, stale_regions={"us-east-1": at}) for part in parts)
        shared = {name: tables[name] for name in SHARED_TABLES}
        store.publish(
            NewVersion(created_at=at, started_from=store.latest_id(), parts=parts, shared=shared)
        )
        return store

    return publish


def days(store: CatalogStore, max_stale_days: float = 3.0) -> dict[str, str]:
    return kept_days(store, store.version(), max_stale_days)


def test_kept_offer_counts_from_the_night_on_which_it_was_last_told(night: Night) -> None:
    night(19)
    night(20)
    night(21, "derived;quarantined")
    assert days(night(22, KEPT)) == {G6: "2026-11-20"}


def test_offer_of_a_region_that_was_carried_over_was_not_told_then(night: Night) -> None:
    night(19)
    night(20, is_region_stale=True)
    assert days(night(21, KEPT)) == {G6: "2026-11-19"}


def test_offer_that_was_told_before_the_days_that_count_is_left_out(night: Night) -> None:
    night(16)
    night(17, KEPT)
    store = night(21, KEPT)
    assert days(store) == {}
    assert days(store, max_stale_days=4.0) == {G6: "2026-11-16"}


def test_store_that_kept_nothing_tells_nothing(night: Night) -> None:
    night(20)
    assert days(night(21)) == {}


def test_plan_on_a_price_that_was_kept_for_one_night_holds(night: Night, running: Plan) -> None:
    """The price is of August: three months old, and told on the night before."""
    night(20)
    store = night(21, KEPT)
    latest = store.version()
    (verdict,) = watch_plans(
        [running],
        Catalog.open(store.place),
        renewed=renewed_days(latest.manifest) | days(store),
        today="2026-11-21",
    )
    assert verdict.verdict is Judgement.KEEP
    assert "was not renewed since 2026-11-20: 1 day, 3 allowed" in verdict.causes[-1].text
