from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

Command = Callable[..., tuple[int, str, str]]

PRICES = """sku,purchase_option,recurring_per_hour,term_years,payment,currency
a,on_demand,1.0,,,USD
a,reserved,0.6,1,no,USD
"""


@pytest.fixture
def prices(tmp_path: Path) -> str:
    file = tmp_path / "prices.csv"
    file.write_text(PRICES)
    return str(file)


@pytest.fixture
def usage(tmp_path: Path) -> str:
    """Two of a in every hour of January to March 2026."""
    file = tmp_path / "usage.csv"
    index = pd.date_range("2026-01-01", periods=2160, freq="h", tz="UTC")
    pd.DataFrame({"hour": index.strftime("%Y-%m-%dT%H:%M:%SZ"), "a": 2}).to_csv(file, index=False)
    return str(file)


def test_a_walk_is_told_with_its_months(command: Command, usage: str, prices: str) -> None:
    """1,488 in January on demand, then 1,416 h x 2 x 0.60 = 1,699.20."""
    code, out, _ = command("backtest", usage, prices, "--rule", "minimum", "--months", "1")

    assert code == 0
    assert out.startswith("minimum over the last month: $3,187 over 3 months against $4,320")
    assert "2026-03" in out
    assert "2 x a/reserved/1y/no of 2026-02" in out
    assert max(len(line) for line in out.splitlines()) <= 100


def test_out_holds_the_months(command: Command, usage: str, prices: str, tmp_path: Path) -> None:
    out = tmp_path / "months.csv"

    assert command("backtest", usage, prices, "--out", str(out))[0] == 0

    months = pd.read_csv(out)
    assert months["month"].tolist() == ["2026-01", "2026-02", "2026-03"]
    assert months["cost"].sum() == pytest.approx(3187.2)


@pytest.mark.parametrize(
    ("usage_text", "arguments", "said"),
    [
        ("hour,a\n31.01.2026,2\n", (), "'31.01.2026' is no time such as"),
        ("hour,a\n2026-01-31T00:00Z,two\n", (), "column 'a': 'two' is not a number"),
        ("hour,a\n2026-01-31T00:00Z,\n", (), "'' is not a number; write 0 for none"),
        ("hour,a\n2026-01-31T00:00Z,-1\n", (), "must be at least 0"),
        ("hour,a\n2026-01-31T00:00Z,1\n2026-01-31T02:00Z,1\n", (), "gap(s) in time"),
        ("hour,a\n2026-01-31T00:00Z,1\n", ("--rule", "oracle"), "Unknown rule 'oracle'"),
        ("hour,a\n2026-01-31T00:00Z,1\n", ("--months", "0"), "months = 0: must be above 0"),
        ("hour,b\n2026-01-31T23:00Z,1\n2026-02-01T00:00Z,1\n", (), "has no on_demand row"),
        ("hour;a\n2026-01-31;1\n", (), "its cells are separated by ';'"),
    ],
)
def test_input_that_cannot_be_walked_is_refused(
    refusal: Callable[..., str],
    tmp_path: Path,
    prices: str,
    usage_text: str,
    arguments: tuple[str, ...],
    said: str,
) -> None:
    file = tmp_path / "wrong.csv"
    file.write_text(usage_text)

    assert said in refusal("backtest", str(file), prices, *arguments)
