"""What a recording keeps of a run besides the answers, so that a replay asks the same."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from costopt.errors import CatalogFileError
from costopt.fetch.redact import Redaction
from costopt.refresh.settings import CheckThresholds

RUN_FILE: Final = "run.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedRun:
    """The questions of a run.

    Attributes:
        now: when it started (UTC).
        providers: clouds that were asked.
        regions: patterns.
        families: patterns.
        adapters: provider -> settings of its adapter, without secrets.
        accelerator_names: provider -> spelling -> catalogue name.
        known_types: provider -> instance types of the last good catalogue.
        account: whether what is the account's own was asked for.
        checks: thresholds by which the answers were judged.
    """

    now: datetime
    providers: tuple[str, ...]
    regions: tuple[str, ...]
    families: tuple[str, ...]
    adapters: Mapping[str, Mapping[str, Any]]
    accelerator_names: Mapping[str, Mapping[str, str]]
    known_types: Mapping[str, frozenset[str]]
    account: bool
    checks: CheckThresholds


def write_run(folder: Path, run: RecordedRun, redaction: Redaction) -> None:
    """Write the questions into a recording, without secrets.

    Raises:
        CatalogFileError: the folder cannot be written.
    """
    written = {
        "now": run.now.isoformat(),
        "providers": list(run.providers),
        "regions": list(run.regions),
        "families": list(run.families),
        "account": run.account,
        "checks": run.checks.model_dump(),
        "accelerator_names": {name: dict(held) for name, held in run.accelerator_names.items()},
        "known_types": {name: sorted(held) for name, held in run.known_types.items()},
    }
    adapters = {name: _hidden(_plain(held), redaction) for name, held in run.adapters.items()}
    hidden = {**redaction.of(written), "adapters": adapters}
    text = json.dumps(hidden, indent=1, sort_keys=True) + "\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / RUN_FILE).write_text(text, encoding="utf-8")
    except OSError as error:
        raise CatalogFileError(
            str(folder), f"cannot be written ({error.strerror})", "Name another folder."
        ) from None


def read_run(folder: Path) -> RecordedRun:
    """Read the questions of a recording.

    Raises:
        CatalogFileError: there is no recording, or it cannot be read.
    """
    path = folder / RUN_FILE
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return RecordedRun(
            now=datetime.fromisoformat(told["now"]),
            providers=tuple(told["providers"]),
            regions=tuple(told["regions"]),
            families=tuple(told["families"]),
            adapters=told["adapters"],
            accelerator_names=told["accelerator_names"],
            known_types={name: frozenset(held) for name, held in told["known_types"].items()},
            account=bool(told["account"]),
            checks=CheckThresholds(**told["checks"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CatalogFileError(
            str(path),
            f"cannot be read ({type(error).__name__})",
            "Name a folder that costopt refresh --record filled.",
        ) from None


def _plain(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that JSON can hold; objects are somebody's own and stay behind."""
    return {name: held for name, held in settings.items() if _is_plain(held)}


def _hidden(settings: Mapping[str, Any], redaction: Redaction) -> dict[str, Any]:
    """Hide secrets; one that is left empty stays so, because an adapter asks less without it."""
    hidden = redaction.of(settings)
    return {name: hidden[name] if held else held for name, held in settings.items()}


def _is_plain(value: object) -> bool:
    if isinstance(value, Mapping):
        return all(isinstance(name, str) and _is_plain(held) for name, held in value.items())
    if isinstance(value, list | tuple):
        return all(_is_plain(held) for held in value)
    return value is None or isinstance(value, str | int | float)
