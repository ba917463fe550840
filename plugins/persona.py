"""persona: who is speaking, by a system prompt in Markdown, a few examples, and a way to think.

The first rung of the ladder: free to change, effective at once. Every value can differ by platform
and channel.
"""

import re

from pydantic import Field

from plugins.contract import CallNext, Context, Example, OptionError, Options, Place, Plugin, Prompt, Reply, Turn
from settings.misspelt import near


class ExampleOptions(Options):
    """A question with the answer you would like to see."""

    question: str = Field(min_length=1)
    answer: str = Field(min_length=1)


class PersonaOptions(Options):
    """A persona. What is not given is taken from the persona above."""

    prompt: str | None = None
    """A Markdown file below settings/, the system prompt. `{name}` and `{contact}` are filled in."""
    examples: list[ExampleOptions] | None = None
    """Few-shot examples, shown to the model before the question."""
    step_by_step: str | None = None
    """An instruction how to think, such as "Think step by step, then give only the answer"."""


class PlaceOptions(PersonaOptions):
    """A persona for one platform or channel."""

    platform: str | None = None
    """`slack`, `discord` or `terminal`; not given: any."""
    channel: str | None = None
    """The platform's own id of a channel; not given: any."""


class PersonaPluginOptions(PersonaOptions):
    """The persona for everywhere, and exceptions by place; the last one that fits wins."""

    prompt: str | None = "personas/default.md"
    """A Markdown file below settings/, the system prompt. `{name}` and `{contact}` are filled in."""
    places: list[PlaceOptions] = Field(default_factory=list)
    """Other personas by `platform` and `channel`, with the same options; the last one that fits wins."""


class Persona(Plugin[PersonaPluginOptions]):
    """Puts the persona of the message's place into the prompt."""

    Options = PersonaPluginOptions

    def __init__(self, options: PersonaPluginOptions, context: Context) -> None:
        super().__init__(options, context)
        self._everywhere = _build(options, context, Prompt(), "prompt")
        self._places = []
        for index, place in enumerate(options.places):
            if place.platform is None and place.channel is None:
                raise OptionError(f"places[{index}]", "names neither a platform nor a channel")
            self._places.append((place, _build(place, context, self._everywhere, f"places[{index}].prompt")))

    async def __call__(self, turn: Turn, call_next: CallNext) -> Reply:
        return await call_next(turn.with_(prompt=self._at(turn.message.place)))

    def _at(self, place: Place) -> Prompt:
        chosen = self._everywhere
        for options, prompt in self._places:
            if options.platform in (None, place.platform) and options.channel in (None, place.channel):
                chosen = prompt
        return chosen


def _build(options: PersonaOptions, context: Context, base: Prompt, option: str) -> Prompt:
    system = base.system
    if options.prompt is not None:
        try:
            system = (_filled_in(context.read_file(options.prompt), options.prompt, context),)
        except OptionError as error:
            raise OptionError(option, str(error)) from None
    return Prompt(
        system=system,
        step_by_step=base.step_by_step if options.step_by_step is None else options.step_by_step,
        examples=base.examples
        if options.examples is None
        else tuple(Example(example.question, example.answer) for example in options.examples),
    )


_SURELY = 0.8
"""So near to a known name, by difflib's ratio, a word in braces is a slip of it."""


def _filled_in(text: str, file: str, context: Context) -> str:
    """The persona's text with what it leaves open. Other braces stay, unless one looks like a slip of a known name."""
    if not text.strip():
        raise OptionError("", f"{file} is empty: write who the assistant is, or `prompt: null` for no persona")
    values = {"name": context.assistant, "contact": context.contact}
    for number, line in enumerate(text.splitlines(), start=1):
        for word in re.findall(r"\{([^{}\n]{1,40})\}", line):
            if word not in values and (meant := near(word.strip(), values, _SURELY)):
                raise OptionError("", f"{file}:{number}: nothing is known as {{{word}}} (did you mean {{{meant}}}?)")
    return re.sub(r"\{(name|contact)\}", lambda found: values[found[1]], text.strip())
