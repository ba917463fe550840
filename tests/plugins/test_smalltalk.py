import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.contract import Context, Exchange
from plugins.smalltalk import Smalltalk, SmalltalkOptions
from plugins.smalltalk_words import PATTERNS, SAID
from plugins.wording import plain
from tests.plugins.parts import CONTACT, Inside, ask
from tests.plugins.test_language_detection import QUESTIONS


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("hi", "greeting", "Hello, I am Deskhand."),
        ("Good morning everyone!! how are you doing today?", "greeting", "Hello"),
        ("thanks a lot, that helps 🙏", "thanks", "You're welcome."),
        ("ok", "thanks", "You're welcome."),
        ("who are you?", "about", CONTACT),
        ("HELP", "about", "I answer questions from the company's own documents"),
        ("are you a bot or a human?", "about", "I am Deskhand"),
        ("tell me a joke", "off_topic", "That is not in the company's documents"),
        ("what's the weather like today?", "off_topic", "That is not"),
        ("bye", "goodbye", "Goodbye."),
        ("Hallo zusammen", "greeting", "Hallo, ich bin Deskhand."),
        ("vielen Dank!", "thanks", "Gern geschehen."),
        ("Qui êtes-vous ?", "about", "Je suis Deskhand."),
        ("¡Hola! ¿Qué tal?", "greeting", "Hola"),
        ("Muito obrigada", "thanks", "De nada."),
        ("ciao", "greeting", "Ciao"),
        ("dank je wel", "thanks", "Graag gedaan."),
    ],
)
async def test_what_is_no_question_is_answered_without_a_search(
    context: Context, text: str, kind: str, said: str
) -> None:
    inside, turn = Inside(), ask(text)
    reply = await Smalltalk(SmalltalkOptions(), context)(turn, inside)
    assert said in reply.text
    assert inside.turns == []
    assert turn.trace.events == [f"smalltalk: {kind}"]


@pytest.mark.parametrize(
    "text",
    [
        "hi, how many days off do I have?",
        "thanks! and what about part-timers?",
        "ok and in May",
        "help with my laptop",
        "who are you supposed to tell when you are sick?",
        "what can you do about noise",
        "bad weather: do I have to come in?",
        "are you allowed to bring a dog",
        "hello world program licence",
        "team",
        "many",
        "TA",
        "yes",
        "no",
        "good morning, the printer is broken",
        "Hallo, wie viele Urlaubstage habe ich?",
        "",
        "🙂",
        "hi good morning ok thanks " * 100 + "x",
    ],
)
async def test_a_real_question_goes_on_as_it_is(context: Context, text: str) -> None:
    inside, turn = Inside(), ask(text)
    await Smalltalk(SmalltalkOptions(), context)(turn, inside)
    assert inside.turns == [turn]


GREETINGS = ["hi", "Hello!", "good morning,", "thanks,", "hey team:", "Hallo,", "Bonjour,", "ok so", "¡Hola!", ""]


@given(st.sampled_from(GREETINGS), st.sampled_from([text for texts in QUESTIONS.values() for text in texts]))
def test_no_greeting_swallows_the_question_behind_it(greeting: str, question: str) -> None:
    text = plain(f"{greeting} {question}")
    assert not any(_fits(pattern, text) for patterns in PATTERNS.values() for pattern in patterns.values())


def _fits(pattern: str, text: str) -> bool:
    return re.fullmatch(pattern, text) is not None


async def test_the_thread_decides_where_a_word_belongs_to_several_languages(context: Context) -> None:
    thread = (Exchange("user", "Wie viele Urlaubstage habe ich?"), Exchange("assistant", "30 [1]."))
    reply = await Smalltalk(SmalltalkOptions(), context)(ask("ok super", history=thread), Inside())
    assert reply.text == "Gern geschehen."


async def test_a_house_says_it_in_its_own_words_and_declines_more(context: Context) -> None:
    options = SmalltalkOptions(
        kinds=["greeting", "off_topic"], off_topic=["Who will win the cup?"], says={"greeting": "Ahoy from {name}!"}
    )
    smalltalk, inside = Smalltalk(options, context), Inside()
    assert (await smalltalk(ask("hello"), inside)).text == "Ahoy from Deskhand!"
    assert (await smalltalk(ask("who will win the cup"), inside)).text.startswith("That is not in")
    assert (await smalltalk(ask("thanks"), inside)).text == "from inside"


def test_every_language_has_words_for_every_kind() -> None:
    assert all(set(texts) == set(PATTERNS) for texts in SAID.values())
    assert all(set(patterns) == set(SAID) for patterns in PATTERNS.values())
