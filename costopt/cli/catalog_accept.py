"""``costopt catalog accept``: let a finding of a refresh pass until a day."""

import json
from datetime import date
from typing import Annotated

import pandas as pd
import typer

from costopt.catalog.schema import FINDINGS
from costopt.cli import catalog_place
from costopt.cli.catalog_place import AsJson, Person, Reason, StorePlace
from costopt.cli.catalog_table import sentences, width_of_output
from costopt.errors import InvalidInputError, UnknownNameError
from costopt.refresh.last_good import ACCEPTABLE, FINDING_SEPARATOR, finding_id


def accept(
    finding: Annotated[
        str, typer.Argument(metavar="FINDING", help="As the report names it: check:row.")
    ],
    until: Annotated[str, typer.Option(help="Last day on which it passes, as YYYY-MM-DD.")],
    store: StorePlace,
    ahead: Annotated[
        bool, typer.Option("--ahead", help="Also one that the latest version does not hold.")
    ] = False,
    by: Person = None,
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Let a quarantined price pass until a day, and keep in the audit log who said so.

    The next refresh that is told the price again publishes it.
    """
    at = catalog_place.now()
    last_day = day_to_come(until, at.date())
    opened = catalog_place.published_store(store)
    detail = detail_of(finding, opened.version().table(FINDINGS.name), ahead=ahead)
    who = catalog_place.person(by)
    told = {name: text for name, text in (("detail", detail), ("reason", reason)) if text}
    opened.accept(finding, until=last_day, at=at, by=who, details=told)
    if as_json:
        typer.echo(json.dumps({"finding": finding, "until": last_day, "by": who, **told}))
        return
    words = f"{finding} passes until {last_day}" + (f" ({detail})" if detail else "")
    typer.echo(sentences(f"{words}; the audit log of {opened.place} says so.", width_of_output()))


def day_to_come(text: str, today: date) -> str:
    """Return a day as ISO 8601.

    Raises:
        InvalidInputError: the text is no day, or a day that has passed.
    """
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise InvalidInputError("--until", [f"{text!r} is not a day as YYYY-MM-DD"]) from None
    if day < today:
        raise InvalidInputError("--until", [f"{day} has passed; today is {today} (UTC)"])
    return day.isoformat()


def detail_of(finding: str, findings: pd.DataFrame, *, ahead: bool) -> str:
    """Return what a finding of the latest version says.

    Args:
        finding: its name, as ``finding_id`` writes it.
        findings: all findings of the latest version.
        ahead: whether a finding that is not among them is taken, with nothing said about it.

    Raises:
        UnknownNameError: the finding is not among them.
        InvalidInputError: it is no name of a finding, or of one that holds nothing back.
    """
    check, _, row = finding.partition(FINDING_SEPARATOR)
    if check not in ACCEPTABLE or not row or row != row.strip():
        named = " or ".join(f"{name}:row" for name in ACCEPTABLE)
        problem = f"{finding!r} cannot be accepted; a refresh names what can as {named}"
        raise InvalidInputError("finding", [problem])
    jumps = findings[findings["check"].isin(ACCEPTABLE)]
    names = [finding_id(*pair) for pair in zip(jumps["check"], jumps["row"], strict=True)]
    details = dict(zip(names, jumps["detail"], strict=True))
    if finding in details:
        return str(details[finding])
    if not ahead:
        raise UnknownNameError(
            "finding of the latest version",
            finding,
            details,
            "--ahead accepts one that no version holds yet.",
        )
    return ""
