"""Plans of changed requests, each searched for once however often it is asked for."""

from costopt.candidate.find import NamedWorkload
from costopt.errors import InvalidInputError, UnknownNameError
from costopt.plan.status import PlanStatus
from costopt.planning.found import Found
from costopt.planning.tries import Tries
from costopt.workload.request import PlanRequest


class KnownPlans:
    """Plans changed requests and remembers what came of each.

    Attributes:
        tries: plans while there is time.
    """

    def __init__(self, tries: Tries) -> None:
        self.tries = tries
        self._loose: dict[str, Found | None] = {}
        self._near: dict[str, Found | None] = {}

    def workloads(self, request: PlanRequest) -> tuple[NamedWorkload, ...] | None:
        """Return workloads with their candidates; None where limits contradict each other.

        A change may leave limits that do, or that name only what then has no price.

        Args:
            request: with changes made to it.
        """
        try:
            return self.tries.workloads(request)
        except (InvalidInputError, UnknownNameError):
            return None

    def found(self, request: PlanRequest, gap: float | None) -> Found | None:
        """Plan a changed request; None when it has no answer either.

        Args:
            request: with changes made to it.
            gap: at which the search may stop; None = that of all tries [0..1].
        """
        found = self._searched(request, gap)
        return found if found is not None and found.solution.cost is not None else None

    def is_impossible(self, request: PlanRequest) -> bool:
        """Return whether it is proven that a request has no answer.

        Args:
            request: with changes made to it.
        """
        found = self._searched(request, None)
        return found is not None and found.solution.status is PlanStatus.INFEASIBLE

    def _searched(self, request: PlanRequest, gap: float | None) -> Found | None:
        """Return what a search came to; None where limits contradict each other."""
        key = request.model_dump_json()
        if key in self._near:
            return self._near[key]
        if gap is not None and key in self._loose:
            return self._loose[key]
        workloads = self.workloads(request)
        found = None if workloads is None else self.tries.searched(workloads, request, gap)
        is_final = gap is None or found is None or found.solution.status is PlanStatus.INFEASIBLE
        (self._near if is_final else self._loose)[key] = found
        return found
