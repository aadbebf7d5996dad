"""What tests of network programs need: captures with a certain beginning and end, and what was seen in them.

    barrier.py    the proof that a capture has everything that was sent before its end
    capturing.py  the capture around a `with` block
    seen.py       connections, exchanges and packets, to be asserted on

`rawcap.pytest_plugin` gives these to tests of pytest.
"""
