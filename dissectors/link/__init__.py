"""Link layer (RFC 1122, 2): what a capture's link type names, and what frames a datagram on it."""

import dissectors.link.ethernet
import dissectors.link.vlan
