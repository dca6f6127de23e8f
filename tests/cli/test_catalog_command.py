"""``costopt catalog``: a table that fits its columns and keeps names and figures whole."""

import csv
import os
import subprocess
import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costopt.catalog.catalog import Catalog
from costopt.catalog.offer_metrics import METRIC_COLUMNS, offer_metrics
from costopt.cli import main
from costopt.cli.offer_table import NARROWEST, legend, offer_table

quick = settings(max_examples=40, deadline=None, derandomize=True)

Run = Callable[..., tuple[int, str, str]]
"""Runs the command with arguments; exit code, standard output and standard error."""


@pytest.fixture
def run(
    bundled: Catalog, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Run ``costopt catalog`` in this process, on the bundled catalogue that was read before."""
    monkeypatch.setattr(Catalog, "bundled", lambda: bundled)

    def command(*arguments: str, columns: int = 100) -> tuple[int, str, str]:
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setattr(sys, "argv", ["costopt", "catalog", *arguments])
        with pytest.raises(SystemExit) as stopped:
            main()
        printed = capsys.readouterr()
        said = printed.err.replace("\n  ", " ")
        return int(stopped.value.code or 0), printed.out, said

    return command


@pytest.fixture(scope="module")
def metrics(bundled: Catalog) -> pd.DataFrame:
    """Figures of every bundled offer."""
    return offer_metrics(bundled, "USD", "bf16")


def from_csv(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(text)))


FILTERS = (
    (),
    ("--accelerator", "H100*", "--sort", "price-per-tflop"),
    ("--accelerator", "cpu", "--purchase-option", "on_demand"),
    ("--accelerator", "A10", "--provider", "azure"),
    ("--purchase-option", "reserved", "--purchase-option", "savings_plan", "--currency", "CNY"),
    ("--instance-type", "n1-standard-16+nvidia-tesla-*", "--sort", "price-per-vram-gib"),
    ("--purchase-option", "capacity_block"),
    ("--accelerator", "TPU-v5p", "--min-vram-gib", "5000"),
)


@pytest.mark.parametrize("columns", [60, 80, 100, 160])
@pytest.mark.parametrize("arguments", FILTERS)
def test_no_line_is_wider_than_the_terminal(
    run: Run, arguments: tuple[str, ...], columns: int
) -> None:
    code, out, err = run(*arguments, columns=columns)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert len(lines) >= 5
    assert max(len(line) for line in lines) <= columns


@pytest.mark.parametrize("columns", [80, 100, 160])
@pytest.mark.parametrize("arguments", FILTERS[1:])
def test_names_are_whole_and_only_sources_are_cut(
    run: Run, arguments: tuple[str, ...], columns: int
) -> None:
    _, table, _ = run(*arguments, "--limit", "12", columns=columns)
    _, text, _ = run(*arguments, "--csv")
    _, heading, *lines = table.splitlines()
    at = heading.index("source")
    for index, row in enumerate(from_csv(text)[:12]):
        upper, lower = lines[2 * index : 2 * index + 2]
        assert upper.startswith(f"{row['instance_type']} ")
        assert "…" not in upper + lower[:at]
        assert lower.split()[:2] == [row["provider"], row["region"]]
        assert f" {row['accelerator']}" in lower[:at]
        source = lower[at:].removesuffix("…")
        assert len(source) > 10
        assert row["source"].startswith(source)
        assert (row["source"] == source) == (not lower.endswith("…"))


def test_each_figure_is_the_one_of_the_csv_rounded(run: Run) -> None:
    arguments = ("--accelerator", "H100*", "--purchase-option", "on_demand")
    _, table, _ = run(*arguments, "--limit", "10")
    _, text, _ = run(*arguments, "--csv")
    shown = [line.split()[-5:] for line in table.splitlines()[2:22:2]]
    for (price, per_gib, per_tflop, age, unit), row in zip(shown, from_csv(text), strict=False):
        for figure, exact in (
            (price, row["price_per_hour"]),
            (per_gib, row["price_per_vram_gib"]),
            (per_tflop, row["price_per_tflop"]),
        ):
            decimals = len(figure.partition(".")[2])
            assert float(figure) == pytest.approx(float(exact), abs=0.5001 * 10**-decimals)
        months = float(row["age_days"]) / 30.4375
        assert (unit, float(age)) in (("d", float(row["age_days"])), ("mo", round(months)))


def test_heading_says_the_currency_and_the_legend_what_each_figure_means(run: Run) -> None:
    _, out, _ = run("--compute-format", "fp16", "--currency", "CNY", "--limit", "3")
    heading, _, *rest = out.splitlines()
    assert heading.split()[-4:] == ["CNY/h", "/GiB", "/TFLOP", "age"]
    words = " ".join(rest[6:])
    assert "3 of 15,916 offers" in words
    assert "/GiB: by usable VRAM; /TFLOP: by dense fp16 peak" in words
    assert "Ages against 2026-08-22" in words


def test_prices_that_plans_leave_out_carry_a_mark_that_is_explained(run: Run) -> None:
    _, out, _ = run("--purchase-option", "capacity_block", "--limit", "2")
    lines = out.splitlines()
    assert all(line.endswith(" mo*") for line in lines[2:6:2])
    assert "* plans leave it out" in " ".join(lines[6:])
    _, out, _ = run("--purchase-option", "on_demand", "--accelerator", "H100*")
    assert "*" not in out


def test_ways_to_pay_upfront_are_explained_where_they_stand(run: Run) -> None:
    _, out, _ = run("--purchase-option", "reserved", "--limit", "2")
    assert " reserved (" in out
    assert "paid upfront" in out
    _, out, _ = run("--purchase-option", "on_demand", "--limit", "2")
    assert "upfront" not in out


def test_processors_show_their_virtual_cpus_and_accelerators_their_memory(run: Run) -> None:
    _, out, _ = run("--instance-type", "c7g.2xlarge", "--limit", "1")
    assert "  cpu, 8 vCPU  " in out
    _, out, _ = run("--instance-type", "p5.48xlarge", "--limit", "1")
    # 8 x 79.6 = 636.8 GiB
    assert "  8 x H100-80GB, 637 GiB  " in out
    _, out, _ = run("--instance-type", "Standard_NV6ads_A10_v5", "--limit", "1")
    assert "  1/6 x A10, 3.9 GiB  " in out


@pytest.mark.parametrize(
    ("sort", "column"),
    [
        ("price", "price_per_hour"),
        ("price-per-vram-gib", "price_per_vram_gib"),
        ("price-per-tflop", "price_per_tflop"),
    ],
)
def test_sorting_puts_the_lowest_first_and_the_unknown_last(
    run: Run, sort: str, column: str
) -> None:
    code, out, _ = run("--provider", "aws", "--region", "us-east-1", "--sort", sort, "--csv")
    figures = [float(row[column] or "inf") for row in from_csv(out)]
    assert code == 0
    assert len(figures) > 100
    assert figures == sorted(figures)


def test_csv_holds_every_row_and_column_with_its_whole_source(run: Run, bundled: Catalog) -> None:
    narrow = bundled.filter(providers="gcp", accelerator_types="A100*")
    _, out, err = run("--provider", "gcp", "--accelerator", "A100*", "--csv", "--limit", "1")
    rows = from_csv(out)
    assert err == ""
    assert tuple(rows[0]) == METRIC_COLUMNS
    assert len(rows) == len(narrow) > 20
    assert sorted(row["source"] for row in rows) == sorted(narrow.offers["source"])
    prices = sorted(float(row["price_per_hour"]) for row in rows)
    assert prices == pytest.approx(sorted(narrow.offers["effective_per_hour"]))


def test_filters_of_the_command_are_those_of_the_library(run: Run, bundled: Catalog) -> None:
    _, out, _ = run(
        "--provider", "aws", "--provider", "gcp", "--country", "EU", "--region", "eu*",
        "--accelerator", "h100", "--accelerator", "L4", "--instance-type", "g*",
        "--purchase-option", "spot", "--min-vram-gib", "20", "--max-price", "4", "--csv",
    )  # fmt: skip
    narrow = bundled.filter(
        providers=["aws", "gcp"], countries="EU", regions="eu*", accelerator_types=["H100", "L4"],
        instance_types="g*", purchase_options="spot", min_vram_gib=20, max_price_per_hour=4,
    ).offers  # fmt: skip
    keys = sorted(zip(narrow["region"], narrow["instance_type"], strict=True))
    assert keys
    assert sorted((row["region"], row["instance_type"]) for row in from_csv(out)) == keys


def test_names_may_hold_wildcards_and_options_may_be_repeated(run: Run) -> None:
    code, out, _ = run("--help", columns=80)
    assert code == 0
    assert "may be repeated" in out
    _, out, _ = run("--region", "us-eas?-1", "--region", "us-west-2", "--accelerator", "h100*",
                    "--csv")  # fmt: skip
    assert {row["region"] for row in from_csv(out)} == {"us-east-1", "us-west-2"}


def test_limit_says_how_many_of_how_many_are_shown(run: Run) -> None:
    _, out, _ = run("--purchase-option", "capacity_block", "--limit", "4")
    # a heading of two lines, two lines for each offer
    assert "4 of 6 offers" in out.splitlines()[2 + 2 * 4]
    _, out, _ = run("--purchase-option", "capacity_block", "--limit", "50")
    assert "6 of 6 offers" in out.splitlines()[2 + 2 * 6]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--provider", "awss"), "Unknown provider 'awss'. Did you mean aws?"),
        (("--region", "us-esat-1"), "Unknown region 'us-esat-1'. Did you mean"),
        (("--country", "ZZ"), "Give ISO 3166-1 codes such as DE, or groups: EEA, EU."),
        (("--accelerator", "H1000"), "Unknown accelerator 'H1000'. Did you mean H100"),
        (("--instance-type", "p5.49xlarge"), "Did you mean p5.4xlarge, p5.48xlarge"),
        (("--purchase-option", "spott"), "Unknown purchase option 'spott'. Did you mean spot?"),
        (("--compute-format", "fp7"), "Unknown compute format 'fp7'. Did you mean fp"),
        (("--currency", "EUR"), "No usable exchange rate from"),
        (("--min-vram-gib", "-1"), "min_vram_gib = -1.0: must be a number of at least 0"),
        (("--max-price", "nan"), "max_price_per_hour = nan: must be a number of at least 0"),
        (("--max-price", "0.0001"), "no offer meets all these conditions; widen one"),
        (("--provider", "aws", "--region", "us-central1"), "no offer meets all these conditions"),
        (("--catalog", "nowhere"), "nowhere/manifest.json: is not there. Check the path"),
        (("--catalog", "gopher://x"), "gopher://x: cannot be opened"),
    ],
)
def test_wrong_input_ends_with_one_sentence_and_code_2(
    run: Run, arguments: tuple[str, ...], sentence: str
) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("costopt: ")
    assert err.count("\n") == 1
    assert sentence in err


def last_line(text: str) -> str:
    return text.splitlines()[-1]


def test_last_line_counts_the_types_of_the_kind_that_have_no_price(run: Run) -> None:
    # counted in the bundled tables: 53 alibaba, 11 azure, 3 aws, 3 gcp
    for arguments, line in (
        ((), "70 more instance types of this kind without any price."),
        (("--region", "us-east-1"), "70 more instance types of this kind without any price."),
        (("--provider", "gcp"), "3 more instance types of this kind without any price."),
        (
            ("--accelerator", "Trainium*", "--purchase-option", "on_demand"),
            "3 more instance types of this kind without any price.",
        ),
    ):
        _, out, _ = run(*arguments, "--limit", "1", columns=60)
        assert last_line(out) == line
    _, out, _ = run("--accelerator", "H100*", "--provider", "aws")
    assert "without any price" not in out


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (("--instance-type", "trn2.48xlarge"), "instance type: trn2.48xlarge has"),
        (("--accelerator", "Trainium2"), "accelerator: Trainium2 has"),
        (("--instance-type", "trn2*"), "instance type: trn2.3xlarge, trn2.48xlarge"),
    ],
)
def test_types_without_a_price_are_known_by_name(
    run: Run, arguments: tuple[str, ...], names: str
) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith(f"costopt: {names}")
    assert "no price here; name another, or leave the condition out" in err


def test_conditions_that_leave_no_offer_still_count_types_without_a_price(run: Run) -> None:
    _, _, err = run("--provider", "gcp", "--max-price", "0.0001")
    assert err.endswith("leave it out; 3 more instance types of this kind without any price\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--sort", "prise"), ("'--sort'", "'prise'", "price-per-tflop")),
        (("--limit", "0"), ("'--limit'", "1")),
        (("--limit", "many"), ("'--limit'", "integer")),
        (("--max-price", "cheap"), ("'--max-price'", "number")),
        (("--colour", "red"), ("--colour",)),
    ],
)
def test_wrong_options_end_with_their_name_and_code_2(
    run: Run, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert "Traceback" not in err
    for word in words:
        assert word in err


def test_command_opens_a_catalogue_by_its_place(run: Run, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{", encoding="utf-8")
    code, out, err = run("--catalog", str(tmp_path))
    assert (code, out) == (2, "")
    assert f"{tmp_path}/manifest.json" in err


def test_output_to_a_file_takes_a_hundred_columns() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    command = [sys.executable, "-c", "from costopt.cli import main; main()", "catalog"]
    done = subprocess.run(
        command, env=environment, capture_output=True, check=True, encoding="utf-8"
    )
    widths = [len(line) for line in done.stdout.splitlines()]
    assert len(widths) >= 2 + 2 * 20 + 1
    assert 80 < max(widths) <= 100
    assert done.stderr == ""


def test_table_is_never_narrower_than_its_least_width(metrics: pd.DataFrame) -> None:
    rows = metrics.head(5)
    assert offer_table(rows, "USD", 20) == offer_table(rows, "USD", NARROWEST)
    assert legend(rows, 9, "2026-08-22", "bf16", 20) == legend(
        rows, 9, "2026-08-22", "bf16", NARROWEST
    )


@quick
@given(
    picked=st.lists(st.integers(0, 15_000), min_size=1, max_size=25, unique=True),
    width=st.integers(NARROWEST, 180),
    factor=st.sampled_from([1.0, 7.2, 150.0]),
)
def test_any_offers_fit_any_width_with_whole_figures(
    metrics: pd.DataFrame, picked: list[int], width: int, factor: float
) -> None:
    rows = metrics.iloc[picked]
    rows = rows.assign(price_per_hour=rows["price_per_hour"] * factor)
    lines = offer_table(rows, "USD", width).splitlines()
    assert len(lines) == 2 + 2 * len(rows)
    assert max(len(line) for line in lines) <= width
    for line, price in zip(lines[2::2], rows["price_per_hour"], strict=True):
        figures = line.removesuffix("*").split()
        shown = figures[-5].replace(",", "")
        # four digits of the smallest, so that none is rounded by more than one in two thousand
        assert float(shown) == pytest.approx(price, rel=1 / 2000)


def test_every_bundled_offer_keeps_its_names_at_a_hundred_columns(metrics: pd.DataFrame) -> None:
    lines = offer_table(metrics, "USD", 100).splitlines()[2:]
    assert max(len(line) for line in lines) <= 100
    shown = metrics[["instance_type", "provider", "region", "accelerator"]]
    for index, (kind, provider, region, chip) in enumerate(
        shown.itertuples(index=False, name=None)
    ):
        assert lines[2 * index].startswith(f"{kind} ")
        assert lines[2 * index + 1].startswith(f"  {provider} {region} ")
        assert f" {chip}" in lines[2 * index + 1]
