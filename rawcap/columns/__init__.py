"""Captures as tables: the fields of millions of packets as columns."""
