"""The costopt command: one file per command, and the only place that prints."""

import sys

WIDTH = 100
"""Columns of a message [1]."""


def main() -> None:
    """Run the command line; wrong input ends with one sentence and exit code 2."""
    from costopt.cli.application import build_application
    from costopt.errors import CostoptError

    try:
        build_application()()
    except CostoptError as error:
        sys.stderr.write(f"{_in_columns(f'costopt: {error}')}\n")
        sys.exit(2)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except OSError as error:
        sys.stderr.write(f"costopt: the output cannot be written ({error.strerror})\n")
        sys.exit(2)


def _in_columns(text: str) -> str:
    """Wrap each line of a message at 100 columns; names and addresses stay whole."""
    from textwrap import fill

    text = text.replace("costopt: ", "costopt:\xa0", 1)
    return "\n".join(
        fill(line, WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
        for line in text.splitlines()
    ).replace("\xa0", " ")
