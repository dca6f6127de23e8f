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


def options(settings: Mapping[str, str | int | float]) -> tuple[str, ...]:
    """Return settings as options of a command line; truths become flags.

    >>> options({"max_model_len": 4096, "save_result": True, "enable_prefix_caching": False})
    ('--max-model-len', '4096', '--save-result', '--no-enable-prefix-caching')

    Args:
        settings: values by the name that Python gives an option.
    """
    return tuple(word for name, value in settings.items() for word in _option(name, value))


def _option(name: str, value: str | int | float) -> tuple[str, ...]:
    if isinstance(value, bool):
        return (_flag(name if value else f"no_{name}"),)
    return (_flag(name), str(value))


def _flag(name: str) -> str:
    return f"{OPTION}{name.replace('_', '-')}"
