"""The API's documents: valid by the standards' own schemas, and true to the tables and samples they are made for."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator, Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from bridge import envelope
from bridge.description.asyncapi import asyncapi
from bridge.description.openapi import openapi
from bridge.description.operations import DIALABLE, DTMF, ON_CALLS, ON_DEVICES, ON_VOICE
from bridge.description.outbound import ON_CAMPAIGNS, ON_LISTS, ON_RECORDS
from bridge.description.prose import inline, prose
from bridge.description.refusals import CODES
from bridge.outbound_requests import CAMPAIGN_OPERATIONS, LIST_OPERATIONS, RECORD_OPERATIONS
from bridge.requests import AGENT_STATES, CALL_OPERATIONS, DEVICE_OPERATIONS, MONITORING_OPERATIONS, RECORD_MEMBERS
from server.refusals import Refusal
from server.validation import check_digits, dialable

GOLDEN = Path(__file__).parent / "golden"
SAMPLES = sorted(path.name for path in GOLDEN.iterdir() if path.is_dir() and not path.name.startswith("_"))
ASYNCAPI_SCHEMA = Path(__file__).parents[1] / "interop/node/node_modules/@asyncapi/specs/schemas/3.0.0-without-$id.json"
URL = "http://127.0.0.1:8080/api/v2"


def documents():
    return [json.loads(json.dumps(make(URL, "1.2.3"))) for make in (openapi, asyncapi)]


REST, EVENTS = documents()


def shape(document, name, draft=Draft202012Validator):
    """A validator of the shape of that name."""
    return draft({"$ref": f"#/components/schemas/{name}", "components": document["components"]})


def texts(node):
    """Every description in a document."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("description", "summary") and isinstance(value, str):
                yield value
            yield from texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from texts(value)


def test_the_openapi_document_is_valid():
    OpenAPIV31SpecValidator(REST).validate()


def test_the_asyncapi_document_is_valid():
    if not ASYNCAPI_SCHEMA.exists():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(
            "needs AsyncAPI's schema: install npm, then run make test"
        )
    schema = json.loads(ASYNCAPI_SCHEMA.read_text())
    Draft7Validator.check_schema(schema)
    assert [error.message for error in Draft7Validator(schema).iter_errors(EVENTS)] == []


def references(node):
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


@pytest.mark.parametrize("document", [REST, EVENTS], ids=["openapi", "asyncapi"])
def test_every_reference_leads_to_something(document):
    found = set(references(document))
    assert found
    for reference in found:
        node = document
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]


@pytest.mark.parametrize("draft", [Draft7Validator, Draft202012Validator])
@pytest.mark.parametrize("document", [REST, EVENTS], ids=["openapi", "asyncapi"])
def test_every_shape_is_a_schema_in_both_drafts(document, draft):
    for schema in document["components"]["schemas"].values():
        draft.check_schema(schema)


@pytest.mark.parametrize("sample", SAMPLES)
def test_the_golden_requests_and_responses_fit_the_openapi_document(sample):
    shape(REST, "Dial").validate(json.loads((GOLDEN / sample / "request.json").read_text()))
    shape(REST, "Success").validate(json.loads((GOLDEN / sample / "response.json").read_text()))


@pytest.mark.parametrize("profile", ["s1", "g2"])
@pytest.mark.parametrize("sample", SAMPLES)
def test_the_golden_messages_fit_the_asyncapi_document(sample, profile):
    message = json.loads((GOLDEN / sample / f"dialing.{profile}.json").read_text())
    shape(EVENTS, "CallStateChangeMessage", Draft7Validator).validate(message)
    shape(EVENTS, "CallState", Draft7Validator).validate(message["data"]["call"]["state"])
    del message["data"]["call"]["connId"]
    assert not shape(EVENTS, "CallStateChangeMessage", Draft7Validator).is_valid(message)


def test_the_examples_are_the_golden_samples():
    sample = GOLDEN / "dial_preview_record"
    (example,) = EVENTS["channels"]["calls"]["messages"]["CallStateChangeMessage"]["examples"]
    assert example["payload"] == json.loads((sample / "dialing.s1.json").read_text())
    body = REST["paths"]["/api/v2/me/devices/{id}/calls"]["post"]["requestBody"]["content"]["application/json"]
    assert body["examples"]["record"]["value"] == json.loads((sample / "request.json").read_text())


def test_every_example_fits_its_shape():
    checked = 0
    for item in REST["paths"].values():
        for operation in item.values():
            parts = [operation.get("requestBody", {}), *operation["responses"].values()]
            for content in (content for part in parts for content in part.get("content", {}).values()):
                validator = Draft202012Validator({**content["schema"], "components": REST["components"]})
                for example in content.get("examples", {}).values():
                    validator.validate(example["value"])
                    checked += 1
    assert checked > 50


def test_every_code_of_the_envelope_is_explained_and_no_other():
    rules = {rule.code for rule in envelope.RULES.values()}
    constants = {value for name, value in vars(envelope).items() if name.isupper() and isinstance(value, int)}
    assert set(CODES) == rules | (constants - {envelope.MAX_BODY}) | {0}


@pytest.mark.parametrize("reason", [reason for reason, rule in envelope.RULES.items()])
def test_every_answer_of_the_envelope_is_documented_somewhere(reason):
    rule = envelope.RULES[reason]
    documented = {
        (int(status), code)
        for item in REST["paths"].values()
        for operation in item.values()
        for status, response in operation["responses"].items()
        for content in response["content"].values()
        for code in content["schema"].get("properties", {}).get("statusCode", {}).get("enum", ())
    }
    assert (rule.http_status, rule.code) in documented


def test_every_operation_of_the_bridge_is_described():
    assert set(ON_CALLS) == set(CALL_OPERATIONS)
    assert set(ON_DEVICES) == {*MONITORING_OPERATIONS, *DEVICE_OPERATIONS, "CancelSupervisorMonitoring"}
    assert set(ON_VOICE) == set(AGENT_STATES)
    body = REST["paths"]["/api/v2/me/calls/{id}"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert set(body["discriminator"]["mapping"]) == set(CALL_OPERATIONS)
    assert set(ON_CAMPAIGNS) == set(CAMPAIGN_OPERATIONS)
    assert set(ON_RECORDS) == set(RECORD_OPERATIONS)
    assert set(ON_LISTS) == set(LIST_OPERATIONS)


def test_every_member_of_an_outbound_record_is_described():
    assert set(REST["components"]["schemas"]["OutboundRecord"]["properties"]) == set(RECORD_MEMBERS)


def accepts(check, *given):
    try:
        check(*given)
    except Refusal:
        return False
    return True


@given(st.text("0123456789*#+-./() aA\n", max_size=40) | st.from_regex(DIALABLE))
def test_a_number_fits_the_document_exactly_when_the_server_dials_it(number):
    fits = Draft202012Validator({"pattern": DIALABLE}).is_valid(number) and not number.endswith("\n")
    assert fits == accepts(dialable, number, "destination")


@given(st.text("0123456789*#ABCDEa \n", max_size=66) | st.from_regex(DTMF))
def test_digits_fit_the_document_exactly_when_the_server_sends_them(digits):
    fits = Draft202012Validator({"pattern": DTMF}).is_valid(digits) and not digits.endswith("\n")
    assert fits == accepts(check_digits, digits)


@pytest.mark.parametrize("document", [REST, EVENTS], ids=["openapi", "asyncapi"])
def test_no_description_has_marks_that_the_page_does_not_know(document):
    for text in texts(document):
        rendered = prose(text)
        assert "`" not in rendered and "](" not in rendered and "**" not in rendered.replace("/v2/me/**", "")


def test_prose_is_text_unless_it_is_code_a_list_or_a_link_to_this_host():
    assert inline("a <b> & `<c>`") == "a &lt;b&gt; &amp; <code>&lt;c&gt;</code>"
    assert inline("[here](/x)") == '<a href="../x">here</a>'
    assert inline("[there](https://example.com)") == "[there](https://example.com)"
    assert inline("[there](//example.com)") == "[there](//example.com)"
    assert prose("one\n\n- two\n- `3`") == "<p>one</p><ul><li>two</li><li><code>3</code></li></ul>"
