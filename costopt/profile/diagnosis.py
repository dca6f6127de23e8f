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
    findings = (*_memory(seen, serves=profile.job is None), *_busy(seen))
    right = () if findings else (_right(seen, serves=profile.job is None),)
    return (*findings, *right, *_notes(seen, profile.accelerators, serves=profile.job is None))


def _memory(seen: "Watched", *, serves: bool) -> Iterator[str]:
    if serves:
        return
    fraction = seen.vram_fraction
    if fraction > RISKY_FRACTION:
        yield (
            f"Memory peaked at {_memory_in_words(seen)}, above {RISKY_FRACTION:.0%}: a longer "
            "sample or fragmentation can end the run; take a smaller batch, recomputation, or an "
            "accelerator with more memory."
        )
    elif fraction < OVERSIZED_FRACTION:
        yield (
            f"Memory peaked at {_memory_in_words(seen)}, below {OVERSIZED_FRACTION:.0%}: the "
            "accelerator is oversized; take a smaller one, or a larger batch."
        )


def _busy(seen: "Watched") -> Iterator[str]:
    if seen.accelerator_busy_fraction < STARVED_FRACTION:
        yield (
            f"The accelerators were busy {seen.accelerator_busy_fraction:.0%} of the time, below "
            f"{STARVED_FRACTION:.0%}: they wait for data, for the network, or for a larger batch."
        )


def _right(seen: "Watched", *, serves: bool) -> str:
    memory = "" if serves else f", and memory peaked at {_memory_in_words(seen)}"
    return (
        f"It looks right: the accelerators were busy {seen.accelerator_busy_fraction:.0%} of the "
        f"time{memory}."
    )


def _notes(seen: "Watched", accelerators: int, *, serves: bool) -> Iterator[str]:
    if serves:
        yield (
            "Memory in use says nothing here: an engine that serves fills the share of memory "
            "that it is given."
        )
    if seen.idle_accelerators:
        yield (
            f"{seen.idle_accelerators} of {seen.watched_accelerators} accelerators never ran "
            "anything, and are paid for."
        )
    if seen.left_out_accelerators:
        yield (
            f"{seen.left_out_accelerators} more in the file never ran anything, and were left "
            f"out: the deployment has {accelerators}."
        )
    if seen.watched_accelerators < accelerators:
        yield (
            f"The log shows {seen.watched_accelerators} of {accelerators} accelerators; the "
            "others are taken to be like them."
        )
    if seen.samples == seen.watched_accelerators:
        yield (
            "There is one reading of each accelerator, a moment and no average: log for several "
            "minutes."
        )


def _memory_in_words(seen: "Watched") -> str:
    return f"{seen.vram_peak_gib:.1f} of {seen.vram_total_gib:.1f} GiB ({seen.vram_fraction:.0%})"
