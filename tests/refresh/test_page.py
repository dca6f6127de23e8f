"""The run report as a page: everything on it, nothing beside it, hostile words as words."""

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from costopt.catalog.store.store import CatalogStore
from costopt.refresh.page import page_of
from costopt.refresh.run import RefreshResult

Run = Callable[..., RefreshResult]

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)> \u202egnp.exe \x00 '\""


class Seen(HTMLParser):
    """Every tag and attribute of a page, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def told(report: Any, **changed: Any) -> Seen:
    return Seen(page_of({**report, **changed}))


def move(fraction: float | None, **changed: Any) -> dict[str, Any]:
    return {
        "provider": "aws", "region": "us-east-1", "zone": "", "instance_type": "p5.48xlarge",
        "purchase_option": "on_demand", "kind": "", "term_years": None, "payment": "",
        "old_currency": "USD", "new_currency": "USD", "old_per_hour": 50.0,
        "new_per_hour": 50.0 * (1 + (fraction or 0)), "moved_fraction": fraction, **changed,
    }  # fmt: skip


def test_page_lies_beside_the_version_and_tells_the_outcome_in_a_sentence(
    clouds: Any, refreshed: Run, tmp_path: Path
) -> None:
    clouds.failing.add("azure/westeurope")
    result = refreshed()
    page = (tmp_path / "store" / "reports" / f"{result.version}.html").read_text()
    text = Seen(page).text
    assert f"Version {result.version} was published, with stale parts" in text
    assert "azure/westeurope" in text
    assert "refused (HTTP 403)" in text


def test_regions_that_nobody_asked_for_stand_on_one_line_below_what_failed(
    clouds: Any, refreshed: Run
) -> None:
    clouds.failing.add("azure/westeurope")
    report = refreshed().report
    since = dict.fromkeys(("eastasia", "uksouth"), "2026-08-22T00:00:00Z")
    azure = report["providers"]["azure"]
    stale = {**azure["stale_regions"], **since}
    providers = {**report["providers"], "azure": {**azure, "stale_regions": stale}}
    text = told(report, providers=providers).text
    failed = text.index("azure/westeurope")
    assert failed < text.index("azure, 2 regions")
    assert "not asked for in this run; stale since 2026-08-22 00:00: eastasia and uksouth" in text


def test_page_needs_nothing_beside_it_and_runs_nothing(refreshed: Run) -> None:
    seen = told(refreshed(arguments={"dry_run": True}).report)
    assert not {"script", "link", "img", "iframe", "object"} & set(seen.tags)
    names = [name for name, _ in seen.attributes]
    assert not [name for name in names if name.startswith("on") or name in ("src", "href")]
    assert "A dry run: nothing was published" in seen.text


def test_page_of_a_replay_says_of_which_moment_the_prices_are(refreshed: Run) -> None:
    report = {**refreshed().report, "shared_tables": "renewed"}
    seen = told(report, asked_at="2026-11-20T03:00:00Z")
    words = " ".join(seen.text.split())
    assert "as of 2026-11-20T03:00:00Z, from a recording. Hardware and places were" in words


@pytest.mark.parametrize("field", ["row", "detail", "check"])
def test_words_of_a_provider_stay_words(refreshed: Run, field: str) -> None:
    finding = {
        "id": "x", "check": "odd", "severity": "left_out", "table": "offers", "row": "aws/x",
        "detail": "y", field: HOSTILE,
    }  # fmt: skip
    seen = told(refreshed().report, findings=[finding])
    assert "script" not in seen.tags
    assert "img" not in seen.tags
    assert "<script>alert(1)</script>" in seen.text
    assert "\\u202egnp.exe \\u0000" in seen.text
    assert "\u202e" not in seen.text


def test_hostile_name_of_a_moved_price_stays_a_name_in_the_chart(refreshed: Run) -> None:
    seen = told(
        refreshed().report, largest_moves=[move(0.5, instance_type="</svg><script>x</script>")]
    )
    assert "script" not in seen.tags
    assert seen.tags.count("svg") == 1


def test_longest_bar_takes_the_whole_width_and_the_others_their_share(refreshed: Run) -> None:
    """-40 % is 200 long, +10 % a quarter of that: 50; from the zero at 675."""
    moves = [move(-0.4), move(0.1), move(None, new_currency="CNY")]
    page = page_of({**refreshed().report, "largest_moves": moves})
    bars = re.findall(r'<rect class="(\w+)" x="([\d.]+)" y="\d+" width="([\d.]+)"', page)
    assert bars == [("down", "475.0", "200.0"), ("up", "675", "50.0")]
    text = Seen(page).text
    assert "USD -> CNY" in text
    assert "another currency" in text


def test_held_back_price_comes_with_the_command_that_lets_it_through(
    clouds: Any, refreshed: Run, store: CatalogStore
) -> None:
    clouds.aws_price = "19.264"
    text = Seen(page_of(refreshed().report)).text
    command = (
        "costopt catalog accept on_demand_jumped:aws/us-east-1//p5.48xlarge/on_demand/// "
        f"--until 2026-12-21 --store {store.place}"
    )
    assert command in text


def test_page_of_a_run_that_published_nothing_says_what_readers_see(
    clouds: Any, refreshed: Run, store: CatalogStore
) -> None:
    clouds.failing |= {"azure", "prices"}
    text = Seen(page_of(refreshed().report)).text
    assert "Nothing was published" in text
    assert f"Readers go on with {store.latest_id()}" in text


def test_page_counts_the_account_and_shows_no_amount_of_it(
    clouds: Any, refreshed: Run, store: CatalogStore
) -> None:
    result = refreshed(
        providers=("aws",), account=True, adapters=clouds.signed("AKIAPLANTED", "planted")
    )
    text = Seen(page_of(result.report)).text
    assert "Read in this run. It holds 1 x commitment and 1 x quota." in text
    assert "384" not in text.replace(store.place, "")
