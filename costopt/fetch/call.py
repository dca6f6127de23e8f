"""Call: one question to a provider, by name and parameters; Page: one part of its answer."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, TypeAlias

Page: TypeAlias = Mapping[str, Any]
"""One part of an answer as JSON values; money as the text or number that was on the wire."""

FetchPage: TypeAlias = Callable[[str], tuple[Page, str]]
"""Fetches the page of a token; empty for the first. Returns the page and the next token, or ""."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One question to a provider.

    Attributes:
        provider: short name, such as ``aws``.
        service: such as ``ec2``.
        operation: the provider's name of it.
        region: where it is asked; empty for a global service.
        parameters: what is asked for, as JSON values; never credentials.
    """

    provider: str
    service: str
    operation: str
    region: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        """Name the call for messages."""
        place = f" in {self.region}" if self.region else ""
        return f"{self.provider} {self.service} {self.operation}{place}"

    @property
    def file_name(self) -> str:
        """Name of its recording: the same question has the same one."""
        asked = json.dumps(self.parameters, sort_keys=True, default=str)
        parts = (self.provider, self.service, self.operation, self.region or "global")
        return f"{'.'.join(parts)}.{sha256(asked.encode()).hexdigest()[:12]}.jsonl"
