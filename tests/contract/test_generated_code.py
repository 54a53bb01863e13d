"""The committed generated code is what the contract generates today."""

import importlib.util
import os
import sys
from pathlib import Path

from tests.interop.conformance.adapters import LANGUAGES

ROOT = Path(__file__).parents[2]


def load_generator(name="generate"):
    spec = importlib.util.spec_from_file_location(name, ROOT / f"protos/{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def files_below(directory):
    return {
        str(file.relative_to(directory)): file.read_bytes()
        for file in directory.rglob("*")
        if file.is_file() and file.suffix in (".py", ".pyi", ".go", ".ts")
    }


def assert_same(committed, generated):
    assert sorted(committed) == sorted(generated), "run make generate"
    assert [name for name in generated if generated[name] != committed[name]] == [], "run make generate"


def test_the_generated_code_is_fresh(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent) + os.pathsep + os.environ["PATH"])
    load_generator().generate(tmp_path)
    assert_same(files_below(ROOT / "protos/gen"), files_below(tmp_path))


def test_the_generated_go_is_fresh(tmp_path):
    LANGUAGES["go"].require()
    load_generator("generate_clients").generate_go(tmp_path)
    assert_same(files_below(ROOT / "clients/go/v1"), files_below(tmp_path / "v1"))


def test_the_generated_typescript_is_fresh(tmp_path):
    LANGUAGES["typescript"].require()
    load_generator("generate_clients").generate_typescript(tmp_path)
    assert_same(files_below(ROOT / "clients/typescript/src/gen"), files_below(tmp_path))
