"""What goes to the process of one provider, and what it tells back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, TypeAlias

from costopt.accelerator import Accelerator
from costopt.fetch.fetched import FetchedAccount, FetchedRegion


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderTask:
    """What one provider is asked.

    Attributes:
        provider: short name.
        settings: of its adapter, as a person wrote them.
        now: start of the run (UTC).
        accelerators: catalogue name -> accelerator.
        accelerator_names: spelling -> catalogue name, a person's own.
        regions: patterns; empty for all.
        families: patterns; empty for all with accelerators.
        known_types: instance types of the last good catalogue.
        region_workers: regions that are asked at once [1].
        record: folder that keeps the answers; None keeps none.
        replay: folder that answers in the provider's place; None asks the provider.
        account: whether what is the account's own is asked for too.
    """

    provider: str
    settings: Mapping[str, Any]
    now: datetime
    accelerators: Mapping[str, Accelerator]
    accelerator_names: Mapping[str, str]
    regions: tuple[str, ...]
    families: tuple[str, ...]
    known_types: frozenset[str]
    region_workers: int
    record: Path | None = None
    replay: Path | None = None
    account: bool = False

    def wants_region(self, region: str) -> bool:
        """Return whether the run asks for a region."""
        return wants_region(self.regions, self.provider, region)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """The regions that a provider lists, and those of them that are asked.

    Attributes:
        listed: the provider's own names.
        asked: of them, those that the run asks for.
        account: whether each of them, and the account as a whole, is asked for what is the
            account's own.
    """

    listed: tuple[str, ...]
    asked: tuple[str, ...]
    account: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionTold:
    """What came of one region.

    Attributes:
        region: the provider's own name.
        fetched: its rows; None where the region failed.
        error: why it failed; empty where it did not.
        seconds: from the first question to the last answer [s].
        calls: attempts that were made [1].
        retries: attempts that followed a failed one [1].
    """

    region: str
    fetched: FetchedRegion | None
    error: str
    seconds: float
    calls: int
    retries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountTold:
    """What came of one question about the account.

    Attributes:
        region: the provider's own name; empty for what belongs to no region.
        fetched: its facts; None where the question failed.
        error: why it failed; empty where it did not.
        seconds: from the first question to the last answer [s].
        calls: attempts that were made [1].
        retries: attempts that followed a failed one [1].
        signed_in: whether there are credentials.
    """

    region: str
    fetched: FetchedAccount | None
    error: str
    seconds: float
    calls: int
    retries: int
    signed_in: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The provider is done, or could not begin; nothing follows.

    Attributes:
        error: why it failed; empty where it did not.
        seconds: in all [s].
        calls: attempts to list the regions [1].
        retries: attempts that followed a failed one [1].
    """

    error: str = ""
    seconds: float = 0.0
    calls: int = 0
    retries: int = 0


Told: TypeAlias = Listed | RegionTold | AccountTold | Ended


def wants_region(patterns: tuple[str, ...], provider: str, region: str) -> bool:
    """Return whether patterns such as ``us-*`` or ``aws/eu-*`` ask for a region.

    >>> wants_region(("aws/eu-*",), "aws", "eu-west-1"), wants_region((), "gcp", "us-east1")
    (True, True)
    """
    return not patterns or any(
        fnmatchcase(name.lower(), pattern.lower())
        for pattern in patterns
        for name in (region, f"{provider}/{region}")
    )
