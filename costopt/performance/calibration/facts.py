"""Reading the compiled tables of hardware, models and measurements that constants rest on."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from costopt.accelerator import COMPUTE_FORMATS, Accelerator
from costopt.errors import CatalogFileError
from costopt.model import ModelSpec
from costopt.performance.measurements.memory_cases import MemoryResult, memory_result
from costopt.performance.measurements.peak_rows import METRIC as PEAK_METRIC
from costopt.performance.measurements.peak_rows import peak_result

if TYPE_CHECKING:
    import pandas as pd

USABLE_SHARE: Final = 0.975
"""Usable share of nominal memory where no device reports it.

Source: device-reported memory of A100-40GB, A40, L40S, H100-80GB and B200-180GB against nominal.
"""

_RATE_UNITS: Final[Mapping[str, str]] = {"int8": "tops", "int4": "tops"}

MEMORY_COLUMNS: Final = (
    "case", "model", "method", "precision", "seq", "gpus", "quantity", "expected_gib",
    "tolerance", "source",
)  # fmt: skip
"""Columns of ``memory_cases.csv`` that are used here."""

_INTEGERS: Final = (
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
)


def read_table(folder: Path, name: str, columns: tuple[str, ...]) -> pd.DataFrame:
    """One table of the folder, with the columns that are used here.

    Raises:
        CatalogFileError: the file or a column is missing.
    """
    import pandas as pd

    path = folder / f"{name}.csv"
    if not path.is_file():
        raise CatalogFileError(str(path), "the file is missing", "Give the folder that holds it.")
    table = pd.read_csv(path)
    absent = [column for column in columns if column not in table.columns]
    if absent:
        raise CatalogFileError(
            str(path), f"columns are missing: {', '.join(absent)}", "Restore the table."
        )
    return table


def read_accelerators(folder: Path) -> dict[str, Accelerator]:
    """Accelerators by name, from ``accelerators.csv``."""
    rate_columns = tuple(f"{name}_{_RATE_UNITS.get(name, 'tflops')}" for name in COMPUTE_FORMATS)
    table = read_table(
        folder,
        "accelerators",
        ("name", "vendor", "architecture", "memory_gib", "memory_bandwidth_gb_s", *rate_columns),
    )
    records = table.to_dict("records")
    return {str(row["name"]): _accelerator(row, rate_columns) for row in records}


def _accelerator(row: Mapping[Hashable, Any], rate_columns: tuple[str, ...]) -> Accelerator:
    nominal = _number(row["memory_gib"])
    reported = _number(row["usable_memory_gib"])
    derived = None if nominal is None else USABLE_SHARE * nominal
    rates = {
        name: rate
        for name, column in zip(COMPUTE_FORMATS, rate_columns, strict=True)
        if (rate := _number(row[column])) is not None
    }
    return Accelerator(
        name=str(row["name"]),
        vendor=str(row["vendor"]),
        architecture=_text(row["architecture"]),
        memory_gib=nominal,
        usable_gib=derived if reported is None else reported,
        usable_origin="0.975 x nominal" if reported is None else "device_reported",
        bandwidth_gb_per_second=_number(row["memory_bandwidth_gb_s"]),
        peak_tflops=rates,
        interconnect=_text(row["interconnect"]),
        interconnect_gb_per_second=_number(row["interconnect_gb_s"]),
        source=_text(row["source"]),
        as_of="",
    )


def read_models(folder: Path) -> dict[str, ModelSpec]:
    """Models by name, from ``models.csv``."""
    table = read_table(folder, "models", ("name", "family", "kind", "params_total_b", *_INTEGERS))
    return {str(row["name"]): _model(row) for row in table.to_dict("records")}


def _model(row: Mapping[Hashable, Any]) -> ModelSpec:
    total = float(row["params_total_b"]) * 1e9
    active = _number(row["params_active_b"])
    embedding = _number(row["embedding_params_b"])
    integers = {
        name: None if (number := _number(row[name])) is None else int(number) for name in _INTEGERS
    }
    return ModelSpec(
        name=str(row["name"]),
        family=_text(row["family"]),
        kind=_text(row["kind"]),
        parameters=total,
        active_parameters=total if active is None else active * 1e9,
        embedding_parameters=None if embedding is None else embedding * 1e9,
        attention_kind=_text(row["attention_kind"]) or None,
        tied_embeddings=_flag(row["tie_embeddings"]),
        gated_mlp=_flag(row["gated_mlp"]),
        flops_per_sample=_number(row["flops_per_sample"]),
        source=_text(row["source"]),
        as_of="",
        **integers,
    )


def _number(value: object) -> float | None:
    """A number, or None for an empty cell."""
    number = float(str(value))
    return None if number != number else number


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _flag(value: object) -> bool | None:
    return {"yes": True, "no": False}.get(_text(value))


def memory_results(folder: Path) -> list[MemoryResult]:
    """Predict every row of ``memory_cases.csv`` that says enough.

    Args:
        folder: holds ``memory_cases.csv`` and ``models.csv``.
    """
    models = read_models(folder)
    rows = read_table(folder, "memory_cases", MEMORY_COLUMNS).to_dict("records")
    return [memory_result(row, models) for row in rows]


def peak_results(folder: Path) -> list[MemoryResult]:
    """Predict the peak memory of the rows of ``perf_calibration.csv``.

    Args:
        folder: holds ``perf_calibration.csv``, ``accelerators.csv`` and ``models.csv``.
    """
    models, accelerators = read_models(folder), read_accelerators(folder)
    table = read_table(folder, "perf_calibration", ("metric", "value", "notes"))
    rows = table[table["metric"] == PEAK_METRIC].to_dict("records")
    return [peak_result(row, models, accelerators) for row in rows]
