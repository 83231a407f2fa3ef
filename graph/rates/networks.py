"""Networks: a client's address enters, the name of all addresses that belong to the client leaves."""

import ipaddress

IPV6_NETWORK = 64
"""Bits: a client with one address of IPv6 has all addresses that begin with the same 64 bits."""


def network(address: str) -> str:
    """The network of an address; a text that is no address, as a socket of this machine has, stands for itself."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network((int(ip), IPV6_NETWORK), strict=False))
    return str(ip)
