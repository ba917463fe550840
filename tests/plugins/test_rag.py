import pytest

from plugins.contract import Context, Exchange
from plugins.rag import Rag, RagOptions
from settings.errors import IndexMismatch
from tests.plugins.parts import CONTACT, Inside, ListedKnowledge, ask


async def test_the_passages_and_their_evidence_are_handed_inwards(context: Context, knowledge: ListedKnowledge) -> None:
    inside = Inside()
    turn = ask()
    reply = await Rag(RagOptions(), context)(turn, inside)
    assert reply.text == "from inside"
    assert inside.turns[0].passages == knowledge.passages
    assert inside.turns[0].evidence == knowledge.evidence
    [search] = turn.trace.searches
    assert (search.question, search.evidence) == (turn.message.text, knowledge.evidence)
    assert search.passages == knowledge.passages


async def test_the_search_is_asked_for_the_groups_of_the_person_and_with_the_options(
    context: Context, knowledge: ListedKnowledge
) -> None:
    thread = (Exchange("user", "first"), Exchange("assistant", "answer"), Exchange("user", "second"))
    turn = ask("and in May?", groups=("managers",), history=thread)
    await Rag(RagOptions(passages=2, per_document=1), context)(turn, Inside())
    assert knowledge.asked == [
        {
            "question": "and in May?",
            "groups": ("managers",),
            "limit": 2,
            "per_document": 1,
            "thread": ["first", "second"],
            "answer": "",
        }
    ]


@pytest.mark.parametrize(
    ("said", "searched"),
    [
        ("You have 25 days [1].", "You have 25 days [1]."),
        (f"I could not find this in the documents. Please ask {CONTACT}.", ""),
        ("I cannot search the documents at the moment: ...", ""),
    ],
)
async def test_a_follow_up_is_searched_by_what_was_answered_before(
    context: Context, knowledge: ListedKnowledge, said: str, searched: str
) -> None:
    thread = (Exchange("user", "how much leave?"), Exchange("assistant", said))
    await Rag(RagOptions(), context)(ask("and in May?", history=thread), Inside())
    assert knowledge.asked[0]["answer"] == searched


async def test_without_options_the_knowledge_decides_how_much_is_found(
    context: Context, knowledge: ListedKnowledge
) -> None:
    await Rag(RagOptions(), context)(ask(), Inside())
    assert (knowledge.asked[0]["limit"], knowledge.asked[0]["per_document"]) == (None, None)


async def test_nothing_found_is_an_abstention_that_names_the_contact(
    context: Context, knowledge: ListedKnowledge
) -> None:
    knowledge.passages = ()
    inside = Inside()
    reply = await Rag(RagOptions(), context)(ask(), inside)
    assert reply.outcome.status == "abstained"
    assert CONTACT in reply.text
    assert inside.turns == []


@pytest.mark.parametrize(("evidence", "answered"), [(0.39, False), (0.4, True)])
async def test_evidence_below_the_threshold_is_an_abstention(
    context: Context, knowledge: ListedKnowledge, evidence: float, answered: bool
) -> None:
    knowledge.evidence = evidence
    inside = Inside()
    await Rag(RagOptions(least_evidence=0.4), context)(ask(), inside)
    assert bool(inside.turns) == answered


async def test_a_knowledge_that_cannot_be_searched_is_no_abstention_but_a_reason(
    context: Context, knowledge: ListedKnowledge
) -> None:
    knowledge.error = IndexMismatch("the index was built with another model")
    inside = Inside()
    reply = await Rag(RagOptions(), context)(ask(), inside)
    assert reply.outcome.status == "refused"
    assert reply.outcome.reason == "the index was built with another model"
    assert CONTACT in reply.text
    assert inside.turns == []


def test_without_a_search_there_is_no_answer() -> None:
    assert Rag.required
