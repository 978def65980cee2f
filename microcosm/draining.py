"""uvicorn's sockets, which stay long enough for a client to learn why it was refused (docs/decisions/0080)."""

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol


class DrainingProtocol(WebSocketsSansIOProtocol):
    """Says the code of a frame that cannot be read, then drops what still comes until the client hangs up.

    uvicorn closes at once, while the rest of the frame is on its way: the kernel then answers that with a reset, and
    whoever gets it, the client or nginx, may throw away the code with it. Waits no longer than uvicorn does for the
    answer to any other close; nothing of what comes is kept.
    """

    is_draining = False

    def data_received(self, data: bytes) -> None:
        """Take what the client sent."""
        if not self.is_draining:
            super().data_received(data)

    def handle_parser_exception(self) -> None:
        """End a socket whose frame is too large, or none."""
        self.is_draining = True
        self.stop_keepalive()
        said = self.conn.close_sent
        if said is not None:
            self.queue.put_nowait({"type": "websocket.disconnect", "code": said.code, "reason": said.reason})
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        if self.transport.can_write_eof():
            # What a client waits for after the code (RFC 6455, 7.1.7); it may go on sending.
            self.transport.write_eof()
        if self.close_timer is None:
            self.close_timer = self.loop.call_later(self.close_timeout, self.transport.close)
