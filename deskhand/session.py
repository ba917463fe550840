"""What commands work on: the settings, the index and the assistant of one home, opened as they are needed."""

import asyncio
from contextlib import AsyncExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Self

from bots import printable
from bots.posts import Posts
from deskhand.assistant import Assistant, open_assistant
from knowledge import Index, Progress, SyncReport, Upkeep, open_index
from knowledge.upkeep import Trigger
from settings import Home, Settings, load_settings
from settings.database import opened_database
from settings.notices import Notices

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from deskhand.console import Console


class Session:
    """Opens each part when the first command asks for it, and closes all at its end.

    A command typed in a shell has a session to itself; `deskhand run` and an open `chat` share theirs
    with the commands that they serve. `holder` is the command that others find the home taken by.
    """

    def __init__(self, home: Home, holder: str = "") -> None:
        self.home = home
        self.holder = holder
        self.notices = Notices()
        self.posts = Posts()
        self.ready = False
        """Whether everything that an answer needs has been opened."""
        self._stack = AsyncExitStack()
        self._opening = asyncio.Lock()
        self._index: Index | None = None
        self._upkeep: Upkeep | None = None
        self._assistant: Assistant | None = None
        self._settings: Settings | None = None
        self._database: AsyncEngine | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    @property
    def settings(self) -> Settings:
        """In force now: those of the assistant, before it is open as they were when first asked for.

        Raises SettingsError.
        """
        if self._assistant is not None:
            return self._assistant.settings
        if self._settings is None:
            self._settings = load_settings(self.home)
        return self._settings

    async def index(self) -> Index:
        """The index, held by this session from now on. Raises IndexLocked where another process holds it."""
        async with self._opening:
            return await self._open_index()

    @property
    def database(self) -> "AsyncEngine":
        """The home's database, once the index is open."""
        if self._database is None:
            raise RuntimeError("the index has not been opened yet")
        return self._database

    async def upkeep(self) -> Upkeep:
        """What all runs go through."""
        index = await self.index()
        if self._upkeep is None:
            self._upkeep = Upkeep(self.settings, index, self.notices.tell)
        return self._upkeep

    async def assistant(self) -> Assistant:
        """The assistant over the index."""
        async with self._opening:
            if self._assistant is None:
                index = await self._open_index()
                opened = open_assistant(
                    self.settings,
                    index=index,
                    database=self._database,
                    watch=bool(self.holder),
                    notify=self._notify,
                    tell=self.notices.tell,
                    post=self.posts.post,
                    jobs=self.holder == "run",
                    changed=self._use,
                )
                self._assistant = await self._stack.enter_async_context(opened)
                self.ready = True
            return self._assistant

    @property
    def opened(self) -> Assistant | None:
        """The assistant, where a command before has opened it."""
        return self._assistant

    async def follow(self) -> None:
        """Take up settings that were saved before, as a question does."""
        if self._assistant is not None:
            await self._assistant.live.current()

    async def sync(
        self,
        progress: Progress,
        trigger: Trigger = "command",
        rebuild: bool = False,
        confirm_removals: bool = False,
    ) -> SyncReport:
        """Bring the index up to date; a run that goes on already is waited for."""
        return await (await self.upkeep()).sync(trigger, progress, rebuild, confirm_removals)

    async def fill(self, progress: Progress) -> None:
        """Index the documents where that was never done, so that the first question has an answer."""
        if await (await self.index()).is_empty():
            await self.sync(progress)

    async def _notify(self, text: str) -> None:
        self.notices.tell(text)

    def _use(self, settings: Settings) -> None:
        if self._upkeep is not None:
            self._upkeep.use(settings)

    async def notes(self, console: "Console", told: set[str] | None = None) -> None:
        """Say on standard error where what answers is not what settings and folders ask for.

        In a chat, `told` is what was said the last time: that is not said again, and is put up to date.
        """
        notes: list[str] = []
        if self._assistant is not None:
            live = self._assistant.live
            await live.current()  # what was saved last has been looked at by then
            notes += [f"the settings before stay in force: {line}" for line in live.refused.splitlines()]
        index = await self.index()
        notes += await index.notes()
        if self.holder != "run" and (pending := await index.pending()):  # that one takes them up by itself
            notes.append(f"{pending}: {'run `deskhand index`' if told is None else 'type `/reindex`'}")
        for note in notes:
            if told is None or note not in told:
                console.err(f"deskhand: note: {printable(note)}")
        if told is not None:
            told.clear()
            told.update(notes)

    async def _open_index(self) -> Index:
        if self._index is None:
            self._database = await self._stack.enter_async_context(opened_database(self.home))
            opened = open_index(self.settings, holder=self.holder, database=self._database)
            self._index = await self._stack.enter_async_context(opened)
        return self._index
