"""How terraform starts a provider and talks to it: handshake, gRPC server, and an end when terraform is gone."""

import gc
import os
import signal
import sys
import tempfile
import threading
import time
import types
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.modules.setdefault("grpc.aio", types.ModuleType("grpc.aio"))  # unused here, and importing asyncio for it takes long
import grpc  # noqa: E402

COOKIE = ("TF_PLUGIN_MAGIC_COOKIE", "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2")
MESSAGE_LIMIT = 256 << 20
Method = Callable[[bytes], bytes]


class _Handlers(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Dispatches by full method name; bodies stay bytes, so a cached schema goes out without being parsed."""

    def __init__(self, methods: dict[str, Method], shutdown: Callable[[], None]) -> None:
        self._methods = methods
        self._shutdown = shutdown

    def service(self, handler_call_details: Any) -> Any:
        name = handler_call_details.method
        if name == "/plugin.GRPCController/Shutdown":
            return grpc.unary_unary_rpc_method_handler(self._stop)
        if name == "/plugin.GRPCStdio/StreamStdio":
            return grpc.unary_stream_rpc_method_handler(_quiet_stream)
        method = self._methods.get(name.removeprefix("/tfplugin6.Provider/"))
        if method is None:
            return None
        return grpc.unary_unary_rpc_method_handler(lambda request, _context: method(request))

    def _stop(self, _request: bytes, _context: object) -> bytes:
        threading.Timer(0.02, self._shutdown).start()
        return b""


def _quiet_stream(_request: bytes, context: Any) -> Iterator[bytes]:
    ended = threading.Event()
    context.add_callback(ended.set)
    ended.wait()
    yield from ()


def serve(methods: dict[str, Method]) -> None:
    """Answer terraform until it asks to stop or is gone."""
    if os.environ.get(COOKIE[0]) != COOKIE[1]:
        sys.exit("This is a terraform provider plugin: terraform starts it. See docs/simulator.md.")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()  # short-lived, and collecting while schemas load costs more than it frees
    folder = Path(tempfile.mkdtemp(prefix="sim"))
    server = grpc.server(
        ThreadPoolExecutor(max_workers=64),
        options=[("grpc.max_receive_message_length", MESSAGE_LIMIT), ("grpc.max_send_message_length", MESSAGE_LIMIT)],
    )

    def leave() -> None:
        (folder / "s").unlink(missing_ok=True)
        if folder.exists():
            folder.rmdir()
        os._exit(0)

    server.add_generic_rpc_handlers((_Handlers(methods, leave),))
    certificate = _listen(server, f"unix:{folder / 's'}")
    server.start()
    sys.stdout.write(f"1|6|unix|{folder / 's'}|grpc|{certificate}\n")
    sys.stdout.flush()
    _until_orphaned()
    leave()


def _listen(server: Any, address: str) -> str:
    """Open the socket, with a certificate when terraform wants TLS; gives the certificate for the handshake."""
    if not os.environ.get("PLUGIN_CLIENT_CERT"):
        server.add_insecure_port(address)
        return ""
    from infra.simulator.certificates import plugin_certificate

    key, certificate, encoded = plugin_certificate()
    server.add_secure_port(address, grpc.ssl_server_credentials([(key, certificate)]))
    return encoded


def _until_orphaned() -> None:
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(1)
