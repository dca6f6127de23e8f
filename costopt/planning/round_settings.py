"""Settings of the rounds of a search: what each is solved with, and how long there is."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.catalog.catalog import Catalog
from costopt.planning.solving import Effort, Solve, solved_together
from costopt.workload.request import PlanRequest

LEAST_SECONDS: Final = 0.1
"""Time that a solve gets however late it is [s]."""

LEAST_SAVING: Final = 1e-9
"""Relative saving from which on workloads share instances; less is rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundSettings:
    """What every round of a search is made with.

    Attributes:
        request: limits and settings.
        catalog: what operating figures are computed from.
        forbidden: offers of a workload -> which of them this search may not use.
        staying: True where what runs already must stay as it is.
        solve: how a round is solved.
        deadline: when the last round starts, on the performance counter [s].
        beaten_by: cost from which on an answer is of no use, since a plan as cheap within the gap
            is there already [plan currency/h].
    """

    request: PlanRequest
    catalog: Catalog
    forbidden: Callable[[pd.DataFrame], NDArray[np.bool_]] | None
    staying: bool
    solve: Solve
    deadline: float = 0.0
    beaten_by: float = np.inf

    def beyond(self, found: float | None, seconds: float) -> "RoundSettings":
        """Return a wider search, on shared instances, for plans that cost less than one found.

        Args:
            found: cost of that one; None where none was found [plan currency/h].
            seconds: time for it [s].
        """
        cost = np.inf if found is None else found
        return replace(
            self,
            solve=solved_together,
            deadline=perf_counter() + seconds,
            beaten_by=cost * (1 - max(self.request.gap, LEAST_SAVING)),
        )

    @property
    def effort(self) -> Effort:
        """Time for the next solve, and what it must cost less than."""
        seconds = max(self.deadline - perf_counter(), LEAST_SECONDS)
        return Effort(seconds=seconds, below=self.beaten_by)

    @property
    def is_over(self) -> bool:
        """Whether no further round starts."""
        return perf_counter() > self.deadline
