"""Certificates made for one test by openssl: an authority, a server's for 127.0.0.1, a client's, and a stranger's."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Certificates:
    folder: Path

    def __getattr__(self, name):
        """``server_key`` is the file ``server-key.pem``."""
        return self.folder / f"{name.replace('_', '-')}.pem"


def make_certificates(folder):
    if shutil.which("openssl") is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("needs openssl: install it")

    def openssl(*arguments):
        subprocess.run(["openssl", *map(str, arguments)], cwd=folder, check=True, capture_output=True)

    new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl("req", "-x509", *new_key, "-keyout", "ca-key.pem", "-out", "ca.pem", "-subj", "/CN=Test CA", "-days", 2)
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    for name in ("server", "client"):
        openssl("req", *new_key, "-keyout", f"{name}-key.pem", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        signed_by = ("-CA", "ca.pem", "-CAkey", "ca-key.pem", "-CAcreateserial", "-days", 2, "-extfile", "names")
        openssl("x509", "-req", "-in", f"{name}.csr", "-out", f"{name}.pem", *signed_by)
    openssl(
        "req", "-x509", *new_key, "-keyout", "stranger-key.pem", "-out", "stranger.pem", "-subj", "/CN=x", "-days", 2
    )
    openssl("ec", "-aes256", "-passout", "pass:secret", "-in", "server-key.pem", "-out", "locked-key.pem")
    return Certificates(folder)
