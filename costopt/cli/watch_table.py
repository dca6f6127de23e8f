"""Verdicts as people read them: one line a plan, and why."""

from collections.abc import Sequence
from typing import Final

from costopt.cli.catalog_table import Column, sentences, table_lines
from costopt.plan.words import counted, money, signed_percent
from costopt.watch.verdict import Verdict

CAUSES_SHOWN: Final = 4
"""Causes of one plan that are printed [1]."""


def verdict_lines(verdicts: Sequence[Verdict], width: int) -> list[str]:
    """Return a table of verdicts, then what stands behind each.

    Args:
        verdicts: one for each plan.
        width: columns of the terminal [1].
    """
    columns = (
        Column(heading="plan", cells=[one.plan for one in verdicts], is_name=True),
        Column(heading="verdict", cells=[one.verdict.value for one in verdicts]),
        Column(
            heading="now",
            cells=[_cost(one, one.current_total, one.current_per_month) for one in verdicts],
        ),
        Column(
            heading="best",
            cells=[_cost(one, one.new_total, one.new_per_month) for one in verdicts],
        ),
        Column(heading="change", cells=[_change(one) for one in verdicts]),
        Column(heading="to move", cells=[_amount(one, one.switching_cost) for one in verdicts]),
        Column(heading="repaid in", cells=[_days(one) for one in verdicts]),
    )
    return [*table_lines(columns, width), *(_why(one, width) for one in verdicts)]


def _cost(verdict: Verdict, total: float | None, per_month: float | None) -> str:
    if per_month is not None:
        return f"{money(per_month, verdict.currency)}/month"
    return _amount(verdict, total)


def _amount(verdict: Verdict, amount: float | None) -> str:
    return "-" if amount is None else money(amount, verdict.currency)


def _change(verdict: Verdict) -> str:
    return "-" if verdict.saving_fraction is None else signed_percent(-verdict.saving_fraction)


def _days(verdict: Verdict) -> str:
    days = verdict.days_to_repay
    return "-" if days is None else f"{days:,.1f} days"


def _why(verdict: Verdict, width: int) -> str:
    shown = [cause.text for cause in verdict.causes[:CAUSES_SHOWN]] or [verdict.cause]
    rest = len(verdict.causes) - len(shown)
    more = [f"and {counted(rest, 'more cause')} in the JSON"] if rest > 0 else []
    return sentences(f"{verdict.plan}: {'; '.join([*shown, *more])}.", width)
