"""What a test does with a real browser, over the DevTools protocol.

    with running_chromium("/usr/bin/chromium") as browser, browser.page() as page:
        page.open("http://127.0.0.1:8000/")
        page.click("button")

Every page has cookies of its own. Nothing here sleeps: a page waits for the protocol's events.
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from websockets.sync.client import ClientConnection

__all__ = ["Browser", "Page"]

Values = dict[str, Any]  # Any: whatever JSON a message of the protocol carries

ANSWER_TIMEOUT_S = 30.0
DOMAINS = ("Page", "Runtime", "Log", "Audits")
COMPLAINTS = frozenset(
    {"Audits.issueAdded", "Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown"}
)
DIALOG = "Page.javascriptDialogOpening"


@dataclass(slots=True)
class Browser:
    """A running Chromium: its connection, and what a page has not yet asked for."""

    connection: ClientConnection
    port: int
    _last_id: int = 0
    _events: list[Values] = field(default_factory=list)

    def call(self, method: str, session: str | None = None, /, **parameters: object) -> Values:
        """Send a command and return its result; events that come before it are kept."""
        self._last_id += 1
        command = {"id": self._last_id, "method": method, "params": parameters}
        self.connection.send(json.dumps(command | ({"sessionId": session} if session else {})))
        deadline = time.monotonic() + ANSWER_TIMEOUT_S
        while (message := self._receive(deadline, method)).get("id") != self._last_id:
            self._events.append(message)
        if "error" in message:
            raise AssertionError(f"{method}: {message['error']}")
        result: Values = message["result"]
        return result

    def wait(self, session: str, method: str) -> Values:
        """The parameters of the session's next event of this name; earlier events are kept."""
        deadline = time.monotonic() + ANSWER_TIMEOUT_S
        while not (found := [e for e in self._of(session) if e["method"] == method]):
            self._events.append(self._receive(deadline, method))
        self._events.remove(found[0])
        parameters: Values = found[0]["params"]
        return parameters

    def take_events(self, session: str) -> list[Values]:
        """What has come for a session and was not waited for; then forget all events."""
        taken = self._of(session)
        self._events.clear()
        return taken

    def _of(self, session: str) -> list[Values]:
        """The session's events; not the answers to commands that were given up."""
        return [e for e in self._events if e.get("sessionId") == session and "method" in e]

    def _receive(self, deadline: float, waited_for: str) -> Values:
        try:
            text = self.connection.recv(max(0.0, deadline - time.monotonic()))
        except TimeoutError:
            raise AssertionError(f"no {waited_for} within {ANSWER_TIMEOUT_S:.0f} s") from None
        message: Values = json.loads(text)
        if message.get("method") == DIALOG:  # it blocks its page, so nothing else would come
            raise AssertionError(f"a dialog opened: {message['params']['message']!r}")
        return message

    @contextmanager
    def page(self) -> Iterator["Page"]:
        """An empty page in a browser context of its own: no cookie of another page."""
        context = self.call("Target.createBrowserContext")["browserContextId"]
        try:
            blank = {"url": "about:blank", "browserContextId": context}
            target = self.call("Target.createTarget", **blank)["targetId"]
            attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
            page = Page(self, attached["sessionId"])
            for domain in DOMAINS:
                page.call(f"{domain}.enable")
            yield page
        finally:
            self.call("Target.disposeBrowserContext", browserContextId=context)


@dataclass(frozen=True, slots=True)
class Page:
    """One page, as a user has it: open, type, click, look."""

    browser: Browser
    session: str

    def call(self, method: str, **parameters: object) -> Values:
        """A command of the protocol, to this page."""
        return self.browser.call(method, self.session, **parameters)

    def wait(self, event: str) -> Values:
        """The parameters of the page's next event of this name."""
        return self.browser.wait(self.session, event)

    def loads(self, act: Callable[[], object]) -> None:
        """Do what makes the page load another document, and wait until that has loaded."""
        self.browser.take_events(self.session)
        act()
        self.wait("Page.frameNavigated")
        self.wait("Page.loadEventFired")

    def open(self, url: str) -> None:
        """Go to a URL and wait until everything on it has loaded."""
        self.loads(lambda: self.call("Page.navigate", url=url))

    def type(self, selector: str, text: str) -> None:
        """Put the focus on an element and type."""
        self.evaluate(f"document.querySelector({json.dumps(selector)}).focus()")
        self.call("Input.insertText", text=text)

    def click(self, selector: str) -> None:
        """Press the mouse in the middle of an element, and wait for the page it leads to."""
        x, y = self.evaluate(
            f"(e => {{ e.scrollIntoView({{block: 'center'}}); const r = e.getBoundingClientRect();"
            " return [r.x + r.width / 2, r.y + r.height / 2] })"
            f"(document.querySelector({json.dumps(selector)}))"
        )
        mouse = {"x": x, "y": y, "button": "left", "clickCount": 1}
        self.call("Input.dispatchMouseEvent", type="mousePressed", **mouse)
        # The answer to the release may come only after the page has gone.
        self.loads(lambda: self.call("Input.dispatchMouseEvent", type="mouseReleased", **mouse))

    def evaluate(self, expression: str) -> Any:  # Any: what the expression is worth, as JSON
        """The value of a JavaScript expression in the page."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def complaints(self) -> list[Values]:
        """What the browser wrote into its console, or reported as an issue, since the load."""
        self.evaluate("0")  # what the page has sent before its answer has arrived now
        return [e for e in self.browser.take_events(self.session) if e["method"] in COMPLAINTS]
