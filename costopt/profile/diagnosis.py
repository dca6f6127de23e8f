"""What monitoring says of a deployment, in plain sentences."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from costopt.profile.measured import Watched
    from costopt.profile.profile import Profile

RISKY_FRACTION: Final = 0.95
"""Share of memory in use above which a run is likely to fail [0..1].

Source: a rule of thumb of practitioners: 70-90 % in use is ideal, below 50 % the accelerator is
oversized, above 95 % a run is likely to fail.
"""

OVERSIZED_FRACTION: Final = 0.50
"""Share of memory in use below which the accelerator is oversized [0..1]. Source: as above."""

STARVED_FRACTION: Final = 0.70
"""Share of time busy below which an accelerator waits for something else [0..1].

Source: a rule of thumb of practitioners. It says that a kernel ran, not how well: busy all the
time at 30 % of the peak rate is common.
"""

FILLED: Final = (
    "Memory in use says nothing here: an engine that serves fills the share of memory that it is "
    "given."
)


def diagnose(profile: "Profile") -> tuple[str, ...]:
    """Return what monitoring says of a deployment, one sentence for each finding.

    Args:
        profile: of the deployment.
    """
    seen = profile.watched
    if seen is None:
        return (
            "Nothing watched the accelerators while they ran: give a log of nvidia-smi or DCGM "
            "to Profile.from_utilisation.",
        )
    serves = profile.job is None
    findings = [*([] if serves else _memory(seen)), *_busy(seen)]
    notes = _notes(seen, profile.accelerators)
    return (*(findings or [_right(seen, serves=serves)]), *([FILLED] if serves else []), *notes)


def _memory(seen: "Watched") -> Iterator[str]:
    fraction, peak = _as_written(seen.vram_fraction), f"Memory peaked at {_memory_in_words(seen)}"
    if fraction > RISKY_FRACTION:
        yield (
            f"{peak}, above {_percent(RISKY_FRACTION)}: a longer sample or fragmentation can end "
            "the run; take a smaller batch, recomputation, or an accelerator with more memory."
        )
    elif fraction < OVERSIZED_FRACTION:
        yield (
            f"{peak}, below {_percent(OVERSIZED_FRACTION)}: the accelerator is oversized; take a "
            "smaller one, or a larger batch."
        )


def _busy(seen: "Watched") -> Iterator[str]:
    busy = seen.accelerator_busy_fraction
    if _as_written(busy) < STARVED_FRACTION:
        yield (
            f"{_busy_in_words(seen)}, below {_percent(STARVED_FRACTION)}: they wait for data, for "
            "the network, or for a larger batch."
        )
    least = seen.least_busy_fraction
    if least is not None and _as_written(least) < STARVED_FRACTION <= _as_written(busy):
        yield (
            f"{_busy_in_words(seen)} on the mean, but one of them {_percent(least)}, below "
            f"{_percent(STARVED_FRACTION)}: it waits for the others, or the work is split "
            "unevenly."
        )
    if seen.idle_accelerators:
        yield (
            f"{_counted(seen.idle_accelerators)} of {seen.watched_accelerators} never ran "
            "anything: use them, or rent fewer."
        )


def _right(seen: "Watched", *, serves: bool) -> str:
    memory = "" if serves else f", and memory peaked at {_memory_in_words(seen)}"
    return f"It looks right: {_busy_in_words(seen).lower()}{memory}."


def _notes(seen: "Watched", accelerators: int) -> Iterator[str]:
    if seen.left_out_accelerators:
        yield (
            f"The file also shows {_counted(seen.left_out_accelerators)} that never ran anything, "
            f"beyond the deployment's {accelerators}: left out."
        )
    if seen.watched_accelerators < accelerators:
        yield (
            f"The log shows {seen.watched_accelerators} of {_counted(accelerators)}; the rest is "
            "taken to be like it."
        )
    if seen.samples == seen.watched_accelerators:
        yield (
            "There is one reading of each accelerator, a moment and no average: log for several "
            "minutes."
        )


def _busy_in_words(seen: "Watched") -> str:
    share = _percent(seen.accelerator_busy_fraction)
    return f"The accelerators were busy {share} of the time"


def _memory_in_words(seen: "Watched") -> str:
    share = _percent(seen.vram_fraction)
    return f"{seen.vram_peak_gib:.1f} of {seen.vram_total_gib:.1f} GiB ({share})"


def _as_written(fraction: float) -> float:
    """Round a share as it is written, so that it is judged by what is read [0..1]."""
    return round(fraction, 3)


def _percent(fraction: float) -> str:
    """Write a share with one decimal."""
    return f"{100 * fraction:.1f} %".replace(".0 %", " %")


def _counted(accelerators: int) -> str:
    return f"{accelerators} accelerator{'' if accelerators == 1 else 's'}"
