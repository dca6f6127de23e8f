"""What pages list and people name: each thing counted once, each name given once."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from costopt.fetch.fetched import Row

Item = TypeVar("Item")


def unmet(items: Iterable[Item], identity: Callable[[Item], Any], met: set[str]) -> Iterator[Item]:
    """Yield the items that were not met yet, and remember them; what tells no identity stays.

    Pages may shift while they are read, and what two of them hold must not count twice.

    Args:
        items: of one page.
        identity: tells one item from another; empty or None where it is not told.
        met: identities of the pages before; grows.

    >>> met = {"i-1"}
    >>> [list(unmet(page, str, met)) for page in (["i-1", "i-2"], ["i-2", "", ""])]
    [['i-2'], ['', '']]
    """
    for item in items:
        told = str(identity(item) or "")
        if not told or told not in met:
            yield item
        met.add(told)


def own_name(name: str, given: Counter[str]) -> str:
    """Return a name that was not given yet: the second of a kind has a 2 behind it.

    Args:
        name: wanted.
        given: how often each name was wanted before; grows.
    """
    given[name] += 1
    return name if given[name] == 1 else f"{name} {given[name]}"


def numbered(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Sort rows by name and number those of one name; what the answer's order is, changes nothing.

    >>> [row["name"] for row in numbered([{"name": "a", "used": 2}, {"name": "a", "used": 1}])]
    ['a', 'a 2']
    """
    given: Counter[str] = Counter()
    ordered = sorted(rows, key=lambda row: (str(row["name"]), repr(sorted(row.items()))))
    return tuple({**row, "name": own_name(str(row["name"]), given)} for row in ordered)
