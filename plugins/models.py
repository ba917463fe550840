"""The language models as plugins see them: by purpose, never by name.

`context.models.stream("answer", messages, turn)` tries the models of the purpose's route in order until
one has answered; the budget, the deadline of the turn and what the reader has already seen are kept in
mind, and every attempt is noted in the turn's trace and in the usage log.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from math import inf

from plugins.contract import Replace, Turn
from plugins.prompt import ChatMessage
from plugins.router import Finished, ModelRouter, close_connections
from plugins.routing import choose_route, estimated_tokens
from plugins.trace import Attempt, RouteTrace, Trace, Usage
from plugins.usage import Call, UsageLog, person_key
from plugins.window import Window, model_window
from settings import EXTRACTIVE, Settings
from settings.errors import ModelError

_RESERVE_SECONDS = 2.0
"""Of a turn's time, so much is left for quoting the documents when every model has failed."""
_LEAST_SECONDS = 0.5
"""A model is not asked with less time than this."""

Messages = Sequence[ChatMessage] | Callable[[str], Awaitable[Sequence[ChatMessage]]]
"""A prompt, or what makes one for the model of that name (in `models` of the settings)."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What a finished answer took, and who gave it. `cost_usd` is None where nobody knows the price.

    `cut` tells that the model stopped at its length limit, in the middle of what it had to say.
    """

    usage: Usage
    cost_usd: float | None
    model: str = ""
    route: str = ""
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Completion:
    """A whole answer, and what it took: `spent.model`, `spent.usage`, `spent.cost_usd`."""

    text: str
    spent: Spent


class Models:
    """The models of the settings, by route."""

    def __init__(self, settings: Settings, usage: UsageLog | None = None) -> None:
        self._settings = settings.models
        self._router = ModelRouter(settings)
        self._usage = usage or UsageLog()

    def route(self, purpose: str, turn: Turn | None = None, prompt_tokens: int = 0) -> RouteTrace:
        """The route of a purpose for a turn, rules included."""
        return choose_route(self._settings, purpose, turn, prompt_tokens)

    def configured(self, purpose: str) -> bool:
        """Whether any language model is there for a purpose."""
        return any(name != EXTRACTIVE for name in self._settings.routes.get(purpose, ()))

    @property
    def used(self) -> bool:
        """Whether any route needs a language model."""
        return any(map(self.configured, self._settings.routes))

    def warm_up(self) -> "asyncio.Future[None]":
        """Begin to load litellm before the first question needs it; a call that fails does so again."""
        return self._router.load()

    def window(self, name: str) -> Window:
        """How long a prompt for a model may be."""
        return model_window(self._settings.models[name], self._router.library)

    @property
    def loaded(self) -> bool:
        """Whether litellm has been loaded for these models."""
        return self._router.loaded

    async def complete(
        self, purpose: str, messages: Messages, turn: Turn | None = None, *, seconds: float | None = None
    ) -> Completion:
        """The whole answer of the first model of a route that gives one, within `seconds`.

        Raises ModelError where none does.
        """
        text = ""
        async with aclosing(self.stream(purpose, messages, turn, seconds=seconds)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Spent):
                    return Completion(text, piece)
                text = piece.text if isinstance(piece, Replace) else text + piece
        raise ModelError(f"no model answered {purpose}")  # unreachable: a stream ends in Spent or an error

    async def stream(
        self, purpose: str, messages: Messages, turn: Turn | None = None, *, seconds: float | None = None
    ) -> AsyncGenerator[str | Replace | Spent, None]:
        """The answer of the first model of a route that gives one, as it comes; last what it took.

        Where a model breaks off in mid-answer, the next one answers from the start. As long as it says
        the same words, the reader sees nothing of it; else a `Replace` begins the answer again. The only
        model of a route is asked once more. Raises ModelError where no model has answered in the end.
        """
        now = asyncio.get_running_loop().time
        ends = now() + seconds if seconds is not None else inf
        if turn is not None and turn.deadline < inf:
            ends = min(ends, turn.deadline - min(_RESERVE_SECONDS, (turn.deadline - now()) / 5))
        size = estimated_tokens(await self._messages(messages, "")) if self._settings.rules else 0
        route = self.route(purpose, turn, size)
        trace = turn.trace if turn is not None else Trace()
        trace.routes.append(route)
        names = [name for name in route.models if name != EXTRACTIVE]
        if not names:
            raise NoModel(f"no language model is named for {purpose}")
        shown, problems = "", list[str]()
        for index, name in enumerate(names):
            try:
                await self._check_budget(turn)
                async with aclosing(self._attempt(route.route, name, messages, turn, ends, shown, trace)) as pieces:
                    async for piece in pieces:
                        if isinstance(piece, Spent):
                            yield piece
                            return
                        shown = piece.text if isinstance(piece, Replace) else shown + piece
                        yield piece
            except BudgetSpent as error:
                problems.append(str(error))
                break
            except ModelError as error:
                problems.append(str(error))
                if index == len(names) - 1 and len(names) == 1 and shown and len(problems) == 1:
                    names.append(name)  # what broke once in the middle may well go through
        raise ModelError("; ".join(dict.fromkeys(problems)))

    async def ping(self, name: str, seconds: float) -> Attempt:
        """Ask one model for a word, whatever its routes and the budget say; how it went is in the attempt."""
        trace = Trace()
        hello: list[ChatMessage] = [{"role": "user", "content": "Reply with the word: ready"}]
        await asyncio.wait([self._router.load()], timeout=seconds)  # the wait for litellm says nothing of the model
        ends = asyncio.get_running_loop().time() + seconds
        try:
            async with aclosing(self._attempt("ping", name, hello, None, ends, "", trace)) as pieces:
                async for _ in pieces:
                    pass
        except ModelError:
            pass  # it is in the trace
        return trace.attempts[0]

    async def close(self, *, connections: bool = True) -> None:
        """Let go of what litellm holds. Without `connections` for models that others take the place of."""
        await self._router.close()
        if connections:
            await close_connections()

    async def _attempt(
        self, route: str, name: str, messages: Messages, turn: Turn | None, ends: float, shown: str, trace: Trace
    ) -> AsyncGenerator[str | Replace | Spent, None]:
        """One model's answer. While it only repeats what the reader has seen already, nothing is given."""
        now = asyncio.get_running_loop().time
        began, first = now(), None
        said, problem, repeating = "", "", bool(shown)
        prompt: Sequence[ChatMessage] = ()
        end: Finished | None = None
        try:
            if ends - began < _LEAST_SECONDS:
                raise ModelError(f"there was no time left to ask {name}")
            prompt = await self._messages(messages, name)
            window = self._settings.models[name].limits.context_tokens
            if window is not None and estimated_tokens(prompt) > window:
                raise ModelError(f"{name} cannot take a prompt of this length")
            async with aclosing(self._router.stream(name, prompt, ends - began)) as pieces:
                async for piece in pieces:
                    if isinstance(piece, Finished):
                        end = piece
                        continue
                    first = now() - began if first is None else first
                    said += piece
                    if not repeating:
                        yield piece
                    elif said.startswith(shown):
                        repeating = False
                        if said != shown:
                            yield said[len(shown) :]
                    elif not shown.startswith(said):
                        repeating = False
                        yield Replace(said)
            if repeating:
                yield Replace(said)
        except ModelError as error:
            problem = str(error)
            raise
        except (asyncio.CancelledError, GeneratorExit):
            problem = "it was no longer waited for"
            raise
        finally:
            attempt = self._finished(route, name, prompt, said, end, Timing(now() - began, first), problem)
            trace.attempts.append(attempt)
            self._record(attempt, turn)
        yield Spent(attempt.usage, attempt.cost_usd, name, route, cut=end is not None and end.cut)

    def _finished(
        self, route: str, name: str, prompt: Sequence[ChatMessage], said: str, end: Finished | None, timing: "Timing",
        problem: str,
    ) -> Attempt:  # fmt: skip
        """The record of an attempt. What a model that broke off has taken is estimated: it is charged all the same."""
        estimated = end is None or end.usage is None
        usage = end.usage if end is not None and end.usage is not None else Usage()
        if estimated and said:
            usage = Usage(estimated_tokens(prompt), len(said.encode()) // 4)
        cost = self._router.price(name, usage) if usage != Usage() else 0.0 if problem else None
        return Attempt(
            route, name, timing.seconds, timing.first_seconds, problem, usage, cost, estimated and usage != Usage()
        )

    def _record(self, attempt: Attempt, turn: Turn | None) -> None:
        message = turn.message if turn is not None else None
        self._usage.record_call(
            Call(
                route=attempt.route,
                model=attempt.model,
                problem=attempt.problem,
                prompt_tokens=attempt.usage.prompt_tokens,
                answer_tokens=attempt.usage.answer_tokens,
                estimated=attempt.estimated,
                cost_usd=attempt.cost_usd,
                seconds=attempt.seconds,
                first_seconds=attempt.first_seconds,
                person=person_key(message) if message else "",
                message=message.id if message else "",
            )
        )

    async def _check_budget(self, turn: Turn | None) -> None:
        budget = self._settings.budget
        if budget.per_day is None and budget.per_person_per_day is None:
            return
        of_all, own = await self._usage.spent(person_key(turn.message) if turn is not None else "")
        if budget.per_day is not None and of_all >= budget.per_day:
            raise BudgetSpent(f"today's budget for language models (${budget.per_day:.2f}) is spent")
        if turn is not None and budget.per_person_per_day is not None and own >= budget.per_person_per_day:
            raise BudgetSpent(f"your budget for language models (${budget.per_person_per_day:.2f} a day) is spent")

    async def _messages(self, messages: Messages, name: str) -> Sequence[ChatMessage]:
        return await messages(name) if callable(messages) else messages


@dataclass(frozen=True, slots=True)
class Timing:
    """How long an attempt took, and how long its first piece."""

    seconds: float
    first_seconds: float | None


class NoModel(ModelError):
    """The route names no language model; `extractive` may be on it."""


class BudgetSpent(ModelError):
    """No model may be asked any more today."""
