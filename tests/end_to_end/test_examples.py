"""What is shown to users runs as it is shown: the examples, as processes against the running service."""

import asyncio
import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.fakes.node_cometd import DIRECTORY, require_node
from tests.interop.conformance.adapters import JAVA_PATH, LANGUAGES

ROOT = Path(__file__).parents[2]
CLIENTS = ROOT / "clients"
IN_OTHER_LANGUAGES = {
    "go": [CLIENTS / "go/bin/dial_and_follow"],
    "typescript": ["node", CLIENTS / "typescript/dist/examples/dial_and_follow.js"],
    "java": ["java", "-cp", JAVA_PATH, CLIENTS / "java/examples/DialAndFollow.java"],
}


async def run(*command, **environment):
    process = await asyncio.create_subprocess_exec(
        *map(str, command),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", **environment},
    )
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def running(service, command, environment):
    """Run a command while the simulated world lives."""
    work = asyncio.create_task(run(*command, **environment))
    async with asyncio.timeout(40):
        while not work.done():
            await service.advance(0.5)
            await asyncio.wait([work], timeout=0.05)
    return work.result()


async def test_the_curl_session_dials_follows_and_hangs_up(service):
    command = ["sh", ROOT / "clients/legacy/dial.sh"]
    status, out, err = await running(service, command, {"URL": f"{service.url}/api/v2"})
    assert (status, err) == (0, "")
    assert re.findall(r'"state":"(\w+)"', out) == ["Dialing", "Established", "Released"]
    assert out.splitlines()[-1] == "over"


async def test_the_curl_session_says_why_it_cannot(service):
    environment = {"URL": f"{service.url}/api/v2", "PASSWORD": "wrong"}
    status, _, err = await running(service, ["sh", ROOT / "clients/legacy/dial.sh"], environment)
    assert (status, "Access denied" in err) == (1, True)
    status, out, _ = await run("sh", ROOT / "clients/legacy/dial.sh", "--help")
    assert (status, "NUMBER" in out) == (0, True)


async def test_the_node_session_dials_and_follows(service, tmp_path):
    require_node()
    shutil.copy(ROOT / "clients/legacy/cometd.mjs", tmp_path)
    (tmp_path / "node_modules").symlink_to(DIRECTORY / "node_modules")
    command = [shutil.which("node"), tmp_path / "cometd.mjs", "5004"]
    status, out, err = await running(service, command, {"URL": f"{service.url}/api/v2"})
    assert (status, err) == (0, "")
    assert re.findall(r"StatusChange \w+ (\w+)", out) == ["Dialing", "Established", "Released"]


@pytest.mark.parametrize("name", ["dial_and_follow.py", "blocking.py"])
async def test_the_python_examples_dial_and_follow(service, name):
    command = [sys.executable, ROOT / "clients/python/examples" / name]
    status, out, err = await running(service, command, {"DIALBRIDGE_ADDRESS": service.grpc})
    assert (status, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines()] == [
        "CALL_STATE_DIALING",
        "CALL_STATE_ESTABLISHED",
        "CALL_STATE_RELEASED",
    ]


async def test_the_preview_loop_works_through_the_list_of_the_demo(service):
    command = [sys.executable, ROOT / "clients/python/examples/preview_loop.py"]
    status, out, err = await running(service, command, {"DIALBRIDGE_ADDRESS": service.grpc})
    assert (status, err) == (0, "")
    results = [line.split()[1:] for line in out.splitlines()]
    assert ["5001", "Answer"] in results
    assert ["5002", "Busy"] in results
    status, out, _ = await running(service, command, {"DIALBRIDGE_ADDRESS": service.grpc})
    assert (status, out) == (0, "")


@pytest.mark.parametrize("language", IN_OTHER_LANGUAGES)
async def test_the_examples_in_other_languages_dial_and_follow(service, language):
    LANGUAGES[language].require()
    command = [*IN_OTHER_LANGUAGES[language], "5004"]
    status, out, err = await running(service, command, {"DIALBRIDGE_ADDRESS": service.grpc})
    assert (status, err) == (0, "")
    assert [line.split() for line in out.splitlines()] == [
        ["CALL_STATE_DIALING", "RELEASE_CAUSE_UNSPECIFIED"],
        ["CALL_STATE_ESTABLISHED", "RELEASE_CAUSE_UNSPECIFIED"],
        ["CALL_STATE_RELEASED", "RELEASE_CAUSE_REMOTE_HANGUP"],
    ]


@pytest.mark.parametrize("module", ["server", "dialbridge_client.command_line"])
async def test_the_modules_can_be_run(module):
    status, out, _ = await run(sys.executable, "-m", module, "--help")
    assert (status, "serve" in out) == (0, True)


def test_the_examples_are_short():
    examples = [file for file in CLIENTS.glob("*/examples/**/*.*") if file.suffix in (".go", ".java", ".py", ".ts")]
    assert {file.suffix for file in examples} == {".go", ".java", ".py", ".ts"}
    for example in examples:
        assert len(example.read_text().splitlines()) < 60
