from datetime import date

import pytest

from knowledge.documents import Block, DocumentError
from knowledge.lint.findings import Finding
from knowledge.lint.gist import LookedAt, decode, encode, gist_of
from knowledge.lint.links import Link
from knowledge.loaders import load
from knowledge.loaders.reader import Reader
from settings.sections import ReadingSettings
from tests.knowledge.lint.making import TOKEN, document

PAGE = f"""---
audience: [managers]
updated: 2026-02-01
---
# Leave

See [pay](pay.md).

{"You may carry over five days of leave into the next year. " * 4}

The token is {TOKEN}.
""".encode()


def test_the_gist_holds_what_the_whole_folder_needs() -> None:
    gist = gist_of(load(PAGE, "leave.md"))
    assert (gist.title, gist.updated, gist.audience) == ("Leave", date(2026, 2, 1), ("managers",))
    assert gist.links == (Link("pay.md", 7, None),)
    assert "leave" in gist.anchors
    assert gist.words > 40
    assert gist.text_key == gist_of(load(PAGE.replace(b" five", b"  five"), "other.md")).text_key
    assert gist.text_key != gist_of(load(PAGE.replace(b"five", b"nine"), "other.md")).text_key


def test_the_process_that_reads_makes_the_same_gist_and_keeps_the_text() -> None:
    with Reader(ReadingSettings()) as reader:
        gist, findings = reader.look(PAGE, "leave.md", ["secret"])
        expected = gist_of(load(PAGE, "leave.md"))
        assert gist.signature is not None
        assert expected.signature is not None
        assert gist.signature.tolist() == expected.signature.tolist()
        for name in ("title", "updated", "audience", "words", "text_key", "links", "anchors"):
            assert getattr(gist, name) == getattr(expected, name)
        assert [(finding.check, finding.line) for finding in findings] == [("secret", 11)]
        with pytest.raises(DocumentError, match="audience"):
            reader.look(b"---\naudience: []\n---\n# A\n\nText\n", "a.md", [])


def test_a_short_text_has_no_signature() -> None:
    made = gist_of(document(blocks=(Block("Few words."),)))
    finding = Finding("title", "note", "a.md", "reason", "fix", page=2)
    import json

    assert decode(json.loads(encode(LookedAt(made, (finding,))))) == (made, (finding,))
    said = json.loads(encode(LookedAt(made, ())))
    said["gist"][5] = "AAAA"
    with pytest.raises(ValueError, match=r"length|multiple"):
        decode(said)
