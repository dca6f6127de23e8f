"""Recipe: how to start one line of a plan, and how to measure it, as records and as text."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from costopt.launch.command import Command
from costopt.launch.configuration import yaml_text
from costopt.plan.words import WIDTH

COMMENT = "# "
"""What begins a line that a shell passes over."""

END_OF_FILE = "END"
"""Word that ends a file inside a shell text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """A run that measures one request size of a line.

    Attributes:
        command: that measures, once the servers answer.
        input_tokens: prompt [tokens].
        output_tokens: answer [tokens].
        share_fraction: part of the line's requests that are of this size [0..1].
        concurrency: requests kept running [1].
        requests_per_second: that the plan counts on at this concurrency [1/s].
        deployment: what is measured, in the words of ``Profile``: model, accelerator,
            accelerators, instance_type, tensor_parallel, precision, kv_precision.
    """

    command: Command
    input_tokens: int
    output_tokens: int
    share_fraction: float
    concurrency: int
    requests_per_second: float
    deployment: Mapping[str, str | int]

    @property
    def output_tokens_per_second(self) -> float:
        """Generated at that rate [tokens/s]."""
        return self.requests_per_second * self.output_tokens

    def __str__(self) -> str:
        """Return what it measures, and the command."""
        sentence = (
            f"Measure requests of {self.input_tokens:,} + {self.output_tokens:,} tokens, "
            f"{100 * self.share_fraction:.0f} % of the line's; the plan counts on "
            f"{self.requests_per_second:,.3g} requests/s or "
            f"{self.output_tokens_per_second:,.0f} output tokens/s:"
        )
        return f"{comment(sentence)}\n{self.command}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How to start what one line of a plan counts on.

    Attributes:
        workload: name of the workload.
        title: what is rented.
        software: name and version whose arguments these are, or that the rate assumes.
        commands: to be run on each instance; empty with a reason.
        arguments: of the serving engine, by its own names.
        config: fields of a training configuration, by its own names.
        config_file: file that the configuration is written to; empty without one.
        benchmark: run that measures the line; None for jobs that train, and with a reason.
        assumptions: what else the rate rests on, one sentence each.
        reason: why there is no command; empty where there is one.
    """

    workload: str
    title: str
    software: str
    commands: tuple[Command, ...] = ()
    arguments: Mapping[str, str | int | float] = field(default_factory=dict)
    config: Mapping[str, object] = field(default_factory=dict)
    config_file: str = ""
    benchmark: Benchmark | None = None
    assumptions: tuple[str, ...] = ()
    reason: str = ""

    @property
    def config_text(self) -> str:
        """The configuration as YAML; empty without one."""
        return yaml_text(self.config)

    @property
    def script(self) -> str:
        """Everything to be pasted into a shell; empty with a reason."""
        return "\n".join(self._steps())

    def _steps(self) -> Iterator[str]:
        if self.config:
            ends = f"'{END_OF_FILE}'"
            yield f"cat > {self.config_file} <<{ends}\n{self.config_text}\n{END_OF_FILE}"
        yield from (str(command) for command in self.commands)
        if self.benchmark is not None:
            yield str(self.benchmark)

    @property
    def sentences(self) -> tuple[str, ...]:
        """What is run and what that rests on, in words."""
        why = (self.reason,) if self.reason else ()
        return (f"{self.title}: {self.workload}, with {self.software}", *why, *self.assumptions)

    def __str__(self) -> str:
        """Return text for a shell: words are comments, commands can be pasted."""
        return "\n".join([*(comment(text) for text in self.sentences), *self._steps()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Return the recipe for a notebook."""
        title, *rest = (escape(text) for text in self.sentences)
        told = "".join(f"<br>{text}" for text in rest)
        script = f"<pre>{escape(self.script)}</pre>" if self.script else ""
        return f"<p><b>{title}</b>{told}</p>{script}"


def comment(sentence: str) -> str:
    """Return a sentence as comment lines of at most 100 columns."""
    return textwrap.fill(
        sentence,
        WIDTH,
        initial_indent=COMMENT,
        subsequent_indent=f"{COMMENT}  ",
        break_on_hyphens=False,
    )


def recipes_text(recipes: Sequence[Recipe]) -> str:
    """Return recipes one below the other."""
    return "\n\n".join(str(recipe) for recipe in recipes)
