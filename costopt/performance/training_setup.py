"""What is trained, with which settings, and the network between the nodes."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from costopt.errors import InvalidInputError
from costopt.performance.arrays import Floats, Integers
from costopt.performance.tiers import Tier
from costopt.performance.training_memory import OPTIMIZER_RECIPES, Method, OptimizerRecipe
from costopt.precision import WEIGHT_FORMATS, WeightFormat

PRETRAINING_BATCH_TOKENS: Final = 4_194_304.0
"""Tokens of one optimizer step of pre-training. Source: Llama 2 (arXiv 2307.09288), 4 M tokens."""

LONG_RUN_TOKENS: Final = 2.87e12
"""Tokens of a run from which on larger steps are taken [tokens].

Source: Llama 3 405B (arXiv 2407.21783, section 3.4.1), 16 M tokens after 2.87 T tokens.
"""

LONG_RUN_BATCH_TOKENS: Final = 16_777_216.0
"""Tokens of one optimizer step of a run of LONG_RUN_TOKENS and more. Source: as there."""

FINETUNING_BATCH_TOKENS: Final = 131_072.0
"""Tokens of one optimizer step of fine-tuning.

Source: Stanford Alpaca and QLoRA recipes, 128 sequences, of about 1,024 tokens.
"""

USABLE_FRACTION: Final = 0.9
"""Share of the memory that training may fill; the rest is lost to fragmentation [0..1].

Source: spread between reserved and allocated memory in Lightning-AI/litgpt
tutorials/resource-tables.md and pytorch/torchtitan benchmarks, 10 to 15 %.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSetup:
    """What is trained, and how.

    Attributes:
        method: all weights, adapters on 16-bit weights, adapters on 4-bit weights.
        sequence_length: tokens in one sequence [tokens].
        compute: format that is multiplied in.
        base: format of frozen weights; 16 bit for LoRA and nf4 for QLoRA when left out.
        recipe: bytes of the optimizer.
        lora_rank: width of adapters on all linear layers [1].
        batch_tokens: tokens of one optimizer step at most [tokens].
        chunked_loss: True where the scores over the vocabulary are computed in parts.
        tier: software that trains.
    """

    method: Method = Method.FULL
    sequence_length: float
    compute: WeightFormat = WEIGHT_FORMATS["bf16"]
    base: WeightFormat | None = None
    recipe: OptimizerRecipe = OPTIMIZER_RECIPES["adamw_mixed"]
    lora_rank: int = 16
    batch_tokens: float = FINETUNING_BATCH_TOKENS
    chunked_loss: bool = False
    tier: Tier = Tier.FRAMEWORK

    @property
    def frozen(self) -> WeightFormat:
        """Format of frozen weights."""
        if self.base is not None:
            return self.base
        return WEIGHT_FORMATS["nf4" if self.method is Method.QLORA else "bf16"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Network of one node, one direction; NaN where there is none or nobody says [B/s].

    Attributes:
        fabric_bytes_per_second: fabric between accelerators of different nodes, shape (n,).
        host_bytes_per_second: network of the host, used where there is no fabric, shape (n,).
    """

    fabric_bytes_per_second: Floats
    host_bytes_per_second: Floats

    @property
    def bytes_per_second(self) -> Floats:
        """The fabric, or the host's network without one."""
        fabric = self.fabric_bytes_per_second
        return np.where(np.isnan(fabric), self.host_bytes_per_second, fabric)


def pretraining_batch_tokens(tokens: float) -> float:
    """Tokens of one optimizer step of a pre-training run, by published practice [tokens].

    Args:
        tokens: of the whole run [tokens].
    """
    return LONG_RUN_BATCH_TOKENS if tokens > LONG_RUN_TOKENS else PRETRAINING_BATCH_TOKENS


def check_training(setup: TrainingSetup, nodes: Integers) -> None:
    """Refuse settings that are not positive, and empty rows of gang sizes.

    Raises:
        InvalidInputError: what is wrong with them.
    """
    problems = [
        f"{name} is {value} and must be above 0"
        for name, value in (
            ("sequence_length", setup.sequence_length),
            ("batch_tokens", setup.batch_tokens),
            ("lora_rank", setup.lora_rank),
        )
        if not value > 0
    ]
    if setup.batch_tokens < setup.sequence_length:
        problems.append("batch_tokens must hold at least one sequence")
    if nodes.ndim not in (1, 2) or not nodes.size or np.any(nodes < 1):
        problems.append("nodes must be one row of counts of at least 1, or one for each type")
    if problems:
        raise InvalidInputError("training rates", problems)
