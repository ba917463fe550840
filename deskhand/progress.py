"""A progress bar on standard error, where that is a terminal."""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the client of `deskhand run` shows a bar as well, and must not wait for the index's libraries
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

    from knowledge import Receipt


class IndexingBar:
    """Shows files and chunks done, throughput and time left; silent where nobody watches.

    It is as long as the chunks that are expected: a file counts by what it costs.
    """

    def __init__(self, doing: str = "indexing") -> None:
        self._doing = doing
        self._bar: RichProgress | None = None
        self._task: TaskID | None = None
        self._files = self._done = 0

    def start(self, files: int) -> None:
        """Show the bar, if there is anything to do."""
        self.stop()
        if files == 0 or not sys.stderr.isatty():
            return
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._files, self._done = files, 0
        self._bar = Progress(
            TextColumn(self._doing),
            BarColumn(),
            TextColumn("{task.fields[files]}"),
            TextColumn("{task.fields[speed]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task(self._doing, total=None, speed="", files=self._shown())
        self._bar.start()

    def chunks(self, done: int, expected: int) -> None:
        """Move to so many chunks of so many."""
        if self._bar is not None and self._task is not None:
            speed = self._bar.tasks[0].speed
            shown = f"{speed:.0f} chunks/s" if speed else ""
            self._bar.update(self._task, completed=done, total=max(expected, done, 1), speed=shown)

    def file(self, receipt: "Receipt | None" = None) -> None:
        """Count one file, whichever it is; the last one ends the bar."""
        self._done += 1
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, files=self._shown())
            if self._done >= self._files:
                self.stop()

    def _shown(self) -> str:
        return f"{self._done}/{self._files} files"

    def stop(self) -> None:
        """Clear the line: an answer, or a whole conversation, may follow. Also after an error."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
