# The Python environment of the checkout, for the scripts beside this file: sourced by them, never run.
#
# It expects `script`, the real path of the caller; sets `root`, the checkout, and `venv`; and defines `ensure`. The way
# through when all is in place costs no process, so that a started script adds next to nothing; anything else is left to
# set_up.py, which holds a lock and may take its time.

root=${script%/scripts/*}
venv=$root/.venv

# What the installed package is built from: when one of these is newer than the installation, it is made again.
sources='pyproject.toml setup.py dissectors/walk.py dissectors/layout.pxd rawcap/files/records.py rawcap/live/frames.py rawcap/show/lines.py rawcap/show/rows.py rawcap/stats/numbering.py rawcap/tcp/analysis.py rawcap/tcp/connection.py rawcap/tcp/segment.py rawcap/tcp/tracker.py rawcap/tcp/analysis.pxd rawcap/tcp/connection.pxd rawcap/tcp/segment.pxd rawcap/tcp/tracker.pxd'

# installed STAMP: whether the environment is this checkout's and at least as new as its sources.
installed() {
    [ -x "$venv/bin/python" ] && [ -r "$1" ] && read -r place <"$1" && [ "$place" = "$root" ] || return 1
    for source in $sources; do
        [ "$root/$source" -nt "$1" ] && return 1
    done
    return 0
}

# find_python: the first interpreter that is new enough, in `python`.
find_python() {
    for python in python3 python3.14 python3.13 python3.12 python3.11; do
        "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && return 0
    done
    echo "rawcap: needs Python 3.11 or later, and found none on PATH: install it (Debian 12, Ubuntu 24.04: apt install python3 python3-venv)" >&2
    return 1
}

# ensure run|test: the package is installed in .venv, for `test` with what the tests need.
ensure() {
    installed "$venv/installed-$1" && return 0
    find_python || return 1
    # shellcheck disable=SC2086  # the list is meant to be split
    "$python" "$root/scripts/set_up.py" "$1" $sources
}
