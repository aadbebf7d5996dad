"""The whole life of a TCP connection in the twelve steps of the course."""

from __future__ import annotations

from rawcap.lab.hosts import CLIENT, SERVER, SERVER_ADDRESS
from rawcap.lab.lesson import Lesson
from rawcap.lab.scene import Part, Scene
from rawcap.live.errors import LiveError
from rawcap.stack.event import FRAME, RETURN, Event

_DATA = "hello"
_START = 10.0  # seconds that a program of the user's has to begin to listen, or to connect
_ADDRESS = [SERVER_ADDRESS, 9000]


def _is_answer(event: Event) -> bool:
    return event.source == FRAME and event.who == SERVER


def _is_confirmation(event: Event) -> bool:
    if event.source == FRAME:
        return event.who == CLIENT and event.values["kind"] == "ACK"
    return event.source == RETURN and event.name == "connect"


def _is_accepted(event: Event) -> bool:
    return event.source == RETURN and event.name == "accept"


def play(scene: Scene) -> None:
    """Play it: with both parts rawcap's own, or one of them a program of the user's."""
    if SERVER in scene.programs and CLIENT in scene.programs:
        _both_programs(scene)
    elif SERVER in scene.programs:
        _own_server(scene)
    elif CLIENT in scene.programs:
        _own_client(scene)
    else:
        _twelve_steps(scene)


def _twelve_steps(scene: Scene) -> None:
    server, client = scene.actor(SERVER), scene.actor(CLIENT)
    with scene.step("server_socket", "1", wire=[], states={SERVER: ["CLOSED"], CLIENT: []}):
        listener = server.call("socket", "AF_INET", "SOCK_STREAM").fd
    with scene.step("bind", "2", wire=[], states={SERVER: ["CLOSED"], CLIENT: []}):
        server.call("bind", listener, _ADDRESS)
    with scene.step("listen", "3", wire=[], states={SERVER: ["LISTEN"], CLIENT: []}):
        server.call("listen", listener, 5)
    with scene.step("accept", wire=[], states={SERVER: ["LISTEN"], CLIENT: []}):
        server.begin("accept", listener)
    with scene.step("client_socket", "4", wire=[], states={SERVER: ["LISTEN"], CLIENT: ["CLOSED"]}):
        fd = client.call("socket", "AF_INET", "SOCK_STREAM").fd
    opened = {SERVER: ["LISTEN", "ESTABLISHED"], CLIENT: ["ESTABLISHED"]}
    parts = [
        Part("answer", "6", _is_answer, wire=["server SYN/ACK"]),
        Part("confirm", "7", _is_confirmation, wire=["client ACK"]),
        Part("accepted", "8", _is_accepted, wire=[], states=opened),
    ]
    with scene.step("connect", "5", wire=["client SYN"], parts=parts):
        client.call("connect", fd, _ADDRESS)
        taken = server.end().fd
    with scene.step("write", "9", wire=["client data", "server ACK"], states=opened):
        client.call("write", fd, _DATA)
    with scene.step("read", "10", wire=[], states=opened):
        server.call("read", taken, 100)
    closing = {SERVER: ["LISTEN", "CLOSE-WAIT"], CLIENT: ["FIN-WAIT-2"]}
    with scene.step("client_close", "11", wire=["client FIN", "server ACK"], states=closing):
        client.call("close", fd)
    closed = {SERVER: ["LISTEN"], CLIENT: ["TIME-WAIT"]}
    with scene.step("server_close", "12", wire=["server FIN", "client ACK"], states=closed):
        server.call("read", taken, 100)
        server.call("close", taken)


def _own_server(scene: Scene) -> None:
    """A student's server: it has to listen, to accept, to read until the end, and to close."""
    with scene.step("own_server"):
        program = scene.program(SERVER, SERVER_ADDRESS)
        assert program is not None
        scene.until(lambda: _listens(scene) or program.status is not None, _START)
    if not _listens(scene):
        raise LiveError(_does_not_listen(program.status, scene.lesson.port))
    client = scene.actor(CLIENT)
    with scene.step("client_socket", "4"):
        fd = client.call("socket", "AF_INET", "SOCK_STREAM").fd
    with scene.step("connect_own", "5"):
        client.call("connect", fd, _ADDRESS)
    with scene.step("write", "9"):
        client.call("write", fd, _DATA)
    with scene.step("client_close_own", "11"):
        client.call("shutdown", fd, "SHUT_WR")
    with scene.step("server_close_own", "12"):
        client.begin("read", fd, 100)
        scene.until(lambda: not client.waiting_for, _START)
        if not client.waiting_for:
            client.call("close", fd)
        program.end(1.0)


def _own_client(scene: Scene) -> None:
    """A student's client: it has to connect, to write, and to close."""
    server = scene.actor(SERVER)
    with scene.step("listen_own", "1"):
        listener = server.call("socket", "AF_INET", "SOCK_STREAM").fd
        server.call("bind", listener, _ADDRESS)
        server.call("listen", listener, 5)
    with scene.step("accept"):
        server.begin("accept", listener)
    with scene.step("own_client"):
        program = scene.program(CLIENT, SERVER_ADDRESS)
        assert program is not None
        scene.until(lambda: not server.waiting_for or program.status is not None, _START)
        scene.collect(0.2)
    if server.waiting_for:
        raise LiveError(f"the client did not connect to {SERVER_ADDRESS} port {scene.lesson.port} within {_START:g} s")
    taken = server.end().fd
    with scene.step("server_reads_own", "10"):
        ended = False
        while not ended:
            server.begin("read", taken, 100)
            if not scene.until(lambda: not server.waiting_for, _START):
                break
            ended = (server.end().result or 0) <= 0
        if ended:
            server.call("close", taken)
        program.end(1.0)


def _both_programs(scene: Scene) -> None:
    """Two programs of a student's: what they do is shown."""
    with scene.step("own_server"):
        server = scene.program(SERVER, SERVER_ADDRESS)
        assert server is not None
        scene.until(lambda: _listens(scene) or server.status is not None, _START)
    if not _listens(scene):
        raise LiveError(_does_not_listen(server.status, scene.lesson.port))
    with scene.step("own_client"):
        client = scene.program(CLIENT, SERVER_ADDRESS)
        assert client is not None
        scene.until(lambda: client.status is not None, _START)
        server.end(1.0)


def _listens(scene: Scene) -> bool:
    port = scene.lesson.port
    return any(each.state == "LISTEN" and each.local[1] == port for each in scene.server_host.sockets())


def _does_not_listen(status: int | None, port: int) -> str:
    if status is None:
        return f"the server does not listen on port {port} within {_START:g} s: RAWCAP_PORT and {{port}} tell it which"
    return f"the server ended with status {status} before it listened on port {port}"


LESSON = Lesson(
    name="tcp",
    play=play,
    expects=(
        *("connections=1", "handshake", "server-port=9000", "bytes-to-server=5", "bytes-to-client=0"),
        *("no-retransmission", "orderly-close", "closed-by=client", "time-wait=client"),
    ),
    tolerant=("connections=1", "handshake", "server-port=9000", "orderly-close", "closed-by=client"),
    rows=(
        "ideas: three parameters",
        "ideas: ClientSocket and serverSocket",
        "ideas: three steps to a connection",
        "ideas: accept() blocks",
        *(f"step {number}" for number in range(1, 13)),
    ),
    replaceable=(SERVER, CLIENT),
)
