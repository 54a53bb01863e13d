import pytest

from bridge.gws.settings import CredentialsFrom, GwsSettingsError, Transport, read_settings

URL = 'url = "https://gws.example.com/api/v2/"\n'
AGENT = '[[agents]]\nuser_name = "ann"\npassword = "secret"\n'


@pytest.fixture
def read(tmp_path):
    def read(text, mode=0o600):
        path = tmp_path / "gws.toml"
        path.write_text(text)
        path.chmod(mode)
        return read_settings(path)

    return read


def test_a_file_says_which_gws_and_who_signs_in(read):
    settings = read(URL + 'transport = "websocket"\nstart_session = false\n' + AGENT)
    assert settings.notifications_url == "https://gws.example.com/api/v2/notifications"
    assert (settings.transport, settings.start_session) == (Transport.WEBSOCKET, False)
    assert settings.agents["ann"].user_name == "ann"
    assert "secret" not in repr(settings)


def test_an_agent_may_have_another_name_there(read):
    assert read(URL + AGENT + 'upstream_user_name = "ann@gws"\n').agents["ann"].user_name == "ann@gws"


def test_callers_may_bring_their_own_passwords(read):
    assert read(URL + 'credentials = "caller"\n', 0o644).credentials_from is CredentialsFrom.CALLER


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "url must be"),
        ('url = "gws.example.com/api/v2"', "url must be"),
        ('url = "https://ann:x@gws.example.com/api/v2"', "url must be"),
        ('url = "https://gws.example.com"', "must end in /api/v2"),
        ("url = ", "cannot be read"),
        (URL, "no \\[\\[agents\\]\\]"),
        (URL + 'credentials = "caller"\n' + AGENT, "remove one"),
        (URL + 'credentials = "nobody"\n' + AGENT, "credentials must be one of file, caller"),
        (URL + 'transport = "carrier pigeon"\n' + AGENT, "transport must be one of"),
        (URL + "start_session = 1\n" + AGENT, "start_session must be true or false"),
        (URL + "[[agents]]\n", "user_name is missing"),
        (URL + '[[agents]]\nuser_name = "ann"\n', "password is missing"),
        (URL + AGENT + "colour = 1\n", "'colour' is not known"),
        (URL + AGENT + AGENT, "stands twice"),
        (URL + "colour = 1\n" + AGENT, "'colour' is not known"),
    ],
)
def test_a_mistake_is_named(read, text, words):
    with pytest.raises(GwsSettingsError, match=words):
        read(text)


def test_a_file_with_passwords_is_for_its_owner_alone(read):
    with pytest.raises(GwsSettingsError, match="chmod 600"):
        read(URL + AGENT, 0o640)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(GwsSettingsError, match=r"nothing\.toml cannot be read"):
        read_settings(tmp_path / "nothing.toml")
