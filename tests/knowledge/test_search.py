"""Searches over a real folder, model and engine: what a question finds however it is typed."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from knowledge import Found, open_index, search
from knowledge.catalogue import Catalogue, Generation
from knowledge.embedding import Embedder
from settings import Settings

Write = Callable[[str, str | bytes], Path]

DOCS = {
    "leave.md": "# Annual leave\n\nEmployees have 25 days of annual leave a year.\n\n## Carry over\n\n"
    "Up to 5 days may be carried over until 30 June.\n",
    "vpn.md": "# VPN\n\nError E-4107 means that the certificate has expired: renew it in the hub.\n\n"
    "Error E-4108 means that the network is down.\n",
    "expenses.md": "# Expenses\n\nReimbursement is paid within ten days. Hand in form LF-12 with the receipts.\n",
    "travel-2023.md": "# Travel rates 2023\n\nA hotel in London may cost 140 pounds a night.\n",
    "travel-2025.md": "# Travel rates 2025\n\nA hotel in London may cost 165 pounds a night.\n",
    "parking.md": "# Parking\n\nThe car park opens at seven. Ask the reception for a permit.\n",
}
SECRET = (
    "---\naudience: [board]\n---\n\n# Quokka\n\nProject Quokka: the hotel purchase, certificate and reimbursement.\n"
)


@pytest.fixture
def documents(write: Write) -> None:
    for source, text in DOCS.items():
        write(f"knowledge/docs/{source}", text)


async def ask(settings: Settings, embedder: Embedder, *questions: str, groups: Sequence[str] = ()) -> list[Found]:
    async with open_index(settings, embedder) as index:
        await index.sync()
        return [await index.search(question, groups, limit=6) for question in questions]


@pytest.mark.usefixtures("documents")
async def test_the_right_file_is_first_however_the_question_is_typed(settings: Settings, embedder: Embedder) -> None:
    asked = {
        "what does e4107 mean": "vpn.md",
        "ERROR e 4107??": "vpn.md",
        "which form, lf12": "expenses.md",
        "when is the reimbursment paid": "expenses.md",
        "hi, quick one: can you tell me what the hotel in london may cost now? thx": "travel-2025.md",
        "hotel in london in 2023": "travel-2023.md",
        'which page says "ask the reception"': "parking.md",
        "what is in parking.md": "parking.md",
        "carry ovr days": "leave.md",
    }
    found = await ask(settings, embedder, *asked)
    assert {question: one.passages[0].source for question, one in zip(asked, found, strict=True)} == asked


async def test_an_english_word_that_no_document_has_is_no_slip(
    write: Write, settings: Settings, embedder: Embedder
) -> None:
    write("knowledge/docs/style.md", "# Style\n\nClarity comes first: write short sentences.\n")
    right, slip = await ask(settings, embedder, "charity", "clarty")
    assert right.passages[0].coverage == 0
    assert slip.passages[0].coverage > 0


@pytest.mark.usefixtures("documents")
async def test_documents_of_others_change_no_score_and_mend_no_word(
    write: Write, settings: Settings, embedder: Embedder
) -> None:
    questions = ("hotel certificate", "project quokkka", "reimbursment of a hotel", "when does the car park open")
    before = await ask(settings, embedder, *questions)
    write("knowledge/docs/secret.md", SECRET)
    assert await ask(settings, embedder, *questions) == before
    member = await ask(settings, embedder, "project quokkka", groups=["board"])
    assert member[0].passages[0].source == "secret.md"
    assert member[0].evidence > before[1].evidence


@pytest.mark.usefixtures("documents")
async def test_a_removed_document_leaves_nothing_in_the_scores(
    write: Write, settings: Settings, embedder: Embedder
) -> None:
    before = await ask(settings, embedder, "hotel certificate")
    path = write("knowledge/docs/more.md", "# Hotels\n\nA hotel, a certificate and a hotel.\n")
    assert await ask(settings, embedder, "hotel certificate") != before
    path.unlink()
    assert await ask(settings, embedder, "hotel certificate") == before


@pytest.mark.usefixtures("documents")
async def test_a_follow_up_is_found_by_its_thread_and_by_the_answer_before(
    settings: Settings, embedder: Embedder
) -> None:
    async with open_index(settings, embedder) as index:
        await index.sync()
        alone = await index.search("and how many of them can I keep?")
        thread = ["how much annual leave do I have?"]
        after = await index.search("and how many of them can I keep?", thread=thread)
        answered = await index.search(
            "and how many of them can I keep?", thread=thread, answer="You have 25 days of annual leave a year [1]."
        )
    assert after.passages[0].source == answered.passages[0].source == "leave.md"
    assert after.evidence > alone.evidence


async def test_chunks_that_follow_each_other_come_as_one_passage(
    write: Write, settings: Settings, embedder: Embedder
) -> None:
    paragraphs = [
        f"Badges of kind {number} open door {number}. " + "They are checked every day. " * 20 for number in range(4)
    ]
    write("knowledge/docs/badges.md", "# Badges\n\n" + "\n\n".join(paragraphs))
    [found] = await ask(settings, embedder, "which badges open doors")
    assert len(found.passages) == 1
    assert found.passages[0].text.startswith("Badges of kind")
    assert found.passages[0].text.count("open door") >= 2


async def test_evidence_tells_a_question_that_is_answered_from_one_that_is_not(
    documents: None, settings: Settings, embedder: Embedder
) -> None:
    met, unmet = await ask(settings, embedder, "how many days of annual leave a year?", "who won the chess game?")
    assert 0 <= unmet.evidence < 0.5 < met.evidence <= 1


@pytest.mark.usefixtures("documents")
async def test_a_code_or_a_word_that_no_document_has_is_less_evidence(settings: Settings, embedder: Embedder) -> None:
    there, missing, word, unknown = await ask(
        settings, embedder, "vpn error E-4107", "vpn error E-4135", "hotel in london", "spa in london"
    )
    assert missing.evidence < there.evidence - 0.1
    assert unknown.evidence < word.evidence - 0.1


@pytest.mark.usefixtures("documents")
async def test_another_word_for_the_same_finds_the_document(settings: Settings, embedder: Embedder) -> None:
    [found] = await ask(settings, embedder, "PTO rollover")
    assert found.passages[0].source == "leave.md"
    assert found.passages[0].coverage > 0


@pytest.mark.usefixtures("documents")
async def test_searches_side_by_side_take_no_passage_from_each_other(
    settings: Settings, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "_MOST_PAYLOADS", 0)
    async with open_index(settings, embedder) as index:
        await index.sync()
        alone = await index.search("hotel in london", limit=6)
        hidden = Catalogue.hidden
        inside: list[str] = []

        async def search_between(catalogue: Catalogue, generation: Generation) -> frozenset[str]:
            if len(inside) < 4:
                inside.append("about to be searched")
                await index.search("error E-4107", limit=6)
            return await hidden(catalogue, generation)

        monkeypatch.setattr(Catalogue, "hidden", search_between)
        assert await index.search("hotel in london", limit=6) == alone
        assert len(inside) == 4


@pytest.mark.usefixtures("documents")
async def test_word_lists_are_read_in_a_thread(
    settings: Settings, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = []
    for name in ("load_near_words", "load_places"):
        monkeypatch.setattr(f"knowledge.index.{name}", lambda: threads.append(threading.current_thread()))
    await ask(settings, embedder, "hotel in london")
    assert len(threads) == 2
    assert threading.current_thread() not in threads


class _Favouring:
    """A judge for whom every passage with this word answers, and no other."""

    def __init__(self, word: str) -> None:
        self._word = word

    async def logits(self, questions: Sequence[str], passages: Sequence[str]) -> list[list[float]]:
        return [[9.0 if self._word in passage else -9.0 for _ in questions] for passage in passages]


async def test_of_passages_with_near_scores_the_one_that_answers_comes_first(
    write: Write, settings: Settings, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("knowledge/docs/north.md", "# Gym\n\nThe gym is open from seven.\n")
    write("knowledge/docs/south.md", "# Gym\n\nThe gym is open from eight.\n")
    write("knowledge/docs/parking.md", "# Parking\n\nAsk the reception for a permit.\n")
    order = {}
    for word in ("seven", "eight", "permit"):

        async def judge(_: Embedder, word: str = word) -> _Favouring:
            return _Favouring(word)

        monkeypatch.setattr("knowledge.index.judge_for", judge)
        [found] = await ask(settings, embedder, "when does the gym open")
        order[word] = [passage.source for passage in found.passages]
    assert order["seven"] == ["north.md", "south.md", "parking.md"]
    assert order["eight"] == ["south.md", "north.md", "parking.md"]
    assert order["permit"][-1] == "parking.md"


@pytest.mark.usefixtures("documents")
async def test_how_many_passages_are_wanted_does_not_change_the_evidence_or_the_order(
    settings: Settings, embedder: Embedder
) -> None:
    async with open_index(settings, embedder) as index:
        await index.sync()
        one, six = [await index.search("what may a hotel cost", limit=limit) for limit in (1, 6)]
    assert len(one.passages) == 1
    assert one.passages[0] == six.passages[0]
    assert one.evidence == six.evidence


async def test_a_small_folder_answers_a_question_in_other_words_but_not_one_about_something_else(
    write: Write, settings: Settings, embedder: Embedder
) -> None:
    write("knowledge/docs/leave.md", DOCS["leave.md"])
    answered, other = await ask(settings, embedder, "how many days of vacation do i get", "what is the wifi password")
    assert answered.evidence > 0.4
    assert other.evidence < 0.1
