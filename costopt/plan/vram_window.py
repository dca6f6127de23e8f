"""VramWindow: whether a predicted peak of memory leaves too much, enough or too little room."""

from enum import StrEnum
from typing import Final


class VramWindow(StrEnum):
    """How full the memory of one accelerator is at the predicted peak."""

    OVERSIZED = "oversized"
    ROOMY = "roomy"
    IDEAL = "ideal"
    TIGHT = "tight"
    RISKY = "risky"


UPPER_ENDS: Final = {
    VramWindow.OVERSIZED: 0.50,
    VramWindow.ROOMY: 0.70,
    VramWindow.IDEAL: 0.90,
    VramWindow.TIGHT: 0.95,
}
"""Share of the usable memory at which each window ends [0..1].

Source: a rule of thumb of practitioners: 70-90 % in use is ideal, below 50 % the accelerator is
oversized, above 95 % a run is likely to fail. It speaks of the peak of what the work needs; an
engine that reserves all the memory it finds always looks full.
"""


def vram_window(fraction: float) -> VramWindow:
    """Return the window of a predicted peak.

    Args:
        fraction: predicted peak over usable memory [0..1].

    >>> [vram_window(fraction).value for fraction in (0.49, 0.5, 0.8, 0.9, 0.95)]
    ['oversized', 'roomy', 'ideal', 'tight', 'risky']
    """
    for window, end in UPPER_ENDS.items():
        if fraction < end:
            return window
    return VramWindow.RISKY
