"""The part of the packaging that is not data: compiling the hot loops.

The files of COMPILED are plain Python that Cython also compiles. The extensions are optional: with a C compiler they
run at native speed, without one the installation succeeds all the same and the very same files are interpreted.
Everything else about the package is in pyproject.toml.
"""

from __future__ import annotations

from pathlib import Path

from Cython.Build import cythonize
from setuptools import setup
from setuptools.command.build_ext import build_ext

COMPILED = tuple(
    Path(source)
    for source in (
        "dissectors/walk.py",
        "rawcap/files/records.py",
        "rawcap/live/frames.py",
        "rawcap/show/lines.py",
        "rawcap/show/rows.py",
        "rawcap/stats/numbering.py",
        "rawcap/tcp/analysis.py",
        "rawcap/tcp/connection.py",
        "rawcap/tcp/segment.py",
        "rawcap/tcp/tracker.py",
    )
)


class BuildLoops(build_ext):
    """Build the extensions, never leaving an earlier build where Python would prefer it to a newer source."""

    def run(self) -> None:
        if self.inplace:
            for source in COMPILED:
                for stale in source.parent.glob(f"{source.stem}.*.so"):
                    stale.unlink()
        super().run()


extensions = cythonize(
    [str(source) for source in COMPILED if source.exists()],
    build_dir="build",  # the generated C stays out of the package
    compiler_directives={"language_level": 3, "boundscheck": True},
)
for extension in extensions:
    extension.optional = True  # cythonize() does not carry this over from the Extension it is given

setup(ext_modules=extensions, cmdclass={"build_ext": BuildLoops})
