"""`python -m rawcap`: the same as the command `rawcap`."""

from __future__ import annotations

from rawcap.cli import main

if __name__ == "__main__":
    main()
