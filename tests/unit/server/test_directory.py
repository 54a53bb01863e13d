"""The directory file."""

import pytest

from dialbridge.v1.user_pb2 import ROLE_AGENT, ROLE_SERVICE, ROLE_SUPERVISOR
from server.directory import Directory, DirectoryError
from server.passwords import verify_password

GOOD = """
[contact_center]
name = "North"
features = ["api-voice"]

[[users]]
user_name = "ann"
password_hash = "$argon2id$x"
features = ["api-voice-outbound"]

[[users]]
user_name = "sue"
password_hash = "$argon2id$x"
roles = ["agent", "supervisor"]
without_features = ["api-voice"]
enabled = false

[[devices]]
phone_number = "7001"
user_name = "ann"
lines = 3

[[devices]]
phone_number = "7002"
user_name = "ann"

[[devices]]
phone_number = "7999"
"""


def test_what_is_written_is_what_is_found():
    directory = Directory.from_toml(GOOD, "north.toml")
    ann = directory.principal("ann")
    assert ann.features == {"api-voice", "api-voice-outbound"}
    assert ann.roles == {ROLE_AGENT}
    assert [device.phone_number for device in directory.devices_of("ann")] == ["7001", "7002"]
    assert ann.device_ids == {device.id for device in directory.devices_of("ann")}
    assert directory.device_by_number("7001").lines == 3
    assert directory.device_by_number("7999").user_name == ""
    assert directory.contract_features("ann")[0].display_name == "Voice API"
    assert not directory.is_demo


def test_a_user_who_is_not_enabled_is_nobody():
    directory = Directory.from_toml(GOOD, "north.toml")
    assert directory.principal("sue") is None
    assert directory.user("sue").roles == (ROLE_AGENT, ROLE_SUPERVISOR)


def test_ids_that_are_not_written_are_the_same_every_time():
    first, second = (Directory.from_toml(GOOD, "north.toml") for _ in range(2))
    assert list(first.devices) == list(second.devices)
    assert first.user("ann").id == second.user("ann").id
    assert len(first.user("ann").id) == 32


@pytest.mark.parametrize(
    ("old", "new", "mistake"),
    [
        ('name = "North"', "", "[contact_center]: name is missing"),
        ('name = "North"', "name = 5", "name must be a text in quotes, not 5"),
        ("[contact_center]", "[contact_centre]", "contact_centre is not known here; did you mean 'contact_center'?"),
        ("[contact_center]", "[contact_center", "not TOML"),
        ('features = ["api-voice"]', 'features = ["api-voise"]', "did you mean 'api-voice'?"),
        ('features = ["api-voice"]', 'features = "api-voice"', "features must be a list of texts"),
        ('user_name = "sue"', 'user_name = "ann"', "user_name 'ann' stands twice"),
        ('user_name = "sue"', 'user_name = "two words"', "user_name must be letters"),
        ('user_name = "ann"\nlines', 'user_name = "anne"\nlines', "did you mean 'ann'?"),
        ('"$argon2id$x"', '"secret"', "dialbridge hash-password"),
        ("enabled = false", 'enabled = "no"', "[[users]] sue: enabled must be true or false"),
        ("lines = 3", "lines = 0", "[[devices]] 7001: lines must be a number from 1"),
        ("lines = 3", "line = 3", "line is not known here; did you mean 'lines'?"),
        ('phone_number = "7002"', 'phone_number = "7001"', "phone_number '7001' stands twice"),
        ('phone_number = "7002"', 'phone_number = "desk"', "phone_number must be an optional +"),
        (
            'roles = ["agent", "supervisor"]',
            'roles = ["boss"]',
            "has 'boss', which is none of agent, supervisor, service",
        ),
        ('phone_number = "7999"', 'phone_number = "7999"\nid = "x"', "id must be a UUID such as"),
    ],
)
def test_a_mistake_is_named_with_its_place_and_the_remedy(old, new, mistake):
    assert old in GOOD
    with pytest.raises(DirectoryError) as wrong:
        Directory.from_toml(GOOD.replace(old, new, 1), "north.toml")
    assert mistake in str(wrong.value)
    assert all(line.startswith("north.toml: ") for line in str(wrong.value).splitlines())


def test_all_mistakes_are_told_at_once():
    with pytest.raises(DirectoryError) as wrong:
        Directory.from_toml(GOOD.replace("lines = 3", "lines = 0").replace("enabled = false", "enabled = 1"), "f")
    assert len(wrong.value.mistakes) == 2


def test_a_directory_without_users_is_useless():
    with pytest.raises(DirectoryError, match="nobody could sign in"):
        Directory.from_toml('[contact_center]\nname = "North"\n', "f")


def test_the_demo_directory_has_the_promised_users_devices_and_password():
    demo = Directory.demo()
    assert demo.is_demo
    numbers = {name: [device.phone_number for device in demo.devices_of(name)] for name in demo.users}
    agents = {"agent1": ["5005"], "agent2": ["5006"], "agent3": ["5007"]}
    assert numbers == {**agents, "supervisor1": ["5009"], "bridge": []}
    assert demo.devices_of("agent1")[0].id == "efe1ab32-53f9-43ce-b65e-5768c61f7d4a"
    assert "api-voice-outbound" in demo.principal("agent1").features
    assert demo.principal("agent3").features == {"api-voice", "api-supervisor-monitoring"}
    assert demo.principal("supervisor1").roles == {ROLE_SUPERVISOR}
    assert demo.principal("bridge").roles == {ROLE_SERVICE}
    for user in demo.users.values():
        assert verify_password(user.password_hash, "demo")
