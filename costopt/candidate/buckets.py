"""What a service asks for, request size by request size."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from costopt.candidate.misses import Miss


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Buckets:
    """Buckets of request sizes of one service; arrays of shape (buckets,).

    Attributes:
        demand: rate that each bucket needs [1/s].
        prompts: number of the prompt size of each bucket; a plan routes all buckets of one prompt
            size alike, because nobody knows an answer's length when its request is routed.
        may_be_late: buckets that were rated without a limit on the first token.
        misses: why nothing can serve a bucket, where it comes nearest; empty where something can.
    """

    demand: NDArray[np.float64]
    prompts: NDArray[np.int64]
    may_be_late: NDArray[np.bool_]
    misses: tuple[Miss, ...]

    @classmethod
    def single(cls, demand: float) -> Self:
        """Return the only bucket of a service whose requests are all of one size."""
        return cls(
            demand=np.array([demand]),
            prompts=np.zeros(1, dtype=np.int64),
            may_be_late=np.zeros(1, dtype=np.bool_),
            misses=(Miss(),),
        )

    @property
    def prompt_demand(self) -> NDArray[np.float64]:
        """Rate that each prompt size needs, all its answers together (prompt sizes,) [1/s]."""
        return np.bincount(self.prompts, weights=self.demand).astype(np.float64)
