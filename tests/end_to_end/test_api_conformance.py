"""What the running bridge answers is what its OpenAPI document says, whatever it is asked."""

import subprocess
import sys
import time
from dataclasses import dataclass

import pytest
import requests
import schemathesis
from hypothesis import Phase, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from bridge.description.openapi import openapi

DEVICE = "efe1ab32-53f9-43ce-b65e-5768c61f7d4a"
WITHIN = 20.0
NOT_AN_EXAMPLE = "4321987"
"""A number that no document mentions, so that nobody has it never called again."""
EXAMPLES = 12
"""Of each operation and way to make them."""

ANSWERS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
]

# Event streams have no end; tests/end_to_end/test_event_documents.py reads them.
API = schemathesis.openapi.from_dict(openapi("http://127.0.0.1:1/api/v2", "1")).exclude(path_regex="/events$")
ON_CALLS = API.include(path_regex=r"/me/calls/\{id\}$")
FUZZING = settings(max_examples=EXAMPLES, database=None, phases=[Phase.explicit, Phase.generate])


@dataclass
class Service:
    """A bridge that runs, and one who has signed in there."""

    url: str
    agent: requests.Session

    def calls(self) -> list[dict[str, str]]:
        return self.agent.get(f"{self.url}/api/v2/me/calls?fields=*").json()["calls"]

    def log_in(self) -> None:
        """Without a session an agent has no state; the documented answer is HTTP 500."""
        body = {"operationName": "StartContactCenterSession", "channels": ["voice"]}
        assert self.agent.post(f"{self.url}/api/v2/me", json=body).status_code == 200

    def talk(self) -> str:
        """The id of a call on which the agent talks; dials one where there is none."""
        deadline = time.monotonic() + WITHIN
        while not (established := [call["id"] for call in self.calls() if call["state"] == "Established"]):
            assert time.monotonic() < deadline
            if not self.calls():
                body = {"operationName": "Dial", "destination": {"phoneNumber": NOT_AN_EXAMPLE}}
                assert self.agent.post(f"{self.url}/api/v2/me/devices/{DEVICE}/calls", json=body).status_code == 200
            for call in self.calls():
                if call["state"] == "Held":
                    self.agent.post(f"{self.url}/api/v2/me/calls/{call['id']}", json={"operationName": "Hangup"})
            time.sleep(0.05)
        return established[0]


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    folder = tmp_path_factory.mktemp("service")
    command = [sys.executable, "-m", "dialbridge_client.command_line", "serve", "--data-dir", str(folder / "data")]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(
            [*command, "--grpc-port", "0", "--http-port", "0"],
            stdout=subprocess.PIPE,
            stderr=log,
            env={"PATH": "/usr/bin"},
        ) as process,
    ):
        try:
            ready = next(line for line in process.stdout if line.startswith(b"dialbridge ready")).decode()
            with requests.Session() as agent:
                agent.auth = ("agent1", "demo")
                yield Service(ready[ready.index("http://") :].split("/api/v2")[0], agent)
        finally:
            process.kill()


@seed(20261123)
@API.parametrize()
@FUZZING
def test_every_answer_is_as_documented(service, case):
    if case.path.endswith("/channels/voice"):
        service.log_in()
    case.call_and_validate(base_url=service.url, session=service.agent, checks=[*ANSWERS, negative_data_rejection])


@seed(20261123)
@ON_CALLS.parametrize()
@FUZZING
def test_every_answer_about_a_live_call_is_as_documented(service, case):
    case.path_parameters = {"id": service.talk()}
    case.call_and_validate(base_url=service.url, session=service.agent, checks=ANSWERS)


def test_the_agents_own_things_are_told_in_full_as_documented(service):
    service.talk()
    for path, query in [
        ("/me", {"subresources": "*"}),
        ("/me/calls", {"fields": "*"}),
        ("/me/devices", {"fields": "*"}),
        ("/me/features", {"fields": "*"}),
    ]:
        case = API[f"/api/v2{path}"]["GET"].Case(query=query)
        answer = case.call_and_validate(base_url=service.url, session=service.agent, checks=ANSWERS)
        assert answer.status_code == 200
        assert answer.json()["statusCode"] == 0


@pytest.mark.parametrize("path", ["/me", "/me/devices", "/me/calls", "/me/features", "/me/events", "/events"])
def test_who_has_no_credentials_is_answered_as_documented(service, path):
    document = API.raw_schema["paths"][f"/api/v2{path}"]["get"]["responses"]["403"]
    for auth in (None, ("agent1", "wrong")):
        answer = requests.get(f"{service.url}/api/v2{path}", auth=auth, timeout=10)
        assert answer.status_code == 403
        codes = document["content"]["application/json"]["schema"]["properties"]["statusCode"]["enum"]
        assert answer.json()["statusCode"] in codes


@pytest.mark.parametrize("token", [{"headers": {"Last-Event-ID": "x"}}, {"params": {"lastEventId": "\0x"}}])
@pytest.mark.parametrize("path", ["/api/v2/me/events", "/api/v2/events"])
def test_a_stream_that_cannot_begin_is_refused_as_documented(service, path, token):
    answer = service.agent.get(service.url + path, timeout=WITHIN, **token)
    documented = API.raw_schema["paths"][path]["get"]["responses"]
    assert str(answer.status_code) in documented
    codes = documented["400"]["content"]["application/json"]["schema"]["properties"]["statusCode"]["enum"]
    assert (answer.status_code, answer.json()["statusCode"]) == (400, *codes)
    assert "Last-Event-ID" in answer.json()["statusMessage"]
