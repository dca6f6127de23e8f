from collections.abc import Callable, Hashable, Mapping

import pytest

from costopt.accelerator import Accelerator
from costopt.model import ModelSpec
from costopt.performance.measurements.training_runs import TrainingRun, training_run

ROW: Mapping[Hashable, object] = {
    "id": "x1", "workload": "finetune_lora", "model": "Llama-2-70b", "precision": "bf16",
    "accelerator": "H200-141GB", "n_accelerators": 64, "tensor_parallel": float("nan"),
    "pipeline_parallel": float("nan"), "batch_or_concurrency": 8.0, "input_tokens": 8192.0,
    "output_tokens": float("nan"), "metric": "train_tokens_per_s", "value": 1000.0,
    "software": "PyTorch NVIDIA Release 24.09", "source": "a table", "notes": "",
    "model_ref": "meta-llama/Llama-2-70b-hf",
}  # fmt: skip


@pytest.fixture
def run_of(
    models: Mapping[str, ModelSpec], accelerators: Mapping[str, Accelerator]
) -> Callable[..., TrainingRun]:
    def understood(**changes: object) -> TrainingRun:
        return training_run(dict([*ROW.items(), *changes.items()]), models, accelerators)

    return understood


def test_batch_of_fewer_sequences_than_accelerators_is_split_over_them(
    run_of: Callable[..., TrainingRun],
) -> None:
    # 64 accelerators, 8 sequences: 8 accelerators work on each
    layout = run_of().layout

    assert (float(layout.data), float(layout.tensor)) == (8.0, 8.0)
    assert float(layout.micro_batch) == float(layout.accumulation) == 1.0


def test_sequences_are_not_split_over_nodes(
    run_of: Callable[..., TrainingRun],
) -> None:
    assert float(run_of(batch_or_concurrency=4.0).layout.tensor) == 8.0


def test_batch_of_enough_sequences_is_not_split(
    run_of: Callable[..., TrainingRun],
) -> None:
    assert float(run_of(batch_or_concurrency=64.0).layout.tensor) == 1.0


def test_accumulated_batches_are_read_from_the_notes(
    run_of: Callable[..., TrainingRun],
) -> None:
    layout = run_of(n_accelerators=1, notes="batch 1 x grad-accum 8 per GPU").layout

    assert (float(layout.micro_batch), float(layout.accumulation)) == (1.0, 8.0)


def test_recomputation_that_an_additive_table_does_not_name_was_off(
    run_of: Callable[..., TrainingRun],
) -> None:
    told = run_of(notes="packed+compile; activation checkpointing state not stated")

    assert float(told.layout.recompute) == 0.0
    assert float(run_of().layout.recompute) == 1.0


def test_layout_is_told_where_micro_batch_and_recomputation_are(
    run_of: Callable[..., TrainingRun],
) -> None:
    told = run_of(notes="MFU 41; microbatch 8, activation ckpt True, FULL_SHARD")

    assert told.told
    assert not run_of().told
    assert float(told.layout.micro_batch) == 8.0
