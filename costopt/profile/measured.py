"""ServedLoad, ObservedJob and Watched: the figures that a measured deployment is known by."""

from typing import Final, Literal, Self

from pydantic import model_validator

from costopt.errors import InvalidInputError
from costopt.profile.consistency import SAME_RATE, contradictions, near
from costopt.written import Count, CountOrZero, Fraction, Positive, Written

JobKind = Literal["training", "fine_tune", "samples"]
"""What a job does; samples for encoders, vision and speech."""

FineTuneMethod = Literal["full", "lora", "qlora"]
"""Ways to fine-tune: all weights, adapters on 16-bit weights, adapters on 4-bit weights."""

ROUNDED: Final = 1.001
"""Factor by which memory in use may exceed all memory: tools round each by itself [1]."""


class ServedLoad(Written):
    """One load level of a serving run, over all replicas of the deployment.

    Attributes:
        concurrency: requests in the system on average [1].
        input_tokens: mean prompt [tokens].
        output_tokens: mean answer [tokens].
        requests_per_second: answered [1/s].
        output_tokens_per_second: generated [tokens/s].
        ttft_ms: median time to first token; the mean where a tool gives no median [ms].
        tpot_ms: median time per output token after the first; else the mean [ms].
        completed: requests that were answered [1].
        failed: requests that were not [1].
        duration_seconds: of the measurement [s].
    """

    concurrency: Positive
    input_tokens: Positive
    output_tokens: Positive
    requests_per_second: Positive
    output_tokens_per_second: Positive
    ttft_ms: Positive | None = None
    tpot_ms: Positive | None = None
    completed: Count
    failed: CountOrZero = 0
    duration_seconds: Positive

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if problems := contradictions(self):
            raise InvalidInputError("ServedLoad", problems)
        return self


class ObservedJob(Written):
    """Rate of a job, or of a service of samples, over all accelerators of the deployment.

    Attributes:
        kind: training, fine_tune, or samples for encoders, vision and speech.
        method: of a fine-tune.
        tokens_per_second: learned from; None where samples were counted [tokens/s].
        samples_per_second: None where tokens were counted [samples/s].
        tokens_per_sample: length of a sequence or sample; None for images [tokens].
    """

    kind: JobKind
    method: FineTuneMethod | None = None
    tokens_per_second: Positive | None = None
    samples_per_second: Positive | None = None
    tokens_per_sample: Positive | None = None

    @model_validator(mode="after")
    def _one_rate(self) -> Self:
        if self.tokens_per_second is None and self.samples_per_second is None:
            raise ValueError("give tokens_per_second or samples_per_second, as it was observed")
        if self.kind == "samples" and self.samples_per_second is None:
            raise ValueError("a service of samples is measured in samples_per_second")
        learns = self.kind != "samples" and self.tokens_per_second is None
        if learns and self.tokens_per_sample is None:
            raise ValueError(
                f"samples_per_second of a {self.kind} job says how much it learns only with "
                "tokens_per_sample; give it, or tokens_per_second"
            )
        return self

    @model_validator(mode="after")
    def _method_of_a_fine_tune(self) -> Self:
        if self.kind == "fine_tune" and self.method is None:
            raise ValueError("method of a fine_tune job is required: full, lora or qlora")
        if self.kind != "fine_tune" and self.method is not None:
            raise ValueError(f"method = {self.method!r} belongs to kind fine_tune")
        return self

    @model_validator(mode="after")
    def _same_rate_twice(self) -> Self:
        rates = (self.tokens_per_second, self.samples_per_second, self.tokens_per_sample)
        tokens, samples, length = rates
        if tokens is None or samples is None or length is None:
            return self
        if not near(tokens, samples * length, SAME_RATE):
            raise ValueError(
                f"tokens_per_second = {tokens:g}, but samples_per_second x tokens_per_sample = "
                f"{samples:g} x {length:g} = {samples * length:g}: are all three of the whole "
                "deployment, and per second?"
            )
        return self


class Watched(Written):
    """What monitoring showed of the accelerators while they ran.

    Attributes:
        accelerator_busy_fraction: mean share of time in which a kernel ran [0..1].
        least_busy_fraction: the same of the least busy accelerator; None not known [0..1].
        vram_peak_gib: highest memory in use on one accelerator [GiB].
        vram_total_gib: memory of one accelerator as the driver tells it [GiB].
        samples: readings that these figures come from [1].
        watched_accelerators: that the readings are of [1].
        idle_accelerators: those among them on which no kernel ever ran [1].
        left_out_accelerators: idle ones in the file beyond those of the deployment [1].
    """

    accelerator_busy_fraction: Fraction
    least_busy_fraction: Fraction | None = None
    vram_peak_gib: Positive
    vram_total_gib: Positive
    samples: Count
    watched_accelerators: Count = 1
    idle_accelerators: CountOrZero = 0
    left_out_accelerators: CountOrZero = 0

    @property
    def vram_fraction(self) -> float:
        """Highest share of an accelerator's memory in use [0..1]."""
        return min(self.vram_peak_gib / self.vram_total_gib, 1.0)

    @model_validator(mode="after")
    def _memory_fits(self) -> Self:
        if self.vram_peak_gib > ROUNDED * self.vram_total_gib:
            raise ValueError(
                f"vram_peak_gib = {self.vram_peak_gib:g} is more than vram_total_gib = "
                f"{self.vram_total_gib:g}: one of the two is in another unit, or of several "
                "accelerators"
            )
        return self
