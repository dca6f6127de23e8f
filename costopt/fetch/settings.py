"""Settings of an adapter: what a person wrote, read once into a frozen record."""

from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from costopt.errors import InvalidInputError, nearest_names


class AdapterSettings(BaseModel):
    """Base of every adapter's settings: frozen, no unknown fields, secrets never shown."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def secrets(self) -> tuple[str, ...]:
        """Return every secret, for redaction alone."""
        values = [getattr(self, name) for name in type(self).model_fields]
        return tuple(value.get_secret_value() for value in values if isinstance(value, SecretStr))


Settings = TypeVar("Settings", bound=AdapterSettings)


def read_settings(kind: type[Settings], given: Mapping[str, object], where: str) -> Settings:
    """Read settings.

    Args:
        kind: the adapter's record.
        given: field -> value, as a person wrote them.
        where: for messages, such as ``refresh.toml, [aws]``.

    Raises:
        InvalidInputError: a field is unknown, missing or of the wrong type.
    """
    known = list(kind.model_fields)
    problems = []
    for name in given:
        if name not in known:
            near = nearest_names(name, known)
            hint = f"did you mean {', '.join(near)}?" if near else f"allowed: {', '.join(known)}"
            problems.append(f"unknown field {name!r}; {hint}")
    if problems:
        raise InvalidInputError(where, problems)
    try:
        return kind(**given)
    except ValidationError as error:
        details = error.errors(include_input=False, include_url=False, include_context=False)
        raise InvalidInputError(
            where,
            [f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in details],
        ) from None
