"""FineTuneJob and TrainingJob: tokens to be learned from by a deadline."""

from typing import Literal, Self

from pydantic import model_validator

from costopt.workload.base import Precisions, Workload
from costopt.written import Count, Name, Positive

FineTuneMethod = Literal["full", "lora", "qlora"]
"""Ways to fine-tune: all weights, adapters on 16-bit weights, adapters on 4-bit weights."""


class FineTuneJob(Workload):
    """An adaptation of a model to your data, done by a deadline.

    Say how much there is to learn either as ``samples`` of ``tokens_per_sample`` over
    ``epochs``, or as ``tokens`` in sequences of ``sequence_length``.

    Attributes:
        model: name in the catalogue, or an alias.
        method: full, lora or qlora.
        precision: compute format; several, or ``any``, to choose from.
        samples: examples in the data set [1].
        tokens_per_sample: length of one example, which is also the sequence length [tokens].
        epochs: passes over the data set [1].
        tokens: all tokens of all passes [tokens].
        sequence_length: tokens in one sequence [tokens].
        lora_rank: width of the adapters on all linear layers; unused by ``full`` [1].
        deadline_hours: hours from the start until the job is done [h].
    """

    kind: Literal["fine_tune"] = "fine_tune"
    model: Name
    method: FineTuneMethod
    precision: Precisions = ("bf16",)
    samples: Count | None = None
    tokens_per_sample: Count | None = None
    epochs: Positive = 1.0
    tokens: Positive | None = None
    sequence_length: Count | None = None
    lora_rank: Count = 16
    deadline_hours: Positive

    @model_validator(mode="after")
    def _samples_or_tokens(self) -> Self:
        by_samples = (self.samples, self.tokens_per_sample)
        by_tokens = (self.tokens, self.sequence_length)
        given = [all(pair) for pair in (by_samples, by_tokens)]
        mixed = any(by_samples) and any(by_tokens)
        if sum(given) != 1 or mixed:
            raise ValueError(
                "give either samples and tokens_per_sample, or tokens and sequence_length"
            )
        if self.tokens is not None and self.epochs != 1:
            raise ValueError("tokens already counts all passes: leave epochs out")
        return self

    @property
    def total_tokens(self) -> float:
        """Tokens of all passes [tokens]."""
        if self.tokens is not None:
            return self.tokens
        return float((self.samples or 0) * (self.tokens_per_sample or 0)) * self.epochs

    @property
    def tokens_per_sequence(self) -> int:
        """Tokens in one sequence [tokens]."""
        return self.sequence_length or self.tokens_per_sample or 0


class TrainingJob(Workload):
    """A pre-training run, done by a deadline.

    Attributes:
        model: name in the catalogue, or an alias.
        precision: compute format; several, or ``any``, to choose from.
        tokens: tokens to train on [tokens].
        sequence_length: tokens in one sequence [tokens].
        tokens_per_batch: tokens of one optimizer step at most; by published practice when left
            out, 4 M, and 16 M in runs of more than 2.87 T tokens [tokens].
        deadline_hours: hours from the start until the job is done [h].
    """

    kind: Literal["training"] = "training"
    model: Name
    precision: Precisions = ("bf16",)
    tokens: Positive
    sequence_length: Count
    tokens_per_batch: Positive | None = None
    deadline_hours: Positive

    @model_validator(mode="after")
    def _batch_of_whole_sequences(self) -> Self:
        if self.tokens_per_batch is not None and self.tokens_per_batch < self.sequence_length:
            raise ValueError("tokens_per_batch must hold at least one sequence")
        return self
