"""ModelSpec: the dimensions of a network that memory, FLOPs and cache sizes follow from."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """Dimensions of one network; a dimension that does not apply, or is not known, is None.

    Attributes:
        name: name in the catalogue, the base model's.
        family: published family, such as ``Llama-3.1``.
        kind: decoder, encoder, encoder-decoder, vision-encoder, audio-encoder-decoder,
            diffusion-unet or cnn.
        parameters: all parameters [1].
        active_parameters: parameters that one token passes through [1].
        embedding_parameters: embedding and output head together [1].
        layers: transformer blocks [1].
        hidden_size: width of the residual stream [1].
        ffn_size: inner width of a dense feed-forward block [1].
        attention_heads: query heads per layer [1].
        kv_heads: key and value heads per layer [1].
        head_dim: width of one head [1].
        vocab_size: tokens in the vocabulary [1].
        max_context: longest sequence, input and output together [tokens].
        attention_kind: mha, gqa, mqa or mla.
        kv_lora_rank: width of the compressed cache of MLA [1].
        qk_rope_head_dim: rotary part of an MLA head [1].
        experts: routed experts per MoE layer [1].
        experts_per_token: routed experts a token visits [1].
        shared_experts: experts every token visits [1].
        moe_ffn_size: inner width of one expert [1].
        dense_layers: leading layers without experts [1].
        tied_embeddings: True when embedding and output head share one matrix.
        gated_mlp: True for feed-forward blocks with three matrices.
        full_attention_layers: layers whose cache holds the whole sequence [1].
        sliding_window: tokens that the other layers' cache holds [tokens].
        flops_per_sample: forward pass of one sample, 2 x MACs, where tokens do not apply [FLOP].
        source: where the dimensions come from.
        as_of: date of the figures, ISO 8601, to the month or the day.
    """

    name: str
    family: str
    kind: str
    parameters: float
    active_parameters: float
    embedding_parameters: float | None
    layers: int | None
    hidden_size: int | None
    ffn_size: int | None
    attention_heads: int | None
    kv_heads: int | None
    head_dim: int | None
    vocab_size: int | None
    max_context: int | None
    attention_kind: str | None
    kv_lora_rank: int | None
    qk_rope_head_dim: int | None
    experts: int | None
    experts_per_token: int | None
    shared_experts: int | None
    moe_ffn_size: int | None
    dense_layers: int | None
    tied_embeddings: bool | None
    gated_mlp: bool | None
    full_attention_layers: int | None
    sliding_window: int | None
    flops_per_sample: float | None
    source: str
    as_of: str
