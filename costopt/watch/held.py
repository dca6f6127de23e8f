"""Held: a saved plan at today's prices, with everything that breaks it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from costopt.account.account import Account
from costopt.catalog.catalog import Catalog
from costopt.errors import (
    EmptyCatalogError,
    InvalidInputError,
    MissingExchangeRateError,
    UnknownNameError,
)
from costopt.evaluate.running import running_today
from costopt.plan.line import PlanLine
from costopt.plan.plan import Plan
from costopt.watch.causes import ended, gone, stale, without_lines
from costopt.watch.freshness import Freshness
from costopt.watch.own import as_asked
from costopt.watch.signed import signed_lines, with_signed
from costopt.watch.signed_tranches import ended_tranches, tranches_of, with_tranches
from costopt.watch.there import offers_there
from costopt.watch.verdict import Cause, CauseKind

UNANSWERABLE = (
    UnknownNameError,
    InvalidInputError,
    EmptyCatalogError,
    MissingExchangeRateError,
)
"""What is raised where the catalogue of today cannot answer a request at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A saved plan, held against the catalogue of today.

    Attributes:
        lines: at today's prices; None where they cannot be worked out.
        signed: those of them under a term that still lasts.
        causes: what breaks the plan, or soon may.
    """

    lines: tuple[PlanLine, ...] | None
    signed: tuple[PlanLine, ...] = ()
    causes: tuple[Cause, ...]

    @property
    def is_broken(self) -> bool:
        """True when the plan is no longer valid."""
        return any(cause.is_breaking for cause in self.causes)


def held_today(
    plan: Plan, catalog: Catalog, account: Account | None, freshness: Freshness
) -> Held:
    """Price a saved plan again and find what breaks it.

    Args:
        plan: that runs now.
        catalog: of today, at list prices.
        account: to judge it with.
        freshness: of the catalogue's prices.
    """
    if not plan.lines:
        nothing = () if plan.has_answer else None
        return Held(lines=nothing, causes=tuple(without_lines(plan)))
    try:
        return _held_lines(plan, catalog, account, freshness)
    except UNANSWERABLE as error:
        broken = Cause(kind=CauseKind.NO_ANSWER, text=str(error), is_breaking=True)
        return Held(lines=None, causes=(broken,))


def _held_lines(
    plan: Plan, catalog: Catalog, account: Account | None, freshness: Freshness
) -> Held:
    request, paid = as_asked(plan, catalog), catalog
    if account is not None:
        paid = account.priced(catalog)
        limits = account.limiting(request.limits, catalog)
        request = request.model_copy(update={"limits": limits})
    terms = signed_lines(plan, freshness.today)
    paid = with_tranches(with_signed(paid, terms, plan.currency), plan)
    there = offers_there(paid.offers, plan.lines)
    causes = [*_ended(plan, terms, freshness), *gone(plan.lines, there, catalog, account)]
    charged = [
        row
        for row, line in enumerate(plan.lines)
        if line not in terms and not line.is_owned and not there["is_gone"].iloc[row]
    ]
    causes += stale([plan.lines[row] for row in charged], there.iloc[charged], freshness)
    if there["is_gone"].any():
        return Held(lines=None, causes=tuple(causes))
    running = running_today(plan, request, paid)
    causes += [
        Cause(kind=CauseKind.LIMIT_BROKEN, text=text, is_breaking=True) for text in running.broken
    ]
    offers = set() if tranches_of(plan) else {line.offer for line in terms}
    return Held(
        lines=running.lines or None,
        signed=tuple(line for line in running.lines if line.offer in offers),
        causes=tuple(causes),
    )


def _ended(plan: Plan, terms: Sequence[PlanLine], freshness: Freshness) -> Iterator[Cause]:
    """Yield what was signed and has ended: commitments of a plan over time, lines of another."""
    if tranches_of(plan):
        yield from ended_tranches(plan, freshness.today)
        return
    over = [one for one in plan.lines if one.offer.term_years is not None and one not in terms]
    yield from ended(over, plan.catalog.as_of)
