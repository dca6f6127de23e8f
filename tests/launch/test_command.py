"""Commands and configuration files as text that a shell, and a YAML reader, understand."""

from collections.abc import Callable

import pytest
import yaml  # type: ignore[import-untyped]

from costopt.launch.command import Command, options
from costopt.launch.configuration import yaml_text
from costopt.launch.vllm_arguments import cache_format

ShellWords = Callable[[Command], list[str]]


def test_a_command_is_the_same_words_after_a_shell_has_read_it(shell_words: ShellWords) -> None:
    words = ("vllm", "serve", "a model's name", "--metric", "50,99", "--save-result")
    command = Command(words=words, environment={"NAME": "two words"})
    assert shell_words(command) == ["NAME=two words", *words]


def test_each_option_of_a_command_has_a_line_of_its_own() -> None:
    command = Command(words=("serve", "model", *options({"max_len": 16, "port": 80}), "--save"))
    assert str(command).split(" \\\n  ") == ["serve model", "--max-len 16", "--port 80", "--save"]


@pytest.mark.parametrize(
    "value", ["bf16", "a/b-c.d", "no", "True", "null", "1.5", "a: b", "#x", "", 3, 3.0, 1e-4, True]
)
def test_yaml_reads_every_value_back(value: object) -> None:
    settings = {"key": value, "zero": {"stage": 3, "inner": {"on it": value}}}
    assert yaml.safe_load(yaml_text(settings)) == settings


def test_a_cache_of_as_many_bytes_as_the_model_follows_it() -> None:
    assert cache_format("bf16", "float16") == "auto"
    assert cache_format("fp8", "bfloat16") == "fp8"
    assert cache_format("bf16", "float32") is None
