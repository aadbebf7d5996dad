"""Transport layer (RFC 1122, 4.2): what carries data between two ports."""

import dissectors.transport.tcp
import dissectors.transport.udp
