"""Command: words for a shell and the environment that they need."""

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

OPTION = "--"
"""What begins an option, and a line of the printed command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command line.

    Attributes:
        words: program and arguments, not quoted.
        environment: variables that are set for it.
    """

    words: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        r"""Return text for a shell, one option in a line.

        >>> print(Command(words=("serve", "a model", "--port", "80"), environment={"N": "1"}))
        N=1 \
          serve 'a model' \
          --port 80
        """
        return " \\\n  ".join(self._lines())

    def _lines(self) -> Iterator[str]:
        """Yield the environment, the program with what it works on, then each option."""
        if self.environment:
            pairs = self.environment.items()
            yield " ".join(f"{name}={shlex.quote(value)}" for name, value in pairs)
        line: list[str] = []
        for word in self.words:
            if word.startswith(OPTION):
                yield " ".join(line)
                line = []
            line.append(shlex.quote(word))
        yield " ".join(line)


def flag(name: str) -> str:
    """Return an option by the name that Python gives it, such as --save-result."""
    return f"{OPTION}{name.replace('_', '-')}"


def options(settings: Mapping[str, str | int | float]) -> tuple[str, ...]:
    """Return settings as options of a command line.

    >>> options({"max_model_len": 4096})
    ('--max-model-len', '4096')

    Args:
        settings: values by the name that Python gives an option.
    """
    return tuple(word for name, value in settings.items() for word in (flag(name), str(value)))
