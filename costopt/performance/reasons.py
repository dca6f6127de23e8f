"""Why a cell has no rate, and what a prediction rests on: small integers and their words."""

from collections.abc import Mapping
from enum import IntEnum
from typing import Final


class Reason(IntEnum):
    """Why a model cannot run on hardware, or not within the limits; 0 where it can."""

    NONE = 0
    NO_RATE = 1
    NO_BANDWIDTH = 2
    UNKNOWN_LINK = 3
    HEADS = 4
    WEIGHTS = 5
    CONTEXT = 6
    KV_CACHE = 7
    TPOT = 8
    TTFT = 9
    LATENCY = 10
    TRAINING_MEMORY = 11
    NO_NETWORK = 12
    GANG_SIZE = 13


REASON_TEXT: Final[Mapping[Reason, str]] = {
    Reason.NONE: "runs",
    Reason.NO_RATE: "no published rate of the accelerator for the compute format",
    Reason.NO_BANDWIDTH: "no published memory bandwidth or size of the accelerator",
    Reason.UNKNOWN_LINK: "the link between the accelerators is not known",
    Reason.HEADS: "the attention heads do not divide by the accelerators",
    Reason.WEIGHTS: "the weights do not fit into the memory",
    Reason.CONTEXT: "the request is longer than the model's context",
    Reason.KV_CACHE: "the cache of one request does not fit beside the weights",
    Reason.TPOT: "a single request already misses the limit on time per output token",
    Reason.TTFT: "a single request already misses the limit on time to first token",
    Reason.LATENCY: "a single sample already misses the limit on latency",
    Reason.TRAINING_MEMORY: "no way to split the training state fits into the memory",
    Reason.NO_NETWORK: "the bandwidth between the instances is not known",
    Reason.GANG_SIZE: "the gang has more ranks than the batch has sequences",
}
"""One phrase for each reason."""


class Origin(IntEnum):
    """What a prediction rests on, from the firmest to the weakest.

    MEASURED: a profile of one's own ran this model like this on this accelerator.
    PROFILE_SCALED: a profile ran it on this accelerator, at other lengths, load or layout.
    PROFILE_SISTER: a profile ran it on another accelerator of the same architecture.
    CALIBRATED: the accelerator itself has published measurements of this kind of work.
    SCALED: another accelerator of the same architecture has.
    ANALYTIC: neither; published peak rates alone.
    """

    MEASURED = 0
    PROFILE_SCALED = 1
    PROFILE_SISTER = 2
    CALIBRATED = 3
    SCALED = 4
    ANALYTIC = 5


PROFILED: Final = (Origin.MEASURED, Origin.PROFILE_SCALED, Origin.PROFILE_SISTER)
"""What rests on a profile of one's own."""
