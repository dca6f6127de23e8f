"""Models, and the reviewed variants that share their dimensions."""

from importlib.resources import files
from pathlib import Path
from typing import Final

import pandas as pd

from costopt.catalog.building.facts import read_table
from costopt.catalog.building.facts_files import FactsFile
from costopt.catalog.building.provenance import dated_by_source
from costopt.catalog.building.words import truth_words

ALIASES_FILE: Final = "model_aliases.csv"
"""Reviewed variants, beside this file: data that is read when a catalogue is built."""

_RENAMED: Final = {
    "params_total_b": "parameters_billions",
    "params_active_b": "active_parameters_billions",
    "embedding_params_b": "embedding_parameters_billions",
    "max_context": "max_context_tokens",
    "sliding_window": "sliding_window_tokens",
}


def build_models(facts: pd.DataFrame) -> pd.DataFrame:
    """Return the models table from ``models.csv``."""
    return dated_by_source(
        facts.rename(columns=_RENAMED).assign(
            tied_embeddings=truth_words(facts["tie_embeddings"]),
            gated_mlp=truth_words(facts["gated_mlp"]),
            verified=truth_words(facts["verified"]),
        )
    )


def reviewed_aliases() -> tuple[pd.DataFrame, bytes]:
    """Return the reviewed variants that ship with the builder, and the bytes of their file."""
    payload = files(__package__).joinpath(ALIASES_FILE).read_bytes()
    expected = FactsFile(table="model_aliases", texts=("alias", "model", "source", "as_of"))
    return read_table(Path(ALIASES_FILE), payload, expected), payload
