"""Which tables of facts the catalogue is built from, and which of their columns it reads."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsFile:
    """One table of facts.

    Attributes:
        table: table of the schema that takes its rows.
        texts: text columns that are read.
        numbers: number columns that are read; empty text means unknown.
    """

    table: str
    texts: tuple[str, ...]
    numbers: tuple[str, ...] = ()


FACTS_FILES: Final[Mapping[str, FactsFile]] = {
    "accelerators.csv": FactsFile(
        table="accelerators",
        texts=(
            "name",
            "vendor",
            "architecture",
            "memory_type",
            "interconnect",
            "compute_capability",
            "verified",
            "aliases",
            "source",
            "note",
        ),
        numbers=(
            "memory_gib",
            "usable_memory_gib",
            "memory_bandwidth_gb_s",
            "fp32_tflops",
            "tf32_tflops",
            "fp16_tflops",
            "bf16_tflops",
            "fp8_tflops",
            "int8_tops",
            "fp4_tflops",
            "int4_tops",
            "interconnect_gb_s",
            "tdp_w",
            "release_year",
        ),
    ),
    "models.csv": FactsFile(
        table="models",
        texts=(
            "name",
            "family",
            "kind",
            "attention_kind",
            "tie_embeddings",
            "gated_mlp",
            "verified",
            "source",
            "note",
        ),
        numbers=(
            "params_total_b",
            "params_active_b",
            "embedding_params_b",
            "layers",
            "hidden_size",
            "ffn_size",
            "attention_heads",
            "kv_heads",
            "head_dim",
            "vocab_size",
            "max_context",
            "kv_lora_rank",
            "qk_rope_head_dim",
            "experts",
            "experts_per_token",
            "shared_experts",
            "moe_ffn_size",
            "dense_layers",
            "full_attention_layers",
            "sliding_window",
            "flops_per_sample",
        ),
    ),
    "instance_types.csv": FactsFile(
        table="instance_types",
        texts=(
            "provider",
            "instance_type",
            "family",
            "accelerator",
            "intra_node_interconnect",
            "inter_node_fabric",
            "arch",
            "source",
        ),
        numbers=(
            "accelerator_count",
            "accelerator_memory_gib",
            "vcpus",
            "memory_gib",
            "local_nvme_gb",
            "network_gbps",
        ),
    ),
    "prices.csv": FactsFile(
        table="offers",
        texts=(
            "provider",
            "region",
            "instance_type",
            "purchase_option",
            "currency",
            "as_of",
            "source",
            "note",
        ),
        numbers=("price_per_hour", "upfront"),
    ),
    "interruption.csv": FactsFile(
        table="interruptions",
        texts=(
            "provider",
            "region",
            "instance_type",
            "os",
            "interruption_bucket",
            "as_of",
            "source",
        ),
        numbers=("savings_vs_on_demand",),
    ),
    "regions.csv": FactsFile(
        table="regions", texts=("provider", "region", "continent", "country", "display_name")
    ),
    "fx.csv": FactsFile(
        table="exchange_rates", texts=("base", "quote", "as_of", "source"), numbers=("rate",)
    ),
    "traces.csv": FactsFile(
        table="traces",
        texts=("trace", "source"),
        numbers=(
            "input_bucket_lo",
            "input_bucket_hi",
            "output_bucket_lo",
            "output_bucket_hi",
            "share",
            "mean_input",
            "mean_output",
        ),
    ),
    "arrival_profile.csv": FactsFile(
        table="arrival_profiles",
        texts=("trace", "interval_start_utc", "source"),
        numbers=(
            "interval_s",
            "requests",
            "requests_per_s",
            "input_tokens_per_s",
            "output_tokens_per_s",
        ),
    ),
    "gcp_spot_history.csv": FactsFile(
        table="spot_history",
        texts=("region", "instance_type", "as_of", "source"),
        numbers=("spot_price_per_hour", "on_demand_price_per_hour"),
    ),
    "aws_spot_history.csv": FactsFile(
        table="spot_history",
        texts=("region", "instance_type", "date"),
        numbers=("lowest_zone_spot_usd",),
    ),
    "spot_az_aws.csv": FactsFile(
        table="spot_history",
        texts=(
            "provider",
            "region",
            "zone",
            "instance_type",
            "currency",
            "as_of",
            "source",
            "note",
        ),
        numbers=("spot_price_per_hour",),
    ),
}
"""Every table of facts that the catalogue is built from."""
