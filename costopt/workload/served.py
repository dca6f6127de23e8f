"""ServedTokens: the software that serves a model, shared prompts, and drafted tokens."""

from typing import Annotated, Literal

from pydantic import Field, Strict

from costopt.written import Fraction, Written

Software = Literal["engine", "vendor_tuned", "framework"]
"""Kinds of serving software: engines with a paged cache, vendors' compiled stacks, plain code."""

PartBelowOne = Annotated[float, Strict(), Field(ge=0, lt=1)]
"""A share that leaves something over."""

DraftTokens = Annotated[int, Strict(), Field(ge=0, le=32)]
"""Tokens guessed in one step; published settings lie between 1 and 10."""


class ServedTokens(Written):
    """How a model that generates tokens is served, whatever hardware it runs on.

    Attributes:
        software: ``engine`` (vLLM, SGLang), ``vendor_tuned`` (TensorRT-LLM and the like) or
            ``framework`` (plain PyTorch); software alone moves results two to four times.
        prefix_cache_fraction: part of every prompt that requests have in common and that the
            engine finds in its cache: it is not computed again, and its cache is held once for
            all requests. A history that only one conversation has is not shared [0..1).
        speculative_tokens: tokens that a draft guesses for each request in one step [1].
        acceptance_fraction: guesses that the model accepts, each on its own; needed with
            ``speculative_tokens`` [0..1].
        draft_time_fraction: time of one guess over that of one step of the model for a single
            request; 0 for guesses that are looked up, such as n-grams of the prompt. A draft is
            taken to hold the same share of weights and cache [0..1).
    """

    software: Software = "engine"
    prefix_cache_fraction: PartBelowOne = 0.0
    speculative_tokens: DraftTokens = 0
    acceptance_fraction: Fraction | None = None
    draft_time_fraction: PartBelowOne = 0.0

    def refuse_half_a_draft(self) -> None:
        """Refuse a draft without its acceptance, and figures of a draft without one.

        Raises:
            ValueError: what does not belong together.
        """
        if (self.speculative_tokens > 0) != (self.acceptance_fraction is not None):
            raise ValueError("speculative_tokens and acceptance_fraction belong together")
        if self.draft_time_fraction and not self.speculative_tokens:
            raise ValueError(
                "draft_time_fraction belongs to speculative_tokens, which are not given"
            )

    def served_fields(self) -> tuple[str, ...]:
        """Return the fields that are not what they are by default."""
        fields = ServedTokens.model_fields
        return tuple(
            name for name, field in fields.items() if getattr(self, name) != field.default
        )
