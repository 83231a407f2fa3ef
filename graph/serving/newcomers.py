"""Newcomers: a listening socket enters; afterwards nobody new comes to it, and who has come can still be accepted.

Whoever connects between the last `accept` and the closing of a socket is reset, however short that time is, and its
request is lost. So the kernel is asked first to drop what would begin a connection. The client's machine tries again a
second later, and is refused then.
"""

import contextlib
import ctypes
import socket
import struct
import sys

ATTACH_FILTER = 26
"""SO_ATTACH_FILTER of Linux, which Python's `socket` does not name. Source: asm-generic/socket.h"""
FLAGS_AT = 13
"""The byte of a TCP header that holds its flags. Source: https://www.rfc-editor.org/rfc/rfc9293#section-3.1"""
SYN = 0x02
EVERYTHING = 0xFFFFFFFF
UNLESS_SYN = (
    (0x30, 0, 0, FLAGS_AT),  # load the byte
    (0x45, 0, 1, SYN),  # jump over the next instruction unless the flag is set
    (0x06, 0, 0, 0),  # drop the packet
    (0x06, 0, 0, EVERYTHING),  # take it: handshakes under way are finished
)
"""Instructions of a socket filter. Source: https://www.kernel.org/doc/html/latest/networking/filter.html"""


def let_nobody_come(listening: socket.socket) -> None:
    """Drop what begins a connection, for every process that holds the socket. Where no kernel does that: nothing."""
    if sys.platform != "linux" or listening.family not in (socket.AF_INET, socket.AF_INET6):
        return
    instructions = b"".join(struct.pack("HBBI", *each) for each in UNLESS_SYN)
    kept = ctypes.create_string_buffer(instructions, len(instructions))  # as long as the kernel reads
    program = struct.pack("HP", len(UNLESS_SYN), ctypes.addressof(kept))
    with contextlib.suppress(OSError):  # sandboxes that stand in for a kernel
        listening.setsockopt(socket.SOL_SOCKET, ATTACH_FILTER, program)
