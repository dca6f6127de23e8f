"""Profile: what one deployment did when somebody measured it."""

from typing import Annotated, Literal

from costopt.written import Count, CountOrZero, Fraction, Name, Positive, Several, Written


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


class ObservedJob(Written):
    """Rate of a job, or of a service of samples, over all accelerators of the deployment.

    Attributes:
        kind: training, fine_tune, or samples for encoders, vision and speech.
        method: of a fine-tune.
        tokens_per_second: learned from; None where samples were counted [tokens/s].
        samples_per_second: None where tokens were counted [samples/s].
        tokens_per_sample: length of a sequence or sample; None for images [tokens].
    """

    kind: Literal["training", "fine_tune", "samples"]
    method: Literal["full", "lora", "qlora"] | None = None
    tokens_per_second: Positive | None = None
    samples_per_second: Positive | None = None
    tokens_per_sample: Positive | None = None


class Watched(Written):
    """What monitoring showed of the accelerators while they ran.

    Attributes:
        accelerator_busy_fraction: mean share of time in which a kernel ran [0..1].
        vram_peak_gib: highest memory in use on one accelerator [GiB].
        vram_total_gib: memory of one accelerator as the driver tells it [GiB].
        samples: readings that these figures come from [1].
    """

    accelerator_busy_fraction: Fraction
    vram_peak_gib: Positive
    vram_total_gib: Positive
    samples: Count


class Profile(Written):
    """What one deployment did when somebody measured it: a serving run, or a job.

    Attributes:
        model: name in the catalogue, or an alias.
        accelerator: name in the catalogue, such as H100-80GB.
        accelerators: of the whole deployment [1].
        instance_type: where it ran; None where that is not known.
        tensor_parallel: accelerators that share each layer of one replica [1].
        pipeline_parallel: stages of one replica [1].
        precision: format of the weights.
        kv_precision: format of the key-value cache.
        loads: load levels of a serving run; empty for a job.
        job: rate of a job; None for a serving run.
        watched: what monitoring showed; None where nothing watched.
        source: file, tool and version that the figures come from.
    """

    model: Name
    accelerator: Name
    accelerators: Count
    instance_type: Name | None = None
    tensor_parallel: Count = 1
    pipeline_parallel: Count = 1
    precision: Name
    kv_precision: Name = "bf16"
    loads: Annotated[tuple[ServedLoad, ...], Several] = ()
    job: ObservedJob | None = None
    watched: Watched | None = None
    source: Name

    @property
    def replicas(self) -> float:
        """Copies of the model that shared the load [1]."""
        return self.accelerators / (self.tensor_parallel * self.pipeline_parallel)
