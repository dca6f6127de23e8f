"""Saved plans that are watched, and the files that say what came of it."""

from pathlib import Path
from typing import Final

from costopt.catalog.store.whole_file import write_whole
from costopt.cli.inputs import read_text
from costopt.errors import InvalidInputError
from costopt.plan.plan import Plan
from costopt.watch.verdict import Verdict

PLAN_ENDING: Final = ".json"
VERDICT_ENDING: Final = ".watch.json"
NEW_PLAN_ENDING: Final = ".new.json"


def read_plans(place: Path) -> dict[str, Plan]:
    """Read every saved plan of a folder, or the one of a file, by the name of its file.

    What this command writes itself is passed over.

    Args:
        place: folder or file.

    Raises:
        InvalidInputError: there is none, or one of them cannot be read.
    """
    paths = sorted(place.glob(f"*{PLAN_ENDING}")) if place.is_dir() else [place]
    saved = [path for path in paths if not path.name.endswith((VERDICT_ENDING, NEW_PLAN_ENDING))]
    if place.is_dir() and not saved:
        raise InvalidInputError(
            str(place), ["no plan is in this folder; save one with costopt plan --json"]
        )
    if not saved:
        raise InvalidInputError(str(place), ["this is a file of costopt watch; name the plan"])
    return {
        path.name.removesuffix(PLAN_ENDING): Plan.from_json(read_text(path), str(path))
        for path in saved
    }


def refuse_no_folder(folder: Path | None) -> None:
    """Refuse to write to a folder that is not there.

    Raises:
        InvalidInputError: it is not there.
    """
    if folder is not None and not folder.is_dir():
        raise InvalidInputError("--out", [f"there is no folder {folder}"])


def write_verdict(folder: Path, verdict: Verdict) -> None:
    """Write a verdict, after the new plan that it advises; an older advice goes.

    Args:
        folder: that takes both files.
        verdict: of one plan.
    """
    advised = folder / f"{verdict.plan}{NEW_PLAN_ENDING}"
    if verdict.new_plan is None:
        advised.unlink(missing_ok=True)
    else:
        write_whole(advised, verdict.new_plan.to_json().encode())
    write_whole(folder / f"{verdict.plan}{VERDICT_ENDING}", (verdict.to_json() + "\n").encode())
