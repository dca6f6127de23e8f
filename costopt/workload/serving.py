"""InferenceService: a model that answers requests within latency limits."""

from typing import Annotated, Literal, Self

from pydantic import Field, Strict, model_validator

from costopt.workload.base import KvPrecision, Precisions, Workload
from costopt.workload.served import ServedTokens
from costopt.workload.traffic import Traffic
from costopt.written import Name, Positive, Utilisation

Percentile = Annotated[float, Strict(), Field(ge=50, lt=100)]
"""Share of requests that must meet a latency limit [%]."""


class InferenceService(ServedTokens, Workload):
    """A model that serves requests as they come.

    Language models are described by ``traffic``, ``max_ttft_ms`` and ``max_tpot_ms``; encoders,
    vision and speech models by ``samples_per_second`` and ``max_latency_ms``. How tokens are
    served (``software``, shared prompts, drafts) is described at ``ServedTokens``; samples are
    always rated with the vendor's own software, the only one that has published measurements.

    Attributes:
        model: name in the catalogue, or an alias.
        precision: compute format, or weight-only format; several, or ``any``, to choose from.
        kv_precision: format of the key-value cache.
        traffic: sizes and rate of requests, for models that generate tokens.
        max_ttft_ms: time to first token [ms].
        max_tpot_ms: time per output token after the first [ms].
        samples_per_second: mean rate, for models that map a sample to a result [samples/s].
        tokens_per_sample: length of one sample, for text encoders [tokens].
        max_latency_ms: time from arrival to result [ms].
        percentile: share of requests that must meet max_ttft_ms or max_latency_ms, and of the
            time in which the running batch is small enough for max_tpot_ms [%].
        max_utilisation: highest share of an instance's rate that is planned with [0..1]; the
            rest absorbs bursts.
    """

    kind: Literal["inference_service"] = "inference_service"
    model: Name
    precision: Precisions
    kv_precision: KvPrecision = "bf16"
    traffic: Traffic | None = None
    max_ttft_ms: Positive | None = None
    max_tpot_ms: Positive | None = None
    samples_per_second: Positive | None = None
    tokens_per_sample: Positive | None = None
    max_latency_ms: Positive | None = None
    percentile: Percentile = 95.0
    max_utilisation: Utilisation = 0.8

    @model_validator(mode="after")
    def _tokens_or_samples(self) -> Self:
        if (self.traffic is None) == (self.samples_per_second is None):
            raise ValueError("give either traffic or samples_per_second")
        per_token = ("max_ttft_ms", "max_tpot_ms")
        per_sample = ("tokens_per_sample", "max_latency_ms")
        misplaced = [
            name
            for name in (per_sample if self.traffic else per_token)
            if getattr(self, name) is not None
        ]
        if self.traffic is None:
            misplaced += self.served_fields()
        for name in misplaced:
            other = "samples_per_second" if self.traffic else "traffic"
            raise ValueError(f"{name} belongs to {other}, which is not given")
        self.refuse_half_a_draft()
        return self
