"""Shared prompts and drafted tokens: arguments that a server needs for them, and their words."""

import json
from collections.abc import Iterator
from typing import Final

from costopt.launch.vllm_arguments import DraftField, EngineArgument
from costopt.workload.served import ServedTokens

DRAFT_MODEL: Final = "my-draft-model"
"""Name that stands for a draft model of one's own."""


def token_arguments(workload: ServedTokens) -> dict[str, str | int | float]:
    """Return arguments of the server for shared prompts and drafted tokens.

    A cache that the rate does not count on is turned off: prompts of an earlier measurement
    would be found in it, and the result would not be what was planned with.

    Args:
        workload: what runs.
    """
    given: dict[str, str | int | float] = {
        EngineArgument.PREFIX_CACHE: workload.prefix_cache_fraction > 0
    }
    if workload.speculative_tokens:
        given[EngineArgument.DRAFT] = json.dumps(_draft(workload))
    return {str(name): value for name, value in given.items()}


def shared_tokens(workload: ServedTokens, input_tokens: int) -> int:
    """Return the tokens that all prompts of a measurement begin with, one less than all at most.

    Args:
        workload: what runs.
        input_tokens: of each prompt [tokens].
    """
    return min(round(workload.prefix_cache_fraction * input_tokens), input_tokens - 1)


def tokens_in_words(workload: ServedTokens) -> str:
    """Say what the rate counts on of shared prompts and drafted tokens, as part of a sentence.

    Args:
        workload: what runs.
    """
    share = workload.prefix_cache_fraction
    words = (
        f"{100 * share:g} % of each prompt shared and cached" if share else "no shared prefixes"
    )
    if not workload.speculative_tokens:
        return words
    source = f"by a draft model {_pace(workload)}" if _has_model(workload) else "by n-grams"
    acceptance = 100 * (workload.acceptance_fraction or 0.0)
    return (
        f"{words}, {workload.speculative_tokens} tokens drafted in a step {source}, each accepted "
        f"with {acceptance:g} %"
    )


def token_notes(workload: ServedTokens) -> Iterator[str]:
    """Say what has to be done by hand.

    Args:
        workload: what runs.
    """
    if not workload.prefix_cache_fraction:
        yield (
            "Where prompts begin alike, leave out --no-enable-prefix-caching, which only keeps "
            "measurements apart: that is faster than planned."
        )
    if not workload.speculative_tokens:
        return
    if not _has_model(workload):
        yield (
            "Random prompts repeat nothing that could be looked up: to measure the drafts, use "
            "prompts of your own (--dataset-name custom)."
        )
        return
    at_rates = json.dumps(
        {str(DraftField.ACCEPTANCE): "synthetic", str(DraftField.RATES): _rates(workload)}
    )
    yield f"Put your own draft model in place of {DRAFT_MODEL}."
    yield (
        "Random prompts are not accepted as your own are: for measuring alone, when answers do "
        f"not matter, add {at_rates[1:-1]} to --speculative-config."
    )


def _has_model(workload: ServedTokens) -> bool:
    return workload.draft_time_fraction > 0


def _pace(workload: ServedTokens) -> str:
    return f"at {100 * workload.draft_time_fraction:g} % of a step's time for each"


def _draft(workload: ServedTokens) -> dict[str, str | int]:
    """How tokens are drafted; looked up in the prompt where that takes no time."""
    tokens: dict[str, str | int] = {str(DraftField.TOKENS): workload.speculative_tokens}
    if _has_model(workload):
        return {str(DraftField.MODEL): DRAFT_MODEL, **tokens}
    return {str(DraftField.METHOD): "ngram", **tokens}


def _rates(workload: ServedTokens) -> list[float]:
    """Probability that all drafts up to each position are accepted, ``a^i``."""
    acceptance = workload.acceptance_fraction or 0.0
    positions = range(1, workload.speculative_tokens + 1)
    return [round(acceptance**position, 4) for position in positions]
