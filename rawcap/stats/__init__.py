"""Statistics of captures: conversations, endpoints, ports, protocols, lengths and times, as Wireshark counts them.

Everything is counted in one pass, from batches of packets (`batch.py`), by objects that take one batch after the other
(`add`), add up what others of their kind counted (`merge`), and tell at any time what they have (`rows`).
"""
