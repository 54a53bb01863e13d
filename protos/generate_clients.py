"""Generates the Go and TypeScript of the contract into the clients; for a developer and for the test of drift.

The plugins are those that the lock files of the clients name: ``go tool`` has Go's, ``npm ci`` installs TypeScript's.
"""

import shutil
import subprocess
import sys
from importlib.resources import files as package_files
from pathlib import Path

from grpc_tools import protoc

CONTRACT = Path(__file__).parent
CLIENTS = CONTRACT.parent / "clients"
PACKAGE = "dialbridge/v1"
ERROR_DETAILS = ["google/rpc/error_details.proto", "google/rpc/status.proto"]
TS_PROTO = CLIENTS / "typescript/node_modules/.bin/protoc-gen-ts_proto"


def generate_go(into: Path) -> None:
    """Write package ``dialbridge/v1`` as ``into/v1``; needs Go."""
    options = ["module=dialbridge", *(f"M{file}={PACKAGE}" for file in _files())]
    _protoc(
        *(f"--plugin={name}={_go_tool(name)}" for name in ("protoc-gen-go", "protoc-gen-go-grpc")),
        *(f"--go_opt={option}" for option in options),
        *(f"--go-grpc_opt={option}" for option in options),
        f"--go_out={into}",
        f"--go-grpc_out={into}",
        *_files(),
    )


def generate_typescript(into: Path) -> None:
    """Write one module a file below ``into``; needs ``npm ci`` in clients/typescript."""
    options = [
        "env=node",
        "esModuleInterop=true",
        "exportCommonSymbols=false",
        "forceLong=bigint",
        "importSuffix=.js",
        "oneof=unions-value",
        "outputJsonMethods=false",
        "outputServices=grpc-js",
        "stringEnums=false",
        "useDate=true",
        "useExactTypes=false",
    ]
    _protoc(
        f"--plugin=protoc-gen-ts_proto={TS_PROTO}",
        *(f"--ts_proto_opt={option}" for option in options),
        f"--ts_proto_out={into}",
        *_files(),
        *ERROR_DETAILS,
    )


def _files() -> list[str]:
    return sorted(str(file.relative_to(CONTRACT)) for file in (CONTRACT / PACKAGE).glob("*.proto"))


def _go_tool(name: str) -> str:
    found = subprocess.run(  # noqa: S603
        ["go", "tool", "-n", name],  # noqa: S607
        cwd=CLIENTS / "go",
        check=True,
        capture_output=True,
        text=True,
    )
    return found.stdout.strip()


def _protoc(*arguments: str) -> None:
    includes = [
        f"-I{CONTRACT}",
        f"-I{package_files('grpc_tools') / '_proto'}",
        f"-I{package_files('google.rpc') / '../..'}",
    ]
    if protoc.main(["protoc", *includes, *arguments]) != 0:
        sys.exit("protoc failed")


def _anew(directory: Path) -> Path:
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    return directory


if __name__ == "__main__":
    _anew(CLIENTS / "go/v1")
    generate_go(CLIENTS / "go")
    generate_typescript(_anew(CLIENTS / "typescript/src/gen"))
