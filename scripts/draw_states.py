"""Draw the TCP state machine of rawcap/tcp/states.py into rawcap/tcp/README.md.

    draw_states.py            writes what lies between the two markers of that page
    draw_states.py --check    writes nothing; ends with 1 where the page is not as it would be written

It draws Mermaid state diagrams, of what the RFC says and of what a side proves by what it sends, and a table of all
states and events. Run it with the interpreter that ./scripts/test set up.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from rawcap.tcp.states import EVENTS, PROOF, STATES, TABLE, Transition

PAGE = Path(__file__).resolve().parent.parent / "rawcap/tcp/README.md"
BEGIN = "<!-- drawn by scripts/draw_states.py: begin -->\n"
END = "<!-- drawn by scripts/draw_states.py: end -->\n"


def identifier(state: str) -> str:
    """The name of a state that Mermaid accepts: it takes no hyphens."""
    return state.replace("-", "_")


def diagram(arrows: Iterable[Transition]) -> list[str]:
    """The lines of a Mermaid diagram, with one arrow for all events that lead from one state to another."""
    labels: dict[tuple[str, str], list[str]] = {}
    for arrow in arrows:
        labels.setdefault((arrow.state, arrow.new), []).append(arrow.event)
    drawn = [state for state in STATES if any(state in ends for ends in labels)]
    return [
        "```mermaid",
        "stateDiagram-v2",
        *(f'    state "{state}" as {identifier(state)}' for state in drawn),
        *(f"    {identifier(old)} --> {identifier(new)}: {'<br/>'.join(how)}" for (old, new), how in labels.items()),
        "```",
    ]


def table() -> list[str]:
    """The lines of a table with a row for each state and a column for each event."""
    cells = {(arrow.state, arrow.event): f"{arrow.new}<br><sub>{arrow.rule}</sub>" for arrow in TABLE}
    rows = [
        ["state", *EVENTS],
        ["---"] * (1 + len(EVENTS)),
        *([f"**{state}**", *(cells.get((state, event), "") for event in EVENTS)] for state in STATES),
    ]
    return [f"| {' | '.join(row)} |" for row in rows]


def drawing() -> str:
    """All that lies between the markers."""
    shown = [arrow for arrow in TABLE if not arrow.event.endswith("RST")]
    lines = [
        "What RFC 9293 says, without the resets:",
        "",
        *diagram(arrow for arrow in shown if arrow.rule != PROOF),
        "",
        "What a side proves by what it sends, and what is concluded where nothing is proved yet:",
        "",
        *diagram(arrow for arrow in shown if arrow.rule == PROOF),
        "",
        "Everything, with the section of RFC 9293 that says so. An empty cell changes nothing.",
        "",
        *table(),
    ]
    return "".join(f"{line}\n" for line in lines)


def redrawn(page: str) -> str:
    """The page with the drawing as it should be; ValueError where it lacks the markers."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError("has no place for the drawing: the markers are missing")
    return f"{before}{BEGIN}\n{drawing()}\n{END}{after}"


def main(arguments: list[str]) -> int | str:
    """The status to end with, or a line that says what is wrong, which makes it 1."""
    if arguments not in ([], ["--check"]):
        sys.stderr.write("usage: draw_states.py [--check]\n")
        return 2
    page = PAGE.read_text()
    try:
        new = redrawn(page)
    except ValueError as mistake:
        return f"{PAGE}: {mistake}"
    if arguments:
        return 0 if page == new else f"{PAGE}: not up to date with rawcap/tcp/states.py: run scripts/draw_states.py"
    PAGE.write_text(new)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
