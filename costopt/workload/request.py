"""PlanRequest: workloads, limits and settings of one question, as Python or as TOML text."""

import re
import tomllib
from collections.abc import Mapping
from typing import Annotated, Any, Self, get_args

from pydantic import (
    AfterValidator,
    Field,
    Strict,
    field_validator,
    model_validator,
)

from costopt.errors import InvalidInputError
from costopt.profile.profile import Profile
from costopt.units import HOURS_PER_MONTH, HOURS_PER_YEAR
from costopt.workload.batch import BatchInference
from costopt.workload.demand_profile import DemandProfile
from costopt.workload.eligible_usage import EligibleUsage
from costopt.workload.fleet import RunningInstances, SwitchingCost
from costopt.workload.limits import TERM_OPTIONS, Limits
from costopt.workload.requirement import Requirement
from costopt.workload.serving import InferenceService
from costopt.workload.training import FineTuneJob, TrainingJob
from costopt.written import Positive, Written

AnyWorkload = Annotated[
    InferenceService | BatchInference | FineTuneJob | TrainingJob | Requirement,
    Field(discriminator="kind"),
]
"""Every kind of workload; TOML and JSON name it in ``kind``."""

KINDS: tuple[str, ...] = tuple(
    record.model_fields["kind"].default for record in get_args(get_args(AnyWorkload)[0])
)
"""What ``kind`` may say."""

_WORKLOAD_PLACE = re.compile(r"^workloads\[(\d+)\](?:\.[a-z_]+(?=:))?")
"""A workload as pydantic names it: its index, and its kind."""

_PROFILE_PLACE = re.compile(r"^profiles\[(\d+)\]")
"""A profile as pydantic names it."""

Job = BatchInference | FineTuneJob | TrainingJob
"""Workloads that end; all others run over the whole horizon."""


def _currency_code(code: str) -> str:
    """Refuse what does not look like an ISO 4217 code."""
    if not (len(code) == 3 and code.isascii() and code.isalpha() and code.isupper()):
        raise ValueError(f"{code!r} is no currency code; three capital letters such as USD")
    return code


Currency = Annotated[str, Strict(), AfterValidator(_currency_code)]
"""ISO 4217 code."""


CostOfCapital = Annotated[float, Strict(), Field(ge=0, le=1)]
"""Yearly rate; 0.08 is 8 %, and above 1 a percentage was taken for it."""

PriceDecline = Annotated[float, Strict(), Field(ge=0, lt=1)]
"""Part by which prices fall in a year."""


def _commits(limits: object) -> bool:
    """Return whether limits, checked or as written, name an option that commits for a term."""
    if isinstance(limits, Limits):
        options: object = limits.purchase_options
    else:
        options = limits.get("purchase_options") if isinstance(limits, Mapping) else None
    named = (options,) if isinstance(options, str) else options
    return isinstance(named, list | tuple) and not TERM_OPTIONS.isdisjoint(named)


class PlanRequest(Written):
    """One question to the planner; all of it is kept in the plan.

    Attributes:
        workloads: what must run.
        limits: what the plan must stay within, for all workloads together.
        currency: currency of the plan.
        horizon_hours: how long services and requirements run; default 730, and 8,760 where a
            demand profile is planned with options that commit for a term [h].
        gap: relative distance to the proven bound at which the search may stop [0..1].
        time_limit_seconds: time for the search [s].
        confidence: probability with which the planned rates are reached; 0.5 plans on the
            expected rate [0..1].
        profiles: runs that you measured yourself; where they apply they override the model.
        current_fleet: what runs already; None where starting and stopping is free.
        switching_cost: what a start or a stop costs, or one amount for each of them; needs
            ``current_fleet`` [currency].
        demand_profile: how demand moves from hour to hour; with it the plan has a schedule.
        eligible_usage: what the company runs beside it that the same savings plans cover.
        cost_of_capital: yearly rate by which payments are discounted, 1 at most [1/year].
        price_decline: part by which list prices on demand and on spot fall in a year [0..1).
    """

    workloads: tuple[AnyWorkload, ...]
    limits: Limits = Field(default_factory=Limits)
    currency: Currency = "USD"
    horizon_hours: Positive = HOURS_PER_MONTH
    gap: Annotated[float, Strict(), Field(ge=0, lt=1)] = 1e-4
    time_limit_seconds: Positive = 10.0
    confidence: Annotated[float, Strict(), Field(ge=0.05, le=0.95)] = 0.5
    profiles: tuple[Profile, ...] = ()
    current_fleet: tuple[RunningInstances, ...] | None = None
    switching_cost: SwitchingCost = Field(default_factory=SwitchingCost)
    demand_profile: DemandProfile | None = None
    eligible_usage: tuple[EligibleUsage, ...] = ()
    cost_of_capital: CostOfCapital = 0.0
    price_decline: PriceDecline = 0.0

    @model_validator(mode="before")
    @classmethod
    def _horizon_of_a_term(cls, given: Any) -> Any:
        if not isinstance(given, Mapping) or given.get("horizon_hours") is not None:
            return given
        asked = {name: value for name, value in given.items() if name != "horizon_hours"}
        if given.get("demand_profile") is not None and _commits(given.get("limits")):
            asked["horizon_hours"] = HOURS_PER_YEAR
        return asked

    @field_validator("workloads", mode="before")
    @classmethod
    def _kinds_are_said(cls, workloads: object) -> object:
        given = workloads if isinstance(workloads, list | tuple) else ()
        if any(isinstance(item, Mapping) and "kind" not in item for item in given):
            raise ValueError(f"each workload needs a kind; allowed: {', '.join(KINDS)}")
        return workloads

    @model_validator(mode="after")
    def _some_work(self) -> Self:
        if not self.workloads:
            raise ValueError("at least one workload is needed")
        if len(self.workloads) > 1 and any(
            workload.limits.max_distinct_types is not None for workload in self.workloads
        ):
            raise ValueError("with several workloads, max_distinct_types belongs to [limits]")
        given = [workload.name for workload in self.workloads if workload.name]
        shown = [name for name, _ in self.named_workloads]
        if any(len(set(names)) < len(names) for names in (given, shown)):
            raise ValueError("two workloads have the same name")
        return self

    @model_validator(mode="after")
    def _promises_are_of_services(self) -> Self:
        for name, workload in self.named_workloads:
            named = dict.fromkeys([*workload.limits.promises, *self.limits.promises])
            instead = instead_of_promises(workload)
            if named and instead:
                raise ValueError(f"{name}: {', '.join(named)} {instead}")
        return self

    @field_validator("switching_cost", mode="before")
    @classmethod
    def _each_way(cls, given: Any) -> Any:
        is_amount = isinstance(given, int | float) and not isinstance(given, bool)
        return {"start": given, "stop": given} if is_amount else given

    @model_validator(mode="after")
    def _changes_start_from_a_fleet(self) -> Self:
        if self.current_fleet is None and self.switching_cost != SwitchingCost():
            raise ValueError(
                "switching_cost is charged for leaving current_fleet, which is not given; an "
                "empty one says that nothing runs"
            )
        return self

    @model_validator(mode="after")
    def _whole_instances_run(self) -> Self:
        parts = [one for one in self.current_fleet or () if not isinstance(one.count, int)]
        if parts and self.demand_profile is None:
            raise ValueError(
                f"current_fleet: {parts[0].count:g} of {parts[0].instance_type} is no whole "
                "number; parts of instances run beside a demand_profile, which is not given"
            )
        return self

    @model_validator(mode="after")
    def _money_over_time(self) -> Self:
        if self.limits.cvar is not None and (
            self.demand_profile is None or self.demand_profile.scenarios is None
        ):
            raise ValueError("limits.cvar weighs scenarios: give a demand_profile with scenarios")
        if self.demand_profile is not None:
            return self
        for name in ("cost_of_capital", "price_decline", "eligible_usage"):
            if getattr(self, name):
                raise ValueError(f"{name} belongs to a demand_profile, which is not given")
        return self

    @property
    def from_nothing(self) -> Self:
        """The same question where starting and stopping is free."""
        return self.model_copy(update={"current_fleet": None, "switching_cost": SwitchingCost()})

    @property
    def named_workloads(self) -> tuple[tuple[str, AnyWorkload], ...]:
        """Workloads with the names that a plan uses for them; those of equal name are numbered."""
        names = [workload.name or workload.kind for workload in self.workloads]
        numbered = [
            name if names.count(name) == 1 else f"{name} {names[: index + 1].count(name)}"
            for index, name in enumerate(names)
        ]
        return tuple(zip(numbered, self.workloads, strict=True))

    @classmethod
    def from_toml(cls, text: str, where: str) -> Self:
        """Read a request from TOML text with one ``[workload]`` or several ``[[workload]]``.

        Runs that you measured yourself are ``[[profile]]`` tables.

        Args:
            text: the TOML document.
            where: name of the file, for messages.

        Raises:
            InvalidInputError: the text is not TOML, or says something that is not allowed.
        """
        try:
            document: dict[str, Any] = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise InvalidInputError(where, [f"not valid TOML: {error}"]) from None
        workloads = document.pop("workload", None)
        if workloads is None:
            raise InvalidInputError(where, ["a [workload] table is required"])
        if "workloads" in document:
            raise InvalidInputError(
                where, ["unknown field 'workloads'; write [[workload]] instead"]
            )
        if document.pop("profiles", None):
            raise InvalidInputError(where, ["unknown field 'profiles'; write [[profile]] instead"])
        document["workloads"] = workloads if isinstance(workloads, list) else [workloads]
        profiles = document.pop("profile", [])
        document["profiles"] = profiles if isinstance(profiles, list) else [profiles]
        try:
            return cls(**document)
        except InvalidInputError as error:
            count = len(document["workloads"])
            problems = [_as_written(problem, count) for problem in error.problems]
            problems = [_PROFILE_PLACE.sub(_numbered, problem) for problem in problems]
            raise InvalidInputError(where, problems) from None


def instead_of_promises(workload: AnyWorkload) -> str:
    """Say why a workload cannot promise what spot losses leave; empty where it can."""
    if isinstance(workload, InferenceService):
        return ""
    if isinstance(workload, Requirement):
        if workload.demand_per_second is not None:
            return ""
        return (
            "limit how much of a demand a loss may take, and equal nodes have none: give "
            "demand_per_second and throughput_per_second, or limit max_spot_fraction"
        )
    return (
        "are of services, and a job goes on from its last checkpoint when it loses spot: limit "
        "max_spot_fraction or deadline_hours, and beside a service write them into its own limits"
    )


def _numbered(found: re.Match[str]) -> str:
    """Name a profile by its place in the document."""
    return f"profile {int(found[1]) + 1}"


def _as_written(problem: str, count: int) -> str:
    """Name a workload as a reader of the document would: by its place, if there are several."""

    def place(found: re.Match[str]) -> str:
        return "workload" if count == 1 else f"workload {int(found[1]) + 1}"

    return _WORKLOAD_PLACE.sub(place, problem)
