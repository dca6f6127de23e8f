"""Accelerators of a size: which, how many or what share of one, and the memory of it."""

from dataclasses import dataclass
from fractions import Fraction

from costopt.accelerator import Accelerator
from costopt.fetch.context import FetchContext
from costopt_azure.series import Series, series_spelling


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The accelerators of one size.

    Attributes:
        name: name in the catalogue.
        count: how many; below 1 for a share of one.
        memory_gib: of each, or of the share, as marketed [GiB]; None when not published.
        usable_gib: of each, or of the share, for a workload [GiB]; None when not published.
        usable_origin: where that figure comes from.
        link: between them; ``none`` for one, empty when unknown.
    """

    name: str
    count: float
    memory_gib: float | None
    usable_gib: float | None
    usable_origin: str
    link: str


def accelerator_name(instance_type: str, spelt: str, context: FetchContext) -> str | None:
    """Return the catalogue's name of a size's accelerator; None when nobody reviewed it.

    A mapping of the size comes before one of its series, and that before the reviewed series.

    Args:
        instance_type: name of the size.
        spelt: spelling in the reviewed series; empty without one.
        context: the reviewed and the user's own names.
    """
    names = {name.lower(): known for name, known in context.accelerator_names.items()}
    for spelling in (instance_type, series_spelling(instance_type), spelt):
        known = names.get(spelling.lower(), spelling) if spelling else ""
        if known in context.accelerators:
            return known
    return None


def held(
    accelerator: Accelerator, *, reported: Fraction, vcpus: Fraction, series: Series | None
) -> Held:
    """Return how much of an accelerator a size holds.

    A share ``n = min(g, v / w)``: the provider reports ``g = 1`` for every share, so that the
    vCPUs ``v`` tell it, of the ``w`` that a whole accelerator comes with.

    Args:
        accelerator: what the size holds.
        reported: ``g``, accelerators that the provider counts [1].
        vcpus: ``v``, of the size before any are switched off [1].
        series: what was reviewed of it; None for one that a user named.
    """
    whole = series.vcpus_per_accelerator if series else None
    count = min(reported, vcpus / whole) if whole else reported
    share = min(count, Fraction(1))
    seen = series.visible_gib if series else None
    return Held(
        name=accelerator.name,
        count=round(float(count), 6),
        memory_gib=_part(seen or accelerator.memory_gib, share),
        usable_gib=_part(_least(seen, accelerator.usable_gib), share),
        usable_origin=accelerator.usable_origin,
        link="none" if count <= 1 else series.link if series else "",
    )


def _least(seen: float | None, usable: float | None) -> float | None:
    return usable if seen is None or usable is None else min(seen, usable)


def _part(whole: float | None, share: Fraction) -> float | None:
    return None if whole is None else round(whole * float(share), 6)
