"""ServingSetup: the software that serves a model, shared prompts, and drafted tokens."""

from dataclasses import dataclass
from typing import Final

from costopt.errors import InvalidInputError
from costopt.performance.tiers import Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingSetup:
    """How a model is served, whatever hardware it runs on.

    A prompt starts with a part that all requests share (a system prompt, a document); it is
    computed once, and its cache is held once. A draft guesses ``k`` tokens, which the model
    verifies together with the one that follows them.

    Attributes:
        tier: software that runs the model.
        prefix_fraction: part of each prompt that is found in the cache [0..1).
        draft_tokens: k, guessed for each request in one step; 0 without a draft [1].
        acceptance_fraction: a, guesses that the model accepts, each on its own [0..1].
        draft_time_fraction: c, one guess over one step of the model for a single request; 0 for
            guesses that are looked up, such as n-grams of the prompt [0..1).
    """

    tier: Tier = Tier.ENGINE
    prefix_fraction: float = 0.0
    draft_tokens: int = 0
    acceptance_fraction: float = 0.0
    draft_time_fraction: float = 0.0

    def __post_init__(self) -> None:
        """Refuse shares outside their range.

        Raises:
            InvalidInputError: what is wrong with them.
        """
        problems = [
            f"{name} is {value} and must be at least 0 and below 1"
            for name in ("prefix_fraction", "draft_time_fraction")
            if not 0.0 <= (value := getattr(self, name)) < 1.0
        ]
        if not 0.0 <= self.acceptance_fraction <= 1.0:
            problems.append(
                f"acceptance_fraction is {self.acceptance_fraction}; it is from 0 to 1"
            )
        if self.draft_tokens < 0:
            problems.append(f"draft_tokens is {self.draft_tokens} and must not be negative")
        if problems:
            raise InvalidInputError("serving setup", problems)

    @property
    def tokens_per_step(self) -> float:
        """Tokens that one step is expected to give, ``1 + a + a^2 + ... + a^k`` [tokens].

        Source: Leviathan, Kalman and Matias, Fast Inference from Transformers via Speculative
        Decoding (arXiv 2211.17192), equation 1.

        >>> round(ServingSetup(draft_tokens=3, acceptance_fraction=0.7).tokens_per_step, 3)
        2.533
        """
        return sum(self.acceptance_fraction**power for power in range(self.draft_tokens + 1))

    @property
    def step_tokens(self) -> int:
        """Tokens of one request that pass the model in one step: ``k + 1`` [tokens]."""
        return self.draft_tokens + 1

    @property
    def draft_share(self) -> float:
        """What a draft holds and computes of what the model does [0..1).

        Single requests are bound by reading weights, so a draft that takes the share c of the
        time reads, and therefore holds, about the share c of the bytes.
        """
        return self.draft_time_fraction if self.draft_tokens else 0.0


ENGINE: Final = ServingSetup()
"""What is taken where nobody says otherwise: a serving engine, nothing shared, no draft."""
