"""Serves the sites of the gallery: `<name>.<site>.test` is the site in that folder, for a story."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from mimetypes import guess_type
from pathlib import Path
from urllib.parse import urlsplit

SITES = Path(__file__).parent / "sites"

TRACKER = "<!-- tracker -->"
"""Where a page of the gallery includes the tracker."""

Tag = Callable[[str], str]
"""Makes the elements that include a tracker, for the story of this name."""


@contextmanager
def serving(tag: Tag, sites: Path = SITES) -> Iterator[int]:
    """The port on which sites, a folder each, are served for as long as the block lasts."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler(tag, sites)) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server.server_port
        server.shutdown()


def page_of(site: Path, path: str) -> str:
    """The page at a path. A site with a router has one page for all paths."""
    own = site / f"{path.strip('/')}.html"
    return (own if own.is_file() else site / "index.html").read_text()


def handler(tag: Tag, sites: Path) -> type[BaseHTTPRequestHandler]:
    """`/moved/…` redirects to the rest of the path, `/missing/…` is answered with 404, and a path
    that ends in .pdf is a file."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            *story, site, _ = self.headers["Host"].split(".")
            path = urlsplit(self.path).path
            if path.startswith("/moved/"):
                self.answer(302, "text/plain", "", Location=path.removeprefix("/moved"))
            elif path.endswith(".pdf"):
                self.answer(200, "application/pdf", "x", Content_Disposition="attachment")
            elif (file := sites / site / path[1:]).is_file():
                self.answer(200, guess_type(path)[0] or "text/plain", file.read_text())
            elif path == "/favicon.ico":
                self.answer(204, "image/x-icon", "")
            else:
                status = 404 if path.startswith("/missing/") else 200
                included = tag(story[0]) if story else ""
                page = page_of(sites / site, path).replace(TRACKER, included)
                self.answer(status, "text/html", page)

        def answer(self, status: int, kind: str, content: str, **headers: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(content.encode())))
            self.end_headers()
            with suppress(ConnectionError):
                self.wfile.write(content.encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler
