"""Whether a step went as the lesson says."""

from __future__ import annotations

from typing import Any

import pytest

from rawcap.lab.judging import Step, check
from rawcap.stack.event import FRAME, NOTE, RETURN, Event
from rawcap.tcp.verify.rules import BROKEN, HOLDS


def step(*events: Event, **values: Any) -> Step:
    """A step with expectations."""
    told = {"step": "it", "number": "1", "frames": [1], "seen": {"server": ["LISTEN"]}, "by": "sockets"}
    return Step(Event(0, NOTE, "step", values={**told, **values}), list(events))


SYN = Event(1, FRAME, "frame", who="client", packet=1, values={"kind": "SYN"})
REFUSED = Event(2, RETURN, "connect", who="client", errno="ECONNREFUSED", result=-1)


@pytest.mark.parametrize(
    ("made", "verdict", "detail"),
    [
        (step(SYN, wire=["client SYN"]), HOLDS, "on the wire client SYN"),
        (step(SYN, wire=[]), BROKEN, "on the wire client SYN, not nothing"),
        (step(wire=[]), HOLDS, "on the wire nothing"),
        (step(wire=["client SYN"]), BROKEN, "on the wire nothing, not client SYN"),
        (step(states={"server": ["LISTEN"]}), HOLDS, "server LISTEN"),
        (step(states={"server": ["CLOSED"]}), BROKEN, "server LISTEN, not CLOSED"),
        (step(states={"client": []}), HOLDS, "client no socket"),
        (step(REFUSED, errors=["ECONNREFUSED"]), HOLDS, "ECONNREFUSED"),
        (step(REFUSED, errors=[]), BROKEN, "calls failed with ECONNREFUSED, not none"),
        (step(errors=["ETIMEDOUT"]), BROKEN, "calls failed with no error, not ETIMEDOUT"),
    ],
)
def test_a_step_is_judged_by_its_frames_states_and_errors(made: Step, verdict: str, detail: str) -> None:
    found = check(made)
    assert found is not None
    assert (found.verdict, found.detail) == (verdict, detail)


def test_a_step_of_which_nothing_is_expected_is_not_judged() -> None:
    assert check(step(SYN)) is None
