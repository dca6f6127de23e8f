"""``refresh --account``: what is the account's own, read, published, carried, opened again."""

import csv
import json
from collections.abc import Callable
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from costopt.account.account import Account
from costopt.catalog.catalog import Catalog
from costopt.catalog.store.store import CatalogStore
from costopt.cli.inputs import open_account
from costopt.errors import CatalogFileError
from costopt.refresh.report import RefreshOutcome
from costopt.refresh.run import RefreshResult
from costopt.refresh.told import AccountTold, Told

Run = Callable[..., RefreshResult]

ADAPTER = """
from decimal import Decimal
from costopt.fetch.fetched import FetchedAccount, FetchedRegion, FetchFinding, offer_row

class Provider:
    name, title = "small", "Small Cloud"
    accelerator_names, cpu_rates, partitions = {}, {}, {}
    notice_seconds, notice_source, notice_as_of = 30.0, "a page", "2026-11-01"
    reviewed_values = ()

    def open(self, settings):
        return (Silent if settings.get("silent") else Source)(settings)

class Silent:
    def __init__(self, settings):
        self.settings = settings

    def secrets(self):
        return ()

    def regions(self, context):
        if self.settings.get("mood") == "mute":
            raise OSError("no answer")
        return ("north", "south")

    def fetch(self, region, context):
        known = context.accelerators["H100-80GB"]
        hardware = {
            "provider": "small", "instance_type": "big.8", "family": "big", "hosts": 1,
            "accelerator": known.name, "accelerator_count": 8.0, "vcpus": 192.0,
            "accelerator_usable_gib": known.usable_gib, "source": "api", "as_of": "2026-11-21",
        }
        listed = self.offer(region, self.settings.get("list", "40"))
        paid = self.offer(region, self.settings.get("paid", "30"))
        own = {**paid, "trail": "frame contract: list 40 -> 30"}
        return FetchedRegion(
            region=region, instance_types=(hardware,), offers=(listed,), account_offers=(own,),
        )

    def offer(self, region, price):
        return offer_row(
            provider="small", region=region, instance_type="big.8",
            purchase_option="on_demand", recurring_per_hour=Decimal(price), currency="USD",
            source="api", as_of="2026-11-21",
        )

class Source(Silent):
    def account(self, region, context):
        if region in self.settings.get("failing", ()):
            raise OSError("no answer for arn:aws:iam::123456789012:user/x")
        if region == "":
            return FetchedAccount(region="", facts=())
        quota = {
            "fact": "quota", "key": f"{self.settings.get('cloud', 'small')}/{region}/big.*",
            "limit": 4.0, "used": 1, "name": "big machines", "unit": "instances",
        }
        owned = {
            "fact": "commitment", "key": f"small/{region}/big.8", "kind": "reserved", "count": 2,
            "used": self.settings.get("used", 0), "paid_per_hour": 20.5, "currency": "USD",
            "expires": "2027-03-01", "name": self.settings.get("name", "reserved big.8"),
        }
        odd = FetchFinding(
            check="commitment_open_ended", severity="left_out", table="account",
            row=f"small/{region}/big.8", detail="cr-0123456789abcdef0 has no end",
        )
        return FetchedAccount(region=region, facts=(quota, owned), findings=(odd,))
"""


@pytest.fixture(autouse=True)
def small_cloud(install: Callable[[str], None]) -> None:
    """Install the adapter."""
    install(ADAPTER)


@pytest.fixture
def night(refreshed: Run) -> Run:
    """Refresh the small cloud with the account, on a night of November 2026."""

    def run(day: int, *, account: bool = True, **adapter: Any) -> RefreshResult:
        return refreshed(
            providers=("small",), account=account, adapters={"small": adapter},
            arguments={"now": datetime(2026, 11, day, 3, tzinfo=UTC)},
        )  # fmt: skip

    return run


def facts(store: CatalogStore) -> list[dict[str, str]]:
    document = store.version().account()
    assert document is not None
    return list(csv.DictReader(StringIO(document.decode())))


def days(store: CatalogStore) -> dict[tuple[str, str], str]:
    """(origin, fact) -> day on which it was read."""
    return {(fact["origin"], fact["fact"]): fact["as_of"] for fact in facts(store)}


def found(result: RefreshResult, check: str) -> list[dict[str, str]]:
    return [one for one in result.report["findings"] if one["check"] == check]


def test_account_is_published_with_the_prices_and_opens_again(
    night: Run, store: CatalogStore
) -> None:
    result = night(21)
    assert result.outcome is RefreshOutcome.FRESH
    account = Account.open(store.place)
    assert account.as_of == "2026-11-21"
    assert [(one.key, one.limit, one.used) for one in account.quotas] == [
        ("small/north/big.*", 4, 1),
        ("small/south/big.*", 4, 1),
    ]
    assert {one.name for one in account.commitments} == {"reserved big.8", "reserved big.8 2"}
    priced = account.priced(Catalog.open(store.place)).offers
    own = priced[(priced["provider"] == "small") & (priced["purchase_option"] == "on_demand")]
    assert own["effective_per_hour"].tolist() == [30, 30]
    assert own["trail"].str.contains("frame contract").all()


def test_run_without_the_account_reads_none_of_it(night: Run, store: CatalogStore) -> None:
    result = night(21, account=False)
    assert store.version().account() is None
    assert result.report["account"]["asked"] is False
    with pytest.raises(CatalogFileError, match=r"holds prices, and no account.*--account"):
        Account.open(store.place)


def test_store_without_a_version_says_how_to_fill_it(tmp_path: Path) -> None:
    with pytest.raises(CatalogFileError, match="holds no published version"):
        Account.open(tmp_path / "nowhere")


def test_run_without_the_account_carries_it_unchanged(night: Run, store: CatalogStore) -> None:
    night(21)
    before = store.version().account()
    night(22, account=False, paid="25")
    assert store.version().account() == before


def test_region_that_fails_keeps_its_facts_of_the_day_before(
    night: Run, store: CatalogStore
) -> None:
    night(21)
    result = night(22, failing=["south"])
    assert result.outcome is RefreshOutcome.STALE
    assert days(store) == {
        ("small/north", "commitment"): "2026-11-22",
        ("small/north", "price"): "2026-11-22",
        ("small/north", "quota"): "2026-11-22",
        ("small/south", "commitment"): "2026-11-21",
        ("small/south", "price"): "2026-11-22",
        ("small/south", "quota"): "2026-11-21",
    }
    (finding,) = found(result, "account_failed")
    assert finding["row"] == "small/south"
    assert finding["detail"].endswith("the facts read on 2026-11-21 stay")
    assert result.report["account"]["origins"]["small/south"]["status"] == "failed"


def test_region_that_was_never_read_is_said_to_be_unknown(night: Run, store: CatalogStore) -> None:
    result = night(21, failing=["", "south"])
    assert result.outcome is RefreshOutcome.STALE
    assert "small/south" not in {
        fact["origin"] for fact in facts(store) if fact["fact"] == "quota"
    }
    told = {one["row"]: one["detail"] for one in found(result, "account_failed")}
    assert set(told) == {"small", "small/south"}
    assert all("quotas and commitments are unknown" in detail for detail in told.values())


def test_cloud_that_cannot_be_asked_keeps_its_whole_account(
    night: Run, store: CatalogStore, refreshed: Run, clouds: Any
) -> None:
    night(21)
    adapters = {**clouds.adapters(), "small": {"mood": "mute"}}
    result = refreshed(
        providers=("azure", "small"), account=True, adapters=adapters,
        arguments={"now": datetime(2026, 11, 22, 3, tzinfo=UTC)},
    )  # fmt: skip
    assert result.outcome is RefreshOutcome.STALE
    read = {day for (origin, fact), day in days(store).items() if fact != "price"}
    assert read == {"2026-11-21"}
    (lost,) = (one for one in found(result, "account_failed") if one["row"] == "small")
    assert lost["detail"].endswith("the facts read on 2026-11-21 stay")


def test_adapter_that_reads_no_accounts_is_told_and_fails_nothing(night: Run) -> None:
    result = night(21, silent=True)
    assert result.outcome is RefreshOutcome.FRESH
    assert [one["row"] for one in found(result, "account_not_told")] == ["small"]


def test_facts_about_another_cloud_are_refused_with_their_region(
    night: Run, store: CatalogStore
) -> None:
    result = night(21, cloud="aws")
    assert result.outcome is RefreshOutcome.STALE
    assert {fact["fact"] for fact in facts(store)} == {"price"}
    detail = found(result, "account_failed")[0]["detail"]
    assert "key 'aws/north/big.*' is of another provider or region" in detail


def test_fact_that_breaks_a_rule_is_refused_in_a_sentence(night: Run) -> None:
    detail = found(night(21, used=-1), "account_failed")[0]["detail"]
    assert "used" in detail


def test_own_price_waits_while_the_list_price_beside_it_is_held_back(
    night: Run, store: CatalogStore
) -> None:
    """40 -> 10 is a cut by 75 %, more than the 60 % that pass: 5 of the same answer waits too."""
    night(21)
    result = night(22, list="10", paid="5")
    own = {fact["key"]: fact["recurring_per_hour"] for fact in facts(store) if fact["key"]
           and fact["fact"] == "price"}  # fmt: skip
    assert own == dict.fromkeys(
        ("small/north/big.8/on_demand", "small/south/big.8/on_demand"), "30"
    )
    held = found(result, "account_price_held_back")
    assert [one["row"] for one in held] == sorted(own)


def test_price_that_is_the_list_price_again_is_dropped(
    night: Run, store: CatalogStore, tmp_path: Path
) -> None:
    night(21)
    source = (tmp_path / "site" / "costopt_small.py").read_text()
    changed = source.replace("account_offers=(own,)", "account_offers=()")
    (tmp_path / "site" / "costopt_small.py").write_text(changed)
    night(22)
    assert {fact["fact"] for fact in facts(store)} == {"quota", "commitment"}


def test_identifiers_reach_neither_store_nor_report_nor_watch(
    refreshed: Run, tmp_path: Path
) -> None:
    heard: list[Told] = []
    named = "reserved for 123456789012 in ri-0123456789abcdef0"
    result = refreshed(
        providers=("small",), account=True,
        adapters={"small": {"name": named, "failing": ["south"]}},
        arguments={"watch": lambda _, told: heard.append(told), "record": tmp_path / "kept"},
    )  # fmt: skip
    assert result.version
    answers = [one for one in heard if isinstance(one, AccountTold)]
    assert [one.region for one in answers] == ["", "north", "south"]
    written = b"".join(
        path.read_bytes()
        for folder in ("store", "kept")
        for path in (tmp_path / folder).rglob("*")
        if path.is_file() and path.name != "run.json"
    )
    everything = written + repr(heard).encode() + json.dumps(dict(result.report)).encode()
    for planted in (b"123456789012", b"ri-0123456789abcdef0", b"cr-0123456789abcdef0"):
        assert planted not in everything
    assert b"reserved for REDACTED in REDACTED" in written


def test_replay_reads_the_account_of_the_recorded_run_and_asks_nothing(
    clouds: Any, refreshed: Run, store: CatalogStore, tmp_path: Path
) -> None:
    started = str(store.latest_id())
    kept = tmp_path / "kept"
    refreshed(
        providers=("aws",), account=True, adapters=clouds.signed("AKIAPLANTED", "planted"),
        arguments={"record": kept},
    )  # fmt: skip
    live, asked = store.version().account(), len(clouds.seen)
    at = datetime(2026, 11, 25, 3, tzinfo=UTC)
    store.rollback(started, at=at)
    refreshed(adapters={}, arguments={"replay": kept, "now": at})
    assert len(clouds.seen) == asked
    assert store.version().account() == live


def test_plan_takes_the_account_of_a_store_beside_a_csv_of_ones_own(
    night: Run, store: CatalogStore, tmp_path: Path
) -> None:
    """30 USD/h are paid for big.8 by contract, and 10 % less of that by hand: 27."""
    night(21)
    own = tmp_path / "own.csv"
    own.write_text("fact,key,step,amount,name\ndiscount,small,percent,10,by hand\n")
    account = open_account((str(own), store.place), "2026-11-22")
    assert account is not None
    assert account.as_of == "2026-11-22"
    assert len(account.commitments) == 2
    priced = account.priced(Catalog.open(store.place)).offers
    on_demand = priced["purchase_option"] == "on_demand"
    assert set(priced.loc[on_demand & (priced["provider"] == "small"), "effective_per_hour"]) == {
        27
    }


def test_aws_account_is_read_over_http_with_its_reserved_instances_and_quota(
    clouds: Any, refreshed: Run, store: CatalogStore
) -> None:
    """87,600 / 8,760 h + 20 = 30 USD/h are paid for each of two reserved p5."""
    result = refreshed(
        providers=("aws",), account=True, adapters=clouds.signed("AKIAPLANTED", "planted")
    )
    assert result.outcome is RefreshOutcome.FRESH, result.report["account"]
    account = Account.open(store.place)
    (owned,) = account.commitments
    assert (owned.key, owned.count, owned.used) == ("aws/us-east-1/p5.48xlarge", 2, 0)
    assert (owned.paid_per_hour, owned.currency) == (30, "USD")
    limits = {one.name: (one.limit, one.used, one.unit) for one in account.quotas}
    assert limits["Running On-Demand P instances"] == (384, 0, "vcpus")
