"""Suspected leaks of a subtitle service, to be measured one by one.

    leakprobe audit audit_subtitles.py

Somebody read the code and wrote down what might leak. Each suspicion became a pair here: the
work as it is feared to be done, and the work as it should be. What needs a library or a
program that is not installed says so, and is asked again where it is.
"""

import atexit
import queue
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path

from leakprobe.testing import Hypothesis

LIBRARY = "<library>" + '<video key="1" title="A film"><media/></video>' * 100 + "</library>"
FILM_SIZE = 160
SEGMENT = "somebody laughs and a door opens"


@dataclass(frozen=True)
class Task:
    """A file to transcribe."""

    path: str
    note: str = ""


class DeduplicatedQueue(queue.Queue[Task]):
    """A task that is queued or in work is not queued again."""

    def __init__(self) -> None:
        super().__init__()
        self._processing: set[Task] = set()

    def begin(self) -> Task:
        task = self.get()
        self._processing.add(task)
        return task

    def mark_done(self, task: Task) -> None:
        self._processing.discard(task)


tasks = DeduplicatedQueue()
numbers = count(1)


def transcribe(task: Task) -> None:
    raise ValueError(f"no sound in {task.path}")


def fail_in_work() -> None:
    """The exception leaves the task in `_processing`."""
    number = next(numbers)
    tasks.put(Task(f"/media/{number}.mkv", f"{number:0500}"))
    task = tasks.begin()
    try:
        transcribe(task)
        tasks.mark_done(task)
    except ValueError:
        tasks.task_done()


def fail_and_finish() -> None:
    """As the worker really does it."""
    number = next(numbers)
    tasks.put(Task(f"/media/{number}.mkv", f"{number:0500}"))
    task = tasks.begin()
    try:
        transcribe(task)
    except ValueError:
        pass
    finally:
        tasks.task_done()
        tasks.mark_done(task)


@cache
def folder() -> str:
    """A directory that goes when the process ends."""
    directory = tempfile.TemporaryDirectory()
    atexit.register(directory.cleanup)
    return directory.name


@cache
def film() -> str:
    """The path of a film of ten frames."""
    import av

    path = Path(folder(), "film.mp4")
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width = stream.height = FILM_SIZE
        stream.pix_fmt = "yuv420p"
        for _ in range(10):
            container.mux(stream.encode(av.VideoFrame(FILM_SIZE, FILM_SIZE, "yuv420p")))
        container.mux(stream.encode(None))
    return str(path)


def probe() -> int:
    """The container is left to the reference count."""
    import av

    container = av.open(film())
    return next(container.decode(video=0)).width


def probe_and_close() -> int:
    import av

    with av.open(film()) as container:
        return next(container.decode(video=0)).width


@cache
def media_server() -> str:
    """The URL of a media server in a process of its own; the audit ends it."""
    Path(folder(), "library.xml").write_text(LIBRARY, encoding="utf-8")
    command = (sys.executable, "-u", "-m", "http.server", "--bind", "127.0.0.1", "0")
    server = subprocess.Popen(  # noqa: S603  # our own interpreter, no shell
        command, cwd=folder(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert server.stdout is not None
    port = server.stdout.readline().split("port ")[1].split()[0]
    return f"http://127.0.0.1:{port}/library.xml"


def refresh() -> int:
    """Neither a session nor a `with`: the response is left to the reference count."""
    import requests

    return len(requests.get(media_server(), timeout=10).content)


def refresh_in_session() -> int:
    import requests

    with requests.Session() as session, session.get(media_server(), timeout=10) as response:
        return len(response.content)


def parse() -> int:
    """The tree goes when the function ends."""
    return len(ET.fromstring(LIBRARY))  # noqa: S314  # our own text


def parse_and_clear() -> int:
    root = ET.fromstring(LIBRARY)  # noqa: S314  # our own text
    videos = len(root)
    root.clear()
    return videos


def monitor() -> None:
    """Each call starts an observer, and nobody stops it."""
    from watchdog.events import FileSystemEventHandler
    from watchdog.observers.polling import PollingObserver

    observer = PollingObserver()
    observer.daemon = True
    observer.schedule(FileSystemEventHandler(), folder())
    observer.start()


def monitor_and_stop() -> None:
    from watchdog.events import FileSystemEventHandler
    from watchdog.observers.polling import PollingObserver

    observer = PollingObserver()
    observer.schedule(FileSystemEventHandler(), folder())
    observer.start()
    observer.stop()
    observer.join()


segments: list[str] = []


def recognise() -> None:
    """The model keeps every segment as context for the next."""
    segments.append(f"{next(numbers)} {SEGMENT}")


def recognise_and_forget() -> None:
    recognise()
    segments.clear()


def convert() -> bytes:
    """FFmpeg writes to a pipe that is read to its end."""
    command = ("ffmpeg", "-v", "error", "-i", film(), "-f", "wav", "-")
    done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603  # no shell
    return done.stdout


HYPOTHESES = [
    Hypothesis(
        "LEAK #4 DeduplicatedQueue",
        {"exception path": fail_in_work, "try/finally": fail_and_finish},
        note="transcription_worker() has the try/finally",
    ),
    Hypothesis(
        "LEAK #5 PyAV containers",
        {"left open": probe, "with av.open()": probe_and_close},
        needs="av",
    ),
    Hypothesis(
        "LEAK #6 HTTP responses",
        {"without Session": refresh, "with Session": refresh_in_session},
        needs="requests",
    ),
    Hypothesis(
        "LEAK #7 XML ElementTree",
        {"without clear()": parse, "with clear()": parse_and_clear},
        iterations=500,
    ),
    Hypothesis(
        "LEAK #8 File Observer",
        {"never stopped": monitor, "stop() and join()": monitor_and_stop},
        needs="watchdog",
        iterations=30,
        warmup=3,
    ),
    Hypothesis("LEAK #9 Whisper segments", {"kept": recognise, "reset": recognise_and_forget}),
    Hypothesis("LEAK #10 FFmpeg pipes", convert, needs=("av", "command:ffmpeg"), iterations=30),
]
