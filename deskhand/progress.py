"""A progress bar on standard error, where that is a terminal."""

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Self

from knowledge import Receipt

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID


class IndexingBar:
    """Shows files done, throughput and time left; silent where nobody watches."""

    def __init__(self, doing: str = "indexing") -> None:
        self._doing = doing
        self._bar: RichProgress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def start(self, files: int) -> None:
        """Show the bar, if there is anything to do."""
        if files == 0 or not sys.stderr.isatty():
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn(self._doing),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[speed]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task(self._doing, total=files, speed="")
        self._bar.start()

    def file(self, receipt: Receipt) -> None:
        """Advance by one file."""
        if self._bar is not None and self._task is not None:
            speed = self._bar.tasks[0].speed
            self._bar.update(self._task, advance=1, speed=f"{speed:.1f} files/s" if speed else "")
            if self._bar.finished:
                self._stop()

    def _stop(self) -> None:
        """Clear the line: an answer, or a whole conversation, may follow."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
