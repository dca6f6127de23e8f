"""Run: what the file of one benchmark says, and what it leaves to be asked for."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from costopt.errors import InvalidInputError, UnknownNameError
from costopt.profile.measured import ServedLoad

ASKED: Final = (
    "model",
    "accelerator",
    "accelerators",
    "instance_type",
    "tensor_parallel",
    "pipeline_parallel",
    "precision",
    "kv_precision",
)
"""What a profile says of a deployment beside its figures, by name of its field."""

COUNTS: Final = frozenset({"accelerators", "tensor_parallel", "pipeline_parallel"})
"""Those among them that are whole numbers."""

REQUIRED: Final[Mapping[str, str]] = {
    "model": "meta-llama/Llama-3.1-8B",
    "accelerator": "H100-80GB",
    "accelerators": "4",
    "tensor_parallel": "2",
    "precision": "fp8",
}
"""Those without which figures mean nothing, each with an example."""

FOLDER: Final = re.compile(r"[./~]|.*/.*/|.*\\")
"""How names of folders begin, which a repository's (owner/name) never does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What the file of one benchmark says.

    Attributes:
        place: the file, for messages.
        tool: that wrote it.
        detail: its version, and when and how it ran, where the file tells.
        model: that answered; None where the file does not name it.
        loads: load levels, in the order of the file.
        stated: what the file says of the deployment, by field of a profile.
    """

    place: str
    tool: str
    detail: str = ""
    model: str | None
    loads: tuple[ServedLoad, ...]
    stated: Mapping[str, Any] = field(default_factory=dict)

    @property
    def source(self) -> str:
        """Name of the file, tool and version, for the profile."""
        return f"{Path(self.place).name}: {self.tool}" + (
            f", {self.detail}" if self.detail else ""
        )


@contextmanager
def problems_of(place: str) -> Iterator[None]:
    """Name the place in the file when a record refuses what stands there."""
    try:
        yield
    except InvalidInputError as error:
        raise InvalidInputError(place, error.problems) from None


def joined(runs: Sequence[Run]) -> Run:
    """Return the load levels of several results in one file as one run.

    Args:
        runs: at least one, of one file.

    Raises:
        InvalidInputError: the results are of different tools, models or deployments.
    """
    first = runs[0]
    for run in runs[1:]:
        for what, one, other in (
            ("tools", first.tool, run.tool),
            ("models", first.model, run.model),
            ("deployments", first.stated, run.stated),
        ):
            if one != other:
                raise InvalidInputError(
                    first.place,
                    [
                        f"the file holds results of different {what} ({one} and {other}); "
                        "give one file for each"
                    ],
                )
    return replace(first, loads=tuple(load for run in runs for load in run.loads))


def deployment(run: Run, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is known of the deployment, from the file and from the caller together.

    Args:
        run: what the file says.
        given: what the caller says, by field of a profile; None where nothing.

    Raises:
        InvalidInputError: the two contradict each other, or neither says what is needed.
    """
    folder = run.model if run.model is not None and FOLDER.match(run.model) else None
    named = {} if run.model is None or folder else {"model": run.model}
    stated = {**run.stated, **named}
    problems = [
        _contradiction(name, given[name], stated[name])
        for name in stated
        if given.get(name) is not None and not _same(name, given[name], stated[name])
    ]
    told = {**stated, **{name: value for name, value in given.items() if value is not None}}
    if folder is not None and "model" not in told:
        problems.append(f"the file names a folder of weights, {folder!r}, instead of a model")
    if missing := [name for name in REQUIRED if name not in told]:
        example = ", ".join(
            f"{name}={REQUIRED[name] if name in COUNTS else repr(REQUIRED[name])}"
            for name in missing
        )
        problems.append(
            f"the file does not say {', '.join(missing)}; give each to Profile.read, such as "
            f"{example}"
        )
    if problems:
        raise InvalidInputError(run.place, problems)
    return told


def _contradiction(name: str, given: object, stated: object) -> str:
    if name == "model":
        return (
            f"this is a profile of another model: the file names {stated!r}, and model = "
            f"{given!r}; leave model out to take the file's"
        )
    return f"{name} = {given!r}, but the file says {stated!r}; leave it out, or correct the file"


def _same(name: str, given: object, stated: object) -> bool:
    """Whether two values mean the same; models regardless of case and of their organisation."""
    if name == "model":
        given, stated = str(given), str(stated)
        return bare_model_name(given) == bare_model_name(stated) or _one_row(given, stated)
    return given == stated


def _one_row(given: str, stated: str) -> bool:
    """Whether the bundled catalogue describes two names by one row of its models.

    It is only opened where names differ: reading a file needs no tables otherwise.
    """
    from costopt.catalog.catalog import Catalog

    catalog = Catalog.bundled()
    try:
        return catalog.model(given).name == catalog.model(stated).name
    except UnknownNameError:
        return False


def bare_model_name(name: str) -> str:
    """Return the name of a model without organisation or folder, in lower case.

    >>> bare_model_name("meta-llama/Llama-3.1-8B")
    'llama-3.1-8b'
    """
    return name.rstrip("/").rsplit("/", maxsplit=1)[-1].casefold()


def stated_values(cells: Mapping[str, Any], place: str) -> dict[str, Any]:
    """Read what a file says of the deployment in fields that have a profile's names.

    Args:
        cells: text or numbers by name.
        place: for messages.

    Raises:
        InvalidInputError: a count is not a whole number.
    """
    found = {name: cells[name] for name in ASKED if cells.get(name) not in (None, "")}
    for name in COUNTS & found.keys():
        try:
            found[name] = int(str(found[name]))
        except ValueError:
            raise InvalidInputError(
                place, [f"{name} = {found[name]!r} is not a whole number"]
            ) from None
    return found
