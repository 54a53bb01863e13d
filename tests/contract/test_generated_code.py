"""The committed generated code is what the contract generates today."""

import importlib.util
import os
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def load_generator():
    spec = importlib.util.spec_from_file_location("generate", ROOT / "protos/generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def files_below(directory):
    return {
        str(file.relative_to(directory)): file.read_bytes()
        for file in directory.rglob("*")
        if file.is_file() and file.suffix in (".py", ".pyi")
    }


def test_the_generated_code_is_fresh(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent) + os.pathsep + os.environ["PATH"])
    load_generator().generate(tmp_path)
    committed = files_below(ROOT / "protos/gen")
    generated = files_below(tmp_path)
    assert sorted(committed) == sorted(generated), "run make generate"
    assert [name for name in generated if generated[name] != committed[name]] == [], "run make generate"
