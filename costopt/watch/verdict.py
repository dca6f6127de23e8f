"""Verdict: what watching came to for one saved plan."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from costopt.plan.beside import CatalogStamp
from costopt.plan.line import PlanRecord
from costopt.plan.plan import Plan


class Judgement(StrEnum):
    """What to do with a saved plan."""

    KEEP = "keep"
    SWITCH = "switch"
    INVALID = "invalid"


class CauseKind(StrEnum):
    """What stands behind a verdict."""

    NO_PLAN = "no_plan"
    OFFER_GONE = "offer_gone"
    COMMITMENT_EXPIRED = "commitment_expired"
    PRICE_STALE = "price_stale"
    LIMIT_BROKEN = "limit_broken"
    NO_ANSWER = "no_answer"
    PRICE_MOVED = "price_moved"
    CHEAPER_OFFER = "cheaper_offer"
    SIGNED_TERM = "signed_term"
    NOTHING_BETTER = "nothing_better"


class Cause(PlanRecord):
    """One reason for a verdict.

    Attributes:
        kind: what it is.
        text: the same in words.
        is_breaking: whether it alone makes the plan invalid.
        moved_fraction: of a price, against the plan's; None elsewhere.
    """

    kind: CauseKind
    text: str
    is_breaking: bool = False
    moved_fraction: float | None = None


class Verdict(PlanRecord):
    """Whether a saved plan is kept, and what that rests on.

    Amounts are None where they cannot be told: today's cost of a plan with an offer that is
    gone, a new plan where none was found, a month where a job ends.

    Attributes:
        schema_version: of this record.
        plan: name of the saved plan.
        verdict: keep, switch or invalid.
        cause: the first of the causes, in words.
        causes: all of them, the weightiest first.
        currency: of all amounts.
        planned_total: cost as the saved plan says, without what outlives its horizon [currency].
        current_total: the same instances at today's prices, over the horizon or until the jobs
            are done [currency].
        new_total: of the best plan of today, with terms that are signed already [currency].
        saving_total: current_total minus new_total [currency].
        current_per_month: current_total in a month of 730 h; None where a job ends
            [currency/month].
        new_per_month: new_total, likewise [currency/month].
        saving_per_month: the difference of the two [currency/month].
        saving_fraction: saving_total over current_total.
        switching_cost: of moving to the new plan [currency].
        days_to_repay: days until the saving has paid for the move; None without a saving [days].
        catalog: what it was judged with.
        planned_as_of: date of the catalogue that the saved plan was made from, ISO 8601.
        new_plan: the plan to switch to, or to replace one that is no longer valid; not written.
    """

    schema_version: Literal[1] = 1
    plan: str
    verdict: Judgement
    cause: str
    causes: tuple[Cause, ...]
    currency: str
    planned_total: float | None = None
    current_total: float | None = None
    new_total: float | None = None
    saving_total: float | None = None
    current_per_month: float | None = None
    new_per_month: float | None = None
    saving_per_month: float | None = None
    saving_fraction: float | None = None
    switching_cost: float | None = None
    days_to_repay: float | None = None
    catalog: CatalogStamp
    planned_as_of: str
    new_plan: Plan | None = Field(default=None, exclude=True)

    def to_json(self) -> str:
        """Return the verdict as JSON text on one line, without the new plan."""
        return self.model_dump_json()
