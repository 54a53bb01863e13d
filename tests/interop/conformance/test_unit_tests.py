"""Each client's own tests, of what needs no server, in its own language."""

import shutil
import subprocess

import pytest

from tests.interop.conformance.adapters import LANGUAGES, ROOT


def run(language, *command):
    process = subprocess.run(
        [shutil.which(command[0]), *command[1:]], cwd=ROOT / "clients" / language, capture_output=True, text=True
    )
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


def test_the_go_client_passes_its_tests_and_is_formatted():
    LANGUAGES["go"].require()
    assert "ok" in run("go", "go", "test", "./...")
    run("go", "go", "vet", "./...")
    assert run("go", "gofmt", "-l", ".") == ""


def test_the_typescript_client_passes_its_tests():
    LANGUAGES["typescript"].require()
    assert "# fail 0" in run("typescript", "npm", "test")


@pytest.mark.timeout(180)
def test_the_java_client_passes_its_tests():
    LANGUAGES["java"].require()
    run("java", "mvn", "-B", "-ntp", "surefire:test")
    reports = list((ROOT / "clients/java/target/surefire-reports").glob("TEST-*.xml"))
    assert len(reports) == len(list((ROOT / "clients/java/src/test/java/dialbridge/client").glob("*Test.java")))
