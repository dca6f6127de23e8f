"""A third party's adapter, found by its entry point alone, whose process dies or breaks."""

from collections.abc import Callable
from datetime import UTC, datetime
from threading import Event, Timer
from typing import Any

import pytest

from costopt.catalog.store.store import CatalogStore
from costopt.refresh import processes
from costopt.refresh.report import RefreshOutcome
from costopt.refresh.run import RefreshResult

ADAPTER = """
import os, signal, sys, time
from decimal import Decimal
from costopt.fetch.fetched import FetchedRegion, offer_row

class Provider:
    name, title = "small", "Small Cloud"
    accelerator_names, cpu_rates, partitions = {}, {}, {}
    notice_seconds, notice_source, notice_as_of = 30.0, "a page", "2026-11-01"
    reviewed_values = ()

    def open(self, settings):
        return Source(settings.get("mood", ""))

class Source:
    def __init__(self, mood):
        self.mood = mood

    def secrets(self):
        return ()

    def regions(self, context):
        print("noise that is no answer")
        if self.mood == "hang":
            time.sleep(60)
        if self.mood == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        return ("north", "south")

    def fetch(self, region, context):
        if self.mood == "break" and region == "south":
            raise KeyError("a defect")
        known = context.accelerators["H100-80GB"]
        name = "big.8"
        hardware = {
            "provider": "small", "instance_type": name, "family": "big", "hosts": 1,
            "accelerator": known.name, "accelerator_count": 8.0,
            "accelerator_usable_gib": known.usable_gib, "source": "api", "as_of": "2026-11-21",
            "colour": "red",
        }
        offer = offer_row(
            provider="small", region=region, instance_type=name, purchase_option="on_demand",
            recurring_per_hour=Decimal("33.5"), currency="USD", source="api", as_of="2026-11-21",
        )
        strange = {**offer, "recurring_per_hour": "free"}
        told = strange if self.mood == "free" and region == "south" else offer
        return FetchedRegion(region=region, instance_types=(hardware,), offers=(told,))
"""


@pytest.fixture(autouse=True)
def small_cloud(install: Callable[[str], None]) -> None:
    """Install the adapter."""
    install(ADAPTER)


def test_third_partys_adapter_publishes_from_its_entry_point_alone(
    refreshed: Callable[..., RefreshResult], store: CatalogStore
) -> None:
    result = refreshed(providers=("small",))
    assert result.outcome is RefreshOutcome.FRESH
    offers = store.version().part("small")["offers"]
    assert offers["region"].tolist() == ["north", "south"]
    assert offers["effective_per_hour"].tolist() == [33.5, 33.5]
    regions = store.version().part("small")["regions"]
    assert regions["country"].tolist() == ["ZZ", "ZZ"]
    again = refreshed(providers=("small",), arguments={"now": datetime(2026, 11, 22, tzinfo=UTC)})
    for run in (result, again):
        unplaced = [one for one in run.report["findings"] if one["check"] == "region_unplaced"]
        assert [one["row"] for one in unplaced] == ["small/north", "small/south"]
        assert "name it in limits.regions" in unplaced[0]["detail"]


def test_process_that_is_killed_touches_no_other_provider(
    clouds: Any, refreshed: Callable[..., RefreshResult]
) -> None:
    adapters = {**clouds.adapters(), "small": {"mood": "die"}}
    result = refreshed(providers=("azure", "small"), adapters=adapters)
    assert result.outcome is RefreshOutcome.STALE
    assert result.report["providers"]["azure"]["status"] == "fresh"
    assert result.report["providers"]["small"]["status"] == "missing"
    assert result.report["providers"]["small"]["error"] == "its process ended with code -9"


def test_process_that_hangs_is_stopped_at_its_limit(
    refreshed: Callable[..., RefreshResult], store: CatalogStore
) -> None:
    before = store.latest_id()
    result = refreshed(
        providers=("small",), adapters={"small": {"mood": "hang"}}, time_limit_minutes=0.04
    )
    assert result.outcome is RefreshOutcome.NOTHING
    assert "at its limit of 0.04 min" in result.report["providers"]["small"]["error"]
    assert store.latest_id() == before


def test_limit_is_told_even_where_the_clock_that_stopped_the_process_lingers(
    refreshed: Callable[..., RefreshResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Event()

    class LingeringClock(Timer):
        def run(self) -> None:
            super().run()
            told.wait(60)

    monkeypatch.setattr(processes, "Timer", LingeringClock)
    hang: dict[str, Any] = {"providers": ("small",), "adapters": {"small": {"mood": "hang"}}}
    result = refreshed(**hang, time_limit_minutes=0.01)
    told.set()
    assert "at its limit of 0.01 min" in result.report["providers"]["small"]["error"]


@pytest.mark.parametrize(
    ("mood", "words"),
    [("break", "KeyError in costopt_small.py line"), ("free", "a row does not fit offers")],
)
def test_defect_in_one_region_is_told_and_touches_no_other_region(
    refreshed: Callable[..., RefreshResult], store: CatalogStore, mood: str, words: str
) -> None:
    result = refreshed(providers=("small",), adapters={"small": {"mood": mood}})
    assert result.outcome is RefreshOutcome.STALE
    assert words in result.report["providers"]["small"]["regions"]["south"]["error"]
    assert store.version().part("small")["offers"]["region"].tolist() == ["north"]
