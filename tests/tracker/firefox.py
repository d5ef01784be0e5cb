"""Debian's Firefox without a window, driven by WebDriver BiDi, which it speaks itself."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from processes import free_port

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
MISSING = "there is no firefox-esr and no firefox"
PATIENCE = 60  # seconds

PREFERENCES = {
    # Names that are not localhost, so that the tracker counts them.
    "network.dns.localDomains": "site.test",
    "datareporting.policy.dataSubmissionEnabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "app.update.enabled": False,
}


class Tab:
    """A browser tab, with the commands of WebDriver BiDi that the tests use."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.numbers = count(1)
        self.command("session.new", capabilities={})
        (tree,) = self.command("browsingContext.getTree")["contexts"]
        self.context = tree["context"]

    def command(self, method: str, **params: Any) -> dict[str, Any]:
        """Does something; what came of it. Events of the browser are passed over."""
        number = next(self.numbers)
        self.socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while (answer := json.loads(self.socket.recv(PATIENCE))).get("id") != number:
            pass
        assert answer["type"] == "success", answer
        return answer["result"]

    def goto(self, url: str) -> None:
        """Opens an address, and waits until the page is loaded."""
        self.command("browsingContext.navigate", context=self.context, url=url, wait="complete")

    def evaluate(self, expression: str) -> Any:
        """The value of an expression on the page; None for an object."""
        target = {"context": self.context}
        asked = {"expression": expression, "target": target, "awaitPromise": True}
        answer = self.command("script.evaluate", **asked)
        assert answer["type"] == "success", answer
        return answer["result"].get("value")


@contextmanager
def firefox(folder: Path) -> Iterator[Tab]:
    """A Firefox with a new profile in this folder."""
    assert FIREFOX is not None
    lines = (f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in PREFERENCES.items())
    (folder / "user.js").write_text("\n".join(lines))
    port = free_port()
    command = [FIREFOX, "--headless", "--no-remote", "--profile", str(folder)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, f"--remote-debugging-port={port}", "about:blank"],
            env=os.environ | {"HOME": str(folder)},
            stdout=log,
            stderr=log,
        )
    try:
        with connected(f"ws://127.0.0.1:{port}/session", process) as socket:
            yield Tab(socket)
    finally:
        process.terminate()
        process.wait(PATIENCE)


def connected(url: str, process: subprocess.Popen[bytes]) -> ClientConnection:
    """A connection, as soon as the browser takes one."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return connect(url, max_size=None)
        except OSError:
            assert process.poll() is None, "Firefox has ended"
            assert time.monotonic() < deadline, "Firefox does not listen"
            time.sleep(0.1)
