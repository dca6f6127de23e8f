"""Measurement: a run that would pay, and the money that knowing its result is worth."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import overload

from costopt.plan.words import counted, money, payment_in_words, signed_percent
from costopt.units import HOURS_PER_MONTH


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """A run that would tell how fast an accelerator really is.

    Attributes:
        workload: what would be run.
        instance_type: on which instance type.
        accelerator: whose rate it tells.
        instances: how many of them work together [1].
        provider: where one of them is cheapest by the hour.
        region: where in that cloud.
        purchase_option: how it is paid there.
        price_per_hour: of one instance [currency/h].
        minutes: that the run is charged for [min].
        cost: of the run: instances, price and minutes [currency].
        is_pick: True where the plan rents this accelerator for the workload.
        rate_planned: of one instance, as planned with, in ``rate_unit``.
        rate_unit: such as requests/s.
        flip_factor: true over planned rate at which the choice changes [1].
        flip_rate: the same as a rate of one instance, in ``rate_unit``.
        instead: what is chosen beyond that rate.
        carries: False where the plan cannot be kept beyond that rate: a deadline or a quota
            stands against it.
        expected_saving: of planning with the true rate against keeping the plan, over the band
            of the prediction: over the horizon, or of the whole job [currency].
        horizon_hours: of the plan; None where the saving is that of a job [h].
        currency: of all amounts.
    """

    workload: str
    instance_type: str
    accelerator: str
    instances: int
    provider: str
    region: str
    purchase_option: str
    price_per_hour: float
    minutes: float
    cost: float
    is_pick: bool
    rate_planned: float
    rate_unit: str
    flip_factor: float
    flip_rate: float
    instead: tuple[str, ...]
    carries: bool
    expected_saving: float
    horizon_hours: float | None
    currency: str

    @property
    def expected_saving_per_month(self) -> float | None:
        """The same for a mean month; None where the saving is that of a job [currency/month]."""
        if self.horizon_hours is None:
            return None
        return self.expected_saving / self.horizon_hours * HOURS_PER_MONTH

    @property
    def pays(self) -> bool:
        """True where the expected saving is more than the run costs."""
        return self.expected_saving > self.cost

    @property
    def brief(self) -> str:
        """What to run and what it is worth, in half a sentence."""
        return f"{self.instance_type} for {self.minutes:.0f} min ({self._money(self.cost)})"

    @property
    def saving_in_words(self) -> str:
        """The expected saving with its unit."""
        monthly = self.expected_saving_per_month
        if monthly is None:
            return self._money(self.expected_saving)
        return f"{self._money(monthly)}/month"

    def __str__(self) -> str:
        """Return the run in plain words."""
        payment = payment_in_words(self.purchase_option, None, "")
        less = "" if self.pays else ", less than the run costs"
        return (
            f"{self.workload} on {counted(self.instances, 'instance')} of {self.instance_type} in "
            f"{self.provider} {self.region}, {payment}: {self.minutes:.0f} min, "
            f"{self._money(self.cost)}. {self.flip} Knowing it is expected to save "
            f"{self.saving_in_words}{less}."
        )

    @property
    def flip(self) -> str:
        """At which rate the choice changes, and to what, in a sentence."""
        change = signed_percent(self.flip_factor - 1)
        side = "Just below" if self.flip_factor < 1.0 else "Just above"
        others = [name for name in self.instead if name != self.instance_type]
        then = " + ".join(self.instead if not self.is_pick else others or self.instead)
        after = f"{then} is cheaper"
        if not self.carries:
            after = f"this plan no longer meets its limits and {then} takes over"
        return (
            f"{side} {_rate(self.flip_rate)} {self.rate_unit} ({change}; "
            f"{_rate(self.rate_planned)} is planned with) {after}."
        )

    def _money(self, amount: float) -> str:
        return money(amount, self.currency)


def _rate(value: float) -> str:
    """Write a rate with three digits, or as a whole number."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NextMeasurements(Sequence[Measurement]):
    """Runs worth making, the most valuable first; at most three.

    Attributes:
        runs: the runs.
        is_complete: False where time ran out before every rate was looked at.
    """

    runs: tuple[Measurement, ...] = ()
    is_complete: bool = True

    @overload
    def __getitem__(self, index: int) -> Measurement: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Measurement, ...]: ...
    def __getitem__(self, index: int | slice) -> Measurement | tuple[Measurement, ...]:
        """Return a run by its rank, from 0."""
        return self.runs[index]

    def __len__(self) -> int:
        """Return how many runs there are."""
        return len(self.runs)

    @property
    def sentences(self) -> tuple[str, ...]:
        """One sentence each, and what was left undone."""
        return tuple(self._sentences())

    @property
    def brief(self) -> str:
        """The runs that pay for themselves, in one line; empty without any."""
        paying = [run for run in self.runs if run.pays]
        parts = [f"{run.brief}, expected to save {run.saving_in_words}" for run in paying]
        return "; ".join(parts)

    def _sentences(self) -> Iterator[str]:
        for rank, run in enumerate(self.runs, start=1):
            yield f"{rank}. {run}"
        if not self.runs and self.is_complete:
            yield "No measurement would change this plan: no rate tried within its band flips it."
        if not self.is_complete:
            yield "Time ran out before every rate was looked at: there may be more to measure."

    def __str__(self) -> str:
        """Return the runs as text."""
        return "\n".join(["Worth measuring next:", *(f"  {text}" for text in self.sentences)])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Return the runs for a notebook."""
        items = "".join(f"<li>{escape(str(run))}</li>" for run in self.runs)
        rest = "".join(f"<p>{escape(text)}</p>" for text in self.sentences[len(self.runs) :])
        return f"<p><b>Worth measuring next</b></p><ol>{items}</ol>{rest}"
