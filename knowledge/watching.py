"""The documents' folders, watched: a run is asked for when something in them has changed."""

import os
from collections.abc import AsyncIterator, Iterator

from knowledge.folder import _is_temporary as is_temporary
from knowledge.mounts import needs_polling
from settings import Settings
from settings.watching import watch


async def document_changes(settings: Settings) -> AsyncIterator[set[str]]:
    """Paths that changed, whenever they have settled. Ends at once where watching is switched off."""
    options = settings.knowledge.sync
    if options.watch == "off":
        return
    roots = _Roots(settings)
    poll = options.watch == "poll" or (options.watch == "auto" and needs_polling(roots.folders))
    async for changes in watch(roots, roots.concerns, options.settle_seconds, poll):
        yield changes


class _Roots:
    """The folders to watch. Links into other places are followed, as the walk follows them."""

    def __init__(self, settings: Settings) -> None:
        home = settings.home
        self._knowledge = str(home.knowledge)
        sources = [str(home.root / source.folder) for source in settings.knowledge.sources]
        self.folders = [str(home.documents), *sources]
        self._linked: list[str] = []

    def __call__(self) -> list[str]:
        linked = {target for folder in self.folders for target in _links(folder)}
        self._linked = sorted(linked)
        return [self._knowledge, *self.folders, *self._linked]

    def concerns(self, path: str) -> bool:
        """Whether a change of this path can be one of a document."""
        inside = [folder for folder in (*self.folders, *self._linked) if path.startswith(f"{folder}{os.sep}")]
        if not inside:  # strays beside the documents' folder, and the folders themselves
            return os.path.dirname(path) == self._knowledge and not is_temporary(os.path.basename(path))
        parts = path.removeprefix(max(inside, key=len)).strip(os.sep).split(os.sep)
        if parts[-1] == "..data":  # a mounted ConfigMap is exchanged as a whole
            return True
        return not any(part.startswith(".") or is_temporary(part) for part in parts)


def _links(folder: str) -> Iterator[str]:
    """Where links to folders below a folder lead, and the folder itself where it is one."""
    if os.path.islink(folder):
        yield os.path.realpath(folder)
    for parent, names, _ in os.walk(folder):
        names[:] = [name for name in names if not name.startswith(".")]
        for name in names:
            if os.path.islink(path := os.path.join(parent, name)):
                yield os.path.realpath(path)
