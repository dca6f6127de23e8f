"""Profile.from_utilisation: logs of accelerators, and what they say in plain words."""

from pathlib import Path
from typing import Any

import pytest

from costopt.errors import InvalidInputError
from costopt.profile.profile import Profile, ServedLoad

ON: dict[str, Any] = {
    "model": "meta-llama/Llama-3.1-8B",
    "accelerator": "H100-80GB",
    "precision": "bf16",
}
TRAINING: dict[str, Any] = {**ON, "kind": "training", "tokens_per_second": 21000.0}


def watched(path: Path, accelerators: int, **more: Any) -> Profile:
    return Profile.from_utilisation(path, accelerators=accelerators, **{**TRAINING, **more})


def refused(path: Path, accelerators: int, **more: Any) -> str:
    with pytest.raises(InvalidInputError) as told:
        watched(path, accelerators, **more)
    return str(told.value)


def smi(folder: Path, *rows: str, header: str = "index") -> Path:
    """Write a log of nvidia-smi: identity, busy percent, MiB in use, all MiB."""
    path = folder / "smi.csv"
    first = f"{header}, utilization.gpu [%], memory.used [MiB], memory.total [MiB]"
    path.write_text("\n".join([first, *rows]) + "\n", encoding="utf-8")
    return path


def test_nvidia_smi_with_units_in_its_cells_is_read(fixtures: Path) -> None:
    """Busy: (90 + 94 + 92 + 88 + 92 + 90) / 6 = 91 %; 72,000 and 81,559 MiB / 1,024."""
    profile = watched(fixtures / "nvidia_smi.csv", 2)
    seen = profile.watched
    assert seen is not None
    assert seen.accelerator_busy_fraction == pytest.approx(0.91)
    assert seen.vram_peak_gib == pytest.approx(70.3125)
    assert seen.vram_total_gib == pytest.approx(79.6475, abs=1e-4)
    assert (seen.samples, seen.watched_accelerators, seen.idle_accelerators) == (6, 2, 0)
    assert profile.job is not None
    assert profile.job.tokens_per_second == 21000.0
    assert profile.source.endswith("nvidia_smi.csv: nvidia-smi")


def test_nvidia_smi_with_units_in_its_header_only_is_read(fixtures: Path) -> None:
    """Busy (60 + 40) / 2 = 50 %; peak 24,576 of 81,920 MiB = 24 of 80 GiB."""
    seen = watched(fixtures / "nvidia_smi_nounits.csv", 1).watched
    assert seen is not None
    assert seen.accelerator_busy_fraction == pytest.approx(0.5)
    assert (seen.vram_peak_gib, seen.vram_total_gib, seen.samples) == (24.0, 80.0, 2)


def test_dcgmi_is_read_and_what_it_cannot_tell_yet_is_no_reading(fixtures: Path) -> None:
    """The first sample is N/A; busy (80 + 90) / 2 = 85 %; 65,536 of 81,920 MiB = 64 of 80 GiB."""
    seen = watched(fixtures / "dcgmi_dmon.txt", 1).watched
    assert seen is not None
    assert seen.accelerator_busy_fraction == pytest.approx(0.85)
    assert (seen.vram_peak_gib, seen.vram_total_gib, seen.samples) == (64.0, 80.0, 2)
    assert (seen.watched_accelerators, seen.left_out_accelerators) == (1, 1)


def test_dcgm_s_exporter_is_read(fixtures: Path) -> None:
    """Busy (97 + 95) / 2 = 96 %; 78,848 in use + 2,048 free = 80,896 MiB = 79 GiB."""
    seen = watched(fixtures / "dcgm_exporter.prom", 2).watched
    assert seen is not None
    assert seen.accelerator_busy_fraction == pytest.approx(0.96)
    assert (seen.vram_peak_gib, seen.vram_total_gib, seen.samples) == (77.0, 79.0, 2)


def test_several_scrapes_of_the_exporter_are_several_readings(tmp_path: Path) -> None:
    """Parts of a split accelerator tell their share of time as a fraction: (0.8 + 0.9) / 2."""
    scrape = (
        'DCGM_FI_PROF_GR_ENGINE_ACTIVE{{gpu="0",UUID="GPU-a",GPU_I_ID="3"}} {busy} 1775988900\n'
        'DCGM_FI_DEV_FB_USED{{gpu="0",UUID="GPU-a",GPU_I_ID="3"}} 8192\n'
        'DCGM_FI_DEV_FB_FREE{{gpu="0",UUID="GPU-a",GPU_I_ID="3"}} 1024\n'
        'DCGM_FI_DEV_FB_RESERVED{{gpu="0",UUID="GPU-a",GPU_I_ID="3"}} 1024\n'
    )
    path = tmp_path / "scrapes.prom"
    path.write_text(scrape.format(busy=0.8) + scrape.format(busy=0.9), encoding="utf-8")
    seen = watched(path, 1).watched
    assert seen is not None
    assert seen.accelerator_busy_fraction == pytest.approx(0.85)
    assert (seen.vram_peak_gib, seen.vram_total_gib, seen.samples) == (8.0, 10.0, 2)


def test_a_deployment_that_looks_right_is_told_so(fixtures: Path) -> None:
    assert watched(fixtures / "nvidia_smi.csv", 2).diagnosis == (
        "It looks right: the accelerators were busy 91 % of the time, and memory peaked at 70.3 "
        "of 79.6 GiB (88.3 %).",
    )


def test_an_oversized_and_starved_accelerator_is_told_both(fixtures: Path) -> None:
    """24 of 80 GiB = 30 %, below 50 %; busy 50 %, below 70 %."""
    oversized, starved = watched(fixtures / "nvidia_smi_nounits.csv", 1).diagnosis
    assert oversized.startswith("Memory peaked at 24.0 of 80.0 GiB (30 %), below 50 %")
    assert "oversized; take a smaller one, or a larger batch" in oversized
    assert starved.startswith("The accelerators were busy 50 % of the time, below 70 %")


@pytest.mark.parametrize(
    ("used", "finding"),
    [(40, "oversized"), (50, "It looks right"), (95, "It looks right"), (96, "can end the run")],
)
def test_the_memory_window_is_from_half_to_95_percent(
    tmp_path: Path, used: int, finding: str
) -> None:
    path = smi(tmp_path, f"0, 80 %, {used} MiB, 100 MiB", f"0, 80 %, {used} MiB, 100 MiB")
    (told,) = watched(path, 1).diagnosis
    assert finding in told


@pytest.mark.parametrize(("busy", "starved"), [(69, True), (70, False)])
def test_an_accelerator_below_70_percent_is_starved(
    tmp_path: Path, busy: int, starved: bool
) -> None:
    path = smi(tmp_path, f"0, {busy} %, 80 MiB, 100 MiB", f"0, {busy} %, 80 MiB, 100 MiB")
    (told,) = watched(path, 1).diagnosis
    assert ("they wait for data" in told) is starved


def test_memory_of_an_engine_that_serves_is_not_judged(fixtures: Path) -> None:
    """77 of 79 GiB are 97.5 %, which an engine always fills."""
    profile = Profile.from_utilisation(
        fixtures / "dcgm_exporter.prom",
        **ON,
        accelerators=8,
        kind="serving",
        loads=serving_loads(fixtures),
    )
    assert profile.diagnosis == (
        "It looks right: the accelerators were busy 96 % of the time.",
        "Memory in use says nothing here: an engine that serves fills the share of memory that "
        "it is given.",
        "The log shows 2 of 8 accelerators; the rest is taken to be like it.",
        "There is one reading of each accelerator, a moment and no average: log for several "
        "minutes.",
    )
    assert len(profile.loads) == 2


def test_the_least_busy_accelerator_is_judged_too(tmp_path: Path) -> None:
    """(99 + 45) / 2 = 72 %, which would look right."""
    rows = [f"{index}, {busy} %, 60000 MiB, 81559 MiB" for index, busy in ((0, 99), (1, 45))]
    profile = watched(smi(tmp_path, *rows, *rows), 2)
    (told,) = profile.diagnosis
    assert "busy 72 % of the time on the mean, but one of them 45 %, below 70 %" in told


def test_a_share_is_judged_as_it_is_written(tmp_path: Path) -> None:
    """77,482 of 81,559 MiB are 95.0012 %, which is written as 95 %."""
    path = smi(tmp_path, *["0, 90 %, 77482 MiB, 81559 MiB"] * 2)
    (told,) = watched(path, 1).diagnosis
    assert told.startswith("It looks right")


def test_accelerators_of_several_kinds_are_refused(tmp_path: Path) -> None:
    rows = ["0, 90 %, 20000 MiB, 81559 MiB", "1, 90 %, 20000 MiB, 24576 MiB"]
    assert "have from 24.0 to 79.6 GiB" in refused(smi(tmp_path, *rows), 2)


def test_idle_accelerators_of_the_deployment_count_and_are_told(tmp_path: Path) -> None:
    """One of two is idle: (90 + 90 + 0 + 0) / 4 = 45 % busy."""
    rows = ["0, 90 %, 80 MiB, 100 MiB", "1, 0 %, 1 MiB, 100 MiB"] * 2
    profile = watched(smi(tmp_path, *rows), 2)
    assert profile.watched is not None
    assert profile.watched.accelerator_busy_fraction == pytest.approx(0.45)
    assert "1 accelerator of 2 never ran anything: use them, or rent fewer." in profile.diagnosis


def test_idle_accelerators_beyond_the_deployment_are_left_out_and_told(fixtures: Path) -> None:
    told = watched(fixtures / "dcgmi_dmon.txt", 1).diagnosis
    assert told[0].startswith("It looks right: the accelerators were busy 85 % of the time")
    assert "1 accelerator that never ran anything, beyond the deployment's 1: left out" in told[1]


def test_a_profile_that_nothing_watched_says_so(fixtures: Path) -> None:
    profile = Profile.read(
        fixtures / "vllm.json",
        accelerator="H100-80GB",
        accelerators=1,
        tensor_parallel=1,
        precision="bf16",
    )
    (told,) = profile.diagnosis
    assert told.startswith("Nothing watched the accelerators")


def test_a_watched_profile_prints_its_diagnosis(fixtures: Path) -> None:
    assert "It looks right: the accelerators were busy 91 %" in str(
        watched(fixtures / "nvidia_smi.csv", 2)
    )


def test_a_log_of_an_idle_machine_is_refused(tmp_path: Path) -> None:
    path = smi(tmp_path, "0, 0 %, 1 MiB, 100 MiB", "1, 0 %, 1 MiB, 100 MiB")
    assert "no kernel ran on any of the 2 accelerators" in refused(path, 2)


def test_more_busy_accelerators_than_the_deployment_has_are_refused(fixtures: Path) -> None:
    told = refused(fixtures / "nvidia_smi.csv", 1)
    assert "2 accelerators in the file were busy, and accelerators = 1" in told


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("0, [N/A], 80 MiB, 100 MiB", "utilization.gpu = '[N/A]' is no figure"),
        ("0, 101 %, 80 MiB, 100 MiB", "utilisation must be from 0 to 100 %"),
        ("0, 80 %, -1 MiB, 100 MiB", "memory must be at least 0"),
        ("0, 80 %, 80 MiB, 0 MiB", "all of it above 0"),
        ("0, 80 %, 80 furlongs, 100 MiB", "memory.used is in 'furlongs'; known units: B, KiB"),
        ("0, 80 %, 80 GiB, 100 MiB", "vram_peak_gib = 80 is more than vram_total_gib"),
        ("0, 80 %, 80 MiB", "line 2 has 3 cells, the header 4: it was cut short"),
        ("", "there is no reading below the header"),
    ],
)
def test_a_row_of_nvidia_smi_that_cannot_be_is_refused(
    tmp_path: Path, row: str, told: str
) -> None:
    assert told in refused(smi(tmp_path, row), 1)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("index, utilization.gpu [%]\n0, 80\n", "there is no column memory.used, memory.total"),
        (
            "utilization.gpu, memory.used, memory.total\n80, 80, 100\n",
            "utilization.gpu has no unit",
        ),
        ("NVIDIA-SMI has failed\n", "neither a table of nvidia-smi with its header"),
        ("0, 80 %, 80 MiB, 100 MiB\n", "neither a table of nvidia-smi with its header"),
        ("", "the file is empty"),
        ("#Entity GPUTL FBTTL FBUSD\nID\n", "there is no reading of an accelerator"),
        ("#Entity GPUTL\nGPU 0 80\n", "memory in use (FB_USED) and all memory (FB_TOTAL)"),
        ("#Entity GPUTL FBTTL FBUSD\nGPU 0 80 100\n", "has 2 cells, the header 3"),
        ("#Entity GPUTL FBTTL FBUSD\nGPU 0 much 100 80\n", "busy_percent = 'much' is no figure"),
        ('DCGM_FI_DEV_GPU_UTIL{gpu="0"} 80\n', "memory in use (FB_USED)"),
        ('DCGM_FI_DEV_GPU_UTIL{gpu="0"} NaN\n', "DCGM_FI_DEV_GPU_UTIL = 'NaN' is no figure"),
        ('DCGM_FI_DEV_GPU_UTIL{gpu="0"}\n', "line 1 is no sample of a metric"),
        ('DCGM_FI_DEV_GPU_TEMP{gpu="0"} 60\n', "there is no reading of an accelerator"),
    ],
)
def test_a_log_with_a_fault_is_refused(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "log.txt"
    path.write_text(text, encoding="utf-8")
    assert told in refused(path, 1)


def test_a_log_that_does_not_tell_accelerators_apart_is_refused_for_several(
    tmp_path: Path,
) -> None:
    path = smi(tmp_path, "10:00, 80 %, 80 MiB, 100 MiB", header="timestamp")
    assert "no column tells the accelerators apart" in refused(path, 2)
    assert watched(path, 1).watched is not None


def test_serving_needs_loads_and_takes_no_rates(fixtures: Path) -> None:
    log = fixtures / "nvidia_smi.csv"
    told = refused(log, 2, kind="serving")
    assert "tokens_per_second does not say at which concurrency" in told
    assert "kind serving needs loads" in refused(log, 2, kind="serving", tokens_per_second=None)


def test_loads_belong_to_serving(fixtures: Path) -> None:
    told = refused(fixtures / "nvidia_smi.csv", 2, loads=serving_loads(fixtures))
    assert "loads belong to kind serving, not to training" in told


def test_a_number_of_accelerators_is_above_zero(fixtures: Path) -> None:
    assert "accelerators = 0: must be above 0" in refused(fixtures / "nvidia_smi.csv", 0)


def serving_loads(fixtures: Path) -> tuple[ServedLoad, ...]:
    run = Profile.read(
        fixtures / "loads.csv",
        accelerator="H100-80GB",
        accelerators=8,
        tensor_parallel=1,
        precision="bf16",
    )
    return run.loads
