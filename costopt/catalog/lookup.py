"""Looking one record up by name or alias, with the nearest known name when there is none."""

from typing import Any

import pandas as pd

from costopt.accelerator import COMPUTE_FORMATS, Accelerator
from costopt.catalog.schema import TABLES
from costopt.errors import CatalogFileError, UnknownNameError
from costopt.model import ModelSpec


def known_table(name: str) -> None:
    """Refuse a name that is not a table of the schema.

    Raises:
        UnknownNameError: the schema has no such table.
    """
    if name not in TABLES:
        raise UnknownNameError("table", name, TABLES)


def model(models: pd.DataFrame, aliases: pd.DataFrame, name: str) -> ModelSpec:
    """Dimensions of one model.

    Raises:
        UnknownNameError: neither a model nor an alias has this name.
        CatalogFileError: the alias stands for a model that is not there.
    """
    row = _row(models, aliases, "model", name)
    return ModelSpec(
        name=str(row["name"]),
        family=str(row["family"]),
        kind=str(row["kind"]),
        parameters=float(row["parameters_billions"]) * 1e9,
        active_parameters=float(row["active_parameters_billions"]) * 1e9,
        embedding_parameters=_scaled(row["embedding_parameters_billions"], 1e9),
        layers=_whole(row["layers"]),
        hidden_size=_whole(row["hidden_size"]),
        ffn_size=_whole(row["ffn_size"]),
        attention_heads=_whole(row["attention_heads"]),
        kv_heads=_whole(row["kv_heads"]),
        head_dim=_whole(row["head_dim"]),
        vocab_size=_whole(row["vocab_size"]),
        max_context=_whole(row["max_context_tokens"]),
        attention_kind=str(row["attention_kind"]) or None,
        kv_lora_rank=_whole(row["kv_lora_rank"]),
        qk_rope_head_dim=_whole(row["qk_rope_head_dim"]),
        experts=_whole(row["experts"]),
        experts_per_token=_whole(row["experts_per_token"]),
        shared_experts=_whole(row["shared_experts"]),
        moe_ffn_size=_whole(row["moe_ffn_size"]),
        dense_layers=_whole(row["dense_layers"]),
        tied_embeddings=_truth(row["tied_embeddings"]),
        gated_mlp=_truth(row["gated_mlp"]),
        full_attention_layers=_whole(row["full_attention_layers"]),
        sliding_window=_whole(row["sliding_window_tokens"]),
        flops_per_sample=_scaled(row["flops_per_sample"], 1.0),
        source=str(row["source"]),
        as_of=str(row["as_of"]),
    )


def accelerator(accelerators: pd.DataFrame, aliases: pd.DataFrame, name: str) -> Accelerator:
    """Facts of one accelerator.

    Raises:
        UnknownNameError: neither an accelerator nor an alias has this name.
        CatalogFileError: the alias stands for an accelerator that is not there.
    """
    row = _row(accelerators, aliases, "accelerator", name)
    rates = {name: row[f"{name}_tflops"] for name in COMPUTE_FORMATS}
    return Accelerator(
        name=str(row["name"]),
        vendor=str(row["vendor"]),
        architecture=str(row["architecture"]),
        memory_gib=_scaled(row["memory_gib"], 1.0),
        usable_gib=_scaled(row["usable_gib"], 1.0),
        usable_origin=str(row["usable_origin"]),
        bandwidth_gb_per_second=_scaled(row["bandwidth_gb_per_second"], 1.0),
        peak_tflops={name: float(rate) for name, rate in rates.items() if not pd.isna(rate)},
        compute_capability=str(row["compute_capability"]),
        interconnect=str(row["interconnect"]),
        interconnect_gb_per_second=_scaled(row["interconnect_gb_per_second"], 1.0),
        source=str(row["source"]),
        as_of=str(row["as_of"]),
    )


def trace(traces: pd.DataFrame, name: str) -> pd.DataFrame:
    """Request-size histogram of one published trace.

    Raises:
        UnknownNameError: there is no such trace.
    """
    rows = traces[traces["trace"] == name]
    if rows.empty:
        raise UnknownNameError("trace", name, frozenset(traces["trace"].unique()))
    return rows.reset_index(drop=True)


def _row(table: pd.DataFrame, aliases: pd.DataFrame, kind: str, name: str) -> dict[str, Any]:
    """Find the one row with this name, else with the name that an alias stands for."""
    rows = table[table["name"] == name]
    if rows.empty:
        meant = aliases.loc[aliases["alias"] == name, kind]
        if meant.empty:
            raise UnknownNameError(kind, name, [*table["name"], *aliases["alias"]])
        rows = table[table["name"] == meant.iloc[0]]
        if rows.empty:
            raise CatalogFileError(
                f"{kind}_aliases",
                f"{name} stands for {meant.iloc[0]}, which has no row in {kind}s",
                f"Add the row to {kind}s, or leave the alias out.",
            )
    return {str(column): value for column, value in rows.iloc[0].items()}


def _whole(value: Any) -> int | None:
    return None if pd.isna(value) else int(value)


def _scaled(value: Any, factor: float) -> float | None:
    return None if pd.isna(value) else float(value) * factor


def _truth(value: Any) -> bool | None:
    return None if pd.isna(value) else bool(value)
