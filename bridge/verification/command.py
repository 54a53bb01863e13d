"""``dialbridge verify``: holds the documented conversations with a server, prints what was found, and exits with it."""

import argparse
import asyncio
import getpass
import json
import os
import sys
from collections import Counter
from urllib.parse import urlsplit

from bridge.verification.conversation import Conversation
from bridge.verification.findings import Finding, Source, Verdict

EXAMPLES = """\
examples:
  dialbridge verify http://127.0.0.1:8080/api/v2                     this machine's dialbridge, as the demo agent
  dialbridge verify https://gws.example.com/api/v2 --user ann --number 5551234
                                                                     a real GWS: the number is really dialled

exit status: 0 everything holds that is documented or was observed; 1 something differs; 2 the command was wrong.
What the reference does not say is listed as a choice, and does not count.
"""
_MARKS = {Verdict.HOLDS: "ok  ", Verdict.DIFFERS: "DIFF", Verdict.NOT_OFFERED: "none"}


class VerifyCommand:
    """Verify."""

    name = "verify"
    summary = "check a GWS-compatible server against the documented conversations"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Describe the options."""
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.epilog = EXAMPLES
        parser.add_argument("url", help="the server; ends in /api/v2")
        parser.add_argument(
            "--user",
            default=os.environ.get("DIALBRIDGE_USER"),
            help="an agent with a free device (DIALBRIDGE_USER; on this machine agent1 unless given)."
            " The password is DIALBRIDGE_PASSWORD or asked for; on this machine demo unless given",
        )
        parser.add_argument(
            "--number", default="5001", help="a number that answers; it is really dialled (default: 5001)"
        )
        parser.add_argument("--json", action="store_true", help="one JSON object a fact, for programs")

    def run(self, arguments: argparse.Namespace) -> int:
        """Verify; the exit status."""
        url = urlsplit(arguments.url)
        if url.scheme not in ("http", "https") or not url.path.rstrip("/").endswith("/api/v2"):
            print("dialbridge verify: the URL must be http or https and end in /api/v2", file=sys.stderr)
            return 2
        local = url.hostname in ("127.0.0.1", "localhost", "::1")
        user = arguments.user or ("agent1" if local else None)
        if user is None:
            print("dialbridge verify: name an agent with --user (DIALBRIDGE_USER)", file=sys.stderr)
            return 2
        password = os.environ.get("DIALBRIDGE_PASSWORD")
        if password is None:
            password = "demo" if local else getpass.getpass(f"Password of {user}: ")
        try:
            return asyncio.run(_verify(arguments.url.rstrip("/"), user, password, arguments.number, arguments.json))
        except KeyboardInterrupt:
            return 130


async def _verify(url: str, user: str, password: str, number: str, as_json: bool) -> int:
    counts: Counter[Verdict] = Counter()
    differs = False
    async for finding in Conversation(url, user, password, number).findings():
        counts[finding.verdict] += 1
        differs |= finding.verdict is not Verdict.HOLDS and finding.fact.source is not Source.CHOICE
        print(_as_json(finding) if as_json else _as_text(finding), flush=True)
    if not as_json:
        print(", ".join(f"{counts[verdict]} {verdict.value}" for verdict in Verdict))
    return 1 if differs else 0


def _as_text(finding: Finding) -> str:
    fact = finding.fact
    lines = [f"{_MARKS[finding.verdict]}  {fact.title}  [{fact.source.value}: {fact.reference}]"]
    return "\n".join(lines + [f"        {detail}" for detail in finding.details])


def _as_json(finding: Finding) -> str:
    return json.dumps(
        {
            "fact": finding.fact.title,
            "source": finding.fact.source.value,
            "reference": finding.fact.reference,
            "verdict": finding.verdict.value,
            "details": finding.details,
        }
    )


VERIFY = VerifyCommand()
