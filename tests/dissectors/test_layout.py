"""layout.py: the C compiler has the same numbers."""

import re
from pathlib import Path

from dissectors import layout


def test_layout_pxd_has_every_number_of_layout_py():
    written = Path(layout.__file__).with_suffix(".pxd").read_text()
    told = {name: int(value) for name, value in re.findall(r"^    (\w+) = (-?\d+)$", written, re.MULTILINE)}
    assert told == {name: value for name, value in vars(layout).items() if isinstance(value, int)}
