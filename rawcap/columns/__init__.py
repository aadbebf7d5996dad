"""Captures as tables: the fields of millions of packets as columns."""

import os

# numpy starts threads for linear algebra when it is imported, and they spin for a while: nothing here needs them.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
