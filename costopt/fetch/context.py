"""FetchContext: what an adapter is told besides its own settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase

from costopt.accelerator import Accelerator
from costopt.fetch.wire import Wire


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchContext:
    """What one run of a refresh tells every adapter.

    Attributes:
        wire: where answers come from.
        now: start of the run, with its time zone.
        accelerators: catalogue name -> accelerator, for memory that a provider does not tell.
        accelerator_names: the provider's spelling -> catalogue name: the adapter's reviewed names
            and, over them, the user's own.
        families: patterns of families or instance types to fetch; empty for all with accelerators.
        known_types: instance types of the last good catalogue, for prices that come without
            hardware.
        account: whether the run asks for what is the account's own too.
    """

    wire: Wire
    now: datetime
    accelerators: Mapping[str, Accelerator]
    accelerator_names: Mapping[str, str]
    families: tuple[str, ...] = ()
    known_types: frozenset[str] = frozenset()
    account: bool = False

    def wants(self, instance_type: str, family: str) -> bool:
        """Return whether the run asks for this type."""
        return not self.families or any(
            fnmatchcase(name.lower(), pattern.lower())
            for pattern in self.families
            for name in (instance_type, family)
        )
