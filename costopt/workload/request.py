"""PlanRequest: workloads, limits and settings of one question, as Python or as TOML text."""

import tomllib
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, Strict, model_validator

from costopt.errors import InvalidInputError
from costopt.units import HOURS_PER_MONTH
from costopt.workload.batch import BatchInference
from costopt.workload.limits import Limits
from costopt.workload.requirement import Requirement
from costopt.workload.serving import InferenceService
from costopt.workload.training import FineTuneJob, TrainingJob
from costopt.workload.written import Positive, Written

AnyWorkload = Annotated[
    InferenceService | BatchInference | FineTuneJob | TrainingJob | Requirement,
    Field(discriminator="kind"),
]
"""Every kind of workload; TOML and JSON name it in ``kind``."""

Job = BatchInference | FineTuneJob | TrainingJob
"""Workloads that end; all others run over the whole horizon."""


def _currency_code(code: str) -> str:
    """Refuse what does not look like an ISO 4217 code."""
    if not (len(code) == 3 and code.isascii() and code.isalpha() and code.isupper()):
        raise ValueError(f"{code!r} is no currency code; three capital letters such as USD")
    return code


Currency = Annotated[str, Strict(), AfterValidator(_currency_code)]
"""ISO 4217 code."""


class PlanRequest(Written):
    """One question to the planner; all of it is kept in the plan.

    Attributes:
        workloads: what must run.
        limits: what the plan must stay within, for all workloads together.
        currency: currency of the plan.
        horizon_hours: how long services and requirements run [h].
        gap: relative distance to the proven bound at which the search may stop [0..1].
        time_limit_seconds: time for the search [s].
        confidence: probability with which the planned rates are reached; 0.5 plans on the
            expected rate [0..1].
    """

    workloads: tuple[AnyWorkload, ...]
    limits: Limits = Field(default_factory=Limits)
    currency: Currency = "USD"
    horizon_hours: Positive = HOURS_PER_MONTH
    gap: Annotated[float, Strict(), Field(ge=0, lt=1)] = 1e-4
    time_limit_seconds: Positive = 10.0
    confidence: Annotated[float, Strict(), Field(gt=0, lt=1)] = 0.5

    @model_validator(mode="after")
    def _some_work(self) -> Self:
        if not self.workloads:
            raise ValueError("at least one workload is needed")
        if len(self.workloads) > 1 and any(
            workload.limits.max_distinct_types is not None for workload in self.workloads
        ):
            raise ValueError("with several workloads, max_distinct_types belongs to [limits]")
        names = [workload.name for workload in self.workloads if workload.name]
        if len(set(names)) < len(names):
            raise ValueError("two workloads have the same name")
        return self

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
        document["workloads"] = workloads if isinstance(workloads, list) else [workloads]
        try:
            return cls(**document)
        except InvalidInputError as error:
            raise InvalidInputError(where, error.problems) from None
