"""What a process prints when it is ready: where it is, and what to paste into the next terminal; pure."""

_DEMO_DEVICE = "efe1ab32-53f9-43ce-b65e-5768c61f7d4a"
_DIAL = '{"operationName":"Dial","outboundRecord":{"recordHandle":431,"phoneNumber":"5001","otherFields":{}}}'


def text(grpc: str | None, http: str | None, *, is_demo: bool) -> str:
    """The ready line with the addresses, and with the demo directory what to try."""
    addresses = [f"gRPC {grpc}" if grpc else "", f"REST and CometD {http}/api/v2" if http else ""]
    lines = ["dialbridge ready: " + ", ".join(filter(None, addresses))]
    if is_demo:
        lines += ["", "Try in other terminals (users agent1, agent2, supervisor1; password demo):"]
        if grpc:
            env = "" if grpc == "127.0.0.1:50051" else f"DIALBRIDGE_ADDRESS={grpc} "
            at = "" if grpc == "127.0.0.1:50051" else f" --address {grpc}"
            lines += [
                "  .venv/bin/dialbridge watch --user supervisor1" + at,
                "  .venv/bin/dialbridge dial 5001 --record 431 --follow" + at,
                f"  {env}.venv/bin/python clients/python/examples/preview_loop.py",
            ]
        if http:
            lines.append(
                "  curl -u agent1:demo -H 'Content-Type: application/json' \\\n"
                f"    -d '{_DIAL}' \\\n"
                f"    {http}/api/v2/me/devices/{_DEMO_DEVICE}/calls"
            )
            lines.append(f"Or open {http}/ in a browser.")
    return "\n".join(lines)
