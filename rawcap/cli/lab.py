"""`rawcap lab`: the socket labs, listed, played live, or seen again from a recording.

A lab is played by a child process that has hosts of its own; this one waits for it and gives its exit status.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rawcap.cli.terminal import Mistake, drop_output, knows_signs, page_width, say, set_up_output
from rawcap.lab.lesson import Lesson, lesson, names
from rawcap.lab.narration import LANGUAGES, usual_language, words
from rawcap.lab.relay import Conditions
from rawcap.live.errors import LiveError, NotPermitted
from rawcap.show import colours

if TYPE_CHECKING:
    from dissectors.packet import Packet
    from rawcap.lab.hosts import Guardian
    from rawcap.lab.judging import Step, Verdict
    from rawcap.lab.narrator import Narrator
    from rawcap.stack.event import Event
    from rawcap.tcp.verify.rules import Check

_FAILED = 1
_NOT_PERMITTED = 3
_MOST_DELAY = 2.0  # seconds: with more, a step takes longer than the labs wait
_PLAYED = "the lesson is played to its end"

_MANUAL = """\b
A program of yours takes a part with --server or --client, in the labs that say so. {host} and {port} in the command,
or RAWCAP_HOST and RAWCAP_PORT in its environment, tell it where to listen or to connect to:
  rawcap lab tcp --server './my_server {port}' --client 'python my_client.py'

\b
A plain user needs a kernel that gives out user namespaces; --replay needs nothing at all. The exit status is 0 when
everything the lesson expects holds, 1 when not, 2 when the command line is wrong, 3 when this user may not."""


class Share(click.ParamType[float]):
    """A share of all frames: "5%" or "0.05"."""

    name = "share"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The share, from 0 to 1; a default comes as one already."""
        if isinstance(value, float):
            return value
        found = re.fullmatch(r"(\d+(?:\.\d+)?)(%?)", value.strip())
        share = float(found[1]) / (100 if found[2] else 1) if found else 2.0
        if share > 1:
            self.fail(f"{value!r} is no share: write it like 5% or 0.05", param, ctx)
        return share


class Delay(click.ParamType[float]):
    """A time: "20ms" or "0.1s"; in seconds."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The time in seconds; a default comes as that already."""
        if isinstance(value, float):
            return value
        found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(ms|s)", value.strip())
        if not found:
            self.fail(f"{value!r} is no time: write it like 20ms or 0.1s", param, ctx)
        seconds = float(found[1]) / (1000 if found[2] == "ms" else 1)
        if seconds > _MOST_DELAY:
            self.fail(f"{value} is too long: {_MOST_DELAY:g}s at the most", param, ctx)
        return seconds


@click.command("lab", context_settings={"max_content_width": 118}, epilog=_MANUAL)
@click.argument("name", required=False)
@click.option("--step", is_flag=True, help="Wait for a key before each call.")
@click.option("--loss", type=Share(), metavar="5%", default=0.0, help="Frames that the link loses.")
@click.option("--delay", type=Delay(), metavar="20ms", default=0.0, help="How long each takes, each way.")
@click.option("--reorder", type=Share(), metavar="5%", default=0.0, help="Frames that the next one overtakes.")
@click.option("--duplicate", type=Share(), metavar="5%", default=0.0, help="Frames that come twice.")
@click.option("--seed", type=int, metavar="N", help="The bad luck of the link: the same again.  [default: 1]")
@click.option("--lang", type=click.Choice(LANGUAGES), help="Language of the words.  [default: by LANG]")
@click.option("--server", metavar="COMMAND", help="Your program is the server.")
@click.option("--client", metavar="COMMAND", help="Your program is the client.")
@click.option("--replay", "recording", metavar="FILE", help="Show a recording; needs no privilege.")
@click.option("-w", "--write", "output", metavar="FILE", help="Write the packets, with the timeline, as pcapng.")
@click.option(
    "-T",
    "--view",
    type=click.Choice(["text", "json", "junit"]),
    default="text",
    help="Text, an object a line, or JUnit XML.  [default: text]",
)
@click.option(
    "--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colours; auto is on a terminal."
)
def command(
    name: str | None,
    step: bool,
    loss: float,
    delay: float,
    reorder: float,
    duplicate: float,
    seed: int | None,
    lang: str | None,
    server: str | None,
    client: str | None,
    recording: str | None,
    output: str | None,
    view: str,
    color: str,
) -> int:
    """Play a socket lab: real sockets on two hosts of its own, each call with the frames that it causes.

    Without NAME the labs are listed. What is shown is captured by rawcap, and at the end verified by it.
    """
    language = lang or usual_language()
    bad = {"--loss": loss, "--delay": delay, "--reorder": reorder, "--duplicate": duplicate, "--seed": seed}
    programs = {part: told for part, told in (("server", server), ("client", client)) if told is not None}
    live = [option for option, value in bad.items() if value] + [f"--{part}" for part in programs]
    set_up_output(live=True)
    if recording is not None:
        if live or output is not None:
            raise click.UsageError(f"{[*live, '-w'][0]} does not go with --replay: what was recorded is shown")
        return _replay(name, recording, language, view, color, step)
    if name is None:
        if live or output is not None or step:
            raise click.UsageError("give the NAME of a lab")
        _list(language, view)
        return 0
    chosen = _chosen(name)
    for part in programs:
        if part not in chosen.replaceable:
            raise Mistake(f"--{part}: in the lab {name} no program of yours can take that part")
    conditions = chosen.conditions
    if any((loss, delay, reorder, duplicate)) or seed is not None:
        if chosen.loopback:
            raise Mistake(f"{live[0]}: the lab {name} is played on the loopback interface, which has no bad link")
        conditions = Conditions(loss, delay, reorder, duplicate, 1 if seed is None else seed, conditions.lose)
    if output is not None:
        _check_output(output)

    from rawcap.files import CaptureError
    from rawcap.lab.hosts import apart

    def play(guardian: Guardian) -> int:
        try:
            return _play(guardian, chosen, conditions, programs, language, view, color, step, output)
        except (LiveError, CaptureError) as error:
            say(str(error))
        except BrokenPipeError:
            drop_output()
            return 141
        return _FAILED

    try:
        return apart(play)
    except NotPermitted as error:
        say(str(error))
        return _NOT_PERMITTED


def _chosen(name: str) -> Lesson:
    """The lesson of a name.  Raises Mistake where there is none."""
    try:
        return lesson(name)
    except KeyError:
        raise Mistake(f"there is no lab {name!r}; there are {', '.join(names())}") from None


def _list(language: str, view: str) -> None:
    """The labs that there are."""
    known = names()
    room = max(map(len, known))
    for each in known:
        say_it = words(each, language)
        if view == "json":
            print(json.dumps({"lab": each, "title": say_it("lesson.title")}, ensure_ascii=False))
        else:
            print(f"{each:<{room}}  {say_it('lesson.title')}")


def _check_output(output: str) -> None:
    """Raise Mistake for a file that a lab could not write: better before it is played than behind it."""
    path = Path(output)
    if not output.endswith(".pcapng"):
        raise Mistake(f"-w {output}: a timeline is written to a pcapng file, so give it a name that ends with .pcapng")
    if not path.parent.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise Mistake(f"-w {output}: it cannot be written there")


# -- playing --------------------------------------------------------------------------------------------------


class _Objects:
    """Tells a lesson as JSON, an object a line for each event."""

    def opening(self, note: Event, file: str = "") -> None:
        self._print(note)

    def before(self, note: Event) -> None:
        pass

    def after(self, step: Step) -> None:
        for event in (step.note, *step.events):
            self._print(event)

    def _print(self, event: Event) -> None:
        from rawcap.stack.event import as_object

        print(json.dumps(as_object(event), ensure_ascii=False))


class _Silent(_Objects):
    """Tells nothing on the way: a report is for the end."""

    def _print(self, event: Event) -> None:
        pass


def _narrator(name: str, language: str, color: str, step: bool) -> Narrator:
    from rawcap.lab.narrator import Narrator

    return Narrator(
        name,
        language,
        lambda line: print(line),
        width=page_width(),
        paint=colours.Paint(colours.wanted(color, sys.stdout, os.environ)),
        plain=not knows_signs(),
        pause=_wait_for_key if step else None,
    )


def _wait_for_key(prompt: str) -> None:
    """Wait until a key is pressed, on a terminal, or until a line comes, from anywhere else; its end is the last."""
    if not sys.stdin.isatty():
        sys.stdin.readline()
        return
    import termios
    import tty

    print(f"  [{prompt}]", end="", flush=True)
    before = termios.tcgetattr(0)
    try:
        tty.setcbreak(0)
        os.read(0, 8)
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)
    print("\r\x1b[K", end="", flush=True)


def _play(
    guardian: Guardian,
    chosen: Lesson,
    conditions: Conditions,
    programs: Mapping[str, str],
    language: str,
    view: str,
    color: str,
    step: bool,
    output: str | None,
) -> int:
    """Play a lesson on hosts of its own, and say what became of it."""
    from rawcap.lab.scene import Scene
    from rawcap.tcp.verify.rules import BROKEN, HOLDS, Check

    teller = _teller(chosen.name, language, view, color, step)
    more: list[tuple[str, Check]] = []
    try:
        with Scene(chosen, guardian, teller, conditions, programs) as scene:
            teller.opening(scene.opening)
            try:
                chosen.play(scene)
            except LiveError as error:
                more.append((_PLAYED, Check(BROKEN, str(error))))
            for part, program in scene.running.items():
                status = program.status
                verdict = BROKEN if status else HOLDS
                said = "it runs on until the lab ends it" if status is None else f"it ended with status {status}"
                more.append((f"the {part} does not fail", Check(verdict, said)))
            scene.finish()
    except KeyboardInterrupt:
        return 130
    opening = scene.opening
    opening.values["more"] = [[text, found.verdict, found.detail] for text, found in more]  # type: ignore[index]
    if output is not None:
        _write(output, scene.packets, scene.capture_interface, scene.events)
    return _conclude(teller, scene.steps, scene.packets, opening, view, scene.dropped)


def _teller(name: str, language: str, view: str, color: str, step: bool) -> Narrator | _Objects:
    if view == "text":
        return _narrator(name, language, color, step)
    return _Objects() if view == "json" else _Silent()


def _write(output: str, packets: Sequence[Packet], interface: Any, events: Sequence[Event]) -> None:
    """Write the packets, and the timeline with them."""
    from rawcap.files import create_capture
    from rawcap.stack.recording import write

    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "lab.pcapng"
        with create_capture(plain) as writer:
            writer.begin(interface)
            for packet in packets:
                writer.write(packet)
        write(output, plain, events)


def _replay(name: str | None, path: str, language: str, view: str, color: str, step: bool) -> int:
    """Show a recording, and judge it again."""
    from rawcap.files import CaptureError, open_capture
    from rawcap.lab.judging import steps_of
    from rawcap.stack.event import NOTE
    from rawcap.stack.recording import read_timeline

    try:
        events = read_timeline(path, problem=lambda text: say(f"{path}: {text}"))
        with open_capture(path) as capture:
            packets = list(capture)
    except CaptureError as error:
        say(str(error))
        return _FAILED
    opening = next((event for event in events if event.source == NOTE and "lesson" in event.values), None)
    if opening is None:
        say(f"{path} is no recording of a lab: it has no steps")
        return _FAILED
    told = str(opening.values["lesson"])
    if name is not None and name != told:
        raise Mistake(f"{path} is a recording of the lab {told}, not of {name}")
    _chosen(told)
    teller = _teller(told, language, view, color, step)
    try:
        steps = steps_of(events, packets)
    except (KeyError, TypeError):
        say(f"{path} is a damaged recording of the lab {told}")
        return _FAILED
    teller.opening(opening, path)
    for each in steps:
        teller.before(each.note)
        teller.after(each)
    return _conclude(teller, steps, packets, opening, view, 0)


def _conclude(
    teller: Narrator | _Objects,
    steps: Sequence[Step],
    packets: Sequence[Packet],
    opening: Event,
    view: str,
    dropped: int,
) -> int:
    """Say what rawcap finds in the packets, and whether everything went as the lesson says."""
    from rawcap.lab.judging import judge
    from rawcap.tcp.verify.rules import Check

    more = [(text, Check(verdict, detail)) for text, verdict, detail in opening.values.get("more", [])]
    verdict: Verdict = judge(steps, packets, opening.values["expects"], more)
    everything = [*verdict.steps, *verdict.expected]
    if view == "junit":
        from rawcap.cli.junit import as_junit

        print(as_junit(verdict.cases, everything, [], None))
    elif view == "json":
        from rawcap.show.verify import as_json

        for line in as_json(verdict.cases, everything):
            print(line)
    else:
        closing: Callable[..., None] = teller.closing  # type: ignore[union-attr]
        closing(verdict, dropped)
    return 0 if verdict.holds else _FAILED
