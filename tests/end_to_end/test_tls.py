"""TLS on both sides, as processes; and what cannot be used is said with its remedy."""

import asyncio
import os
import ssl
import sys
from contextlib import AsyncExitStack

import aiohttp
import grpc
import pytest

from dialbridge_client import Basic, Client, DialbridgeError
from tests.fakes.certificates import make_certificates
from tests.fakes.legacy_client import DEVICE
from tests.fakes.process import dialbridge, serve

ANN = Basic("agent1", "demo")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def options(certificates):
    return ("--tls-certificate", certificates.server, "--tls-key", certificates.server_key)


def trusting(certificates, **more):
    return grpc.ssl_channel_credentials(certificates.ca.read_bytes(), **more)


async def test_both_sides_speak_tls_and_nothing_else(tmp_path, certificates, options):
    async with serve(tmp_path, 0, 0, *options) as server:
        assert server.url.startswith("https://")
        async with Client.connect(server.grpc, credentials=ANN, tls=trusting(certificates)) as client:
            call = (await client.dial(DEVICE, "5001")).call
        context = ssl.create_default_context(cafile=certificates.ca)
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
            headers = {"Authorization": aiohttp.encode_basic_auth("agent1", "demo")}
            async with http.get(f"{server.url}/api/v2/me/calls?fields=*", ssl=context, headers=headers) as response:
                assert [each["id"] for each in (await response.json())["calls"]] == [call.id]
                cookie = response.cookies["JSESSIONID"]
                assert (cookie["secure"], cookie["httponly"]) == (True, True)
            with pytest.raises(aiohttp.ClientError):
                await http.get(server.url.replace("https", "http") + "/api/v2/diagnostics/version")
        async with Client.connect(server.grpc, credentials=ANN) as plain:
            with pytest.raises(DialbridgeError) as refused:
                await plain.current_user()
            assert refused.value.code is grpc.StatusCode.UNAVAILABLE


async def test_who_trusts_somebody_else_does_not_connect(tmp_path, certificates, options):
    async with serve(tmp_path, 0, 0, *options) as server:
        stranger = grpc.ssl_channel_credentials(certificates.stranger.read_bytes())
        async with Client.connect(server.grpc, credentials=ANN, tls=stranger) as client:
            with pytest.raises(DialbridgeError) as refused:
                await client.current_user()
        assert refused.value.code is grpc.StatusCode.UNAVAILABLE


async def test_clients_must_show_a_certificate_where_the_deployment_says_so(tmp_path, certificates, options):
    async with serve(tmp_path, 0, 0, *options, "--tls-client-ca", certificates.ca) as server:
        shown = trusting(
            certificates,
            private_key=certificates.client_key.read_bytes(),
            certificate_chain=certificates.client.read_bytes(),
        )
        async with Client.connect(server.grpc, credentials=ANN, tls=shown) as client:
            await client.current_user()
        async with Client.connect(server.grpc, credentials=ANN, tls=trusting(certificates)) as client:
            with pytest.raises(DialbridgeError):
                await client.current_user()
        context = ssl.create_default_context(cafile=certificates.ca)
        async with aiohttp.ClientSession() as http:
            url = f"{server.url}/api/v2/diagnostics/version"
            with pytest.raises(aiohttp.ClientError):
                await http.get(url, ssl=context)
            context.load_cert_chain(certificates.client, certificates.client_key)
            async with http.get(url, ssl=context) as response:
                assert response.status == 200


async def test_the_bridge_of_its_own_and_the_commands_speak_tls(tmp_path, certificates, options):
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(
            dialbridge("server", "--data-dir", tmp_path, "--grpc-port", 0, *options)
        )
        bridge = await stack.enter_async_context(
            dialbridge(
                *("bridge", "--facade", server.grpc, "--facade-ca", certificates.ca, "--http-port", 0, *options),
                DIALBRIDGE_SERVICE_PASSWORD="demo",
            )
        )
        context = ssl.create_default_context(cafile=certificates.ca)
        async with aiohttp.ClientSession() as http:
            headers = {"Authorization": aiohttp.encode_basic_auth("agent1", "demo")}
            async with http.get(f"{bridge.url}/api/v2/me", ssl=context, headers=headers) as response:
                assert response.status == 200
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "dialbridge_client.command_line", "dial", "5001", "--address", server.grpc),
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "DIALBRIDGE_TLS_CA": str(certificates.ca)},
        )
        out, _ = await process.communicate()
        assert (process.returncode, len(out.decode().strip())) == (0, 32)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("server", None, None), "belong together"),
        ((None, "server_key", None), "belong together"),
        ((None, None, "ca"), "means nothing without"),
        (("nothing", "server_key", None), "cannot be read"),
        (("server", "client_key", None), "cannot be used together"),
        (("server", "locked_key", None), "without a password"),
        (("server_key", "server_key", None), "cannot be used together"),
        (("server", "server_key", "server_key"), "--tls-client-ca"),
    ],
)
async def test_files_that_cannot_be_used_are_named_with_the_remedy(tmp_path, certificates, names, words):
    options = []
    for option, name in zip(("--tls-certificate", "--tls-key", "--tls-client-ca"), names, strict=True):
        options += [option, getattr(certificates, name)] if name else []
    with pytest.raises(AssertionError) as ended:
        async with serve(tmp_path, 0, 0, *options):
            pass
    assert words in str(ended.value)
    assert "Traceback" not in str(ended.value)
