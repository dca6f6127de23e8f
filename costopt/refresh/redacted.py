"""What an adapter told, with secrets and account names hidden in every text."""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from costopt.fetch.fetched import FetchedAccount, FetchedRegion, FetchFinding, Row
from costopt.fetch.redact import HIDDEN, Redaction

IDENTIFIER: Final = re.compile(
    r"\b\d{12,}\b"
    r"|\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"
    r"|\barn:[^\s,;]+"
    r"|\b(?:i|ri|cr|cb|ecsri)-[0-9a-z]{8,}\b",
    re.IGNORECASE,
)
"""Numbers of accounts, UUIDs, ARNs and ids of resources, which no text about an account keeps.

Source: AWS Account Management Reference Guide, View AWS account identifiers (12 digits); Amazon
EC2 User Guide, Resource IDs (a prefix and 8 or 17 hexadecimal digits); RFC 9562 (UUID).
"""


def redacted_region(
    fetched: FetchedRegion, redaction: Redaction, *, account: bool
) -> FetchedRegion:
    """Hide secrets in every text of a region.

    Args:
        fetched: what the adapter told.
        redaction: what is hidden.
        account: whether what the account alone pays was asked for; else it stays behind.
    """
    hiding = _Hiding(redaction.text)
    return replace(
        fetched,
        instance_types=hiding.rows(fetched.instance_types),
        offers=hiding.rows(fetched.offers),
        interruptions=hiding.rows(fetched.interruptions),
        findings=hiding.findings(fetched.findings),
        account_offers=hiding.rows(fetched.account_offers) if account else (),
    )


def redacted_account(fetched: FetchedAccount, redaction: Redaction) -> FetchedAccount:
    """Hide secrets and identifiers in every text about an account."""
    hiding = _Hiding(lambda text: account_text(text, redaction))
    return replace(
        fetched, facts=hiding.rows(fetched.facts), findings=hiding.findings(fetched.findings)
    )


def account_text(text: str, redaction: Redaction) -> str:
    """Hide secrets and identifiers in a text about an account.

    >>> account_text("quota of 123456789012 in i-0123456789abcdef0", Redaction())
    'quota of REDACTED in REDACTED'
    """
    return IDENTIFIER.sub(HIDDEN, redaction.text(text))


class _Hiding:
    """Hides in many texts that are often the same."""

    def __init__(self, hide: Callable[[str], str]) -> None:
        self._hide = hide
        self._seen: dict[str, str] = {}

    def text(self, value: str) -> str:
        if value not in self._seen:
            self._seen[value] = self._hide(value)
        return self._seen[value]

    def rows(self, given: Iterable[Row]) -> tuple[Row, ...]:
        return tuple(
            {
                name: self.text(held) if isinstance(held, str) else held
                for name, held in row.items()
            }
            for row in given
        )

    def findings(self, given: Iterable[FetchFinding]) -> tuple[FetchFinding, ...]:
        return tuple(
            replace(one, row=self.text(one.row), detail=self.text(one.detail)) for one in given
        )
