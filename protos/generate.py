"""Generates the Python of the contract into a directory; for a developer and for the test that looks for drift."""

import sys
from importlib.resources import files as package_files
from pathlib import Path

from grpc_tools import protoc

CONTRACT = Path(__file__).parent


def generate(into: Path) -> None:
    """Write modules and type stubs below ``into``; needs ``protoc-gen-mypy`` and ``protoc-gen-mypy_grpc`` on PATH."""
    into.mkdir(parents=True, exist_ok=True)
    files = sorted(str(file) for file in (CONTRACT / "dialbridge").rglob("*.proto"))
    arguments = [
        "protoc",
        f"-I{CONTRACT}",
        f"-I{package_files('grpc_tools') / '_proto'}",
        f"--python_out={into}",
        f"--grpc_python_out={into}",
        f"--mypy_out=quiet:{into}",
        f"--mypy_grpc_out=quiet:{into}",
        *files,
    ]
    if protoc.main(arguments) != 0:
        sys.exit("protoc failed")
    # protoc writes an empty _pb2_grpc module for every file without a service.
    for module in into.rglob("*_pb2_grpc.py*"):
        if not module.name.split("_pb2")[0].endswith("_service"):
            module.unlink()


if __name__ == "__main__":
    generate(Path(sys.argv[1]))
