"""The account that a refresh read and published in a store, beside the prices."""

import csv
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from costopt.catalog.store.parquet import ROLL_BACK
from costopt.catalog.store.part import ACCOUNT_FILE
from costopt.catalog.store.store import open_store
from costopt.errors import CatalogFileError


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAccount:
    """The facts of an account in a store.

    Attributes:
        place: store and version, for messages.
        rows: one fact in each, by column.
        as_of: newest day on which one of them was read, ISO 8601; empty where no row tells it.
    """

    place: str
    rows: tuple[dict[str, str], ...]
    as_of: str


def read_document(payload: bytes, where: str) -> tuple[dict[str, str], ...]:
    """Read the facts of an account as a version keeps them: the filled cells of each row.

    Args:
        payload: the CSV document.
        where: of the document, for messages.

    Raises:
        CatalogFileError: it is not the CSV that a refresh writes.
    """
    try:
        reader = csv.DictReader(StringIO(payload.decode("utf-8"), newline=""), strict=True)
        rows = [dict(row) for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise CatalogFileError(where, f"cannot be read ({error})", ROLL_BACK) from None
    return tuple({str(name): str(cell) for name, cell in row.items() if cell} for row in rows)


def stored_account(place: str | Path) -> StoredAccount:
    """Read the account in the latest version of a store.

    Args:
        place: folder or URL of the store.

    Raises:
        CatalogFileError: there is no store, it holds no account or an empty one, or the account
            cannot be read.
    """
    version = open_store(place).version()
    payload = version.account()
    where = f"{version.place}, {ACCOUNT_FILE}"
    if payload is None:
        raise CatalogFileError(
            version.place,
            "holds prices, and no account",
            "Read it with costopt refresh --account, or write it as a CSV file for "
            "Account.from_csv.",
        )
    rows = read_document(payload, where)
    if not rows:
        raise CatalogFileError(
            where,
            "holds no facts: the clouds told no quota, no commitment and no price of its own",
            "Check what the report of the run says of the account, or plan without one.",
        )
    return StoredAccount(place=where, rows=rows, as_of=max(row.get("as_of", "") for row in rows))
