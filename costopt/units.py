"""Conversion factors, each with its source; nothing else in the project spells them out."""

from typing import Final

GIB: Final = 2**30
"""Bytes in one GiB. Source: IEC 80000-13."""

GB: Final = 10**9
"""Bytes in one GB. Source: SI."""

GBPS: Final = 10**9 / 8
"""Bytes per second in one Gbit/s. Source: SI."""

TERA: Final = 10**12
"""Operations per second in one TFLOPS or TOPS. Source: SI."""

MILLISECONDS_PER_SECOND: Final = 1000.0
SECONDS_PER_MINUTE: Final = 60.0
SECONDS_PER_HOUR: Final = 3600.0

HOURS_PER_MONTH: Final = 730.0
"""Mean hours in a month, as AWS, Google Cloud and Azure bill and quote it: 8,760 h / 12."""

HOURS_PER_YEAR: Final = 8760.0
"""Hours in a term year of a commitment: 365 days. Source: AWS, Google Cloud and Azure terms."""

DAYS_PER_MONTH: Final = 30.4375
"""Mean days in a calendar month, for ages of prices: 365.25 / 12."""
