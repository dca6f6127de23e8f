"""Reads the price files of AWS bit by bit: only what was chosen is ever held in memory."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from costopt.errors import MalformedAnswerError, MissingDependencyError
from costopt.fetch.call import Page

BLOCK_BYTES: Final = 1 << 20
"""Read from disk at once [B]."""

TERM_TYPES: Final = ("OnDemand", "Reserved")

PLAN: Final = "products.item"
TERM: Final = "terms.savingsPlan.item"
RATE: Final = f"{TERM}.rates.item"

RATE_MEMBERS: Final = {
    f"{RATE}.discountedSku": "discountedSku",
    f"{RATE}.discountedRate.price": "price",
    f"{RATE}.discountedRate.currency": "currency",
    f"{RATE}.unit": "unit",
}
TERM_MEMBERS: Final = {
    f"{TERM}.sku": "sku",
    f"{TERM}.description": "description",
    f"{TERM}.effectiveDate": "effectiveDate",
    f"{TERM}.leaseContractLength.duration": "duration",
    f"{TERM}.leaseContractLength.unit": "durationUnit",
}


def offer_file_pages(
    path: Path, call: str, chooses: Callable[[Mapping[str, Any]], bool]
) -> Iterator[Page]:
    """Yield the date, chosen products, then their terms, from the price file of a region.

    Args:
        path: the file.
        call: the question, for messages.
        chooses: whether a product is wanted.

    Raises:
        MissingDependencyError: ijson is not installed.
        MalformedAnswerError: the file is not JSON, or lists no products.
    """
    with _reading(call) as ijson:
        yield _published(path, ijson)
        seen, chosen = 0, set()
        with path.open("rb") as file:
            for sku, product in ijson.kvitems(file, "products", buf_size=BLOCK_BYTES):
                seen += 1
                if chooses(product):
                    chosen.add(sku)
                    yield {"sku": sku, "product": product}
        if not seen:
            raise MalformedAnswerError(call, "the file lists no products")
        for term_type in TERM_TYPES if chosen else ():
            with path.open("rb") as file:
                for sku, terms in ijson.kvitems(file, f"terms.{term_type}", buf_size=BLOCK_BYTES):
                    if sku in chosen:
                        yield {"sku": sku, "term_type": term_type, "terms": terms}


def plan_file_pages(path: Path, call: str, skus: frozenset[str]) -> Iterator[Page]:
    """Yield the date, the savings plans, then their rates of these products, from a file.

    Args:
        path: the file.
        call: the question, for messages.
        skus: products of the price file whose rates are wanted.

    Raises:
        MissingDependencyError: ijson is not installed.
        MalformedAnswerError: the file is not JSON, or lists no plans.
    """
    with _reading(call) as ijson:
        yield _published(path, ijson)
        seen = 0
        with path.open("rb") as file:
            for plan in ijson.items(file, PLAN, buf_size=BLOCK_BYTES):
                seen += 1
                yield {"plan": plan}
        if not seen:
            raise MalformedAnswerError(call, "the file lists no savings plans")
        with path.open("rb") as file:
            yield from _rates(ijson.parse(file, buf_size=BLOCK_BYTES), call, skus)


def _rates(
    events: Iterator[tuple[str, str, Any]], call: str, skus: frozenset[str]
) -> Iterator[Page]:
    """Yield the rates of some products; a plan has too many to be held at once."""
    term: dict[str, Any] = {}
    rate: dict[str, Any] = {}
    for prefix, event, value in events:
        if prefix in RATE_MEMBERS:
            rate[RATE_MEMBERS[prefix]] = value
        elif prefix == RATE and event == "end_map":
            if "sku" not in term:
                raise MalformedAnswerError(call, "rates come before the number of their plan")
            if rate.get("discountedSku") in skus:
                yield {"rate": {**term, **rate}}
            rate = {}
        elif prefix == TERM and event == "start_map":
            term = {}
        elif prefix in TERM_MEMBERS:
            term[TERM_MEMBERS[prefix]] = value


def _published(path: Path, ijson: Any) -> Page:
    """Return the date of a file, which stands before its products; empty where it does not."""
    with path.open("rb") as file:
        for prefix, event, value in ijson.parse(file):
            if prefix == "publicationDate":
                return {"published": str(value)}
            if event in ("start_map", "start_array") and prefix:
                break
    return {"published": ""}


@contextmanager
def _reading(call: str) -> Iterator[Any]:
    """Give ijson, and turn what it raises into a ``MalformedAnswerError``."""
    try:
        import ijson  # type: ignore[import-untyped]
    except ImportError:
        raise MissingDependencyError("ijson", "aws") from None
    try:
        yield ijson
    except ijson.JSONError as error:
        raise MalformedAnswerError(call, f"not JSON: {type(error).__name__}") from None
