"""Posts that nobody has asked for: what a plugin's job says in a chat goes through the bot of that platform."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from plugins.contract import Place, PostError

Post = Callable[[Place, str], Awaitable[None]]


class Posts:
    """The bots that are connected now, each under its platform and workspace."""

    def __init__(self) -> None:
        self._bots: list[tuple[str, Post]] = []

    @contextmanager
    def through(self, platform: str, post: Post) -> Iterator[None]:
        """Posts to a platform go there while the block runs; where there are several bots, each is tried."""
        entry = (platform, post)
        self._bots.append(entry)
        try:
            yield
        finally:
            self._bots.remove(entry)

    async def post(self, place: Place, text: str) -> None:
        """Post a text. Raises PostError where no bot reaches the place."""
        problem = f"no bot at work reaches {place.platform}"
        for platform, post in tuple(self._bots):
            if platform == place.platform:
                try:
                    return await post(place, text)
                except Exception as error:
                    problem = f"{place.platform}: {error}"
        raise PostError(problem)
