"""Settings, and the files that they name."""

import os
import stat

import pytest

from server.settings import RemoteFacade, Settings, SettingsError, integer, is_loopback, seconds, truth


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_loopback_addresses_may_offer_the_demo_directory(host):
    assert is_loopback(host)
    assert Settings(host=host).directory().is_demo


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "calls.example.com", ""])
def test_any_other_address_refuses_the_demo_directory_and_says_how_to_make_a_real_one(host):
    with pytest.raises(SettingsError, match=r"hash-password.*--config") as refused:
        Settings(host=host).directory()
    assert "DIALBRIDGE_HOST" in str(refused.value)


def test_a_directory_of_ones_own_may_be_offered_everywhere(tmp_path):
    file = tmp_path / "directory.toml"
    file.write_text('[contact_center]\nname = "N"\n[[users]]\nuser_name = "a"\npassword_hash = "$argon2id$x"\n')
    assert not Settings(host="0.0.0.0", config=file).directory().is_demo


def test_a_directory_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"DIALBRIDGE_CONFIG.*nowhere\.toml"):
        Settings(config=tmp_path / "nowhere.toml").directory()


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_port_that_cannot_be_is_refused(port):
    with pytest.raises(SettingsError, match="DIALBRIDGE_GRPC_PORT"):
        Settings(grpc_port=port)


def test_the_key_is_made_once_for_the_owner_alone(tmp_path):
    settings = Settings(data_dir=tmp_path / "data")
    key = settings.token_key()
    assert len(key) == 32
    assert settings.token_key() == key
    assert stat.S_IMODE(os.stat(tmp_path / "data/token.key").st_mode) == 0o600
    assert os.listdir(tmp_path / "data") == ["token.key"]


def test_a_key_that_others_can_read_is_refused(tmp_path):
    settings = Settings(data_dir=tmp_path)
    settings.token_key()
    os.chmod(tmp_path / "token.key", 0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        settings.token_key()


def test_a_damaged_key_is_refused(tmp_path):
    settings = Settings(data_dir=tmp_path)
    settings.token_key()
    (tmp_path / "token.key").write_bytes(b"short")
    with pytest.raises(SettingsError, match="damaged"):
        settings.token_key()


def test_a_data_directory_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="DIALBRIDGE_DATA_DIR"):
        Settings(data_dir=tmp_path / "file" / "data").token_key()


@pytest.mark.parametrize("address", ["", "host", ":50051", "host:", "host:port"])
def test_a_facade_needs_a_host_and_a_port(address):
    with pytest.raises(SettingsError, match="HOST:PORT"):
        RemoteFacade(address=address, user_name="bridge", password="x")


def test_a_facade_needs_a_password_and_never_shows_it():
    with pytest.raises(SettingsError, match="DIALBRIDGE_SERVICE_PASSWORD"):
        RemoteFacade(address="host:1", user_name="bridge", password="")
    assert "secret" not in repr(RemoteFacade(address="host:1", user_name="bridge", password="secret"))


@pytest.mark.parametrize(("read", "text"), [(integer, "x"), (integer, "1.5"), (seconds, "soon"), (truth, "maybe")])
def test_what_is_no_number_or_truth_is_refused_with_option_and_variable(read, text):
    with pytest.raises(SettingsError, match=r"--some-thing \(DIALBRIDGE_SOME_THING\)"):
        read("--some-thing", text)


def test_numbers_and_truths_are_read():
    assert (integer("--x", "5"), seconds("--x", "0.5"), truth("--x", "Yes"), truth("--x", "")) == (5, 0.5, True, False)
