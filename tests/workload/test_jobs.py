"""Batch inference, fine-tuning and training: how much there is to do, said in one way."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costopt.errors import InvalidInputError
from costopt.workload.batch import BatchInference
from costopt.workload.traffic import RequestSize
from costopt.workload.training import FineTuneJob, TrainingJob

quick = settings(max_examples=60, deadline=None, derandomize=True)

BATCH: dict[str, Any] = {"model": "m", "precision": "bf16", "deadline_hours": 14}
TUNE: dict[str, Any] = {"model": "m", "method": "qlora", "deadline_hours": 24}
TRAIN: dict[str, Any] = {
    "model": "m", "tokens": 1e12, "sequence_length": 4096, "deadline_hours": 720,
}  # fmt: skip
WHOLE = RequestSize(input_tokens=10, output_tokens=5, share_fraction=1)


def test_batch_takes_requests_with_a_trace_or_a_histogram() -> None:
    batch = BatchInference(**BATCH, requests=2_000_000, trace="arxiv-summarization")
    assert (batch.requests, batch.trace, batch.samples) == (2e6, "arxiv-summarization", None)
    assert BatchInference(**BATCH, requests=5, sizes=(WHOLE,)).sizes == (WHOLE,)


def test_batch_takes_samples_with_or_without_their_length() -> None:
    assert BatchInference(**BATCH, samples=100).tokens_per_sample is None
    assert BatchInference(**BATCH, samples=100, tokens_per_sample=128).tokens_per_sample == 128


def test_counts_of_numpy_are_counts() -> None:
    assert BatchInference(**BATCH, samples=np.int64(100)).samples == 100


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "give either requests or samples"),
        ({"requests": 5, "samples": 5, "trace": "a"}, "give either requests or samples"),
        ({"requests": 5}, "requests need their sizes: give either trace or sizes"),
        (
            {"requests": 5, "trace": "a", "sizes": (WHOLE,)},
            "requests need their sizes: give either trace or sizes",
        ),
        (
            {"samples": 5, "trace": "a"},
            "trace and sizes belong to requests, which are not given",
        ),
        (
            {"samples": 5, "sizes": (WHOLE,)},
            "trace and sizes belong to requests, which are not given",
        ),
        (
            {"requests": 5, "trace": "a", "tokens_per_sample": 5},
            "tokens_per_sample belongs to samples, which are not given",
        ),
        ({"samples": 5, "trace": ""}, "trace = '': must not be empty"),
        ({"requests": 0, "trace": "a"}, "requests = 0: must be above 0"),
        ({"requests": 2.5, "trace": "a"}, "requests = 2.5: must be a whole number"),
        ({"samples": True}, "samples = True: must be a whole number"),
        ({"samples": 5, "deadline_hours": 0}, "deadline_hours = 0: must be above 0"),
        ({"samples": 5, "deadline_hours": "1 day"}, "deadline_hours = '1 day': must be a number"),
        ({"samples": 5, "max_ttft_ms": 5}, "unknown field 'max_ttft_ms'; allowed: trace, sizes"),
    ],
)
def test_wrong_batch_is_one_sentence(fields: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        BatchInference(**BATCH | fields)
    assert str(caught.value).startswith(f"BatchInference: {sentence}")
    assert len(caught.value.problems) == 1


def test_deadline_is_required_of_every_job() -> None:
    for record, fields in ((BatchInference, BATCH), (FineTuneJob, TUNE), (TrainingJob, TRAIN)):
        without = {name: value for name, value in fields.items() if name != "deadline_hours"}
        with pytest.raises(InvalidInputError, match="deadline_hours is required"):
            record(**without)


@quick
@given(
    samples=st.integers(1, 10**9),
    length=st.integers(1, 10**5),
    epochs=st.sampled_from([0.5, 1, 2, 3.5]),
)
def test_tokens_are_samples_times_length_times_epochs(
    samples: int, length: int, epochs: float
) -> None:
    job = FineTuneJob(**TUNE, samples=samples, tokens_per_sample=length, epochs=epochs)
    assert job.total_tokens == pytest.approx(samples * length * epochs, rel=1e-12)
    assert job.tokens_per_sequence == length


def test_tokens_of_all_passes_may_be_given_as_they_are() -> None:
    job = FineTuneJob(**TUNE, tokens=50_000_000, sequence_length=4096)
    assert (job.total_tokens, job.tokens_per_sequence) == (50_000_000, 4096)
    assert (job.lora_rank, job.epochs, job.precision) == (16, 1, ("bf16",))


EITHER = "give either samples and tokens_per_sample, or tokens and sequence_length"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, EITHER),
        ({"samples": 5}, EITHER),
        ({"tokens_per_sample": 5}, EITHER),
        ({"tokens": 5}, EITHER),
        ({"sequence_length": 5}, EITHER),
        ({"samples": 5, "sequence_length": 5}, EITHER),
        ({"samples": 5, "tokens_per_sample": 5, "tokens": 5}, EITHER),
        ({"tokens": 5, "sequence_length": 5, "samples": 5}, EITHER),
        (
            {"samples": 5, "tokens_per_sample": 5, "tokens": 5, "sequence_length": 5},
            EITHER,
        ),
        (
            {"tokens": 5, "sequence_length": 5, "epochs": 2},
            "tokens already counts all passes: leave epochs out",
        ),
        ({"samples": 5, "tokens_per_sample": 0}, "tokens_per_sample = 0: must be above 0"),
        (
            {"samples": 5, "tokens_per_sample": 5, "epochs": 0},
            "epochs = 0: must be above 0",
        ),
        (
            {"samples": 5, "tokens_per_sample": 5, "method": "lorra"},
            "method = 'lorra': did you mean lora? allowed: full, lora, qlora",
        ),
        (
            {"samples": 5, "tokens_per_sample": 5, "lora_rank": 0},
            "lora_rank = 0: must be above 0",
        ),
    ],
)
def test_wrong_fine_tune_is_one_sentence(fields: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        FineTuneJob(**TUNE | fields)
    assert str(caught.value) == f"FineTuneJob: {sentence}"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"tokens": 0}, "tokens = 0: must be above 0"),
        ({"sequence_length": 4096.5}, "sequence_length = 4096.5: must be a whole number"),
        ({"precision": "bf61"}, "precision: Unknown precision 'bf61'. Did you mean bf16?"),
        ({"epochs": 2}, "unknown field 'epochs'; allowed: name, limits"),
    ],
)
def test_wrong_training_is_one_sentence(fields: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        TrainingJob(**TRAIN | fields)
    assert str(caught.value).startswith(f"TrainingJob: {sentence}")


def test_every_wrong_field_of_a_job_is_reported_at_once() -> None:
    with pytest.raises(InvalidInputError) as caught:
        TrainingJob(**TRAIN | {"tokens": -5, "sequence_length": 2.5, "deadline_hours": "1"})
    assert len(caught.value.problems) == 3
