"""Runs Envoy's gRPC-JSON transcoder before a gRPC server: ``python -m benchmarks.envoy ENVOY HOST:PORT``."""

import json
import os
import socket
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.processes import BUILD


def configuration(port: int, upstream: str) -> object:
    """One listener whose every request is transcoded."""
    host, _, upstream_port = upstream.rpartition(":")
    kind = "type.googleapis.com/envoy.extensions."

    def address(of: str, number: int) -> object:
        return {"socket_address": {"address": of, "port_value": number}}

    transcoder = {
        "@type": kind + "filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder",
        "proto_descriptor": str(BUILD / "contract.pb"),
        "services": ["dialbridge.v1.CallService"],
        "auto_mapping": True,
    }
    manager = {
        "@type": kind + "filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "http",
        "route_config": {
            "virtual_hosts": [
                {
                    "name": "all",
                    "domains": ["*"],
                    "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "grpc"}}],
                }
            ]
        },
        "http_filters": [
            {"name": "transcoder", "typed_config": transcoder},
            {"name": "router", "typed_config": {"@type": kind + "filters.http.router.v3.Router"}},
        ],
    }
    endpoints = [{"endpoint": {"address": address(host, int(upstream_port))}}]
    return {
        "static_resources": {
            "listeners": [
                {
                    "address": address("127.0.0.1", port),
                    "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
                }
            ],
            "clusters": [
                {
                    "name": "grpc",
                    "load_assignment": {"cluster_name": "grpc", "endpoints": [{"lb_endpoints": endpoints}]},
                    "typed_extension_protocol_options": {
                        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                            "@type": kind + "upstreams.http.v3.HttpProtocolOptions",
                            "explicit_http_config": {"http2_protocol_options": {}},
                        }
                    },
                }
            ],
        }
    }


def main() -> None:
    """Fork Envoy's watchdog, say where it listens, and become Envoy."""
    envoy, upstream = sys.argv[1:]
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    path = Path(tempfile.mkdtemp()) / "envoy.json"
    path.write_text(json.dumps(configuration(port, upstream)))
    parent = os.getpid()
    if os.fork() == 0:  # the child tells when Envoy is ready, and ends Envoy when nobody listens any more
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.05)
        print(json.dumps({"http": f"127.0.0.1:{port}"}), flush=True)
        sys.stdin.read()
        os.kill(parent, 15)
        return
    os.execv(envoy, [envoy, "-c", str(path), "--concurrency", "1", "--disable-hot-restart", "--log-level", "error"])


if __name__ == "__main__":
    main()
