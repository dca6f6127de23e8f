"""Profile: the record itself, and how it reads."""

from pathlib import Path
from typing import Any

import pytest

import costopt as co
from costopt.errors import InvalidInputError
from costopt.profile.profile import ObservedJob, Profile

JOB = ObservedJob(kind="training", tokens_per_second=21000.0)

KNOWN: dict[str, Any] = {
    "model": "meta-llama/Llama-3.1-8B",
    "accelerator": "H100-80GB",
    "accelerators": 8,
    "precision": "bf16",
    "source": "a log",
}


def test_a_profile_is_of_loads_or_of_a_job(fixtures: Path) -> None:
    loads = read_loads(fixtures).loads
    with pytest.raises(InvalidInputError, match="give either loads, of a serving run, or job"):
        Profile(**KNOWN)
    with pytest.raises(InvalidInputError, match="give either loads, of a serving run, or job"):
        Profile(**KNOWN, loads=loads, job=JOB)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("precision", "Unknown precision 'fp88'. Did you mean fp8"),
        ("kv_precision", "Unknown kv_precision 'fp88'. Did you mean fp8"),
    ],
)
def test_an_unknown_format_suggests_the_nearest(name: str, told: str) -> None:
    with pytest.raises(InvalidInputError) as error:
        Profile(**{**KNOWN, name: "fp88"}, job=JOB)
    assert told in str(error.value)


def test_accelerators_are_whole_replicas() -> None:
    """Eight accelerators in replicas of 2 x 2 are two; in replicas of 3, none."""
    assert Profile(**KNOWN, tensor_parallel=2, pipeline_parallel=2, job=JOB).replicas == 2
    with pytest.raises(InvalidInputError, match="not whole replicas of tensor_parallel x"):
        Profile(**KNOWN, tensor_parallel=3, job=JOB)


def test_a_profile_prints_as_a_short_table(fixtures: Path) -> None:
    assert str(read_loads(fixtures)).splitlines() == [
        "meta-llama/Llama-3.1-8B on 4 x H100-80GB (on p5.48xlarge, tensor parallel 2, "
        "2 replicas, fp8, KV bf16)",
        "concurrency  input  output  requests/s  output tokens/s  TTFT ms  TPOT ms  answered  "
        "failed",
        "          8  1,024     256         2.5              640       90       12       300  "
        "     0",
        "         64  1,024     256         9.6            2,458      410       25     1,152  "
        "     3",
        "From loads.csv: table of load levels.",
    ]


def test_a_job_prints_its_rate() -> None:
    told = str(Profile(**KNOWN, tensor_parallel=8, job=JOB))
    assert told.splitlines() == [
        "meta-llama/Llama-3.1-8B on 8 x H100-80GB (tensor parallel 8, bf16)",
        "Training: 21,000 tokens/s.",
        "From a log.",
    ]


def test_a_notebook_shows_a_table_with_names_escaped(fixtures: Path) -> None:
    told = read_loads(fixtures).model_copy(update={"model": "a<b"})._repr_html_()
    assert "a&lt;b on 4 x H100-80GB" in told
    assert told.count("<tr>") == 3
    assert "<th>TTFT ms</th>" in told
    assert "<td>2,458</td>" in told


def test_more_loads_than_fit_are_counted(fixtures: Path) -> None:
    profile = read_loads(fixtures)
    many = profile.model_copy(update={"loads": profile.loads * 7})
    assert "... and 2 more load levels in profile.loads" in str(many)


def test_a_profile_is_public_and_written_back_the_same(fixtures: Path) -> None:
    profile = read_loads(fixtures)
    assert co.Profile is Profile
    assert Profile.model_validate_json(profile.model_dump_json()) == profile


def read_loads(fixtures: Path) -> Profile:
    return Profile.read(
        fixtures / "loads.csv",
        accelerator="H100-80GB",
        accelerators=4,
        tensor_parallel=2,
        precision="fp8",
        instance_type="p5.48xlarge",
    )
