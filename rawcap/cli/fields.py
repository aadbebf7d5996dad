"""`rawcap fields`: the names that filters, `-e` and JSON know."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from fnmatch import fnmatchcase

import click

from rawcap.cli.load import load_option
from rawcap.cli.terminal import width
from rawcap.show.table import table


@click.command("fields")
@click.argument("pattern", required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line instead of columns.")
@load_option
def command(pattern: str | None, as_json: bool) -> int:
    """List the fields that filters and views know: name, type, meaning, protocol.

    PATTERN is a part of the name or of the meaning, or a pattern with * and ? that the whole of one must match.
    """
    rows = [row for row in _rows() if pattern is None or _matches(pattern, row["name"], row["meaning"])]
    if as_json:
        for row in rows:
            sys.stdout.write(json.dumps(row) + "\n")
    else:
        for line in table([list(row.values()) for row in rows], width()):
            sys.stdout.write(line + "\n")
    if not rows:
        raise click.ClickException(f"no field has {pattern!r} in its name or meaning")
    return 0


def _rows() -> Iterator[dict[str, str]]:
    from dissectors.packet import Interface  # imports every protocol, which --help can do without

    for name, declarations in sorted(Interface().graph.fields.items()):
        field = declarations[0]
        if not name or field.owner is None or field.type in ("options", "repeat"):
            continue
        kind = f"{field.type}{field.bits}" if field.type in ("uint", "int") else field.type
        owner = field.owner
        yield {"name": name, "type": kind, "meaning": field.meaning, "protocol": owner.title}


def _matches(pattern: str, *texts: str) -> bool:
    pattern = pattern.lower()
    if any(each in pattern for each in "*?["):
        return any(fnmatchcase(text.lower(), pattern) for text in texts)
    return any(pattern in text.lower() for text in texts)
