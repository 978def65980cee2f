"""Which network address a request comes from (contract A 2.3)."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

Address = IPv4Address | IPv6Address

LOOPBACK = IPv4Address("127.0.0.1")


def client_address(request: HttpRequest) -> Address:
    """The address of the client; what headers say counts only if a proxy of TRUSTED_PROXIES says it.

    A proxy adds the address it was called from at the end of the header, so the last one that is no trusted proxy is
    the client: whatever stands before it was sent by the client.
    """
    return claimed_address(
        peer=request.META.get("REMOTE_ADDR", ""), forwarded=request.headers.get(settings.CLIENT_ADDRESS_HEADER, "")
    )


def claimed_address(*, peer: str, forwarded: str) -> Address:
    """The same from the peer's address and the value of the header."""
    # A unix socket has no peer address; whoever can open it is on this machine.
    address = _parse(peer) or LOOPBACK
    if not _is_trusted(address):
        return address
    for text in reversed(forwarded.split(",")):
        claimed = _parse(text)
        if claimed is None:
            return address
        address = claimed
        if not _is_trusted(address):
            return address
    return address


def _parse(text: str) -> Address | None:
    try:
        address = ip_address(text.strip().removeprefix("[").removesuffix("]").split("%", 1)[0])
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address


def _is_trusted(address: Address) -> bool:
    return any(address in ip_network(network, strict=False) for network in settings.TRUSTED_PROXIES)
