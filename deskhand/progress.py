"""A progress bar on standard error, where that is a terminal."""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the client of `deskhand run` shows a bar as well, and must not wait for the index's libraries
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

    from knowledge import Receipt


class IndexingBar:
    """Shows files done, throughput and time left; silent where nobody watches."""

    def __init__(self) -> None:
        self._bar: RichProgress | None = None
        self._task: TaskID | None = None

    def start(self, files: int) -> None:
        """Show the bar, if there is anything to do."""
        if files == 0 or not sys.stderr.isatty():
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn("indexing"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[speed]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task("indexing", total=files, speed="")
        self._bar.start()

    def file(self, receipt: "Receipt | None" = None) -> None:
        """Advance by one file, whichever it is."""
        if self._bar is not None and self._task is not None:
            speed = self._bar.tasks[0].speed
            self._bar.update(self._task, advance=1, speed=f"{speed:.1f} files/s" if speed else "")
            if self._bar.finished:
                self.stop()

    def stop(self) -> None:
        """Clear the line: an answer, or a whole conversation, may follow. Also after an error."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
