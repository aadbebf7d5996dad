"""The part of the packaging that is not data: compiling the walker.

`dissectors/walk.py` is plain Python that Cython also compiles. The extension is optional: with a C compiler the walker
runs at native speed, without one the installation succeeds all the same and the very same file is interpreted.
Everything else about the package is in pyproject.toml.
"""

from __future__ import annotations

from pathlib import Path

from Cython.Build import cythonize
from setuptools import setup
from setuptools.command.build_ext import build_ext

WALKER = Path("dissectors/walk.py")


class BuildWalker(build_ext):
    """Build the walker, never leaving an earlier build where Python would prefer it to a newer walk.py."""

    def run(self) -> None:
        if self.inplace:
            for stale in WALKER.parent.glob(f"{WALKER.stem}.*.so"):
                stale.unlink()
        super().run()


extensions = cythonize(
    [str(WALKER)] if WALKER.exists() else [],
    build_dir="build",  # the generated C stays out of the package
    compiler_directives={"language_level": 3, "boundscheck": True},
)
for extension in extensions:
    extension.optional = True  # cythonize() does not carry this over from the Extension it is given

setup(ext_modules=extensions, cmdclass={"build_ext": BuildWalker})
