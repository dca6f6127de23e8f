"""What the page of a run shows: sentences, tables and bars, from the report of the run."""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import date, timedelta
from typing import Any, Final

from costopt.refresh.last_good import ACCEPTABLE, REGION_NOT_LISTED, SILENT
from costopt.refresh.report import RefreshOutcome

MOST_HELD: Final = 50
"""Findings that are shown with a command to accept them [1]."""

MOST_OF_A_CHECK: Final = 25
"""Findings of one check that are shown [1]."""

ACCEPTED_DAYS: Final = 30
"""Days for which the command on the page accepts a price [days]."""

UNPRINTABLE: Final = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""Characters that a page shows as their code: controls, marks that turn the order of a line."""

SHARED_WORDS: Final[Mapping[str, str]] = {
    "bundled": "Hardware and places are those of the installed release.",
    "renewed": "Hardware and places were renewed from the installed release.",
    "kept": "",
}


def printable(value: object) -> object:
    r"""Return a value with the characters of a text visible that would not be.

    >>> printable("p5\u202e.48xlarge")
    'p5\\u202e.48xlarge'
    """
    if not isinstance(value, str):
        return value
    return UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", value)


def page_values(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the template needs besides the report itself.

    Args:
        report: of a run, as JSON values.
    """
    return {
        "title": f"Price refresh of {report['started_at'][:10]}",
        "day": report["started_at"][:10],
        "outcome": report["outcome"],
        "sentence": _sentence(report),
        "seconds": _duration(report["seconds"]),
        "replayed": report["asked_at"] != report["started_at"],
        "shared": SHARED_WORDS[report["shared_tables"]],
        "providers": [_provider(name, part) for name, part in report["providers"].items()],
        "troubles": _troubles(report),
        "account": _account(report["account"]),
        "moves": [_move(move) for move in report["largest_moves"]],
        **_held(report),
        "findings": _grouped(report["findings"]),
        "standing": [
            {"check": check, "count": f"{count:,}"}
            for check, count in sorted(
                report["findings_by_check"].items(), key=lambda item: (-item[1], item[0])
            )
        ],
    }


def _sentence(report: Mapping[str, Any]) -> str:
    outcome = RefreshOutcome(report["outcome"])
    parts = report["providers"]
    fresh = [name for name, part in parts.items() if part["status"] == "fresh"]
    if outcome is RefreshOutcome.NOTHING:
        head = "Nothing was published: no region gave prices that can be used."
        return f"{head} Readers go on with {report['started_from']}."
    what = f"Version {report['version']} was published"
    if report["dry_run"]:
        what = "A dry run: nothing was published, and what would be is shown"
    if outcome is RefreshOutcome.FRESH:
        return f"{what}. All that was asked for is fresh, from {_listed(fresh)}."
    return (
        f"{what}, with stale parts: {len(fresh)} of {len(parts)} providers gave fresh prices; "
        f"what is named below keeps its last good values."
    )


def _provider(name: str, part: Mapping[str, Any]) -> dict[str, Any]:
    figures = ("rows", "added", "removed", "moved", "quarantined", "not_refreshed")
    return {
        "name": name,
        "status": part["status"],
        "figures": [f"{part[key]:,}" for key in figures],
        "stale_since": _moment(part["stale_since"]),
        "effort": [f"{part['seconds']:,.1f}", f"{part['calls']:,}", f"{part['retries']:,}"],
    }


def _troubles(report: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return what failed as a whole, regions that did, and regions that are stale for longer."""
    found: list[dict[str, str]] = []
    for name, part in report["providers"].items():
        if part["error"]:
            found.append({"where": name, "status": "failed", "why": part["error"]})
        for region, told in part["regions"].items():
            if told["status"] != "fresh":
                where = f"{name}/{region}"
                found.append({"where": where, "status": told["status"], "why": told["error"]})
    for one in report["findings"]:
        if one["check"] in SILENT:
            found.append({"where": one["row"], "status": "stale", "why": one["detail"]})
    missed = {one["row"] for one in report["findings"] if one["check"] == REGION_NOT_LISTED}
    return [*found, *_not_asked(report["providers"], missed)]


def _not_asked(
    providers: Mapping[str, Mapping[str, Any]], missed: Set[str]
) -> Iterator[dict[str, str]]:
    """Yield the stale regions that were not asked, those of one provider and moment at once."""
    for name, part in providers.items():
        by_moment: dict[tuple[str, str], list[str]] = {}
        for region, at in part["stale_regions"].items():
            if region not in part["regions"] and f"{name}/{region}" not in missed:
                unlisted = region in part["unlisted_regions"]
                why = "not listed by the provider" if unlisted else "not asked for in this run"
                by_moment.setdefault((at, why), []).append(region)
        for (at, why), regions in sorted(by_moment.items()):
            one = len(regions) == 1
            where = f"{name}/{regions[0]}" if one else f"{name}, {len(regions)} regions"
            listed = "" if one else f": {_listed(regions)}"
            told = f"{why}; stale since {_moment(at)}{listed}"
            yield {"where": where, "status": "stale", "why": told}


def _account(account: Mapping[str, Any]) -> dict[str, Any] | None:
    if not account["asked"] and not account["facts"]:
        return None
    kinds = [f"{count:,} x {kind}" for kind, count in account["facts_by_kind"].items()]
    held = f"It holds {_listed(kinds)}." if kinds else "It holds no facts."
    head = "Read in this run." if account["asked"] else "Carried over from an earlier run."
    return {
        "sentence": f"{head} {held}",
        "origins": [
            {
                "name": name,
                "status": told["status"],
                "facts": f"{told['facts']:,}",
                "as_of": told["as_of"] or "no facts",
                "error": told["error"],
            }
            for name, told in account["origins"].items()
        ],
    }


def _move(move: Mapping[str, Any]) -> dict[str, str]:
    places = (move["provider"], move["region"], move["zone"], move["instance_type"])
    years = move["term_years"]
    term = f"{years:g} year{'' if years == 1 else 's'}" if years else ""
    options = (move["purchase_option"], move["kind"], term, move["payment"])
    share, currencies = move["moved_fraction"], (move["old_currency"], move["new_currency"])
    return {
        "where": "/".join(part for part in places if part),
        "option": " ".join(part for part in options if part),
        "old": _price(move["old_per_hour"]),
        "new": _price(move["new_per_hour"]),
        "currency": currencies[1] if share is not None else " -> ".join(currencies),
        "change": "another currency" if share is None else f"{share:+.1%}",
    }


def _held(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return the findings that somebody may accept, each with the command that does so."""
    held = held_back(report)
    until = date.fromisoformat(report["started_at"][:10]) + timedelta(days=ACCEPTED_DAYS)
    shown = [
        {
            "row": one["row"],
            "detail": one["detail"],
            "command": "costopt catalog accept "
            f"{shlex.quote(one['id'])} --until {until.isoformat()} "
            f"--store {shlex.quote(report['store'])}",
        }
        for one in held[:MOST_HELD]
    ]
    return {"held": shown, "held_more": _more(len(held) - MOST_HELD)}


def held_back(report: Mapping[str, Any]) -> list[Mapping[str, str]]:
    """Return the findings of a run that somebody may accept, and nobody has.

    Args:
        report: of a run, as JSON values.
    """
    return [one for one in report["findings"] if one["check"] in ACCEPTABLE and _holds_back(one)]


def _holds_back(finding: Mapping[str, str]) -> bool:
    silent = finding["check"] in SILENT
    return finding["severity"] == ("warning" if silent else "left_out")


def _grouped(findings: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
    groups: dict[str, list[Mapping[str, str]]] = {}
    for one in findings:
        groups.setdefault(one["check"], []).append(one)
    return [
        {
            "check": check,
            "count": f"{len(held):,}",
            "shown": held[:MOST_OF_A_CHECK],
            "more": _more(len(held) - MOST_OF_A_CHECK),
        }
        for check, held in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    ]


def _more(count: int) -> str:
    return f"{count:,} more are in the JSON report." if count > 0 else ""


def _listed(words: Sequence[str]) -> str:
    return ", ".join(words[:-1]) + (" and " if len(words) > 1 else "") + "".join(words[-1:])


def _price(per_hour: float) -> str:
    """Write a price with as many digits as tell it apart.

    >>> _price(55.04), _price(0.0123456), _price(12345.0)
    ('55.04', '0.012346', '12,345.00')
    """
    return f"{per_hour:,.2f}" if per_hour >= 1 else f"{per_hour:.5g}"


def _moment(text: str | None) -> str:
    """Return a moment without its seconds."""
    return "" if text is None else text[:16].replace("T", " ")


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"
