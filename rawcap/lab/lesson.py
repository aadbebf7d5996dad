"""What a lesson is: the calls that are played, what must hold at the end, and the rows of the course it shows."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rawcap.lab.relay import Conditions

if TYPE_CHECKING:
    from rawcap.lab.scene import Scene


_PERFECT = Conditions()


@dataclass(frozen=True)
class Lesson:
    """A lesson; its words are in the TOML file of its name (narration.py).

    `play` makes its calls. `expects` is what `rawcap verify --expect` must confirm of the packets at the end, of what
    goes wrong on purpose too; `tolerant` what is left of it when the link is bad by the user's wish or a program of
    the user's plays a part. `rows` are the rows of the course that it shows. `conditions` are those of the link where
    the lesson itself needs a bad one; `loopback` has it played on the loopback interface of one host; `ipv6` gives the
    hosts IPv6 addresses. `replaceable` are the parts, "client" and "server", that a program of the user's may take, who
    finds the server at `port`.
    """

    name: str
    play: Callable[[Scene], None]
    expects: tuple[str, ...]
    tolerant: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    conditions: Conditions = _PERFECT
    loopback: bool = False
    ipv6: bool = False
    replaceable: tuple[str, ...] = ()
    port: int = 9000


ORDER = (
    *("tcp", "udp", "ipv6", "concurrent", "refused", "timeout", "reset", "half-close", "time-wait"),
    *("simultaneous-open", "zero-window", "retransmission", "fragmentation", "path-mtu", "keepalive", "nagle"),
    *("raw", "packet", "unix", "route", "key"),
)
"""The order in which lessons are listed: that of the course."""


def names() -> list[str]:
    """The lessons that there are, in the order of the course."""
    from rawcap.lab import lessons

    found = {module.name.replace("_", "-") for module in pkgutil.iter_modules(lessons.__path__)}
    return [name for name in ORDER if name in found] + sorted(found - set(ORDER))


def lesson(name: str) -> Lesson:
    """The lesson of a name.  Raises KeyError where there is none."""
    if name not in names():
        raise KeyError(name)
    found: Lesson = importlib.import_module(f"rawcap.lab.lessons.{name.replace('-', '_')}").LESSON
    return found
