"""What the memory of each line of a plan is used for, term by term."""

from collections.abc import Mapping
from dataclasses import dataclass

from costopt.plan.plan import Plan
from costopt.plan.words import percent

UNIT = "_gib"
"""Ending of the names of terms in a plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryUse:
    """Predicted peak on one accelerator of a line.

    Attributes:
        workload: what runs.
        instance_type: on what.
        terms_gib: weights, gradients, optimizer, activations, logits, kv_cache, adapters and
            overhead, those that are there [GiB].
        usable_gib: what the accelerator has [GiB].
        strategy: how a gang shares the work, in words; empty for serving.
    """

    workload: str
    instance_type: str
    terms_gib: Mapping[str, float]
    usable_gib: float
    strategy: str

    @property
    def used_gib(self) -> float:
        """All terms together [GiB]."""
        return sum(self.terms_gib.values())

    @property
    def text(self) -> str:
        """In words, the largest term first."""
        ranked = sorted(self.terms_gib.items(), key=lambda term: -term[1])
        terms = ", ".join(f"{name} {gib_in_words(gib)}" for name, gib in ranked)
        how = f" ({self.strategy})" if self.strategy else ""
        return (
            f"{self.workload} on {self.instance_type}{how}: {gib_in_words(self.used_gib)} of "
            f"{gib_in_words(self.usable_gib)} GiB on each accelerator "
            f"({percent(self.used_gib / self.usable_gib)}): {terms}"
        )


def gib_in_words(gib: float) -> str:
    """Write GiB with one decimal, or two digits of what is below 0.1.

    >>> [gib_in_words(gib) for gib in (141.04, 0.6, 0.0042)]
    ['141.0', '0.6', '0.0042']
    """
    return f"{gib:,.1f}" if gib >= 0.1 else f"{gib:.2g}"


def memory_uses(plan: Plan) -> tuple[MemoryUse, ...]:
    """Return the memory of each line that has a predicted peak; equal ones once.

    Of a plan over time the fullest line of each type speaks for all: a type runs in one layout
    beside another as hours ask for it.

    Args:
        plan: with lines.
    """
    found: dict[str, MemoryUse] = {}
    for line in plan.lines:
        if not line.vram_used_gib or not line.vram_usable_gib:
            continue
        use = MemoryUse(
            workload=line.workload,
            instance_type=line.offer.instance_type,
            terms_gib={name.removesuffix(UNIT): gib for name, gib in line.vram_used_gib.items()},
            usable_gib=line.vram_usable_gib,
            strategy=line.layout.strategy,
        )
        name = use.text if plan.schedule is None else f"{use.workload} on {use.instance_type}"
        if name not in found or found[name].used_gib < use.used_gib:
            found[name] = use
    return tuple(found.values())
