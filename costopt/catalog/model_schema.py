"""Columns of the tables about models."""

from typing import Final

from costopt.catalog.columns import PROVENANCE, Table, flag, number, text, whole

MODELS: Final = Table(
    "models",
    (
        text("name", "name of the base model", required=True),
        text("family", "published family"),
        text("kind", "decoder, encoder, encoder-decoder, vision-encoder, ...", required=True),
        number("parameters_billions", "computed from the dimensions", required=True),
        number("active_parameters_billions", "passed by one token", required=True),
        number("embedding_parameters_billions", "embedding and output head"),
        whole("layers", "transformer blocks"),
        whole("hidden_size", "width of the residual stream"),
        whole("ffn_size", "inner width of a dense feed-forward block"),
        whole("attention_heads", "query heads per layer"),
        whole("kv_heads", "key and value heads per layer"),
        whole("head_dim", "width of one head"),
        whole("vocab_size", "tokens in the vocabulary"),
        whole("max_context_tokens", "longest sequence, input and output together"),
        text("attention_kind", "mha, gqa, mqa or mla"),
        whole("kv_lora_rank", "width of the compressed cache of MLA"),
        whole("qk_rope_head_dim", "rotary part of an MLA head"),
        whole("experts", "routed experts per MoE layer"),
        whole("experts_per_token", "routed experts a token visits"),
        whole("shared_experts", "experts every token visits"),
        whole("moe_ffn_size", "inner width of one expert"),
        whole("dense_layers", "leading layers without experts"),
        flag("tied_embeddings", "embedding and output head share one matrix"),
        flag("gated_mlp", "feed-forward blocks have three matrices"),
        whole("full_attention_layers", "layers whose cache holds the whole sequence"),
        whole("sliding_window_tokens", "tokens that the other layers' cache holds"),
        number("flops_per_sample", "forward pass of one sample, 2 x MACs"),
        flag("verified", "dimensions seen in two places"),
        *PROVENANCE,
        text("note", "what a reader should know"),
    ),
    ("name",),
)

MODEL_ALIASES: Final = Table(
    "model_aliases",
    (
        text("alias", "a variant with the same dimensions, reviewed", required=True),
        text("model", "name in the models table", required=True),
        *PROVENANCE,
    ),
    ("alias",),
)
