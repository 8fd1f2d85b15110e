"""Bar P2 as the kernel and other programs see it: no address is asked for, and no byte of a file is in any PDF."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fixtures.fetching import payloads
from tests.fixtures.soak import SOAK

pytestmark = pytest.mark.skipif(not SOAK, reason="needs strace and a network of its own: make soak")
SECRET = "秘密內容-4711"
# Sockets of the machine itself, of which glibc asks for some, are not addresses of others.
CONNECTION = re.compile(r"(?:connect|sendto|sendmsg)\(.*sa_family=AF_INET6?\b")


def printed(tmp_path: Path, kind: str) -> tuple[int, int, int]:
    """Payloads tried, connections asked for, and PDFs with the secret, in a network that leads nowhere."""
    secret, folder, trace = tmp_path / "secret.txt", tmp_path / kind, tmp_path / f"{kind}.strace"
    secret.write_text(SECRET, encoding="utf-8")
    folder.mkdir()
    apart = [
        "unshare",
        "--net",
        "strace",
        "-f",
        "-qq",
        "-e",
        "trace=connect,sendto,sendmsg",
        "-o",
        str(trace),
    ]
    work = [sys.executable, "-m", "tests.fixtures.fetching", str(secret), str(folder), kind]
    env = {"PYTHONPATH": ":".join(filter(None, sys.path)), "HOME": str(Path.home()), "PATH": "/usr/bin:/bin"}
    tried = subprocess.run([*apart, *work], check=True, capture_output=True, text=True, env=env).stdout
    asked = sum(bool(CONNECTION.search(line)) for line in trace.read_text(errors="replace").splitlines())
    return int(tried), asked, sum(tells(path) for path in folder.glob("*.pdf"))


def tells(path: Path) -> bool:
    """Whether the secret is in a PDF: in any stream taken apart by qpdf, in its text, or attached to it."""
    apart, text = path.with_suffix(".qdf"), path.with_suffix(".txt")
    subprocess.run(
        ["qpdf", "--qdf", "--object-streams=disable", "--decode-level=all", path, apart], check=True
    )
    subprocess.run(["pdftotext", path, text], check=True, capture_output=True)
    return SECRET.encode() in apart.read_bytes() or SECRET in text.read_text(encoding="utf-8")


def test_bar_p2_the_kernel_sees_no_connection_and_no_pdf_holds_the_file(tmp_path: Path) -> None:
    require("strace", "unshare", "qpdf", "pdftotext")
    tried, asked, told = printed(tmp_path, "ours")
    print(f"payloads {tried}, connections {asked}, PDFs with the secret {told}")
    assert tried == len(payloads(Path("/x"), 1)) >= 60
    assert (asked, told) == (0, 0)


def test_bar_p2_the_control_connects_and_embeds(tmp_path: Path) -> None:
    require("strace", "unshare", "qpdf", "pdftotext")
    tried, asked, told = printed(tmp_path, "default")
    print(f"control: payloads {tried}, connections {asked}, PDFs with the secret {told}")
    assert asked > 0
    assert told > 0


def require(*programs: str) -> None:
    missing = [program for program in programs if shutil.which(program) is None]
    assert not missing, f"apt-get install {' '.join(missing)}"
