"""Files, catalogues and accounts that commands read."""

from collections.abc import Sequence
from functools import reduce
from pathlib import Path

from costopt.account.account import Account
from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError


def open_catalog(place: str | None) -> Catalog:
    """Open the bundled catalogue, or the one at a place."""
    return Catalog.bundled() if place is None else Catalog.open(place)


def open_account(places: Sequence[str], today: str) -> Account | None:
    """Open an account, joined from what several places say; None where none is named.

    Args:
        places: CSV files, and folders or URLs of stores; discounts are taken in this order.
        today: ISO day, from which expiry counts.

    Raises:
        InvalidInputError: a file cannot be read, breaks a rule, or contradicts another.
        CatalogFileError: a store holds no account, or cannot be read.
    """
    read = [_account_at(place) for place in places]
    return reduce(Account.joined, read).as_seen(today) if read else None


def _account_at(place: str) -> Account:
    if "://" in place or Path(place).is_dir():
        return Account.open(place)
    return Account.from_csv(place)


def read_text(path: Path) -> str:
    """Read a text file that a person named.

    Raises:
        InvalidInputError: it is not there, cannot be read, is a folder, or is not UTF-8 text.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InvalidInputError(str(path), ["there is no such file"]) from None
    except IsADirectoryError:
        raise InvalidInputError(str(path), ["this is a folder; name a file in it"]) from None
    except PermissionError:
        raise InvalidInputError(str(path), ["you may not read this file"]) from None
    except OSError as error:
        raise InvalidInputError(str(path), [f"it cannot be read ({error.strerror})"]) from None
    except UnicodeDecodeError:
        raise InvalidInputError(str(path), ["this is not a text file in UTF-8"]) from None
