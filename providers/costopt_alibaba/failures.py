"""Failures of the Alibaba Cloud SDK, told in the words of ``costopt.errors``."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Final

from costopt.errors import (
    FetchError,
    MalformedAnswerError,
    MissingCredentialsError,
    RefusedError,
    ThrottledError,
    UnreachableError,
)
from costopt.fetch.call import Call

REFUSED: Final = (401, 403)
SERVER_FAULT: Final = 500
MILLISECONDS_PER_SECOND: Final = 1000.0

WRONG_KEYS: Final = (
    "Forbidden",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidAccessKeySecret",
    "InvalidSecurityToken",
    "NoPermission",
    "NotAuthorized",
    "RegionUnauthorized",
    "SignatureDoesNotMatch",
    "UnauthorizedOperation",
)
"""Beginnings of codes that no further attempt changes. Source: ECS API reference, error codes."""

WRONG_CLOCK: Final = "InvalidTimeStamp"
"""Beginning of codes of a question that another clock dated. Source: as for ``WRONG_KEYS``."""

BUSY: Final = ("InternalError", "ServiceUnavailable")
"""Beginnings of codes of a fault of the provider's. Source: ECS API reference, error codes."""

PERMISSIONS: Final[Mapping[str, str]] = {"bss": "bssapi", "ecs": "ecs"}
"""Service -> its name in a permission. Source: RAM reference, authorization information."""

HINTS: Final[Mapping[str, str]] = {
    "bss": "; is billing_endpoint that of the account's site, China or international?"
}
"""Service -> what to look at where it declines to answer."""

HOW_TO_SIGN_IN: Final = (
    "Set access_key_id and access_key_secret, or ALIBABA_CLOUD_ACCESS_KEY_ID and "
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET, or credential_chain = true."
)


NOT_SOLD: Final = frozenset({"InstanceType.Offline", "PriceNotFound"})
"""Codes of a type that is not sold, with any status. Source: ECS API reference, error codes."""


class DeclinedError(MalformedAnswerError):
    """The provider understood who asks and gives no answer to this question.

    Attributes:
        code: the provider's word for it.
    """

    def __init__(self, call: str, code: str, status: int, hint: str = "") -> None:
        self.code = code
        super().__init__(call, f"HTTP {status} {code}{hint}")


@contextmanager
def told(call: Call) -> Iterator[None]:
    """Translate what the SDK raises inside the block.

    Args:
        call: for messages; its operation names the permission.

    Raises:
        FetchError: in place of the SDK's exception.
    """
    tea = import_module("Tea.exceptions")
    try:
        yield
    except tea.UnretryableException as error:
        raise _unanswered(call, error.inner_exception) from None
    except tea.TeaException as error:
        raise _refused(call, error) from None
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise MalformedAnswerError(str(call), type(error).__name__) from None


def _unanswered(call: Call, cause: object) -> FetchError:
    """Translate what ended a call without an answer that could be read."""
    if isinstance(cause, OSError | import_module("darabonba.exceptions").RetryError):
        return UnreachableError(str(call), type(cause).__name__)
    return MalformedAnswerError(str(call), type(cause).__name__)


def _refused(call: Call, error: Any) -> FetchError:
    """Translate what the SDK raises for an answer that is not a success."""
    status = getattr(error, "status_code", None) or 0
    return unsuccessful(call, str(error.code), status, getattr(error, "retry_after", None))


def unsuccessful(
    call: Call, code: str, status: int, wish_milliseconds: float | None = None
) -> FetchError:
    """Return the error of an answer that is not a success.

    Args:
        call: the question.
        code: the provider's word for it.
        status: of the answer; throttling may come as 400, 403, 429 or 503, and the billing
            service tells a refusal in an answer that is 200.
        wish_milliseconds: how long the provider wants to be left alone [ms].
    """
    name = str(call)
    if code.startswith("Throttling") or wish_milliseconds:
        wish = wish_milliseconds / MILLISECONDS_PER_SECOND if wish_milliseconds else None
        return ThrottledError(name, wish)
    if code in NOT_SOLD:
        return DeclinedError(name, code, status)
    if code == "InvalidCredentials":
        return MissingCredentialsError(name, HOW_TO_SIGN_IN)
    permission = f"{PERMISSIONS[call.service]}:{call.operation}"
    if code.startswith(WRONG_CLOCK):
        return RefusedError(name, f"{permission}, with a right clock", code)
    if status in REFUSED or code.startswith(WRONG_KEYS):
        return RefusedError(name, permission, code)
    if status >= SERVER_FAULT or code.startswith(BUSY):
        return UnreachableError(name, code)
    return DeclinedError(name, code, status, HINTS.get(call.service, ""))
