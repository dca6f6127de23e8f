"""Traffic: how large requests are and how many arrive."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Self

from pydantic import model_validator

from costopt.written import Name, Positive, Some, Written

SHARE_TOLERANCE = 1e-3
"""Shares of a histogram may miss 1 by this much before they are refused; they are normalised."""


class RequestSize(Written):
    """One bucket of a request-size histogram.

    Attributes:
        input_tokens: mean prompt of the bucket [tokens].
        output_tokens: mean answer of the bucket [tokens].
        share_fraction: part of all requests [0..1].
    """

    input_tokens: Positive
    output_tokens: Positive
    share_fraction: Positive


class RequestSizes(Written):
    """Sizes of requests: a trace of the catalogue by name, or a histogram of your own.

    Attributes:
        trace: name of a trace in the catalogue.
        sizes: histogram whose shares add up to 1.
    """

    trace: Name | None = None
    sizes: Annotated[tuple[RequestSize, ...], Some] | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.sizes is not None:
            total = sum(size.share_fraction for size in self.sizes)
            if abs(total - 1) > SHARE_TOLERANCE:
                raise ValueError(f"share_fraction of sizes adds up to {total:g} instead of 1")
        return self


class Traffic(RequestSizes):
    """Request sizes and their mean arrival rate (Poisson arrivals).

    Attributes:
        requests_per_second: mean rate over the horizon [requests/s].
    """

    requests_per_second: Positive

    @model_validator(mode="after")
    def _sizes_are_given(self) -> Self:
        if (self.trace is None) == (self.sizes is None):
            raise ValueError("give either trace or sizes")
        return self

    @classmethod
    def from_trace(cls, trace: str, *, requests_per_second: float) -> Self:
        """Sizes of a published trace at a rate of your own.

        Args:
            trace: name in the catalogue, such as ``azure-llm-2023-conv``; looked up when a
                plan is made.
            requests_per_second: mean rate [requests/s].
        """
        return cls(trace=trace, requests_per_second=requests_per_second)

    @classmethod
    def from_sizes(
        cls,
        sizes: Iterable[RequestSize | Mapping[str, float]],
        *,
        requests_per_second: float,
    ) -> Self:
        """A histogram of your own.

        Args:
            sizes: buckets, or mappings with the fields of RequestSize.
            requests_per_second: mean rate [requests/s].
        """
        given: dict[str, Any] = {"sizes": tuple(sizes), "requests_per_second": requests_per_second}
        return cls(**given)
