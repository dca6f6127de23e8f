"""Memory of one accelerator as a small table for people: term -> GiB."""

from dataclasses import fields

from costopt.performance.vram import VramTerms


def vram_by_term(vram: VramTerms, *position: int) -> dict[str, float]:
    """Return the terms at one position of the arrays; terms of 0 are left out [GiB].

    Args:
        vram: arrays of terms.
        position: index into them.
    """
    terms = {field.name: float(getattr(vram, field.name)[position]) for field in fields(vram)}
    return {name: value for name, value in terms.items() if value > 0}
