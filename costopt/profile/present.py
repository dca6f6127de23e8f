"""How people read a profile: text for a terminal, tables for a notebook."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from costopt.profile.measured import ObservedJob, ServedLoad
    from costopt.profile.profile import Profile

MOST_LOADS: Final = 12
"""Load levels that are shown; the rest is counted."""

GAP: Final = "  "
"""Between two columns."""


def profile_text(profile: "Profile") -> str:
    """Return the profile as text: what ran on what, the figures, where they come from.

    Args:
        profile: the profile.
    """
    lines = [_deployment(profile)]
    if profile.job is not None:
        lines.append(job_in_words(profile.job))
    rows = _rows(profile)
    if rows:
        names = list(rows[0])
        widths = [max(len(name), *(len(row[name]) for row in rows)) for name in names]
        lines += [
            GAP.join(cell.rjust(width) for cell, width in zip(cells, widths, strict=True))
            for cells in (names, *([row[name] for name in names] for row in rows))
        ]
    return "\n".join([*lines, *_not_shown(profile), *_watched(profile), f"From {profile.source}."])


def profile_html(profile: "Profile") -> str:
    """Return the profile for a notebook.

    Args:
        profile: the profile.
    """
    parts = [f"<p><b>{escape(_deployment(profile))}</b></p>"]
    if profile.job is not None:
        parts.append(f"<p>{escape(job_in_words(profile.job))}</p>")
    if rows := _rows(profile):
        head = "".join(f"<th>{escape(name)}</th>" for name in rows[0])
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row.values()) + "</tr>"
            for row in rows
        )
        parts.append(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")
    told = [*_not_shown(profile), *_watched(profile), f"From {profile.source}."]
    return "".join([*parts, *(f"<p>{escape(sentence)}</p>" for sentence in told)])


def _deployment(profile: "Profile") -> str:
    parallel = [
        f"{name} {count}"
        for name, count in (
            ("tensor parallel", profile.tensor_parallel),
            ("pipeline parallel", profile.pipeline_parallel),
        )
        if count > 1
    ]
    where = [f"on {profile.instance_type}"] if profile.instance_type else []
    copies = [f"{profile.replicas} replicas"] if profile.replicas > 1 and profile.loads else []
    formats = f"{profile.precision}, KV {profile.kv_precision}" if profile.loads else ""
    told = ", ".join([*where, *parallel, *copies, formats or profile.precision])
    return f"{profile.model} on {profile.accelerators} x {profile.accelerator} ({told})"


def job_in_words(job: "ObservedJob") -> str:
    """Return what a job does and how fast, as one sentence.

    Args:
        job: the job.
    """
    rates = [
        f"{figure(rate)} {unit}/s"
        for rate, unit in ((job.tokens_per_second, "tokens"), (job.samples_per_second, "samples"))
        if rate is not None
    ]
    length = f" of {figure(job.tokens_per_sample)} tokens" if job.tokens_per_sample else ""
    kind = {"fine_tune": f"Fine-tuning ({job.method})", "training": "Training"}
    return f"{kind.get(job.kind, 'Samples')}: {', '.join(rates)}{length}."


def _rows(profile: "Profile") -> Sequence[Mapping[str, str]]:
    return [_row(load) for load in profile.loads[:MOST_LOADS]]


def _row(load: "ServedLoad") -> Mapping[str, str]:
    return {
        "concurrency": figure(load.concurrency),
        "input": figure(load.input_tokens),
        "output": figure(load.output_tokens),
        "requests/s": figure(load.requests_per_second),
        "output tokens/s": figure(load.output_tokens_per_second),
        "TTFT ms": figure(load.ttft_ms),
        "TPOT ms": figure(load.tpot_ms),
        "answered": f"{load.completed:,}",
        "failed": f"{load.failed:,}",
    }


def _not_shown(profile: "Profile") -> list[str]:
    rest = len(profile.loads) - MOST_LOADS
    return [f"... and {rest} more load levels in profile.loads"] if rest > 0 else []


def _watched(profile: "Profile") -> list[str]:
    return list(profile.diagnosis) if profile.watched else []


def figure(value: float | None) -> str:
    """Write a figure with three digits, or all digits of its whole part; a dash where none is.

    >>> [figure(value) for value in (12345.6, 70.25, 0.01234, None)]
    ['12,346', '70.2', '0.0123', '-']
    """
    if value is None:
        return "-"
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
