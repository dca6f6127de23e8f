"""Published traffic: request-size histograms and arrival rates."""

from typing import Final

import pandas as pd

from costopt.catalog.building.provenance import dated_by_source

_BUCKETS: Final = {
    "input_bucket_lo": "input_low_tokens",
    "input_bucket_hi": "input_high_tokens",
    "output_bucket_lo": "output_low_tokens",
    "output_bucket_hi": "output_high_tokens",
    "share": "share_fraction",
    "mean_input": "mean_input_tokens",
    "mean_output": "mean_output_tokens",
}

_RATES: Final = {
    "interval_s": "interval_seconds",
    "requests_per_s": "requests_per_second",
    "input_tokens_per_s": "input_tokens_per_second",
    "output_tokens_per_s": "output_tokens_per_second",
}


def build_traces(facts: pd.DataFrame) -> pd.DataFrame:
    """Return the traces table from ``traces.csv``."""
    return dated_by_source(facts.rename(columns=_BUCKETS))


def build_arrival_profiles(facts: pd.DataFrame) -> pd.DataFrame:
    """Return the arrival profiles from ``arrival_profile.csv``, dated by their intervals."""
    start = facts["interval_start_utc"]
    return facts.rename(columns=_RATES).assign(
        interval_start=start.str.replace(" ", "T", regex=False) + "Z",
        as_of=start.str[:10],
    )
