"""Internet layer (RFC 1122, 3): IP, what extends it, what reports on it, and what tunnels it."""

import dissectors.internet.ipv4
import dissectors.internet.ipv6
