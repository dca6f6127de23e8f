"""Request sizes of a workload as arrays, and which of them a percentile leaves free."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from costopt.catalog.catalog import Catalog
from costopt.performance.work import RequestSizes as SizeArrays
from costopt.workload.traffic import RequestSizes

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

FREE_PARTS: Final = (0.5, 0.8, 0.95)
"""Parts of the requests that may be late which the longest prompts may use up by themselves.

The first one holds; the next ones are tried only where some size cannot be served with it.
"""

ROUNDING: Final = 1e-9
"""Relative difference between sums of shares that is rounding."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sizes:
    """Buckets of a request-size histogram; arrays of shape (buckets,).

    Attributes:
        tokens: mean prompt and answer of each bucket [tokens].
        shares: part of all requests; adds up to 1.
        prompts: number of the prompt size of each bucket. A router knows the prompt of a request
            and not its answer: it cannot tell buckets with the same number apart.
    """

    tokens: SizeArrays
    shares: Floats
    prompts: Integers


def sizes_of(written: RequestSizes, catalog: Catalog) -> Sizes:
    """Return the buckets of a workload, from its histogram or from a trace of the catalogue.

    Raises:
        UnknownNameError: the catalogue has no such trace.
    """
    if written.sizes is not None:
        rows = [
            (size.input_tokens, size.output_tokens, size.share_fraction) for size in written.sizes
        ]
        inputs, outputs, shares = np.array(rows, dtype=np.float64).T
        told_apart_by = inputs
    else:
        trace = catalog.trace(written.trace or "")
        inputs = trace["mean_input_tokens"].to_numpy(dtype=np.float64)
        outputs = trace["mean_output_tokens"].to_numpy(dtype=np.float64)
        shares = trace["share_fraction"].to_numpy(dtype=np.float64)
        told_apart_by = trace["input_low_tokens"].to_numpy(dtype=np.float64)
    tokens = SizeArrays(
        input_tokens=np.maximum(inputs, 1.0), output_tokens=np.maximum(outputs, 1.0)
    )
    return Sizes(tokens=tokens, shares=shares / shares.sum(), prompts=_numbered(told_apart_by))


def _numbered(values: Floats) -> Integers:
    """Number equal values alike, the smallest 0."""
    _, numbers = np.unique(values, return_inverse=True)
    return numbers.astype(np.int64)


def free_choices(sizes: Sizes, percentile: float) -> tuple[NDArray[np.bool_], ...]:
    """Return which buckets may be late, for each of ``FREE_PARTS`` that frees more than the last.

    Args:
        sizes: buckets of the workload.
        percentile: share of requests that must be in time [%].
    """
    free = [free_of_ttft(sizes, percentile, part) for part in FREE_PARTS]
    more = [after.sum() > before.sum() for before, after in pairwise(free)]
    return tuple(choice for choice, is_new in zip(free, [True, *more], strict=True) if is_new)


def free_of_ttft(
    sizes: Sizes, percentile: float, part: float = FREE_PARTS[0]
) -> NDArray[np.bool_]:
    """Return the buckets whose time to first token need not be kept.

    A limit at the 95th percentile lets 5 % of the requests be late. The longest prompts may use
    up a part of that, so that a hundredth of a percent of huge requests does not rule out
    hardware that serves all others in time. The rest must be in time at ``strict_percentile``.

    Args:
        sizes: buckets of the workload.
        percentile: share of requests that must be in time [%].
        part: of the requests that may be late, for the longest prompts [0..1].
    """
    allowance = part * (1 - percentile / 100) * (1 + ROUNDING)
    longest_first = np.argsort(-sizes.tokens.input_tokens, kind="stable")
    used = np.cumsum(sizes.shares[longest_first])
    free = np.zeros(len(sizes.shares), dtype=np.bool_)
    free[longest_first[used <= allowance]] = True
    return free


def strict_percentile(sizes: Sizes, free: NDArray[np.bool_], percentile: float) -> float:
    """Percentile at which the other buckets must be in time, so that all together are.

    ``(1 - t) (1 - p') + t = 1 - p`` with ``t`` the share of the free buckets.

    Args:
        sizes: buckets of the workload.
        free: buckets that may be late.
        percentile: share of all requests that must be in time [%].
    """
    share = float(sizes.shares[free].sum())
    return 100 * (1 - (1 - percentile / 100 - share) / (1 - share))
