"""Plan: what to run, what it costs and what it rests on; records only."""

from typing import TYPE_CHECKING, Literal, Self

from pydantic import PrivateAttr, ValidationError

from costopt.account.account import Account
from costopt.candidate.find import NamedWorkload
from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError, NoPlanError
from costopt.plan.beside import Baseline, CatalogStamp, Exclusion
from costopt.plan.change import PlanChange
from costopt.plan.line import PlanLine
from costopt.plan.outcome import WorkloadOutcome
from costopt.plan.questions import PlanQuestions
from costopt.plan.schedule import Schedule
from costopt.plan.status import PlanStatus
from costopt.workload.request import PlanRequest
from costopt.written import describe_errors

if TYPE_CHECKING:
    import pandas as pd

    from costopt.explain.measurements import NextMeasurements
    from costopt.explain.why import Explanation
    from costopt.launch.recipe import Recipe
    from costopt.plan.diff_record import PlanDiff


class Plan(PlanQuestions):
    """The answer to a request: always returned, with a status.

    Attributes:
        schema_version: of this record.
        status: what the search came to.
        lines: offers to rent; empty without an answer.
        outcomes: what the plan means for each workload.
        currency: of all amounts.
        horizon_hours: over which services are charged [h].
        cost_per_hour: of all lines while they run [currency/h].
        cost_total: over the horizon, or until the jobs are done [currency].
        cost_total_low: the same when rates reach the upper end of their bands [currency].
        cost_total_high: the same when rates only reach the lower end [currency].
        duration_hours: of the longest job; None without a job [h].
        cash_now: due at the start [currency].
        locked_in: charges of terms that outlive the horizon [currency].
        bound: no plan within the limits costs less per hour of the horizon [currency/h].
        gap: distance of cost_total to the bound over the horizon, relative.
        seconds: time taken by the whole search [s].
        rated_offers: offers with a rate that took part [1].
        offers: offers in the catalogue [1].
        baselines: other ways to meet the request.
        exclusions: what took no part and why.
        unanswered_because: why there is no answer: what excludes what, and by how much.
        request: the whole question.
        request_hash: sha256 of the question.
        catalog: which catalogue it was answered from; at list prices.
        account: whose prices and quotas it was made with; None at list prices.
        account_notes: what of the account could not be used, and why.
        change: what is started and stopped of what runs already; None where nothing is said to
            run. With it the bound and the gap count the cost of switching too.
        schedule: what runs in each hour and what is committed; None without a demand profile.
    """

    schema_version: Literal[1] = 1
    status: PlanStatus
    lines: tuple[PlanLine, ...]
    outcomes: tuple[WorkloadOutcome, ...]
    currency: str
    horizon_hours: float
    cost_per_hour: float | None
    cost_total: float | None
    cost_total_low: float | None
    cost_total_high: float | None
    duration_hours: float | None
    cash_now: float | None
    locked_in: float | None
    bound: float | None
    gap: float | None
    seconds: float
    rated_offers: int
    offers: int
    baselines: tuple[Baseline, ...]
    exclusions: tuple[Exclusion, ...]
    unanswered_because: tuple[str, ...]
    request: PlanRequest
    request_hash: str
    catalog: CatalogStamp
    account: Account | None = None
    account_notes: tuple[str, ...] = ()
    change: PlanChange | None = None
    schedule: Schedule | None = None

    _catalog: "Catalog | None" = PrivateAttr(default=None)
    _workloads: tuple[NamedWorkload, ...] = PrivateAttr(default=())
    _listed: "Catalog | None" = PrivateAttr(default=None)

    @property
    def has_answer(self) -> bool:
        """True when there is something to run, or nothing has to run."""
        return self.cost_per_hour is not None

    @property
    def switching_cost(self) -> float:
        """Cost of starts and stops, paid once beside cost_total [currency]."""
        return 0.0 if self.change is None else self.change.switching_cost

    def require(self) -> Self:
        """Return the plan itself, or raise when the search found none.

        Raises:
            NoPlanError: the request is infeasible, or time ran out before a first answer.
        """
        if not self.has_answer:
            reason = "; ".join(self.unanswered_because) or "raise time_limit_seconds"
            raise NoPlanError(self.status.value, reason)
        return self

    def to_json(self) -> str:
        """Return the whole plan as JSON text; ``Plan.from_json`` reads it back."""
        return self.model_dump_json(indent=2)

    @classmethod
    def from_json(cls, text: str, where: str = "plan") -> Self:
        """Read a plan from JSON text.

        Raises:
            InvalidInputError: the text is not a plan of this schema.
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise InvalidInputError(where, describe_errors(cls, error)[:5]) from None

    def to_frame(self) -> "pd.DataFrame":
        """Return one row per line, all columns even without lines."""
        from costopt.plan.present import lines_frame

        return lines_frame(self)

    def explain(self, catalog: "Catalog | None" = None) -> "Explanation":
        """Say what binds, what was refused and what would change the answer.

        Args:
            catalog: needed for a plan that was read from a file.
        """
        from costopt.explain.why import explain

        return explain(self, self._source(catalog, "explain"), self._workloads)

    def launch_recipes(self, catalog: "Catalog | None" = None) -> "tuple[Recipe, ...]":
        """Say how each line is started as its rate assumes, and how to measure it.

        Args:
            catalog: needed for a plan that was read from a file.
        """
        from costopt.launch.recipes import launch_recipes

        return launch_recipes(self, self._source(catalog, "launch_recipes"))

    def diff(self, other: "Plan") -> "PlanDiff":
        """Say what lies between this plan and another one.

        Args:
            other: of the same currency and horizon.
        """
        from costopt.plan.diff import diff

        return diff(self, other)

    def next_measurements(self, catalog: "Catalog | None" = None) -> "NextMeasurements":
        """Rank up to three runs by the money expected to be saved by knowing their rates.

        Args:
            catalog: needed for a plan that was read from a file.
        """
        from costopt.explain.next_measurements import next_measurements

        return next_measurements(self, self._source(catalog, "next_measurements"), self._workloads)

    def _source(self, catalog: "Catalog | None", asked: str) -> "Catalog":
        """Return the catalogue at hand, or the one given at the account's prices.

        Raises:
            InvalidInputError: the plan was read from a file and no catalogue is given, or what is
                given is none.
        """
        if catalog is not None and not isinstance(catalog, Catalog):
            raise InvalidInputError(
                asked, ["catalog must be a Catalog: Catalog.bundled(), or Catalog.open(place)"]
            )
        source = self._catalog if catalog is None else self.own_prices(catalog)
        if source is None:
            raise InvalidInputError(
                asked, [f"a plan read from a file needs the catalogue: {asked}(catalog=...)"]
            )
        return source

    def own_prices(self, catalog: "Catalog") -> "Catalog":
        """Return a catalogue of list prices at what the plan's account pays."""
        return catalog if self.account is None else self.account.priced(catalog)

    def with_source(
        self, catalog: "Catalog", workloads: tuple[NamedWorkload, ...], listed: "Catalog"
    ) -> Self:
        """Return the plan with what it was made from at hand, so that it can be explained.

        Args:
            catalog: at the prices that the account pays.
            workloads: with their candidates.
            listed: the same catalogue at list prices.
        """
        copy = self.model_copy()
        copy._catalog, copy._workloads, copy._listed = catalog, workloads, listed
        return copy

    @property
    def made_from(self) -> "Catalog | None":
        """Catalogue at list prices that the plan was made from; None if read from a file."""
        return self._listed

    def __eq__(self, other: object) -> bool:
        """Compare what is written, not what the plan was made from."""
        if not isinstance(other, Plan):
            return NotImplemented
        return self.model_dump() == other.model_dump()

    def __str__(self) -> str:
        """Return readable text for a terminal."""
        from costopt.plan.present import plan_text

        return plan_text(self)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Return a table for a notebook."""
        from costopt.plan.present import plan_html

        return plan_html(self)
