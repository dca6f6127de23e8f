"""``costopt watch``: exit codes, one JSON a plan, files that appear whole, words for people."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from costopt.catalog.catalog import Catalog
from costopt.catalog.schema import TABLES
from costopt.catalog.store.part import (
    SHARED_TABLES,
    NewVersion,
    PartStatus,
    ProviderPart,
    fresh_parts,
)
from costopt.catalog.store.store import CatalogStore, open_store
from costopt.cli import watch_command
from costopt.evaluate.check import evaluate_plan
from costopt.plan.plan import Plan
from costopt.planning.optimize_request import optimize
from costopt.workload.requirement import Requirement

Command = Callable[..., tuple[int, str, str]]
Publish = Callable[..., CatalogStore]

NIGHT = datetime(2026, 11, 21, 3, 15, tzinfo=UTC)
TYPES = ("g5.xlarge", "g6.xlarge")


@pytest.fixture(scope="module")
def at(bundled: Catalog) -> Callable[[float, float], Catalog]:
    """g5.xlarge and g6.xlarge on demand in us-east-1 at two prices [USD/h]."""
    two = bundled.filter(
        providers=["aws"], regions=["us-east-1"], instance_types=TYPES,
        purchase_options=["on_demand"],
    )  # fmt: skip

    def priced(g5: float, g6: float) -> Catalog:
        keys = (f"aws/us-east-1/{name}/on_demand" for name in TYPES)
        return two.with_prices(prices_per_hour=dict(zip(keys, (g5, g6), strict=True)))

    return priced


@pytest.fixture
def publish(tmp_path: Path, bundled: Catalog) -> Publish:
    """Publish a catalogue on the night of 2026-11-21, fresh or carried over since another day."""

    def published(
        catalog: Catalog, stale_since: datetime | None = None, account: bytes | None = None
    ) -> CatalogStore:
        tables = {name: catalog.table(name) for name in TABLES}
        parts = fresh_parts(tables, NIGHT)
        if stale_since is not None:
            parts = tuple(
                ProviderPart(
                    provider=part.provider,
                    status=PartStatus.CARRIED,
                    fetched_at=stale_since,
                    stale_since=stale_since,
                    tables=part.tables,
                )
                for part in parts
            )
        store = open_store(tmp_path / "store")
        shared = {name: tables[name] for name in SHARED_TABLES}
        store.publish(
            NewVersion(
                created_at=NIGHT,
                started_from=store.latest_id(),
                parts=parts,
                shared=shared,
                account=account,
            )
        )
        return store

    return published


@pytest.fixture(scope="module")
def plan(at: Callable[[float, float], Catalog]) -> Plan:
    """4 x g6.xlarge at 1.00 an hour: 2,920 a month."""
    forty = Requirement(
        name="forty", throughput_per_second=dict.fromkeys(TYPES, 10.0), demand_per_second=40.0
    )
    return optimize(forty, at(1.10, 1.00))


@pytest.fixture
def folder(tmp_path: Path, plan: Plan) -> Path:
    """A folder with one saved plan, chat.json."""
    plans = tmp_path / "plans"
    plans.mkdir()
    (plans / "chat.json").write_text(plan.to_json(), encoding="utf-8")
    return plans


@pytest.fixture(autouse=True)
def _morning_after(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_command, "now", lambda: NIGHT + timedelta(hours=5))


def verdict_in(path: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))
    return found


def test_a_plan_that_nothing_beats_is_kept_with_exit_code_0(
    command: Command, publish: Publish, at: Callable[..., Catalog], folder: Path
) -> None:
    store = publish(at(1.10, 1.00))
    code, out, err = command("watch", str(folder), "--store", store.place)
    assert (code, err) == (0, "")
    head, line, why = out.splitlines()
    assert " ".join(head.split()) == "plan verdict now best change to move repaid in"
    assert " ".join(line.split()) == "chat keep $2,920/month $2,920/month +0.0 % $0 -"
    assert why == "chat: no plan of today costs less."


def test_a_saving_above_the_threshold_ends_with_exit_code_5_and_one_json_line_a_plan(
    command: Command, publish: Publish, at: Callable[..., Catalog], folder: Path, plan: Plan
) -> None:
    """g6 at 1.25: 3,650; g5 at 1.00: 2,920; moving 2 % of 3,650 = 73; 73 / (730 / 30.4) = 3.04."""
    (folder / "search.json").write_text(plan.to_json(), encoding="utf-8")
    store = publish(at(1.00, 1.25))
    code, out, _ = command("watch", str(folder), "--store", store.place, "--json")
    assert code == 5
    told = [json.loads(line) for line in out.splitlines()]
    assert [one["plan"] for one in told] == ["chat", "search"]
    first = told[0]
    assert first["verdict"] == "switch"
    assert first["cause"].endswith("went from $1.00 to $1.25 an hour (+25.0 %)")
    assert first["saving_per_month"] == pytest.approx(730)
    assert first["switching_cost"] == pytest.approx(73)
    assert first["days_to_repay"] == pytest.approx(3.0417, abs=1e-4)
    assert "new_plan" not in first


def test_verdict_and_new_plan_are_written_and_an_older_advice_goes(
    command: Command,
    publish: Publish,
    at: Callable[..., Catalog],
    folder: Path,
    tmp_path: Path,
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    store = publish(at(1.00, 1.25))
    arguments = ("watch", str(folder), "--store", store.place, "--out", str(out))
    assert command(*arguments)[0] == 5
    assert sorted(path.name for path in out.iterdir()) == ["chat.new.json", "chat.watch.json"]
    new = Plan.from_json((out / "chat.new.json").read_text(encoding="utf-8"))
    assert evaluate_plan(new, Catalog.open(store.place)).violations == ()
    assert verdict_in(out / "chat.watch.json")["verdict"] == "switch"
    publish(at(1.10, 1.00))
    assert command(*arguments)[0] == 0
    assert [path.name for path in out.iterdir()] == ["chat.watch.json"]
    assert verdict_in(out / "chat.watch.json")["verdict"] == "keep"


def test_files_of_an_earlier_watch_are_no_plans(
    command: Command, publish: Publish, at: Callable[..., Catalog], folder: Path
) -> None:
    store = publish(at(1.00, 1.25))
    arguments = ("watch", str(folder), "--store", store.place, "--out", str(folder), "--json")
    assert command(*arguments)[0] == 5
    code, out, _ = command(*arguments)
    assert code == 5
    assert len(out.splitlines()) == 1


def test_the_new_plan_is_kept_once_it_runs(
    command: Command, publish: Publish, at: Callable[..., Catalog], folder: Path
) -> None:
    store = publish(at(1.00, 1.25))
    assert command("watch", str(folder), "--store", store.place, "--out", str(folder))[0] == 5
    (folder / "chat.new.json").replace(folder / "chat.json")
    assert command("watch", str(folder), "--store", store.place)[0] == 0


@pytest.mark.parametrize(("days", "expected"), [(3, 0), (4, 6)])
def test_one_missed_night_pages_nobody_and_four_do(
    days: int,
    expected: int,
    command: Command,
    publish: Publish,
    at: Callable[..., Catalog],
    folder: Path,
) -> None:
    store = publish(at(1.10, 1.00), stale_since=NIGHT - timedelta(days=days))
    code, out, _ = command("watch", str(folder), "--store", store.place, "--json")
    assert code == expected
    told = json.loads(out)["causes"]
    texts = [one["text"] for one in told if one["kind"] == "price_stale"]
    day = (NIGHT - timedelta(days=days)).date().isoformat()
    assert texts == [
        f"the price of g6.xlarge on demand in us-east-1 was not renewed since {day}: {days} days, "
        "3 allowed"
    ]


def test_more_missed_nights_can_be_allowed(
    command: Command, publish: Publish, at: Callable[..., Catalog], folder: Path
) -> None:
    store = publish(at(1.10, 1.00), stale_since=NIGHT - timedelta(days=9))
    arguments = ("watch", str(folder), "--store", store.place, "--max-stale-days")
    assert command(*arguments, "9")[0] == 0
    assert command(*arguments, "8")[0] == 6


def test_a_store_that_nobody_refreshes_ages_as_a_whole(
    command: Command,
    publish: Publish,
    at: Callable[..., Catalog],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = publish(at(1.10, 1.00))
    monkeypatch.setattr(watch_command, "now", lambda: NIGHT + timedelta(days=4))
    code, out, _ = command("watch", str(folder), "--store", store.place)
    assert code == 6
    assert "was not renewed since 2026-11-21: 4 days, 3 allowed" in " ".join(out.split())


def test_the_gravest_verdict_decides_the_exit_code(
    command: Command, publish: Publish, at: Callable[..., Catalog], folder: Path, plan: Plan
) -> None:
    """One plan would switch; the other holds an offer that is gone."""
    other = plan.lines[0].offer.model_copy(update={"instance_type": "g4dn.xlarge"})
    lines = (plan.lines[0].model_copy(update={"offer": other}),)
    lost = plan.model_copy(update={"lines": lines})
    (folder / "lost.json").write_text(lost.to_json(), encoding="utf-8")
    store = publish(at(1.00, 1.25))
    code, out, _ = command("watch", str(folder), "--store", store.place)
    assert code == 6
    assert "lost: the catalogue of 2026-08-22 has no price of g4dn.xlarge" in " ".join(out.split())
    assert max(len(line) for line in out.splitlines()) <= 100


def test_one_plan_may_be_named_by_its_file(
    command: Command, publish: Publish, at: Callable[..., Catalog], folder: Path
) -> None:
    store = publish(at(1.10, 1.00))
    code, out, _ = command("watch", str(folder / "chat.json"), "--store", store.place, "--json")
    assert (code, json.loads(out)["plan"]) == (0, "chat")


def test_an_account_makes_today_cheaper_or_dearer(
    command: Command,
    publish: Publish,
    at: Callable[..., Catalog],
    folder: Path,
    tmp_path: Path,
) -> None:
    """20 % off g5 make 0.88 of 1.10; g6 stays at 1.00: 12 % less."""
    own = tmp_path / "account.csv"
    own.write_text("fact,key,step,amount,name\ndiscount,aws/*/g5.*,percent,20,own\n")
    store = publish(at(1.10, 1.00))
    code, out, _ = command(
        "watch", str(folder), "--store", store.place, "--account", str(own), "--json"
    )
    assert code == 5
    assert json.loads(out)["saving_fraction"] == pytest.approx(0.12)


def test_the_account_of_the_store_is_taken_by_naming_the_store(
    command: Command,
    publish: Publish,
    at: Callable[..., Catalog],
    folder: Path,
) -> None:
    """20 % off g5 make 0.88 of 1.10; g6 stays at 1.00: 12 % less."""
    own = (
        b"fact,key,step,amount,name,origin,as_of\n"
        b"discount,aws/*/g5.*,percent,20,own,aws,2026-11-21\n"
    )
    store = publish(at(1.10, 1.00), account=own)
    code, out, _ = command(
        "watch", str(folder), "--store", store.place, "--account", store.place, "--json"
    )
    assert code == 5
    assert json.loads(out)["saving_fraction"] == pytest.approx(0.12)
