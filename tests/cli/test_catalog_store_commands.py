"""``costopt catalog`` on a store: history, diff, accept, rollback and prune.

The store holds three nights of g4dn.xlarge and p5.48xlarge in us-east-1. In the second every
price is half of the first; in the third it is that again, and p5.48xlarge is gone.
"""

import csv
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest

from costopt.catalog.catalog import Catalog
from costopt.catalog.schema import TABLES
from costopt.catalog.store.part import SHARED_TABLES, NewVersion, fresh_parts
from costopt.catalog.store.store import CatalogStore, open_store
from costopt.cli import catalog_place
from costopt.cli.catalog_history_table import price_levels
from costopt.cli.catalog_table import Column, table_lines

Command = Callable[..., tuple[int, str, str]]
Refusal = Callable[..., str]

FIRST_NIGHT = datetime(2026, 11, 20, 3, 15, tzinfo=UTC)
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
PRICES = ["recurring_per_hour", "upfront", "effective_per_hour"]
JUMP = "on_demand_jumped:aws/us-east-1//g4dn.xlarge/on_demand///"
TYPES = ["g4dn.xlarge", "p5.48xlarge"]


def night_tables(bundled: Catalog, factor: float, types: list[str]) -> dict[str, pd.DataFrame]:
    narrow = bundled.filter(
        providers=["aws"],
        regions=["us-east-1"],
        instance_types=types,
        purchase_options=["on_demand", "reserved"],
    )
    tables = {name: narrow.table(name) for name in TABLES if name != "arrival_profiles"}
    offers, past = tables["offers"], tables["spot_history"]
    finding = {
        "check": "on_demand_jumped", "severity": "left_out", "table": "offers",
        "row": "aws/us-east-1//g4dn.xlarge/on_demand///", "detail": "0.184/h after 0.526/h",
        "source": "price list", "as_of": "2026-11-22",
    }  # fmt: skip
    return {
        **tables,
        "arrival_profiles": bundled.table("arrival_profiles").head(0),
        "offers": offers.assign(**{name: offers[name] * factor for name in PRICES}),
        "instance_types": narrow.instance_types,
        "interruptions": tables["interruptions"].head(0),
        "spot_history": past[past["instance_type"].isin(types) & (past["provider"] == "aws")],
        "findings": pd.DataFrame([finding]).astype("str"),
    }


@pytest.fixture(scope="module")
def nights(bundled: Catalog) -> list[dict[str, pd.DataFrame]]:
    """The tables of the three nights."""
    return [
        night_tables(bundled, 1.0, TYPES),
        night_tables(bundled, 0.5, TYPES),
        night_tables(bundled, 0.5, TYPES[:1]),
    ]


@pytest.fixture
def store(
    nights: list[dict[str, pd.DataFrame]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> CatalogStore:
    """A store of three nights, and a clock that stands still after them."""
    monkeypatch.setattr(catalog_place, "now", lambda: NOW)
    monkeypatch.setenv("LOGNAME", "finops")
    store = open_store(tmp_path / "store")
    last = None
    for number, tables in enumerate(nights):
        at = FIRST_NIGHT + timedelta(days=number)
        by_provider = {name: rows for name, rows in tables.items() if name not in SHARED_TABLES}
        new = NewVersion(
            created_at=at,
            started_from=last,
            parts=fresh_parts(
                {name: rows[rows["provider"] == "aws"] for name, rows in by_provider.items()}, at
            ),
            shared={name: tables[name] for name in SHARED_TABLES},
        )
        last = store.publish(new).id
    return store


def widest_line(text: str) -> int:
    return max(len(line) for line in text.splitlines())


def test_group_without_a_command_still_shows_offers(command: Command) -> None:
    code, out, err = command("catalog", "--provider", "aws", "--limit", "3")
    assert (code, err) == (0, "")
    assert "3 of 7,747 offers" in out


def test_options_of_the_offers_before_a_command_are_refused(refusal: Refusal) -> None:
    words = refusal("catalog", "--provider", "aws", "--max-price", "3", "history")
    assert "--provider, --max-price must follow history" in words


def test_unknown_command_of_the_group_is_refused_by_name(command: Command) -> None:
    code, out, err = command("catalog", "acept")
    assert (code, out) == (2, "")
    assert "acept" in err
    assert "Traceback" not in err


def test_bundled_history_shows_each_zone_with_its_moves(command: Command) -> None:
    code, out, err = command(
        "catalog", "history", "--instance-type", "p5.48xlarge", "--region", "us-east-1"
    )
    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert lines[1] == "p5.48xlarge, spot: aws us-east-1, its cheapest zone"
    # 15.4319 / 23.5306 - 1 = -0.3442
    assert lines[4].split() == ["2025-06-15", "2025-06-15", "15.4319", "USD", "-34.4", "%", "1"]
    assert "14 of 14 price levels in 7 series" in out
    assert widest_line(out) <= 100


def test_history_of_a_store_joins_nights_of_the_same_price(
    command: Command, store: CatalogStore
) -> None:
    code, out, _ = command(
        "catalog", "history", "--store", store.place, "--instance-type", "g4dn.xlarge",
        "--region", "us-east-1", "--purchase-option", "on_demand",
    )  # fmt: skip
    first, second, _ = store.versions()
    assert code == 0
    _, title, *lines = out.splitlines()
    assert title == "g4dn.xlarge, on demand: aws us-east-1"
    # 0.526 $/h on the first night, 0.526 / 2 = 0.263 on the two nights after it
    assert lines[0].split() == [first, "2026-11-20", "0.5260", "USD", "-", "1"]
    assert lines[1].split() == [second, "2026-11-22", "0.2630", "USD", "-50.0", "%", "2"]
    assert "2 of 2 price levels in 1 series" in out


def test_history_shows_the_newest_levels_and_says_how_many_there_are(command: Command) -> None:
    _, out, _ = command(
        "catalog", "history", "--instance-type", "p5.48xlarge", "--region", "us-east-1",
        "--limit", "2",
    )  # fmt: skip
    assert "2 of 14 price levels" in out
    assert [line.split()[0] for line in out.splitlines()[2:4]] == ["2026-01-18", "2026-01-19"]


def test_history_for_machines_holds_every_sighting(command: Command, store: CatalogStore) -> None:
    asked = ("catalog", "history", "--store", store.place, "--purchase-option", "on_demand")
    _, text, _ = command(*asked, "--csv")
    rows = list(csv.DictReader(StringIO(text)))
    _, told, _ = command(*asked, "--json")
    # two types on two nights, one on the third
    assert len(rows) == len(json.loads(told)) == 2 + 2 + 1
    assert [row["version"] for row in rows] == [row["version"] for row in json.loads(told)]
    assert json.loads(told)[0]["term_years"] is None


def test_carried_prices_are_counted_as_old_ones_seen_again() -> None:
    columns = ["instance_type", "purchase_option", "kind", "payment", "provider", "region", "zone"]
    past = pd.DataFrame(
        {
            **dict.fromkeys(columns, "x"),
            "basis": "offer",
            "term_years": float("nan"),
            "version": ["a", "b", "c", "d"],
            "created_at": [f"2026-11-2{day}T03:15:00Z" for day in range(4)],
            "as_of": "2026-11-20",
            "status": ["fresh", "carried", "carried", "fresh"],
            "effective_per_hour": [2.0, 2.0, 2.0, 3.0],
            "currency": ["USD", "USD", "USD", "CNY"],
        }
    )
    levels = price_levels(past)
    assert levels["since"].tolist() == ["a", "d"]
    assert levels["until"].tolist() == ["2026-11-22", "2026-11-23"]
    assert levels["seen"].tolist() == [3, 1]
    assert levels["carried"].tolist() == [2, 0]
    # dollars and yuan are not compared
    assert levels["moved_fraction"].isna().all()


def test_history_of_a_misspelt_type_names_the_nearest(refusal: Refusal) -> None:
    words = refusal("catalog", "history", "--instance-type", "p5.49xlarge")
    assert "Unknown instance type 'p5.49xlarge'. Did you mean p5.4" in words


def test_history_of_names_that_never_meet_says_so(refusal: Refusal) -> None:
    words = refusal(
        "catalog", "history", "--region", "us-east-1", "--instance-type", "a3-highgpu-8g"
    )
    assert "no past price meets all these conditions" in words


def test_diff_shows_what_moved_and_what_was_removed(command: Command, store: CatalogStore) -> None:
    first, second, third = store.versions()
    code, out, err = command("catalog", "diff", first, third, "--store", store.place)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    moved = next(at for at, line in enumerate(lines) if "0.5260 USD" in line)
    assert lines[moved].split() == [
        "moved", "g4dn.xlarge", "0.5260", "USD", "0.2630", "USD", "-50.0", "%"
    ]  # fmt: skip
    assert lines[moved + 1].strip() == "aws us-east-1, on demand"
    removed = next(line for line in lines if line.startswith("removed"))
    assert removed.split()[1] == "p5.48xlarge"
    assert removed.split()[-2:] == ["-", "-"]
    assert widest_line(out) <= 100
    _, out, _ = command("catalog", "diff", second, second, "--store", store.place)
    assert out == f"No price changed from {second} to {second}.\n"


def test_diff_for_machines_holds_every_change(command: Command, store: CatalogStore) -> None:
    first, _, third = store.versions()
    asked = ("catalog", "diff", first, third, "--store", store.place, "--limit", "1")
    changes = store.diff(first, third)
    _, text, _ = command(*asked, "--csv")
    _, told, _ = command(*asked, "--json")
    _, table, _ = command(*asked)
    assert len(list(csv.DictReader(StringIO(text)))) == len(json.loads(told)) == len(changes) > 2
    assert f"{len(changes) - 1:,} more with --csv or --json" in " ".join(table.split())


def test_two_forms_at_once_are_refused(refusal: Refusal, store: CatalogStore) -> None:
    first, _, third = store.versions()
    both = ("--csv", "--json")
    assert "exclude each other" in refusal("catalog", "history", *both)
    assert "exclude each other" in refusal(
        "catalog", "diff", first, third, "--store", store.place, *both
    )


def test_accepted_finding_is_kept_in_the_audit_log(command: Command, store: CatalogStore) -> None:
    code, out, err = command(
        "catalog", "accept", JUMP, "--until", "2026-12-01", "--store", store.place,
        "--reason", "announced",
    )  # fmt: skip
    assert (code, err) == (0, "")
    assert f"{JUMP} passes until 2026-12-01 (0.184/h after 0.526/h)" in " ".join(out.split())
    event = store.audit().iloc[-1]
    assert event[["event", "by", "at"]].tolist() == ["accept", "finops", "2026-11-22T09:00:00Z"]
    assert event["details"] == {
        "finding": JUMP,
        "until": "2026-12-01",
        "detail": "0.184/h after 0.526/h",
        "reason": "announced",
    }


def test_accepted_finding_is_told_to_machines(command: Command, store: CatalogStore) -> None:
    _, out, _ = command(
        "catalog", "accept", JUMP, "--until", "2026-11-22", "--store", store.place,
        "--by", "me", "--json",
    )  # fmt: skip
    told = json.loads(out)
    assert (told["finding"], told["until"], told["by"]) == (JUMP, "2026-11-22", "me")


def test_finding_that_no_version_holds_is_accepted_only_ahead(
    command: Command, refusal: Refusal, store: CatalogStore
) -> None:
    asked = ("--until", "2026-12-01", "--store", store.place)
    other = JUMP.replace("g4dn.xlarge", "g4dn.2xlarge")
    words = refusal("catalog", "accept", other, *asked)
    assert f"Did you mean {JUMP}?" in words
    assert "--ahead" in words
    assert "accept" not in set(store.audit()["event"])
    assert command("catalog", "accept", other, *asked, "--ahead")[0] == 0
    assert store.audit().iloc[-1]["details"]["finding"] == other


@pytest.mark.parametrize(
    ("finding", "until", "sentence"),
    [
        (JUMP, "2026-11-21", "2026-11-21 has passed; today is 2026-11-22 (UTC)"),
        (JUMP, "next week", "'next week' is not a day as YYYY-MM-DD"),
        ("jump", "2026-12-01", "'jump' cannot be accepted; a refresh names what can as"),
        (f" {JUMP}", "2026-12-01", "cannot be accepted"),
        (JUMP.replace(":", ": "), "2026-12-01", "cannot be accepted"),
        (JUMP.replace("jumped", "moved"), "2026-12-01", "cannot be accepted"),
    ],
)
def test_what_cannot_be_accepted_is_refused(
    refusal: Refusal, store: CatalogStore, finding: str, until: str, sentence: str
) -> None:
    words = refusal("catalog", "accept", finding, "--until", until, "--store", store.place)
    assert sentence in words
    assert "accept" not in set(store.audit()["event"])


def test_rollback_lets_readers_see_the_earlier_version(
    command: Command, store: CatalogStore
) -> None:
    first, second, third = store.versions()
    code, out, err = command("catalog", "rollback", second, "--store", store.place)
    assert (code, err) == (0, "")
    assert f"version {second} again, no longer {third}" in " ".join(out.split())
    assert store.latest_id() == second
    _, out, _ = command("catalog", "rollback", first, "--store", store.place, "--json")
    assert json.loads(out) == {"version": first, "from_version": second}
    assert store.audit()["by"].tolist()[-2:] == ["finops", "finops"]


def test_rollback_to_what_readers_see_or_to_nothing_is_refused(
    refusal: Refusal, store: CatalogStore
) -> None:
    third = store.versions()[-1]
    words = refusal("catalog", "rollback", third, "--store", store.place)
    assert f"{third} is what readers of {store.place} see already" in words
    assert "Unknown version 'v1'" in refusal("catalog", "rollback", "v1", "--store", store.place)
    assert store.latest_id() == third


def test_prune_keeps_the_newest_versions(command: Command, store: CatalogStore) -> None:
    first, *others = store.versions()
    code, out, err = command("catalog", "prune", "--store", store.place, "--keep", "2")
    assert (code, err) == (0, "")
    words = " ".join(out.split())
    assert words == f"Removed 1 version and 0 leftovers; 2 versions left in {store.place}. {first}"
    assert out.endswith(f"\n  {first}\n")
    assert list(store.versions()) == others


def test_prune_by_age_tells_machines_what_went(command: Command, store: CatalogStore) -> None:
    first, second, third = store.versions()
    # at 09:00 on the 22nd the nights are 2.24, 1.24 and 0.24 days old
    _, out, _ = command("catalog", "prune", "--store", store.place, "--keep-days", "1", "--json")
    assert json.loads(out) == {"versions": [first, second], "leftovers": []}
    assert store.versions() == (third,)


def test_prune_without_a_rule_is_refused(refusal: Refusal, store: CatalogStore) -> None:
    assert "something says what stays" in refusal("catalog", "prune", "--store", store.place)
    assert len(store.versions()) == 3


@pytest.mark.parametrize("days", ["1e99", "inf"])
def test_ages_beyond_a_century_are_refused(
    command: Command, store: CatalogStore, days: str
) -> None:
    code, out, err = command("catalog", "prune", "--store", store.place, "--keep-days", days)
    assert (code, out) == (2, "")
    assert "--keep-days" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "arguments",
    [
        ("accept", JUMP, "--until", "2099-01-01"),
        ("rollback", "20261120T031500Z-0a1b2c3d"),
        ("diff", "a", "b"),
        ("prune", "--keep", "1"),
    ],
)
def test_misspelt_store_is_refused_and_not_made(
    refusal: Refusal, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    nowhere = tmp_path / "nowhere"
    words = refusal("catalog", *arguments, "--store", str(nowhere))
    assert "holds no published version" in words
    assert not nowhere.exists()


def test_too_wide_tables_cut_names_and_never_figures() -> None:
    lines = table_lines(
        (
            Column(heading="name", cells=["n" * 90], is_name=True),
            Column(heading="price", cells=["123.4567 USD"]),
        ),
        60,
    )
    # 60 - 12 of the price - 2 of the gap leave 46 for the name
    assert lines[1] == "n" * 45 + "…" + "  " + "123.4567 USD"
    assert lines[0].endswith("       price")
