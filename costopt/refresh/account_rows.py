"""Facts about accounts as rows of text, in the columns of the account's CSV file."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from io import StringIO
from itertools import count
from typing import Final, TypeAlias

from costopt.account.account import Account
from costopt.account.csv_file import COLUMNS
from costopt.errors import InvalidInputError
from costopt.fetch.fetched import FetchedAccount, Row

Fact: TypeAlias = Mapping[str, str]
"""One row of the file: column -> text; a column without text is absent."""

PRICE: Final = "price"
"""Fact of a negotiated unit price, which comes with the offers of a region."""

TOLD_FACTS: Final = frozenset({"quota", "commitment", "spend_commitment", "resource_commitment"})
"""Facts that adapters tell."""

PRICE_COLUMNS: Final = (
    "zone", "kind", "term_years", "payment", "recurring_per_hour", "upfront", "currency",
)  # fmt: skip
"""Columns that a price and the offer it is of have in common."""

NAMED_FACTS: Final = TOLD_FACTS - {"quota"}
"""Facts whose name stands for one thing in the whole account."""

TRAIL_SEPARATOR: Final = ": "
"""Ends the words, at the head of the trail of an offer, that say where its price is from."""


def origin_of(provider: str, region: str) -> str:
    """Name where a fact was read.

    >>> origin_of("aws", "us-east-1"), origin_of("aws", "")
    ('aws/us-east-1', 'aws')
    """
    return f"{provider}/{region}" if region else provider


def told_facts(provider: str, fetched: FetchedAccount, day: str) -> tuple[Fact, ...]:
    """Return what an adapter told of an account.

    Args:
        provider: who told it.
        fetched: the facts.
        day: of the run, ISO 8601.

    Raises:
        InvalidInputError: a row states what adapters do not tell, is of another provider or
            region, or breaks a rule of the account.
    """
    origin = origin_of(provider, fetched.region)
    place = origin.lower().split("/")
    problems = []
    for row in fetched.facts:
        if row.get("fact") not in TOLD_FACTS:
            problems.append(f"fact {row.get('fact')!r} is none of {', '.join(sorted(TOLD_FACTS))}")
        elif str(row.get("key", "")).lower().split("/")[: len(place)] != place:
            problems.append(f"key {row.get('key')!r} is of another provider or region")
    if problems:
        raise InvalidInputError(f"account of {origin}", problems)
    return _sound((_fact(row, origin, day) for row in fetched.facts), f"account of {origin}")


def price_facts(provider: str, region: str, offers: Iterable[Row], day: str) -> tuple[Fact, ...]:
    """Return what an account pays in a region as facts.

    Args:
        provider: who told it.
        region: the provider's own name.
        offers: rows of the offers table with a trail.
        day: of the run, ISO 8601.

    Raises:
        InvalidInputError: a row is of another provider or region, or breaks a rule of the
            account.
    """
    origin = origin_of(provider, region)
    facts = []
    for row in offers:
        name = str(row.get("trail") or "").split(TRAIL_SEPARATOR)[0]
        if (row["provider"], row["region"]) != (provider, region):
            raise InvalidInputError(
                f"prices of the account in {origin}", ["a row is of another provider or region"]
            )
        key = "/".join(
            str(row[part]) for part in ("provider", "region", "instance_type", "purchase_option")
        )
        told = {column: row.get(column) for column in PRICE_COLUMNS}
        named = name or f"price of the account at {provider}"
        facts.append(_fact({"fact": PRICE, "key": key, **told, "name": named}, origin, day))
    return _sound(facts, f"prices of the account in {origin}")


def document_of(facts: Iterable[Fact]) -> bytes:
    """Write facts as CSV, ordered by fact and place; the same facts, the same bytes."""
    ordered = sorted(facts, key=lambda fact: [fact.get(column, "") for column in COLUMNS])
    out = StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(ordered)
    return out.getvalue().encode("utf-8")


def with_unique_names(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    """Number the names of commitments that places far apart gave twice."""
    seen: set[str] = set()
    unique: list[Fact] = []
    for fact in facts:
        if fact["fact"] in NAMED_FACTS:
            name = next(
                text for text in _numbered(fact.get("name", "commitment")) if text not in seen
            )
            seen.add(name)
            unique.append({**fact, "name": name})
        else:
            unique.append(fact)
    return tuple(unique)


def _numbered(name: str) -> Iterator[str]:
    """Yield a name, then the name with 2, 3, ... behind it."""
    yield name
    yield from (f"{name} {number}" for number in count(2))


def _sound(facts: Iterable[Fact], what: str) -> tuple[Fact, ...]:
    """Return facts that an account takes.

    Raises:
        InvalidInputError: a row breaks a rule.
    """
    rows = tuple(facts)
    if rows:
        Account.from_rows(rows, what)
    return rows


def _fact(row: Row, origin: str, day: str) -> Fact:
    """Write each value as text; whole numbers without a point, what is unknown not at all."""
    cells = {name: _cell(held) for name, held in row.items()}
    told = {name: cell for name, cell in cells.items() if cell}
    return {**told, "origin": origin, "as_of": day}


def _cell(value: str | float | int | bool | None) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
