"""Application layer (RFC 1123): messages carried by transport."""
