"""Without the compiled modules everything works the same, and says so."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
MODULES = (
    "dissectors.walk",
    "rawcap.files.records",
    "rawcap.live.frames",
    "rawcap.show.lines",
    "rawcap.show.rows",
    "rawcap.stats.numbering",
    "rawcap.tcp.analysis",
    "rawcap.tcp.connection",
    "rawcap.tcp.segment",
    "rawcap.tcp.tracker",
)

# Runs rawcap's command line with every module that may be compiled taken from its source.
INTERPRETED = f"""
import importlib.util, sys
from importlib.machinery import SourceFileLoader

class FromSource:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name in {MODULES!r}:
            source = path[0] + "/" + name.rpartition(".")[2] + ".py"
            return importlib.util.spec_from_file_location(name, source, loader=SourceFileLoader(name, source))

sys.meta_path.insert(0, FromSource)
import rawcap.cli
import rawcap.cli.read
rawcap.cli.read.LARGE = 0
sys.argv[0] = "rawcap"
rawcap.cli.main()
"""
COMPILED = INTERPRETED.replace("sys.meta_path.insert(0, FromSource)", "")


def run(program, *arguments):
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, cwd=ROOT, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.parametrize(
    "arguments",
    [
        ["table", "-e", "frame.number", "-e", "ip.src", "-e", "ipv6.dst", "-e", "tcp.flags", "-e", "tcp.len"],
        ["table", "-e", "frame.time_epoch", "-e", "eth.src", "-e", "tcp.port", "--occurrence", "all"],
        ["stats", "--by", "conversations", "--by", "protocols"],
        ["sql", "select ip.src, count(*) from packets group by 1 order by all"],
        ["read", "-T", "fields", "-e", "frame.number", "-e", "ip.addr", "-e", "tcp.flags.syn"],
        ["read", "-T", "fields", "-e", "frame.number", "-Y", "tcp.flags.syn == 1"],
    ],
    ids=lambda arguments: " ".join(arguments[:3]),
)
def test_the_same_output(arguments):
    captures = [f"pcaps/{name}.pcapng" for name in ("tcp_handshake", "tcp_options", "port_unreachable", "vlan")]
    compiled, interpreted = run(COMPILED, *arguments, *captures), run(INTERPRETED, *arguments, *captures)
    assert interpreted.stdout == compiled.stdout
    assert compiled.stdout != ""
    slow = "rawcap: its compiled part is missing, so this takes a hundred times as long: install a C compiler, then "
    assert interpreted.stderr.startswith(slow) == (arguments[0] != "read")
    assert compiled.stderr == ""
