"""Settings: what is refused, what is never shown, and what stays unimported."""

import subprocess
import sys

import pytest

from costopt.errors import InvalidInputError, MissingDependencyError
from costopt.fetch.call import Call
from costopt.fetch.http import Http
from costopt_azure import AzureProvider
from costopt_azure.management import Management
from costopt_azure.settings import AzureSettings

WITHOUT_SDK = """
import sys
from importlib.abc import MetaPathFinder
class Refuse(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == "azure" or name.startswith("azure."):
            raise ImportError(name)
sys.meta_path.insert(0, Refuse())
from costopt_azure import AzureProvider
source = AzureProvider().open({"subscription_id": "s"})
import costopt_azure.evictions, costopt_azure.prices, costopt_azure.sizes
assert not [name for name in sys.modules if name.split(".")[0] == "azure"]
"""


def test_unknown_setting_suggests_the_nearest() -> None:
    with pytest.raises(InvalidInputError, match="did you mean currency"):
        AzureProvider().open({"curency": "EUR"})


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"subscription_id": "s", "client_id": "c"}, "belong together"),
        ({"subscription_id": "", "credential": object()}, "need the subscription_id"),
        ({"currency": "euro"}, "currency"),
        ({"read_timeout_seconds": 0}, "read_timeout_seconds"),
    ],
)
def test_settings_that_cannot_work_are_refused(settings: dict[str, object], problem: str) -> None:
    with pytest.raises(InvalidInputError, match=problem):
        AzureProvider().open(settings)


def test_malformed_tenant_is_refused_without_repeating_it() -> None:
    names = {"tenant_id": "no tenant!", "client_id": "c", "client_secret": "secret-word"}
    settings = AzureSettings.model_validate({"subscription_id": "s", **names})
    call = Call(provider="azure", service="compute", operation="resource_skus")
    with pytest.raises(InvalidInputError, match="tenant_id") as caught:
        Management(settings=settings).sizes(call, "eastus")("")
    assert "no tenant!" not in str(caught.value)


def test_secrets_are_told_for_redaction_and_never_shown() -> None:
    words = {
        "subscription_id": "planted-1",
        "tenant_id": "planted-2",
        "client_id": "planted-3",
        "client_secret": "planted-4",
    }
    source = AzureProvider().open(words)
    assert sorted(source.secrets()) == sorted(words.values())
    assert "planted" not in repr(source)


def test_environment_names_the_subscription_where_the_settings_do_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AZURE_SUBSCRIPTION_ID", "from-the-environment")
    assert AzureProvider().open({}).secrets() == ("from-the-environment",)
    assert AzureProvider().open({"subscription_id": ""}).secrets() == ()


def test_opening_and_parsing_import_no_sdk() -> None:
    ended = subprocess.run([sys.executable, "-c", WITHOUT_SDK], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr


def test_question_without_the_sdk_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "azure.mgmt.compute", None)
    call = Call(provider="azure", service="compute", operation="resource_skus")
    management = Management(settings=AzureSettings.model_validate({"subscription_id": "s"}))
    with pytest.raises(MissingDependencyError, match=r"cloud-costopt\[azure\]"):
        management.sizes(call, "eastus")("")


def test_link_that_spells_out_the_port_of_its_scheme_stays_on_the_host() -> None:
    call = Call(provider="azure", service="retail_prices", operation="prices")
    link = "https://prices.azure.com:443/api/retail/prices?$skip=1000"
    assert Http(base_url="https://prices.azure.com")._address(call, link) == link
