import re
from pathlib import Path

import pytest

from knowledge.chunking import ChunkSize, chunk_document
from knowledge.documents import count_words
from knowledge.embedding import Embedder
from knowledge.loaders import loader_for
from knowledge.quotes import Quote, best_quotes
from knowledge.search import Passage
from knowledge.sparse import TermWeights

DOCS = Path(__file__).resolve().parents[2] / "knowledge" / "docs"
TERMS = TermWeights("english")

CODES = """Some words above.

| Code   | Meaning                 | What to do                        |
|--------|-------------------------|-----------------------------------|
| E-4101 | No route to the server  | Check the internet connection now |
| E-4107 | Certificate has expired | Renew the certificate in the Hub  |
| E-4112 | Prompt was not answered | Approve it within 45 seconds      |
| E-4120 | The client is too old   | Install Tideway 5.2 from the Hub  |
| E-4133 | Account not allowed     | Ask your contact for a VPN form   |"""


def passage(text: str, id_: str = "p", score: float = 0.5, heading: str = "") -> Passage:
    return Passage(id_, f"{id_}.md", "v", "Title", heading, text, 1, None, score, score, 0.0)


def of_file(source: str) -> list[Passage]:
    """The chunks of a shipped document, in order and as if all were found alike."""
    loader = loader_for(source)
    assert loader is not None
    document = loader((DOCS / source).read_bytes(), source)
    return [
        Passage(f"{source}#{c.ordinal}", source, "v", document.title, c.heading, c.text, c.line, None, 0.5, 0.5, 0.0)
        for c in chunk_document(document, ChunkSize(140, 180))
    ]


async def quoted(embedder: Embedder, question: str, *passages: Passage | str) -> tuple[Quote, ...]:
    given = [passage(p, f"p{number}") if isinstance(p, str) else p for number, p in enumerate(passages)]
    return await best_quotes(question, given, embedder, TERMS)


async def text_of(embedder: Embedder, question: str, *passages: Passage | str) -> str:
    return "\n\n".join(quote.text for quote in await quoted(embedder, question, *passages))


@pytest.mark.parametrize("text", ["", " \n\n ", "# Only\n\n## Headings", "## x\n\n\n"])
async def test_passages_without_sentences_give_no_quote(embedder: Embedder, text: str) -> None:
    assert await quoted(embedder, "What is it?", text) == ()


async def test_no_passages_give_no_quote(embedder: Embedder) -> None:
    assert await quoted(embedder, "What is it?") == ()


async def test_a_question_without_words_is_quoted_all_the_same(embedder: Embedder) -> None:
    assert await quoted(embedder, "???", "A sentence.")


async def test_a_passage_of_code_is_quoted_whole(embedder: Embedder) -> None:
    code = "```text\nServer: vpn.example\nPort: 443\n```"
    assert await text_of(embedder, "which port", code) == code


async def test_the_sentence_that_answers_is_quoted_whole_and_verbatim(embedder: Embedder) -> None:
    text = (
        "The canteen opens at noon. Passwords do not expire! Pay day is the 26th, e.g. in May (the 19th in December). "
        "Vans are booked in Almanac. Badges are made at reception. Parking is free."
    )
    answer = await text_of(embedder, "when is pay day", text)
    assert "Pay day is the 26th, e.g. in May (the 19th in December)." in answer
    for piece in answer.split(" … "):
        assert piece in text


async def test_quotation_marks_and_emphasis_stay_with_their_sentence(embedder: Embedder) -> None:
    text = "**When is pay day?** It is the *26th.* She said “now.” Then nothing."
    assert (await text_of(embedder, "when is pay day", text)).startswith(text.removesuffix(" Then nothing."))


async def test_a_question_in_the_text_is_quoted_with_its_answer(embedder: Embedder) -> None:
    text = (
        "**Can I take a dog to work?** Only on Mondays.\n\n**How long is probation?** Six months.\n\n"
        "**Where is the canteen?** On floor two."
    )
    assert "**How long is probation?** Six months." in await text_of(embedder, "how long is probation", text)


async def test_quotes_are_two_to_four_sentences_within_the_limit(embedder: Embedder) -> None:
    sentences = [
        f"Sentence number {number} is about annual leave and its carrying over to next year." for number in range(20)
    ]
    answer = await text_of(embedder, "annual leave carrying over", " ".join(sentences))
    assert 2 <= len(re.findall("Sentence number", answer)) <= 4
    assert count_words(answer) <= 90


async def test_a_unit_longer_than_the_limit_is_quoted_alone(embedder: Embedder) -> None:
    text = f"- Leave {'and leave ' * 80}here.\n- Leave is long.\n- Leave is short and so on."
    [quote] = await quoted(embedder, "leave and leave", f"- Leave {'and leave ' * 80}here.")
    assert count_words(quote.text) > 90
    assert count_words(await text_of(embedder, "leave and leave", text)) <= 90 + 162


async def test_quotes_stand_in_the_order_of_the_passages_and_of_reading(embedder: Embedder) -> None:
    first = passage("One cat sat on a mat. Another cat sat on a hat.", "a", 0.6)
    second = passage("A third cat sat on a bat. A fourth cat sat on a rat.", "b", 0.6)
    quotes = await quoted(embedder, "which cat sat on what", first, second)
    assert [quote.passage.id for quote in quotes] == ["a", "b"]
    for quote in quotes:
        assert quote.text == quote.passage.text


async def test_passages_of_one_file_are_quoted_in_the_order_of_the_file(embedder: Embedder) -> None:
    late, other, early = (
        Passage(id_, source, "v", "Title", "", f"The cat sat on the {thing}.", line, None, 0.6, 0.6, 0.0)
        for id_, source, thing, line in (("1", "a.md", "mat", 30), ("2", "b.md", "hat", 1), ("3", "a.md", "bat", 7))
    )
    quotes = await quoted(embedder, "where did the cat sit", late, other, early)
    assert [quote.passage.id for quote in quotes] == ["3", "1", "2"]


async def test_what_announces_a_list_is_quoted_with_it(embedder: Embedder) -> None:
    text = (
        "Mail works without it.\n\nIf you see the error *Certificate refused*, do this:\n\n"
        "1. Forget the network.\n2. Join the guest network.\n3. Renew it.\n\nThe canteen is closed."
    )
    answer = await text_of(embedder, "I see the error certificate refused", text)
    assert "do this:\n\n1. Forget the network.\n2. Join the guest network.\n3. Renew it." in answer


async def test_a_step_is_quoted_with_the_others_of_a_short_list(embedder: Embedder) -> None:
    steps = (
        "1. Ring the desk.\n2. Show your badge on video.\n3. You receive a temporary access code.\n4. Sign in with it."
    )
    text = f"Chat is slow today.\n\n{steps}\n\nThe canteen is closed."
    assert steps in await text_of(embedder, "temporary access code", text)


async def test_a_point_of_a_list_stands_for_itself(embedder: Embedder) -> None:
    text = "\n".join(
        [
            "- Pay day is the 26th.",
            "- Vans are for work only.",
            "- Rooms are named after rivers.",
            "- Dogs stay at home.",
            "- Printers are on every floor.",
            "- Bring your badge.",
        ]
    )
    answer = await text_of(embedder, "may I use vans privately", text)
    assert "- Vans are for work only." in answer.split("\n")
    assert len(answer.split("\n")) <= 4


async def test_a_row_comes_with_its_header_and_without_its_neighbours(embedder: Embedder) -> None:
    answer = await text_of(embedder, "the client is too old", CODES)
    rows = [line for line in answer.split("\n") if line.startswith("|")]
    assert rows == [*CODES.split("\n")[2:4], CODES.split("\n")[7]]


async def test_a_table_that_is_quoted_whole_leaves_room_for_sentences(embedder: Embedder) -> None:
    text = (
        "| Place | Hotel limit |\n|---|---|\n| London | £165 |\n| Leeds | £110 |\n| Porto | €120 |\n| Other | £130 |"
        "\n\nIn Porto we have a hotel rate with the Casa do Farol.\n\nTrains are booked early."
    )
    answer = await text_of(embedder, "hotel limit in porto", text)
    assert "| Other |" in answer
    assert "Casa do Farol" in answer


async def test_of_an_faq_only_few_answers_are_quoted(embedder: Embedder) -> None:
    entries = "\n".join(
        f"{number}. How many days of leave are there in case {number}?\n   There are {number} days. Take them soon."
        for number in range(1, 9)
    )
    answer = await text_of(embedder, "how many days of leave are there", entries)
    assert len(re.findall("How many days", answer)) == 2


async def test_a_small_table_is_quoted_whole(embedder: Embedder) -> None:
    table = "| Meal | UK |\n|---|---|\n| Lunch | £15 |\n| Dinner | £30 |"
    assert table in await text_of(embedder, "how much for an evening meal", f"The canteen is closed.\n\n{table}")


@pytest.mark.parametrize("code", ["E-4107", "e4107", "E 4107", "4107", "e_4107"])
@pytest.mark.parametrize("question", ["error {} on vpn??", "{}", "it says prompt not answered with {}, client too old"])
async def test_of_a_code_only_what_stands_with_it_is_quoted(embedder: Embedder, question: str, code: str) -> None:
    answer = await text_of(embedder, question.format(code), CODES)
    assert "Renew the certificate in the Hub" in answer
    assert set(re.findall(r"E-\d+", answer)) == {"E-4107"}


async def test_what_stands_under_a_heading_with_the_code_counts_too(embedder: Embedder) -> None:
    answer = await text_of(
        embedder, "E-4107", f"{CODES}\n\n#### If E-4107 comes back\n\nSet the clock, then try again."
    )
    assert "Renew the certificate" in answer
    assert "Set the clock, then try again." in answer


async def test_a_code_that_is_missing_in_a_list_of_such_codes_has_no_quote(embedder: Embedder) -> None:
    assert await quoted(embedder, "vpn error E-4135 what is that", CODES) == ()


async def test_a_number_that_is_no_code_excludes_nothing(embedder: Embedder) -> None:
    assert await quoted(embedder, "does my M30 phone get 4000 minutes in 2026", CODES)


@pytest.mark.parametrize(
    ("question", "source", "answer"),
    [
        ("error E-4107 on vpn??", "help/vpn.md", "Renew certificate"),
        ("printer says P-52", "help/printing.html", "Waste toner box"),
        ("wifi in the office says W-18", "help/wifi.md", "Renew certificate"),
        ("can i take one of the vans at the weekend to move flat", "help/van booking.md", "for work only"),
    ],
)
async def test_shipped_documents_answer_in_their_own_words(
    embedder: Embedder, question: str, source: str, answer: str
) -> None:
    passages = of_file(source)
    quotes = await best_quotes(question, passages[:3], embedder, TERMS)
    assert answer in "\n".join(quote.text for quote in quotes)
    for quote in quotes:
        assert all(
            " ".join(line.split()) in " ".join(quote.passage.text.split()) for line in re.split(r"\n| … ", quote.text)
        )


async def test_the_same_question_gives_the_same_quotes(embedder: Embedder) -> None:
    passages = of_file("help/vpn.md")
    assert await quoted(embedder, "slow connection", *passages) == await quoted(embedder, "slow connection", *passages)
