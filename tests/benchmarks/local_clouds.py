"""One HTTP server that answers as four clouds at real row counts.

Run ``python local_clouds.py MB``: it prints its address and answers until it is stopped. The
first AWS region has an offer file of at least so many megabytes, the others of a quarter of it;
all are made while they are sent.
"""

import json
import sys
from collections.abc import Iterable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from alibaba_answers import alibaba_answer
from aws_answers import aws_file, ec2_answer
from azure_answers import azure_answer
from gcp_answers import gcp_answer

MEGABYTE: Final = 1_000_000


class Clouds:
    """Answers of all four clouds.

    Attributes:
        offer_bytes: least size of the offer file of the first AWS region [B].
        address: of the server.
    """

    def __init__(self, offer_bytes: int) -> None:
        self.offer_bytes, self.address = offer_bytes, ""

    def answer(
        self, path: str, query: Mapping[str, str], body: bytes, action: str
    ) -> Iterable[bytes]:
        """Return the parts of an answer; Alibaba Cloud alone names its action in a header."""
        if action:
            return [json.dumps(alibaba_answer(action, query)).encode()]
        _, cloud, *rest = path.split("/")
        if cloud == "gcp":
            return [json.dumps(gcp_answer(rest, query)).encode()]
        if cloud == "azure":
            return [json.dumps(azure_answer(rest, query, self.address)).encode()]
        if rest[0] == "ec2":
            return [ec2_answer(dict(parse_qsl(body.decode())), rest[1]).encode()]
        return aws_file("/".join(rest[1:]), self.offer_bytes)


def serve(clouds: Clouds) -> ThreadingHTTPServer:
    """Return a server of these clouds on a free port."""

    class Handler(BaseHTTPRequestHandler):
        """Answers every question, whatever its method."""

        def do_GET(self) -> None:
            """Answer and close, so that a file needs no length."""
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = urlsplit(self.path)
            action = self.headers.get("x-acs-action", "")
            answer = clouds.answer(parts.path, dict(parse_qsl(parts.query)), body, action)
            self.send_response(200)
            is_xml = "/ec2/" in self.path and not parts.path.endswith(".json")
            self.send_header("Content-Type", "text/xml" if is_xml else "application/json")
            self.end_headers()
            for part in answer:
                self.wfile.write(part)

        def do_POST(self) -> None:
            """Answer as to a GET."""
            self.do_GET()

        def log_message(self, format: str, *args: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    clouds.address = f"http://127.0.0.1:{server.server_address[1]}"
    return server


def main() -> None:
    """Answer until the process is stopped."""
    clouds = Clouds(round(float(sys.argv[1]) * MEGABYTE))
    server = serve(clouds)
    print(clouds.address, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
