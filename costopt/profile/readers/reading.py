"""Which tool wrote a result file, told by the file's own fields, and its load levels."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from costopt.errors import InvalidInputError
from costopt.profile.readers.aiperf_export import is_aiperf, read_aiperf
from costopt.profile.readers.document import Document, file_text, json_documents
from costopt.profile.readers.guidellm_report import is_guidellm, read_guidellm
from costopt.profile.readers.inference_perf_report import is_inference_perf, read_inference_perf
from costopt.profile.readers.load_table import read_table
from costopt.profile.readers.run import Run, joined
from costopt.profile.readers.vllm_result import is_vllm, read_vllm

TOOLS: Final[tuple[tuple[Callable[[Document], bool], Callable[[Document], Run]], ...]] = (
    (is_guidellm, read_guidellm),
    (is_vllm, read_vllm),
    (is_aiperf, read_aiperf),
    (is_inference_perf, read_inference_perf),
)
"""How each tool's file is told, and how it is read."""

SHOWN_FIELDS: Final = 6
"""Fields of an unknown file that a message names."""


def read_run(path: str | Path) -> Run:
    """Return what the result file of a benchmark says.

    Args:
        path: of the file: JSON of a tool, one result or several, or a plain CSV.

    Raises:
        InvalidInputError: the file cannot be read, is of no tool that is known, or holds a run
            that measured nothing; one sentence for each fault.
    """
    text, place = file_text(path), str(path)
    if text.lstrip()[0] not in "{[":
        return read_table(text, place)
    runs = [_read(document) for document in json_documents(text, place)]
    return joined([replace(run, place=place) for run in runs])


def _read(document: Document) -> Run:
    for recognises, read in TOOLS:
        if recognises(document):
            return read(document)
    names = [str(name) for name in document.values]
    listed = ", ".join(names[:SHOWN_FIELDS]) + (", ..." if len(names) > SHOWN_FIELDS else "")
    raise InvalidInputError(
        document.place,
        [
            "not a result of vllm bench serve, GuideLLM, aiperf, genai-perf or inference-perf "
            f"(its fields: {listed or 'none'}); give the file that the tool's documentation "
            "calls its JSON result"
        ],
    )
