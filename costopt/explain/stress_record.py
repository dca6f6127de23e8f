"""Stress: a plan under other rates, demand, prices and lost pools, as a record and in words."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from html import escape
from typing import TYPE_CHECKING, Final

from costopt.plan.answer import cost_figure, lines_in_words
from costopt.plan.line import PlanLine
from costopt.plan.plan import Plan
from costopt.plan.words import hours_in_words, in_columns, percent, signed_percent

if TYPE_CHECKING:
    import pandas as pd

KINDS: Final = {
    "throughput": "instances do {change} of their work",
    "demand": "demand {change}",
    "price": "prices of what is rented {change}",
    "hourly_price": "prices of what is paid by the hour {change}",
    "pool": "{name} lost",
}
"""What a case is called."""

SAME_COST: Final = 5e-3
"""Relative difference up to which two costs count as equal here: the gap of the searches."""

MOST_BROKEN: Final = 1
"""Broken limits that the text names for one case; the record holds them all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstBreak:
    """The smallest change at which a plan breaks a limit.

    Attributes:
        kind: throughput or demand.
        factor: true over planned at which a limit breaks; None where none did [1].
        text: the limit that breaks, in words; empty where none did.
        overfull_factor: true over planned from which an instance is loaded beyond what is
            planned with; None where that comes no earlier [1].
    """

    kind: str
    factor: float | None
    text: str
    overfull_factor: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StressRow:
    """One case.

    Attributes:
        kind: throughput, demand, price or pool; hourly_price of a plan over time.
        factor: true over planned; 0 for a pool that is lost [1].
        name: of the pool; empty otherwise.
        broken: limits that no longer hold as the plan stands, one sentence each.
        is_overfull: True where an instance is loaded beyond what is planned with, though not
            beyond what it can do within the latency limits.
        utilisation: of the fullest instance; None where nothing has one [1].
        served_fraction: part of the demand that is served as it stands [0..1].
        ttft_ms: slowest time to first token; None where it does not apply [ms].
        tpot_ms: slowest time per output token; None where it does not apply [ms].
        duration_hours: until the longest job is done; None without a job [h].
        cost_total: of the plan as it stands [plan currency].
        mended_cost_total: of the plan that is cheapest in this case; None where there is none,
            or none was found in time [plan currency].
        mended_lines: of that plan.
        is_proven: False where time did not suffice to plan again, or to prove the result.
    """

    kind: str
    factor: float
    name: str
    broken: tuple[str, ...]
    is_overfull: bool
    utilisation: float | None
    served_fraction: float
    ttft_ms: float | None
    tpot_ms: float | None
    duration_hours: float | None
    cost_total: float
    mended_cost_total: float | None
    mended_lines: tuple[PlanLine, ...]
    is_proven: bool

    @property
    def holds(self) -> bool:
        """True where the plan as it stands meets every limit, its room for bursts included."""
        return not self.broken and not self.is_overfull

    @property
    def title(self) -> str:
        """What is not as planned, in words."""
        if self.kind == "throughput":
            return f"throughput {signed_percent(self.factor - 1)}"
        return KINDS[self.kind].format(change=signed_percent(self.factor - 1), name=self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stress:
    """How a plan bears what it did not count on.

    Attributes:
        plan: as it was made.
        rows: one for each case.
        first_breaks: the smallest changes that break it; empty where no case does.
    """

    plan: Plan
    rows: tuple[StressRow, ...]
    first_breaks: tuple[FirstBreak, ...]

    def mending(self, row: StressRow) -> float | None:
        """Cost of the plan that is cheapest in a case, minus that of today's plan [currency].

        Args:
            row: the case.
        """
        if row.mended_cost_total is None:
            return None
        return row.mended_cost_total - (self.plan.cost_total or 0.0)

    def to_frame(self) -> "pd.DataFrame":
        """Return one row per case."""
        import pandas as pd

        rows = []
        for row in self.rows:
            flat = asdict(row) | {"holds": row.holds, "mending": self.mending(row)}
            flat["broken"] = "; ".join(row.broken)
            flat["mended_lines"] = lines_in_words(row.mended_lines)
            rows.append(flat | {"currency": self.plan.currency})
        return pd.DataFrame(rows)

    def __str__(self) -> str:
        """Return the cases as text of at most 100 columns."""
        blocks = ["Under stress, the plan as it stands:"]
        blocks += [_wrapped(f"  {row.title}: {self._words(row)}") for row in self.rows]
        blocks += [_wrapped(text) for text in self._first()]
        return "\n".join(blocks)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Return the cases for a notebook."""
        items = "".join(
            f"<li>{escape(row.title)}: {escape(self._words(row))}</li>" for row in self.rows
        )
        rest = "".join(f"<p>{escape(text)}</p>" for text in self._first())
        return f"<p><b>Under stress, the plan as it stands</b></p><ul>{items}</ul>{rest}"

    def _first(self) -> Iterator[str]:
        for one in self.first_breaks:
            parts = []
            if one.factor is not None:
                change = signed_percent(one.factor - 1)
                parts.append(f"at {one.kind} {change} the first limit breaks: {one.text}")
            if one.overfull_factor is not None:
                change = signed_percent(one.overfull_factor - 1)
                parts.append(f"from {one.kind} {change} on the room for bursts is used")
            text = "; ".join(parts)
            yield f"{text[0].upper()}{text[1:]}."
        if not self.first_breaks:
            yield "No change of throughput or demand that was tried breaks a limit."

    def _words(self, row: StressRow) -> str:
        """Say whether the plan holds in a case, and what mending it costs."""
        if row.kind in ("price", "hourly_price"):
            held = cost_figure(self.plan, row.cost_total)
            return f"{held}{_rest(row)}; {self._cheapest(row)}"
        if not row.broken:
            load = "" if row.utilisation is None else f", loaded to {percent(row.utilisation)}"
            done = ""
            if row.duration_hours is not None:
                done = f", done in {hours_in_words(row.duration_hours)}"
            cost = cost_figure(self.plan, row.cost_total) if row.duration_hours else ""
            if row.is_overfull:
                return f"within its limits, but no room for bursts{load}; {self._mended(row)}"
            return f"holds{load}{done}{', ' + cost if cost else ''}"
        return f"{row.broken[0]}{_more(row)}; {self._mended(row)}"

    def _mended(self, row: StressRow) -> str:
        """Say what it costs to meet every limit again."""
        difference = self.mending(row)
        if difference is None:
            return "no plan meets every limit then" if row.is_proven else "not planned again"
        lines = lines_in_words(row.mended_lines, 2)
        if abs(difference) <= SAME_COST * (self.plan.cost_total or 0.0):
            return f"mended at the same cost: {lines}"
        amount = cost_figure(self.plan, abs(difference))
        side = "more" if difference > 0 else "less"
        return f"mended for {amount} {side}{'' if row.is_proven else ' at most'}: {lines}"

    def _cheapest(self, row: StressRow) -> str:
        """Say whether another plan is cheaper at other prices."""
        if row.mended_cost_total is None:
            return "not planned again"
        saving = row.cost_total - row.mended_cost_total
        if saving <= SAME_COST * row.cost_total:
            return "no other plan is cheaper then"
        lines = lines_in_words(row.mended_lines, 2)
        return f"{lines} is then {cost_figure(self.plan, saving)} cheaper"


def _more(row: StressRow) -> str:
    """Say how many limits break beside the first."""
    rest = len(row.broken) - MOST_BROKEN
    return f" (and {rest} more)" if rest > 0 else ""


def _rest(row: StressRow) -> str:
    return f", {row.broken[0]}" if row.broken else ""


def _wrapped(sentence: str) -> str:
    indent = " " * (len(sentence) - len(sentence.lstrip()) + 2)
    return in_columns(sentence, indent)
