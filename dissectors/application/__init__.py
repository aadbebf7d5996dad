"""Application layer (RFC 1123): messages carried by transport."""

import dissectors.application.dhcp
import dissectors.application.dhcpv6
import dissectors.application.dns
import dissectors.application.http
import dissectors.application.ntp
import dissectors.application.openflow
import dissectors.application.quic
import dissectors.application.sflow
import dissectors.application.snmp
import dissectors.application.ssh
import dissectors.application.tls
