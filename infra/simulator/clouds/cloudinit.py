"""The cloudinit provider: renders the MIME message that instances read."""

import base64
import gzip
import hashlib

from infra.simulator.clouds.base import Cloud, Scope
from infra.simulator.store import Store
from infra.simulator.values import ObjectValue, as_objects, text

BOUNDARY = "MIMEBOUNDARY"


def make(provider: str) -> "CloudInit":
    """Make the provider's special knowledge."""
    return CloudInit(provider)


def render(config: ObjectValue) -> str:
    """Give the rendered message."""
    boundary = text(config.get("boundary")) or BOUNDARY
    lines = [f'Content-Type: multipart/mixed; boundary="{boundary}"', "MIME-Version: 1.0\r\n"]
    for part in as_objects(config.get("part")):
        lines += [f"--{boundary}", "Content-Transfer-Encoding: 7bit"]
        lines += [f"Content-Type: {text(part.get('content_type')) or 'text/plain'}", "Mime-Version: 1.0"]
        if text(part.get("filename")):
            lines.append(f'Content-Disposition: attachment; filename="{text(part["filename"])}"')
        if text(part.get("merge_type")):
            lines.append(f"X-Merge-Type: {text(part['merge_type'])}")
        lines += ["", text(part.get("content"))]
    message = "\r\n".join([*lines, f"--{boundary}--\r\n"]).encode()
    if config.get("gzip") is not False:
        message = gzip.compress(message, mtime=0)
    return base64.b64encode(message).decode() if config.get("base64_encode") is not False else message.decode()


class CloudInit(Cloud):
    """Rendered user data."""

    def data(self, type_: str, config: ObjectValue, scope: Scope, store: Store) -> ObjectValue | None:
        """Render the parts."""
        rendered = render(config)
        return {
            "id": str(int(hashlib.sha256(rendered.encode()).hexdigest()[:8], 16)),
            "rendered": rendered,
            "gzip": config.get("gzip") is not False,
            "base64_encode": config.get("base64_encode") is not False,
            "boundary": text(config.get("boundary")) or BOUNDARY,
        }
