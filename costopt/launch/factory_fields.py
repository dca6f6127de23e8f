"""The one table of LLaMA-Factory's configuration fields, and the version they belong to."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from costopt.performance.training_memory import Sharding

FACTORY: Final = "LLaMA-Factory 0.9.5"
"""Version that the names below were read in.

Source: package llamafactory 0.9.5: ``hparams/model_args.py``, ``hparams/finetuning_args.py``,
``hparams/data_args.py``, ``launcher.py``; the batch, precision and step fields are those of
Hugging Face ``TrainingArguments``, which it extends.
"""


class FactoryField(StrEnum):
    """Fields of a configuration file for ``llamafactory-cli train``."""

    MODEL = "model_name_or_path"
    FROM_SCRATCH = "train_from_scratch"
    QUANTIZATION_BIT = "quantization_bit"
    QUANTIZATION_METHOD = "quantization_method"
    DOUBLE_QUANTIZATION = "double_quantization"
    NO_CHECKPOINTING = "disable_gradient_checkpointing"
    STAGE = "stage"
    TRAIN = "do_train"
    METHOD = "finetuning_type"
    LORA_RANK = "lora_rank"
    LORA_TARGET = "lora_target"
    DATASET = "dataset"
    SEQUENCE = "cutoff_len"
    PACKING = "packing"
    OUTPUT = "output_dir"
    MICRO_BATCH = "per_device_train_batch_size"
    ACCUMULATION = "gradient_accumulation_steps"
    EPOCHS = "num_train_epochs"
    STEPS = "max_steps"
    DEEPSPEED = "deepspeed"


SPLIT_4_BIT: Final = (
    "Splitting 4-bit weights needs bitsandbytes 0.43 or newer, transformers below 5 (newer ones "
    "load all weights on every accelerator before they are split), and host memory for a copy "
    "of the 4-bit weights beside each accelerator."
)
"""What LLaMA-Factory needs beside its fields for adapters on 4-bit weights under ZeRO-3.

It accepts ``quantization_bit: 4`` of bitsandbytes with ZeRO-3 and stores the weights in the
format that is computed in, which is what lets DeepSpeed split them.

Source: package llamafactory 0.9.5, ``model/model_utils/quantization.py``; packages transformers
4.57.1 and 5.6.0, ``modeling_utils.py`` and ``quantizers/quantizer_bnb_4bit.py``; PEFT
documentation, DeepSpeed.
"""


class LaunchVariable(StrEnum):
    """Variables that ``llamafactory-cli`` hands to ``torchrun``."""

    TORCHRUN = "FORCE_TORCHRUN"
    NODES = "NNODES"
    RANK = "NODE_RANK"
    PROCESSES = "NPROC_PER_NODE"
    FIRST_NODE = "MASTER_ADDR"
    PORT = "MASTER_PORT"


PRECISION_FIELDS: Final[Mapping[str, str]] = {
    "bf16": "bf16",
    "fp16": "fp16",
    "tf32": "tf32",
    "fp32": "",
}
"""Field that turns a compute format on; empty for the format that needs none.

Source: Hugging Face ``TrainingArguments``.
"""

DEEPSPEED_STAGES: Final[Mapping[Sharding, int]] = {
    Sharding.ZERO1: 1,
    Sharding.ZERO2: 2,
    Sharding.ZERO3: 3,
}
"""Stage of DeepSpeed for what data-parallel ranks split; DDP needs none.

Source: DeepSpeed documentation, ``zero_optimization.stage``.
"""


def deepspeed_settings(sharding: Sharding) -> dict[str, object]:
    """Return DeepSpeed's configuration for a sharding; ``auto`` takes the trainer's value.

    Args:
        sharding: what data-parallel ranks split; not ``none``.

    Source: Hugging Face Transformers documentation, DeepSpeed integration.
    """
    zero: dict[str, object] = {"stage": DEEPSPEED_STAGES[sharding]}
    if sharding is Sharding.ZERO3:
        zero["stage3_gather_16bit_weights_on_model_save"] = True
    automatic = (
        "train_batch_size",
        "train_micro_batch_size_per_gpu",
        "gradient_accumulation_steps",
        "gradient_clipping",
    )
    return {
        **dict.fromkeys(automatic, "auto"),
        "zero_allow_untested_optimizer": True,
        "bf16": {"enabled": "auto"},
        "fp16": {"enabled": "auto"},
        "zero_optimization": zero,
    }
