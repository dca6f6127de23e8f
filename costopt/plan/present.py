"""How people read a plan: text for a terminal, a table for a notebook, a frame for work."""

from collections.abc import Iterator, Sequence
from html import escape

import pandas as pd

from costopt.plan.answer import (
    HISTORY_TITLE,
    SCALED_FROM_PROFILE,
    answer,
    baseline_words,
    exclusions_in_words,
    footer,
    monthly,
    profiles_in_words,
    runs_on,
)
from costopt.plan.assumed import assumptions
from costopt.plan.cautions import warnings
from costopt.plan.change_words import change_in_words
from costopt.plan.line import PlanLine, column_names, line_row
from costopt.plan.plan import Plan
from costopt.plan.promises import promises_in_words
from costopt.plan.schedule_words import schedule_sentences
from costopt.plan.shared_node import shared_in_words
from costopt.plan.words import (
    WIDTH,
    age_in_words,
    counted,
    in_columns,
    money,
    payment_in_short,
    percent,
)

MOST_LINES_OVER_TIME = 3
"""Lines of a plan over time that the table shows."""

MOST_TABLE_LINES = 5
"""Lines of the plan that the table shows."""

GAP = "  "
"""Between two columns."""

LEFT = frozenset({"instance type", "region", "payment", "rate", "workload"})
"""Columns of the table whose text starts at the left."""


def plan_text(
    plan: Plan,
    changes: Sequence[str] = (),
    days_since_catalog: int = 0,
    past: Sequence[str] = (),
) -> str:
    """Return the plan as text of at most 100 columns.

    Args:
        plan: the plan.
        changes: what would change the answer or, without a plan, what would help; one sentence
            each.
        days_since_catalog: days from the catalogue's newest price to today, where known.
        past: where the prices lie in their own history, one sentence each; the first five are
            shown.
    """
    blocks = [_wrapped(f"Warning: {text}.") for text in warnings(plan, days_since_catalog)]
    blocks += [_wrapped(f"Account: {text}.") for text in plan.account_notes]
    blocks += [_wrapped(answer(plan)), *_reasons(plan)]
    blocks += [_wrapped(f"Promised: {text}.") for text in promises_in_words(plan)]
    blocks += [_wrapped(f"Change: {text}.") for text in change_in_words(plan)]
    blocks += [_wrapped(f"Assumed: {text}.") for text in assumptions(plan)]
    if plan.lines:
        blocks += ["", _table(plan, days_since_catalog)]
    blocks += [_wrapped(f"Shared: {text}.") for text in shared_in_words(plan.lines)]
    for title, sentences in schedule_sentences(plan):
        blocks += _listed(title, sentences)
    blocks += [_wrapped(f"Measured: {text}.") for text in profiles_in_words(plan)]
    if own := own_prices_in_words(plan):
        blocks += ["", *_listed("Your prices:", own)]
    if plan.baselines:
        gap = [] if plan.schedule is not None else [""]
        told = [baseline_words(plan, one) for one in plan.baselines]
        blocks += [*gap, *_listed("Beside it:", told)]
    if changes:
        title = "What would change it:" if plan.has_answer else "What would help:"
        blocks += _listed(title, changes)
    if past:
        blocks += _listed(f"{HISTORY_TITLE}:", _first(past))
    blocks += [_wrapped(f"Left out: {exclusions_in_words(plan)}."), _wrapped(footer(plan))]
    return "\n".join(blocks)


def _reasons(plan: Plan) -> Iterator[str]:
    if not plan.has_answer:
        yield from (_wrapped(f"- {reason}") for reason in plan.unanswered_because)


def _listed(title: str, sentences: Sequence[str]) -> list[str]:
    return [_wrapped(title), *(_wrapped(f"  {sentence}") for sentence in sentences)]


def _first(sentences: Sequence[str]) -> list[str]:
    rest = len(sentences) - MOST_TABLE_LINES
    more = [f"... and {rest} more; plan.explain() shows all"] if rest > 0 else []
    return [*sentences[:MOST_TABLE_LINES], *more]


def _wrapped(sentence: str) -> str:
    indent = " " * (len(sentence) - len(sentence.lstrip()) + 2)
    return in_columns(sentence, indent)


def table_rows(plan: Plan, days_since_catalog: int = 0) -> list[dict[str, str]]:
    """Return the lines of the plan as short texts, at most five.

    Args:
        plan: the plan.
        days_since_catalog: days from the catalogue's newest price to today, where known.
    """
    cost = f"{plan.currency}/month" if runs_on(plan) else "cost"
    return [
        _table_row(plan, line, cost)
        | {"age": age_in_words(line.price_age_days + days_since_catalog)}
        for line in plan.lines[: _most_lines(plan)]
    ]


def _most_lines(plan: Plan) -> int:
    """Return how many lines the table shows; a plan over time has its schedule below."""
    return MOST_TABLE_LINES if plan.schedule is None else MOST_LINES_OVER_TIME


def origin_in_words(origin: str) -> str:
    """Say what a rate rests on: measured, scaled from measured, or by the model alone."""
    return "scaled from measured" if origin in SCALED_FROM_PROFILE else origin


def own_prices_in_words(plan: Plan) -> list[str]:
    """Say of the lines shown how their list prices became what the account pays.

    Args:
        plan: the plan.
    """
    if plan.account is None:
        return []
    shown = plan.lines[: _most_lines(plan)]
    told = [f"{line.place}: {line.price_trail}" for line in shown if line.price_trail]
    return list(dict.fromkeys(told))


def _table_row(plan: Plan, line: PlanLine, cost: str) -> dict[str, str]:
    offer = line.offer
    amount = monthly(plan, line.line_cost_total) if runs_on(plan) else line.line_cost_total
    row = {"workload": " ".join(line.workload.split())} if len(plan.outcomes) > 1 else {}
    vram = line.vram_fraction
    return row | {
        "instance type": offer.instance_type,
        "region": f"{offer.provider} {offer.region}",
        "payment": payment_in_short(offer.purchase_option, offer.term_years, offer.payment),
        "count": str(line.count),
        cost: money(amount, plan.currency),
        "share": percent(line.share),
        "VRAM": "-" if vram is None else percent(vram),
        "rate": origin_in_words(line.rate_origin) or "-",
    }


def _table(plan: Plan, days_since_catalog: int) -> str:
    """Lay the lines out in columns as wide as their widest text, at most 100 wide together.

    Where that is too wide, what the rates rest on is left to the frame, and then texts are cut.
    """
    rows = table_rows(plan, days_since_catalog)
    names = list(rows[0])
    widths = {name: max(len(name), *(len(row[name]) for row in rows)) for name in names}
    if _total(widths) > WIDTH:
        names.remove("rate")
        del widths["rate"]
    while _total(widths) > WIDTH:
        widest = max((name for name in names if name in LEFT), key=lambda name: widths[name])
        widths[widest] -= 1
    shown = [dict(zip(names, names, strict=True)), *rows]
    lines = [GAP.join(_cell(row[name], name, widths) for name in names).rstrip() for row in shown]
    return "\n".join([*lines, *_not_shown(plan)])


def _total(widths: dict[str, int]) -> int:
    """Return how wide all columns are together, with what is between them."""
    return sum(widths.values()) + len(GAP) * (len(widths) - 1)


def _not_shown(plan: Plan) -> Iterator[str]:
    """Say how many lines the table leaves out."""
    rest = len(plan.lines) - _most_lines(plan)
    if rest > 0:
        yield f"... and {counted(rest, 'more line')}; plan.to_frame() shows all"


def _cell(text: str, name: str, widths: dict[str, int]) -> str:
    """Pad a text to its column, or cut it with an ellipsis."""
    width = widths[name]
    cut = text if len(text) <= width else f"{text[: width - 1]}…"
    return cut.ljust(width) if name in LEFT else cut.rjust(width)


def plan_html(plan: Plan) -> str:
    """Return the plan for a notebook: the answer, a table, and what stands beside it."""
    parts = [f"<p><b>Warning:</b> {escape(text)}.</p>" for text in warnings(plan)]
    parts += [f"<p>Account: {escape(text)}.</p>" for text in plan.account_notes]
    parts.append(f"<p><b>{escape(answer(plan))}</b></p>")
    parts += [f"<p>{escape(reason)}</p>" for reason in plan.unanswered_because]
    parts += [f"<p>Promised: {escape(text)}.</p>" for text in promises_in_words(plan)]
    parts += [f"<p>Change: {escape(text)}.</p>" for text in change_in_words(plan)]
    parts += [f"<p>Assumed: {escape(text)}.</p>" for text in assumptions(plan)]
    if plan.lines:
        parts.append(pd.DataFrame(table_rows(plan)).to_html(index=False, border=0))
        parts += [f"<p>{escape(text)}</p>" for text in _not_shown(plan)]
    parts += [f"<p>Shared: {escape(text)}.</p>" for text in shared_in_words(plan.lines)]
    for title, sentences in schedule_sentences(plan):
        told = "".join(f"<li>{escape(text)}</li>" for text in sentences)
        parts.append(f"<p>{escape(title)}</p><ul>{told}</ul>")
    parts += [f"<p>Measured: {escape(text)}.</p>" for text in profiles_in_words(plan)]
    parts += [f"<p>{escape(text)}</p>" for text in own_prices_in_words(plan)]
    beside = "".join(f"<li>{escape(baseline_words(plan, b))}</li>" for b in plan.baselines)
    if beside:
        parts.append(f"<p>Beside it:</p><ul>{beside}</ul>")
    parts.append(f"<p><small>Left out: {escape(exclusions_in_words(plan))}.<br>")
    parts.append(f"{escape(footer(plan))}</small></p>")
    return "".join(parts)


def lines_frame(plan: Plan) -> pd.DataFrame:
    """Return one row per line of the plan, with all columns even without lines."""
    rows = [line_row(line) | {"currency": plan.currency} for line in plan.lines]
    return pd.DataFrame(rows, columns=[*column_names(), "currency"])
