"""BatchInference: a pile of requests to be worked off by a deadline."""

from typing import Literal, Self

from pydantic import model_validator

from costopt.workload.base import KvPrecision, Precisions, Workload
from costopt.workload.served import ServedTokens
from costopt.workload.traffic import RequestSizes
from costopt.written import Count, Name, Positive


class BatchInference(ServedTokens, Workload, RequestSizes):
    """A fixed number of requests (or samples) without latency limits, done by a deadline.

    How requests are served (``software``, shared prompts, drafts) is described at
    ``ServedTokens``; samples are always rated with the vendor's own software.

    Attributes:
        model: name in the catalogue, or an alias.
        precision: compute format, or weight-only format; several, or ``any``, to choose from.
        kv_precision: format of the key-value cache.
        requests: requests to answer, for models that generate tokens [1].
        samples: samples to work off, for encoders, vision and speech models [1].
        tokens_per_sample: length of one sample, for text encoders [tokens].
        deadline_hours: hours from the start until all is done [h].
    """

    kind: Literal["batch_inference"] = "batch_inference"
    model: Name
    precision: Precisions
    kv_precision: KvPrecision = "bf16"
    requests: Count | None = None
    samples: Count | None = None
    tokens_per_sample: Positive | None = None
    deadline_hours: Positive

    @model_validator(mode="after")
    def _requests_or_samples(self) -> Self:
        if (self.requests is None) == (self.samples is None):
            raise ValueError("give either requests or samples")
        has_sizes = (self.trace is None) != (self.sizes is None)
        if self.requests is not None and not has_sizes:
            raise ValueError("requests need their sizes: give either trace or sizes")
        if self.samples is not None and (self.trace or self.sizes):
            raise ValueError("trace and sizes belong to requests, which are not given")
        if self.requests is not None and self.tokens_per_sample is not None:
            raise ValueError("tokens_per_sample belongs to samples, which are not given")
        if self.samples is not None and self.served_fields():
            raise ValueError(f"{self.served_fields()[0]} belongs to requests, which are not given")
        self.refuse_half_a_draft()
        return self
