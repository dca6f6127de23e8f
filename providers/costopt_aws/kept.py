"""What is kept of an answer that can name the account: reviewed members and nothing else."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any, Final, TypeAlias

from costopt.fetch.told_once import unmet

Mask: TypeAlias = "Mapping[str, Mask | Callable[[Any], Any] | None]"
"""Member -> what is kept of it: more members, what a function returns, or all for None."""

DIGITS: Final = 16
"""Hexadecimal digits of a disguise: enough that two of one account never meet [1]."""


def kept(value: Any, mask: Mask) -> Any:
    """Return a JSON value with the members of a mask alone; those it lacks stay away.

    >>> kept([{"Type": "p5", "Owner": "1", "Place": {"Zone": "a", "Host": "h"}}],
    ...      {"Type": None, "Place": {"Zone": None}})
    [{'Type': 'p5', 'Place': {'Zone': 'a'}}]
    """
    if isinstance(value, list):
        return [kept(one, mask) for one in value]
    if not isinstance(value, Mapping):
        return value
    return {name: _part(value[name], part) for name, part in mask.items() if name in value}


def disguised(identifier: Any) -> str:
    """Return a text that stands for an identifier and does not tell it.

    It joins two answers about one resource; a resource's number is random and too long to guess.
    """
    return sha256(str(identifier).encode()).hexdigest()[:DIGITS]


def each_once(items: Iterable[Any], identity: Sequence[str], met: set[str]) -> list[Any]:
    """Return the items of a page, or what they hold, that no page before held.

    Args:
        items: of one page.
        identity: members that lead to what tells one item from another.
        met: identities of the pages before; grows.

    >>> met = {"i-1"}
    >>> pages = [{"Held": [{"Id": "i-1"}, {"Id": "i-2"}]}, {"Held": [{"Id": "i-2"}, {}]}]
    >>> each_once(pages, ("Held", "Id"), met)
    [{'Held': [{'Id': 'i-2'}]}, {'Held': [{}]}]
    """
    name, *inner = identity
    if inner:
        return [{**one, name: each_once(one.get(name) or (), inner, met)} for one in items]
    return list(unmet(items, lambda one: one.get(name), met))


def _part(value: Any, part: "Mask | Callable[[Any], Any] | None") -> Any:
    if part is None:
        return value
    return part(value) if callable(part) else kept(value, part)
