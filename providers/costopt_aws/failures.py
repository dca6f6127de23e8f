"""What the SDK raises, in words of costopt; the only place that knows botocore's exceptions."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from costopt.errors import (
    FetchError,
    MalformedAnswerError,
    MissingCredentialsError,
    MissingDependencyError,
    RefusedError,
    ThrottledError,
    UnreachableError,
)

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

THROTTLED: Final = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
"""Codes that ask to call less often. Source: AWS SDKs and Tools guide, standard retry mode."""

NOT_ALLOWED: Final = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "Blocked",
        "NotAuthorized",
        "OptInRequired",
        "PendingVerification",
        "UnauthorizedOperation",
    }
)
"""Codes of a permission that lacks. Source: Amazon EC2 API reference, client error codes."""

NOT_KNOWN: Final = frozenset(
    {
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "RequestExpired",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
"""Codes of credentials that do not hold here. Source: IAM user guide, common errors."""

REFUSED_STATUS: Final = (401, 403)
TOO_MANY_STATUS: Final = 429
FAULT_STATUS: Final = 500

HOW_TO_SIGN_IN: Final = (
    "Give access_key_id and secret_access_key or a profile, or set anonymous for list prices."
)


@contextmanager
def answering(call: str, permission: str) -> Iterator[None]:
    """Turn what the SDK raises inside into a ``FetchError``.

    Args:
        call: the question, for messages.
        permission: what the credentials need for it.

    Raises:
        MissingDependencyError: boto3 is not installed.
        FetchError: whatever the SDK raised; its own text is not kept, it can name accounts.
    """
    try:
        from botocore import exceptions, parsers
    except ImportError:
        raise MissingDependencyError("boto3", "aws") from None
    try:
        yield
    except exceptions.ClientError as error:
        raise of_answer(call, permission, error) from None
    except (
        exceptions.NoCredentialsError,
        exceptions.PartialCredentialsError,
        exceptions.CredentialRetrievalError,
        exceptions.ProfileNotFound,
        exceptions.SSOError,
        exceptions.TokenRetrievalError,
    ):
        raise MissingCredentialsError(call, HOW_TO_SIGN_IN) from None
    except (exceptions.HTTPClientError, exceptions.ConnectionError) as error:
        raise UnreachableError(call, type(error).__name__) from None
    except parsers.ResponseParserError as error:
        raise MalformedAnswerError(call, type(error).__name__) from None
    except exceptions.BotoCoreError as error:
        raise MalformedAnswerError(call, f"the SDK raised {type(error).__name__}") from None


@contextmanager
def parsing(call: str) -> Iterator[None]:
    """Turn what the SDK's parser trips over inside into a ``MalformedAnswerError``.

    It trips where an answer is a well-formed document of other types than its model says.

    Raises:
        MalformedAnswerError: in place of the parser's exception.
    """
    try:
        yield
    except (AttributeError, KeyError, TypeError) as error:
        raise MalformedAnswerError(call, type(error).__name__) from None


def of_answer(call: str, permission: str, error: "ClientError") -> FetchError:
    """Return what an error answer means."""
    code = str(error.response.get("Error", {}).get("Code", "without a code"))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in THROTTLED or status == TOO_MANY_STATUS:
        return ThrottledError(call)
    if code in NOT_KNOWN:
        where = f"{permission}, in a region that the account has enabled and with a right clock"
        return RefusedError(call, where, code)
    if code in NOT_ALLOWED or status in REFUSED_STATUS:
        return RefusedError(call, permission, code)
    if status >= FAULT_STATUS:
        return UnreachableError(call, f"HTTP {status}, {code}")
    return MalformedAnswerError(call, f"HTTP {status}, {code}")
