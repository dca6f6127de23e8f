"""Which causes a verdict names, the weightiest first."""

from collections.abc import Iterator

from costopt.plan.plan import Plan
from costopt.plan.words import money, signed_percent
from costopt.watch.causes import moved_prices, taking_over, under_terms
from costopt.watch.comparison import Comparison
from costopt.watch.held import Held
from costopt.watch.signed_tranches import under_tranches
from costopt.watch.verdict import Cause, CauseKind, Judgement


def reasons(
    plan: Plan,
    held: Held,
    new: Plan | None,
    found: Comparison | None,
    judgement: Judgement,
) -> Iterator[Cause]:
    """Yield what breaks a plan, what became dearer, what is better, and then the rest.

    Args:
        plan: as saved.
        held: the same today.
        new: best plan of today; None where there is none.
        found: both compared; None where they cannot be.
        judgement: what it came to.
    """
    lines = held.lines or ()
    moves = moved_prices(plan.lines, lines, plan.currency) if lines else []
    yield from (cause for cause in held.causes if cause.is_breaking)
    if judgement is Judgement.KEEP and found is not None:
        yield _nothing_better(found, plan.currency)
    yield from (move for move in moves if (move.moved_fraction or 0.0) > 0)
    if judgement is Judgement.SWITCH and new is not None:
        yield from taking_over(lines, new.lines, plan.currency)
    yield from (move for move in moves if not (move.moved_fraction or 0.0) > 0)
    yield from under_terms(held.signed)
    yield from under_tranches(plan)
    yield from (cause for cause in held.causes if not cause.is_breaking)


def _nothing_better(found: Comparison, currency: str) -> Cause:
    """Say that no plan is cheaper, or that the saving does not carry the move."""
    saving, share = found.saving_total, found.saving_fraction
    if saving <= 0 or share is None:
        text = "no plan of today costs less"
    else:
        monthly = found.per_month(saving)
        move = money(found.switching_cost, currency)
        amount = money(saving if monthly is None else monthly, currency)
        text = (
            f"the best plan of today saves {amount}{'' if monthly is None else '/month'} "
            f"({signed_percent(-share)}), too little beside {move} "
            "for the move"
        )
    return Cause(kind=CauseKind.NOTHING_BETTER, text=text)
