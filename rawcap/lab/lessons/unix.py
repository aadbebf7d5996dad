"""AF_LOCAL: the same calls, and no frame on any interface."""

from __future__ import annotations

from rawcap.lab.hosts import CLIENT, SERVER
from rawcap.lab.lesson import Lesson
from rawcap.lab.scene import Scene

_NAME = "\0rawcap-lab"  # abstract (unix(7)): no file, and known in this network namespace alone


def play(scene: Scene) -> None:
    """A conversation between two processes of one host."""
    server, client = scene.actor(SERVER), scene.actor(CLIENT)
    with scene.step("listen", "1", wire=[]):
        listener = server.call("socket", "AF_UNIX", "SOCK_STREAM").fd
        server.call("bind", listener, _NAME)
        server.call("listen", listener, 5)
    with scene.step("connect", "2", wire=[]):
        fd = client.call("socket", "AF_UNIX", "SOCK_STREAM").fd
        client.call("connect", fd, _NAME)
        taken = server.call("accept", listener).fd
    with scene.step("talk", "3", wire=[]):
        client.call("write", fd, "hello")
        server.call("read", taken, 100)
    with scene.step("close", "4", wire=[], errors=["EPIPE"]):
        client.call("close", fd)
        server.call("read", taken, 100)
        server.call("write", taken, "anyone?")


LESSON = Lesson(
    name="unix",
    play=play,
    expects=("connections=0", "exchanges=0"),
    loopback=True,
    rows=("calls: AF_LOCAL", "errors: EPIPE"),
)
