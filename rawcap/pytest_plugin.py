"""The plugin for pytest: what a test sends and receives, to be asserted on.

    def test_client_closes_cleanly(packets):
        with packets.capture("tcp port 9000") as seen:
            run_client()
        conn, = seen.connections
        assert conn.handshake.complete and conn.closed == "orderly"
        assert conn.client.sent == b"hello"

A test that fails shows the ladder of each connection, and of each UDP exchange, that it saw: the first five. What a
connection, a side and an exchange have stands at the beginning of `rawcap.testing.seen`. A test that may not capture
is skipped, and the reason says why; with `--rawcap-unshare` pytest moves into a network namespace of its own, where
it may.

Every pytest loads this module, so it imports nothing before a test asks for packets.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Generator
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from rawcap.testing.seen import Seen

_MOST_LADDERS = 5  # of one capture, in the report of a failure
_LONGEST_NAME = 200  # octets of a file's name; no file system takes more than 255

_SEEN: pytest.StashKey[list[Seen]] = pytest.StashKey()


class Packets:
    """The fixture `packets`: captures live, and reads what was recorded."""

    def __init__(self, seen: list[Seen]) -> None:
        self._seen = seen

    def capture(
        self, filter: str = "", interface: str = "lo", *, ring_octets: int = 64 << 20
    ) -> AbstractContextManager[Seen]:
        """Capture on an interface, as long as a `with` block lasts, what passes a filter of pcap-filter(7).

        It has begun when the block begins, and has everything that was sent up to the end of the block:
        `rawcap.testing.capturing` says what is promised, and what it raises. Only the filter tells the traffic of
        this test from others' that run at the same time: give each a port of its own. `ring_octets` is the memory
        for packets that wait to be read. Where this user may not capture, the test is skipped.
        """
        return _Block(self._seen, filter, interface, ring_octets)

    def read(self, path: str | os.PathLike[str], display_filter: str | None = None) -> Seen:
        """What a capture file holds, or of it what passes a filter in Wireshark's language. Takes no privilege.

        Raises CaptureError and FilterError, as `rawcap.read` does.
        """
        __tracebackhide__ = True
        import rawcap
        from rawcap.files import CaptureError
        from rawcap.testing.seen import Seen, brief

        try:
            with rawcap.read(path, display_filter) as reading:
                seen = Seen(os.fspath(path), reading)
        except (CaptureError, ValueError) as error:
            raise brief(error) from None
        self._seen.append(seen)
        return seen


class _Block:
    """A capture around a `with` block; what it raises points at the block, not at what is inside of rawcap."""

    def __init__(self, every: list[Seen], filter: str, interface: str, ring_octets: int) -> None:
        from rawcap.testing.capturing import Capturing

        self._every = every
        self._capturing = Capturing(filter, interface, ring_octets=ring_octets)

    def __enter__(self) -> Seen:
        __tracebackhide__ = True
        from rawcap.live import LiveError, NotPermitted
        from rawcap.testing.seen import brief

        try:
            seen = self._capturing.__enter__()
        except NotPermitted as error:
            pytest.skip(f"{error}; or give pytest --rawcap-unshare")
        except (LiveError, ValueError) as error:
            raise brief(error) from None
        self._every.append(seen)
        return seen

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        __tracebackhide__ = True
        from rawcap.live import LiveError
        from rawcap.testing.seen import brief

        try:
            self._capturing.__exit__(kind, error, traceback)
        except LiveError as failure:
            raise brief(failure) from None


@pytest.fixture
def packets(request: pytest.FixtureRequest) -> Packets:
    """Captures what the test sends and receives (`packets.capture`), and reads captures (`packets.read`)."""
    seen: list[Seen] = []
    request.node.stash[_SEEN] = seen
    return Packets(seen)


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the command line."""
    group = parser.getgroup("rawcap", "packets that tests send and receive")
    group.addoption(
        "--rawcap-save",
        metavar="DIR",
        default=None,
        help="keep in DIR what failing tests captured, as pcapng files named after the tests",
    )
    group.addoption(
        "--rawcap-unshare",
        action="store_true",
        default=False,
        help="run in a user and network namespace of its own, where capturing takes no privilege and nothing but the "
        "loopback interface can be reached",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Refuse what `--rawcap-save` cannot be, before any test has run."""
    folder = config.getoption("--rawcap-save")
    if folder is None:
        return
    path = config.invocation_params.dir / folder
    for each in (path, *path.parents):
        if os.path.lexists(each):
            if not each.is_dir():
                raise pytest.UsageError(f"--rawcap-save: {each} is there and is no folder")
            return


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Move into a namespace before anything else: a process with several threads cannot any more."""
    # The workers of pytest-xdist are started from within.
    if not early_config.known_args_namespace.rawcap_unshare or "PYTEST_XDIST_WORKER" in os.environ:
        return
    from rawcap.live import LiveError, own_namespace

    try:
        own_namespace.move()
    except LiveError as error:
        raise pytest.UsageError(f"--rawcap-unshare: {error}") from None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add to the report of a failure what was seen."""
    report = yield
    if report.failed and item.stash.get(_SEEN, None):
        every = item.stash[_SEEN]
        item.stash[_SEEN] = []
        for number, seen in enumerate(every):
            if seen.ended:
                report.sections += _ladders(seen, f"capture {number}, " if len(every) > 1 else "")
        folder = item.config.getoption("--rawcap-save")
        if folder is not None:
            saved = _saved(item.config.invocation_params.dir / folder, item.nodeid, every)
            report.sections += [("rawcap: saved", line) for line in saved]
    return report


def _ladders(seen: Seen, which: str) -> list[tuple[str, str]]:
    """The sections of a report that draw what a capture has: its connections, and then its UDP exchanges.

    What cannot be drawn is no second failure.
    """
    room = _MOST_LADDERS
    sections = []
    try:
        for noun, protocol, there in (
            ("connection", "tcp", len(seen.connections)),
            ("exchange", "udp", len(seen.exchanges)),
        ):
            drawn = min(there, room)
            room -= drawn
            for number in range(drawn):
                sections.append((f"rawcap: {which}{noun} {number}", seen.ladder(number, protocol)))
            if drawn < there:
                rest = there - drawn
                told = f"{rest} {'more ' if drawn else ''}of {there} {'is' if rest == 1 else 'are'} not shown"
                sections.append((f"rawcap: {which}more {noun}s", told))
    except Exception as error:
        return [(f"rawcap: {which}connections", f"{seen.title}: cannot be shown: {error!r}")]
    if not sections:
        told = f"{seen.title}: {_counted(len(seen.packets), 'packet')}, no TCP connection and no UDP exchange"
        return [(f"rawcap: {which}no connection", told)]
    return sections


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _saved(folder: Path, node: str, every: list[Seen]) -> list[str]:
    """Write what was captured live; gives a line for each file that says where it is, or why it is not."""
    from rawcap.files import CaptureError, create_capture

    lines = []
    live = [seen for seen in every if seen.live and seen.ended]
    for number, seen in enumerate(live):
        path = folder / f"{_file_name(node)}{f'.{number}' if len(live) > 1 else ''}.pcapng"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with create_capture(path, format="pcapng") as file:
                for packet in seen.packets:
                    file.write(packet)
            lines.append(f"{path}: {_counted(len(seen.packets), 'packet')}")
        except (CaptureError, OSError) as error:
            lines.append(f"not kept: {error}")
    return lines


def _file_name(node: str) -> str:
    """The name of a test as that of a file; two tests never have the same."""
    place, bracket, parameters = node.partition("[")
    name = place.replace("::", "--").replace("/", "-") + bracket + parameters
    plain = re.sub(r"[^\w.,=+@\[\]-]", "_", name, flags=re.ASCII)[:_LONGEST_NAME]
    if plain != name or "-" in place:
        plain += "-" + hashlib.sha256(node.encode()).hexdigest()[:8]
    return plain
