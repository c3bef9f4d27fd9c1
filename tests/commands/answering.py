"""A server on the loopback interface that answers what a test wants, and notes what it got."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["Answering", "answering"]


@dataclass
class Answering:
    """Answers with (status, headers, body), the last of them again and again."""

    answers: list[tuple[int, dict[str, str], bytes]]
    url: str = ""
    paths: list[str] = field(default_factory=list)
    tokens: list[str | None] = field(default_factory=list)


@contextmanager
def answering(*answers: tuple[int, dict[str, str], bytes]) -> Iterator[Answering]:
    """Run such a server for the length of the block."""
    noted = Answering(list(answers))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            noted.paths.append(self.path)
            noted.tokens.append(self.headers["Authorization"])
            status, headers, body = (
                noted.answers.pop(0) if len(noted.answers) > 1 else noted.answers[0]
            )
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        noted.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield noted
        finally:
            server.shutdown()
            thread.join()
