import csv
from pathlib import Path

import numpy as np
import pytest

from costopt.performance.calibration.__main__ import main
from costopt.performance.calibration.accuracy import fingerprint
from costopt.performance.calibration.figure import FILE_NAME as FIGURE_NAME
from costopt.performance.calibration.figure import predicted_against_measured
from costopt.performance.calibration.left_out import FIGURES, from_csv
from costopt.performance.calibration.published import published
from costopt.performance.constants import COLUMNS, constants_table


@pytest.fixture(scope="module")
def written(facts_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("written")
    assert main([str(facts_folder), str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def refit(written: Path) -> dict[str, dict[str, str]]:
    rows = csv.DictReader((written / "constants.csv").read_text(encoding="utf-8").splitlines())
    return {row["name"]: row for row in rows}


def test_refit_writes_the_same_constants_as_are_shipped(refit: dict[str, dict[str, str]]) -> None:
    shipped = {name for name in constants_table() if not name.startswith("measured.")}

    assert shipped == {name for name in refit if not name.startswith("measured.")}
    assert list(refit) == sorted(refit)
    assert tuple(refit["link_share.bus"]) == COLUMNS


def test_refit_on_a_ninth_of_the_measurements_stays_near_the_shipped_constants(
    refit: dict[str, dict[str, str]],
) -> None:
    for name in ("serving.bandwidth_share", "serving.compute_share", "training.compute_share"):
        value = float(refit[name]["value"])
        assert value == pytest.approx(constants_table()[name].value, rel=0.25)


def test_chosen_constants_are_written_as_they_were_reviewed(
    refit: dict[str, dict[str, str]],
) -> None:
    assert refit["matmul_ceiling.hopper"]["value"] == "0.8"
    assert refit["matmul_ceiling.hopper"]["fitted"] == "no"


def test_refit_writes_every_measurement_beside_what_fits_without_it_say(written: Path) -> None:
    rows = from_csv((written / "left_out.csv").read_text(encoding="utf-8"))

    assert set(rows.figures) <= {*FIGURES}
    assert set(rows.works) == {"serving", "samples", "training", "memory"}
    assert {"training", "training_told"} < set(rows.bands)
    assert len(set(rows.ids)) == len(rows)
    assert all(np.all(np.isfinite(column)) for column in rows.over.values())


def test_refit_writes_the_report_of_what_it_wrote(written: Path) -> None:
    page = (written / "accuracy.md").read_text(encoding="utf-8")

    for name in ("constants.csv", "left_out.csv"):
        text = (written / name).read_text(encoding="utf-8")
        assert f"| `{name}` | {len(text.splitlines()) - 1} | `{fingerprint(text)}` |" in page
    assert "nan" not in page
    assert (written / FIGURE_NAME).read_bytes().startswith(b"\x89PNG")


def test_figure_of_equal_rows_is_equal_byte_for_byte(facts_folder: Path, written: Path) -> None:
    rows = from_csv((written / "left_out.csv").read_text(encoding="utf-8"))
    told = published(facts_folder)
    once, again = (predicted_against_measured(rows, told, constants_table()) for _ in range(2))

    assert once == again


def test_command_without_a_folder_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "python -m costopt.performance.calibration" in capsys.readouterr().err


def test_command_on_a_missing_folder_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "nowhere"), str(tmp_path)]) == 2
    assert "the file is missing" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
