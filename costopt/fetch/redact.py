"""Redaction: what must never be written into a recording, a report or a log."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

HIDDEN: Final = "REDACTED"

SECRET_KEY: Final = re.compile(
    r"(secret|password|token$|credential|authorization|signature|accesskeyid|access_key|api_?key"
    r"|accountid|account_id|ownerid|owner_id|subscriptionid|subscription_id|tenantid|tenant_id"
    r"|billingaccount|email)",
    re.IGNORECASE,
)
"""Names of fields whose value is never written."""

ACCOUNT_PATTERNS: Final = (
    (re.compile(r"(arn:aws[a-z-]*:[a-z0-9-]*:[a-z0-9-]*:)\d{12}"), rf"\g<1>{HIDDEN}"),
    (re.compile(r"(/subscriptions/)[0-9a-fA-F-]{36}"), rf"\g<1>{HIDDEN}"),
    (re.compile(r"(/?projects/)[a-z0-9][a-z0-9:.-]{3,}"), rf"\g<1>{HIDDEN}"),
    (re.compile(r"(billingAccounts/)[0-9A-Fa-f-]+"), rf"\g<1>{HIDDEN}"),
)
"""Account names inside longer texts, and what takes their place."""


@dataclass(frozen=True, slots=True)
class Redaction:
    """Hides secrets and account names in JSON values.

    Attributes:
        secrets: texts that are hidden wherever they stand.
    """

    secrets: tuple[str, ...] = ()

    @classmethod
    def hiding(cls, secrets: Iterable[str | None]) -> "Redaction":
        """Hide these texts; empty ones are nothing to hide."""
        return cls(tuple(sorted({secret for secret in secrets if secret}, key=len, reverse=True)))

    def of(self, value: Any) -> Any:
        """Return a JSON value with everything hidden that must be."""
        if isinstance(value, Mapping):
            return {
                self.text(str(name)): HIDDEN if SECRET_KEY.search(str(name)) else self.of(held)
                for name, held in value.items()
            }
        if isinstance(value, list | tuple):
            return [self.of(held) for held in value]
        return self.text(value) if isinstance(value, str) else value

    def text(self, text: str) -> str:
        """Return a text with everything hidden that must be."""
        for secret in self.secrets:
            text = text.replace(secret, HIDDEN)
        for pattern, instead in ACCOUNT_PATTERNS:
            text = pattern.sub(instead, text)
        return text
