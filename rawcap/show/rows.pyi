"""What rows.py offers, for type checkers: the file itself is written in Cython's types."""

from collections.abc import Sequence

from dissectors.fields import Field
from rawcap.columns.cells import Cells
from rawcap.show.fields import Style

def says_all(fields: Sequence[Field]) -> bool: ...

class RowWriter:
    def __init__(self, columns: list[list[Field]], style: Style) -> None: ...
    def write(self, cells: list[list[Cells]], count: int) -> bytes: ...
