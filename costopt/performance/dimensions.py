"""What a model's dimensions mean for memory and work: weights, cache and operations."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import numpy as np

from costopt.errors import InvalidInputError
from costopt.model import ModelSpec
from costopt.performance.arrays import Floats
from costopt.precision import WeightFormat

GENERATING: Final = ("decoder",)
"""Kinds of model that answer with tokens."""

LEARNING: Final = ("decoder", "encoder")
"""Kinds of model whose training is rated."""

_NEEDED: Final = (
    "embedding_parameters",
    "layers",
    "hidden_size",
    "ffn_size",
    "attention_heads",
    "vocab_size",
)
_NEEDED_PER_HEAD: Final = ("kv_heads", "head_dim")
_NEEDED_FOR_LATENT: Final = ("kv_lora_rank", "qk_rope_head_dim")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoder:
    """A generating model, with every dimension known that memory and speed follow from.

    Attributes:
        name: name in the catalogue.
        linear_parameters: all parameters but embedding and output head [1].
        active_linear_parameters: those that one token passes through [1].
        embedding_parameters: embedding and output head together [1].
        head_parameters: output head, read at each step [1].
        routed_parameters: parameters of all routed experts; 0 for a dense model [1].
        touched_share: share of the routed experts that one token visits [0..1].
        layers: transformer blocks [1].
        hidden_size: width of the residual stream [1].
        live_ffn_size: inner width of the feed-forward blocks that a token passes [1].
        attention_heads: query heads per layer [1].
        attention_width: query heads times their width [1].
        cache_width: numbers cached per token and layer [1].
        cache_heads: heads over which tensor parallelism splits the cache; 1 for MLA [1].
        full_attention_layers: layers whose cache holds the whole sequence [1].
        sliding_window: tokens that the other layers' cache holds; inf without one [tokens].
        vocab_size: tokens in the vocabulary [1].
        max_context: longest sequence, input and output together; inf when unknown [tokens].
        gated_mlp: True for feed-forward blocks with three matrices.
    """

    name: str
    linear_parameters: float
    active_linear_parameters: float
    embedding_parameters: float
    head_parameters: float
    routed_parameters: float
    touched_share: float
    layers: int
    hidden_size: int
    live_ffn_size: float
    attention_heads: int
    attention_width: float
    cache_width: float
    cache_heads: int
    full_attention_layers: int
    sliding_window: float
    vocab_size: int
    max_context: float
    gated_mlp: bool

    def weight_bytes(self, weights: WeightFormat) -> float:
        """Memory of all weights, ``(P - E) * q + E * q_e`` [B].

        Quantizers leave embedding and output head in 16 bit, hence the second term.
        """
        linear = self.linear_parameters * weights.linear_bytes
        return linear + self.embedding_parameters * weights.embedding_bytes

    def cache_numbers(self, tokens: Floats) -> Floats:
        """Numbers that the cache of one sequence of ``tokens`` holds, all layers [1].

        ``w * (L_full * s + (L - L_full) * min(s, window))``.
        """
        windowed = self.layers - self.full_attention_layers
        held = self.full_attention_layers * tokens
        if windowed:
            held = held + windowed * np.minimum(tokens, self.sliding_window)
        return self.cache_width * held

    @property
    def cache_numbers_per_token(self) -> float:
        """Numbers cached per token where every layer holds it [1]."""
        return self.cache_width * self.layers


def decoder_of(model: ModelSpec, kinds: Collection[str] = GENERATING) -> Decoder:
    """Dimensions of a transformer, by default of a generating one.

    The routed experts' parameters follow from total and active counts: a token leaves out
    ``(1 - k/E)`` of them, so ``routed = (P - P_active) / (1 - k/E)``.

    Args:
        model: the model.
        kinds: kinds of model that will do.

    Raises:
        InvalidInputError: the model is of another kind, or lacks a dimension.
    """
    problems = _missing(model)
    if model.kind not in kinds:
        problems = [f"it is of kind {model.kind!r}; this needs {' or '.join(kinds)}"]
    if problems:
        raise InvalidInputError(f"model {model.name}", problems)
    embedding = _known(model.embedding_parameters)
    latent = model.attention_kind == "mla"
    cache_width = (
        _known(model.kv_lora_rank) + _known(model.qk_rope_head_dim)
        if latent
        else 2.0 * _known(model.kv_heads) * _known(model.head_dim)
    )
    heads, layers, hidden = (
        int(_known(value)) for value in (model.attention_heads, model.layers, model.hidden_size)
    )
    touched = _touched_share(model)
    idle = model.parameters - model.active_parameters
    return Decoder(
        name=model.name,
        linear_parameters=model.parameters - embedding,
        active_linear_parameters=model.active_parameters - embedding,
        embedding_parameters=embedding,
        head_parameters=_known(model.vocab_size) * hidden,
        routed_parameters=idle / (1.0 - touched) if touched < 1.0 else 0.0,
        touched_share=touched,
        layers=layers,
        hidden_size=hidden,
        live_ffn_size=_live_ffn_size(model),
        attention_heads=heads,
        attention_width=float(heads * model.head_dim) if model.head_dim else float(hidden),
        cache_width=cache_width,
        cache_heads=1 if latent else int(_known(model.kv_heads)),
        full_attention_layers=_full_attention_layers(model, layers),
        sliding_window=float(model.sliding_window or np.inf),
        vocab_size=int(_known(model.vocab_size)),
        max_context=float(model.max_context or np.inf),
        gated_mlp=bool(model.gated_mlp),
    )


def _missing(model: ModelSpec) -> list[str]:
    """Sentences for each dimension that memory and speed cannot do without."""
    per_head = _NEEDED_FOR_LATENT if model.attention_kind == "mla" else _NEEDED_PER_HEAD
    missing = [name for name in (*_NEEDED, *per_head) if getattr(model, name) is None]
    if model.experts and model.experts_per_token is None:
        missing.append("experts_per_token")
    return [f"its {name} is not known; add it to the model" for name in missing]


def _known(value: float | None) -> float:
    """A dimension that was checked to be there."""
    if value is None:
        raise InvalidInputError("model", ["a dimension is not known"])
    return float(value)


def _touched_share(model: ModelSpec) -> float:
    """Share of the routed experts that one token visits; 1 for a dense model."""
    if not model.experts or model.parameters <= model.active_parameters:
        return 1.0
    return _known(model.experts_per_token) / model.experts


def _live_ffn_size(model: ModelSpec) -> float:
    """Inner width of the feed-forward blocks that one token passes in one layer."""
    if not model.experts or model.moe_ffn_size is None:
        return _known(model.ffn_size)
    visited = (model.experts_per_token or 0) + (model.shared_experts or 0)
    return float(visited * model.moe_ffn_size)


def _full_attention_layers(model: ModelSpec, layers: int) -> int:
    """Layers whose cache holds the whole sequence: all of them without a window."""
    if model.sliding_window is None or model.full_attention_layers is None:
        return layers
    return model.full_attention_layers
