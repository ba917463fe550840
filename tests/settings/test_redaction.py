import pytest
from hypothesis import given
from hypothesis import strategies as st

from settings.redaction import redact

KEY = "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc"
CARD = "4539 1488 0343 6467"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"my card {CARD} was stolen", "my card [payment card number removed] was stolen"),
        ("my password is kX9vTq2mLz why", "my password is [password removed] why"),
        (f"the key {KEY} does not work", "the key [key or token of a service removed] does not work"),
        (
            "pay to DE75 5121 0800 1245 1261 99 please",
            "pay to [bank account number (IBAN) removed] please",
        ),
    ],
)
def test_what_nobody_should_have_typed_is_named_and_gone(text: str, expected: str) -> None:
    assert redact(text).text == expected


@pytest.mark.parametrize(
    "text",
    [
        "how do I reset my password?",
        "what do i do about error E-4107 on the vpn?",
        "call me on 020 7946 0018",
        "order 4539 1488 0343 6468",  # the check digit is wrong
        "who is anna.berg@larkfield.example?",
        "the token is invalid, what now?",
        "",
    ],
)
def test_questions_stay_as_they_are(text: str) -> None:
    assert redact(text).text == text
    assert redact(text).kinds == ()


def test_only_what_was_asked_for_is_taken_out() -> None:
    text = f"{KEY} and {CARD}"
    assert redact(text, ("numbers",)).text == f"{KEY} and [payment card number removed]"
    assert CARD in redact(text, ("secrets",)).text
    assert redact(text).kinds == ("key or token of a service", "payment card number")


@given(st.text(max_size=40), st.text(max_size=40), st.sampled_from([KEY, CARD]))
def test_nothing_of_it_is_left_whatever_stands_around_it(before: str, after: str, value: str) -> None:
    redacted = redact(f"{before} . {value} . {after}")
    assert value not in redacted.text
    assert redact(redacted.text).text == redacted.text


BODY = "MIIEowIBAAKCAQEAx7Qp9dLkVt3Zc8yWmN2rB5sHfJ6gKa1eUoPiTlXnDbCvRzQy"


@pytest.mark.parametrize(
    "headers",
    ["", "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,A1B2\n\n", "Version: GnuPG v2\nComment: of the office\n\n"],
)
@pytest.mark.parametrize("end", ["\n", "\\n", " "])
def test_a_private_key_is_found_with_its_headers(headers: str, end: str) -> None:
    if end == " ":
        headers = headers.replace(" v2", "").replace(" of the office", " x")
    text = f"-----BEGIN RSA PRIVATE KEY-----\n{headers}{BODY}".replace("\n", end)
    assert redact(text).text == "[private key removed]"


def test_a_text_full_of_beginnings_of_keys_holds_nothing_up() -> None:
    """Each header could be read in many ways; this took minutes once."""
    for piece in ("A: b ", "A: ", "-----BEGIN A PRIVATE KEY----- A: "):
        redact("-----BEGIN PRIVATE KEY----- " + (piece * 2000)[:8000])
