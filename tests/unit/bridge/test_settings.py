import pytest

from bridge.settings import BridgeSettings, BridgeSettingsError


def test_the_defaults_are_those_of_the_reference() -> None:
    settings = BridgeSettings()
    assert settings.external_url == "http://127.0.0.1:8080/api/v2"
    assert not settings.csrf
    assert not settings.secure


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/api/v2",
        "http://h/api/v2/",
        "http://h/api",
        "ftp://h/api/v2",
        "http:///api/v2",
        "http://h/api/v2?x=/api/v2",
    ],
)
def test_an_external_url_that_clients_could_not_use_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(
        BridgeSettingsError, match=r"external_url must be .* such as http://127\.0\.0\.1:8080/api/v2"
    ) as e:
        BridgeSettings(external_url=url)
    assert e.value.setting == "external_url"


def test_an_https_url_with_a_prefix_is_taken_and_makes_cookies_secure() -> None:
    assert BridgeSettings(external_url="https://gws.example.com/west/api/v2").secure


@pytest.mark.parametrize("origin", ["*", "desktop.example.com", "https://desktop.example.com/", "null", "file://x"])
def test_what_is_no_origin_is_refused(origin: str) -> None:
    with pytest.raises(BridgeSettingsError, match="allowed_origins must be origins such as"):
        BridgeSettings(allowed_origins=frozenset({origin}))


def test_a_port_out_of_range_is_refused() -> None:
    with pytest.raises(BridgeSettingsError, match="port must be between 0 and 65535, not 65536"):
        BridgeSettings(port=65536)
