"""Code that the documents show is code that runs: each block stands in the tested file that the document links."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHOWN = [
    ("README.md", "python", "clients/python/examples/dial_and_follow.py"),
    ("docs/clients/python.md", "python", "clients/python/examples/dial_and_follow.py"),
    ("docs/clients/go.md", "go", "clients/go/examples/dial_and_follow/main.go"),
    ("docs/clients/java.md", "java", "clients/java/examples/DialAndFollow.java"),
    ("docs/clients/typescript.md", "typescript", "clients/typescript/examples/dial_and_follow.ts"),
    ("docs/clients/browser.md", "javascript", "tests/interop/node/grpc_web.mjs"),
    ("docs/cometd.md", "python", "clients/legacy/aiocometd_replay.py"),
]


@pytest.mark.parametrize(("document", "language", "source"), SHOWN)
def test_every_block_of_a_document_stands_in_its_source(document, language, source):
    blocks = re.findall(rf"```{language}\n(.*?)```", (ROOT / document).read_text(), re.DOTALL)
    assert blocks
    for block in blocks:
        assert block.strip() in (ROOT / source).read_text()


def test_every_link_between_documents_leads_somewhere():
    for document in [ROOT / "README.md", *ROOT.glob("docs/**/*.md")]:
        for target in re.findall(r"\]\(([^)#:]+?)\)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name}: {target}"
