"""Transport layer (RFC 1122, 4.2): what carries data between two ports."""

import dissectors.transport.dccp
import dissectors.transport.dccp_options
import dissectors.transport.mptcp
import dissectors.transport.sctp
import dissectors.transport.sctp_chunks
import dissectors.transport.sctp_parameters
import dissectors.transport.tcp
import dissectors.transport.tcp_options
import dissectors.transport.udp
import dissectors.transport.udplite
