import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

Command = Callable[..., tuple[int, str, str]]
FIXTURES = Path(__file__).parents[1] / "performance" / "fixtures"
PERFORMANCE = str(FIXTURES / "perf_calibration.csv")


def test_scores_are_a_table_of_at_most_a_hundred_columns(command: Command) -> None:
    code, out, _ = command("validate", PERFORMANCE)

    assert code == 0
    assert "of 216 rows of performance scored" in out
    assert "serving throughput" in out
    assert "among those that the shipped" in " ".join(out.split())
    assert max(len(line) for line in out.splitlines()) <= 100


def test_kind_of_a_memory_table_is_recognised(command: Command) -> None:
    code, out, _ = command("validate", str(FIXTURES / "memory_cases.csv"), "--json")

    assert code == 0
    assert json.loads(out)["kind"] == "memory"


def test_out_holds_the_cells_as_they_were_and_the_results(
    command: Command, tmp_path: Path
) -> None:
    out = tmp_path / "rows.csv"

    assert command("validate", PERFORMANCE, "--out", str(out))[0] == 0

    given, written = (
        pd.read_csv(path, dtype=str, keep_default_na=False) for path in (PERFORMANCE, out)
    )
    pd.testing.assert_frame_equal(written[list(given.columns)], given)
    assert list(written.columns[-5:]) == ["predicted", "low", "high", "origin", "reason"]
    assert [path.name for path in tmp_path.iterdir()] == ["rows.csv"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n", "neither a table of performance nor of memory"),
        ("id;model\nx1;llama\n", "its cells are separated by ';'"),
        ("id\tmodel\nx1\tllama\n", "its cells are separated by tabs"),
        ("", "not a table in CSV"),
        ('a,b\n"1,2\n', "not a table in CSV"),
        ("a,b\n1,2,3\n", "more cells than its heading"),
        ("a,b\n1,2\n1,2,3\n", "not a table in CSV"),
    ],
)
def test_file_that_is_no_table_of_measurements_is_refused(
    refusal: Callable[..., str], tmp_path: Path, text: str, said: str
) -> None:
    file = tmp_path / "rows.csv"
    file.write_text(text, encoding="utf-8")

    assert said in refusal("validate", str(file))


def test_folder_of_out_that_is_not_there_is_refused(
    refusal: Callable[..., str], tmp_path: Path
) -> None:
    out = tmp_path / "nowhere" / "rows.csv"

    assert "there is no folder" in refusal("validate", PERFORMANCE, "--out", str(out))


def test_columns_of_the_named_kind_are_asked_for(refusal: Callable[..., str]) -> None:
    said = refusal("validate", PERFORMANCE, "--kind", "memory")

    assert "a table of memory also needs the columns case" in said
    assert "expected_gib" in said
