import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.documents import Block
from settings.credentials import veil
from tests.knowledge.lint.making import AWS, KEY, TOKEN, document, run


@pytest.mark.parametrize(
    "text",
    [
        f"The bot's token is {TOKEN}.",
        f"aws_access_key_id = {AWS}",
        f"Use this:\n\n{KEY}",
        "glpat-" + "x7Kd93mQpZ2vLrT8nYwB",
        "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc",
        "postgres://app:Wq7rT9zL@db.acme-internal.com:5432/hr",
        "postgres://app:correct-horse-staple@db.acme-internal.com/hr",
        "password: kX9#vTq2!mLz",
        "export DB_PASSWORD=kX9#vTq2!mLz",
        "Passwort = Zr7-Kw93-Lmq8-Tv",
        "https://hooks.slack.com/services/" + "T02AB3CD4/B05EF6GH7/a8Kd93mQpZ2vLrT8nYwBx4Ce",
    ],
)
def test_what_is_certainly_a_secret_is_severe_and_not_shown(text: str) -> None:
    [finding] = run("secret", document("Some words.", text))
    assert finding.severity == "severe"
    assert finding.line is not None
    assert finding.line >= 5
    for word in text.split():
        if any(char.isdigit() for char in word):
            assert word not in finding.reason + finding.fix


@pytest.mark.parametrize(
    "text",
    [
        "The password: hunter2",
        "The guest Wi-Fi password is Sunny-Meadow-42",
        "token = abc98765def",
        "mot de passe : soleil75",
    ],
)
def test_what_may_be_one_is_a_warning(text: str) -> None:
    assert [finding.severity for finding in run("secret", document(text))] == ["warning"]


@pytest.mark.parametrize(
    "text",
    [
        "password: ********",
        "Your password is at least 14 characters long.",
        "password: 12-characters",
        "AKIAIOSFODNN7EXAMPLE",
        "sk-xxxxxxxxxxxxxxxxxxxxxxxx",
        "api_key: ${API_KEY}",
        "API_KEY=your-api-key-1",
        "postgres://user:password@localhost/db",
        "token: string",
        "secret: SHA256",
        "next_page_token=CAUQAA3xZ9bcD-k",
        "password = config.db1",
        "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
        "Passwords expire after 90 days. Password: see 1Password.",
        "the scikit package sk-learn-contrib-example-names",
        "https://lnks.example/l/eyJhbGciOiJIUzI1NiJ9.eyJidWxsZXRpbl9saW5rX2lkIjoxMDMs.s9Kd93mQpZ2vLrT8nYwBx4Ce",
    ],
)
def test_placeholders_and_rules_are_no_secrets(text: str) -> None:
    assert run("secret", document(text)) == []


def test_a_column_of_passwords_is_found() -> None:
    def found(head: str, cell: str) -> list[tuple[str, int | None]]:
        rows = f"| System | {head} |\n|---|---|\n| VPN | ask the desk |\n| Wiki | {cell} |"
        made = document("Some words.", blocks=(Block(rows, kind="table", line=5),))
        return [(finding.severity, finding.line) for finding in run("secret", made)]

    for head, cell in (("Password", "Tr0ub4dor&3x"), ("PIN", "a4471b"), ("Initial password", "`Sunny-Meadow-42`")):
        assert found(head, cell) == [("warning", 8)], (head, cell)
    for head, cell in (("Password", "8 to 14 signs"), ("Password", "********"), ("Form", "P-77b41")):
        assert found(head, cell) == [], (head, cell)


@pytest.mark.parametrize(
    "made",
    [
        document("x", title=f"Token {TOKEN}"),
        document("x", keywords=(TOKEN,)),
    ],
)
def test_a_secret_in_the_title_is_found_as_well(made: object) -> None:
    assert [finding.severity for finding in run("secret", made)] == ["severe"]  # type: ignore[arg-type]


@given(st.text(max_size=60), st.text(max_size=60), st.sampled_from([TOKEN, AWS]))
def test_a_veiled_text_never_holds_the_secret(before: str, after: str, secret: str) -> None:
    assert secret not in veil(f"{before} {secret} {after}")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Card 4539 1488 0343 6467", "payment card"),
        ("IBAN DE75 5121 0800 1245 1261 99", "IBAN"),
        ("SSN 536-90-4399", "social security"),
        ("NI number JG 10 37 59 A", "national insurance"),
        ("DNI 48121765S", "Spanish"),
        ("RSSMRA85T10A562S", "Italian"),
    ],
)
def test_numbers_of_people_are_told_by_their_check_digits(text: str, kind: str) -> None:
    [finding] = run("personal", document("Some words.", text))
    assert kind in finding.reason
    assert (finding.severity, finding.line) == ("warning", 5)
    assert not any(char.isdigit() and char != "1" for char in finding.reason)


@pytest.mark.parametrize(
    "text",
    [
        "Card 4539 1488 0343 6468",
        "For tests use 4242 4242 4242 4242.",
        "IBAN DE75 5121 0800 1245 1261 98",
        "IBAN GB82 WEST 1234 5698 7654 32",
        "Form 123-45-6789",
        "Call 555-0199 or 666-12-3456",
        "Order 4539148803436467-2",
        "Write to help@acme.example or jane.doe@acme.example",
    ],
)
def test_other_numbers_and_contacts_are_no_personal_data(text: str) -> None:
    assert run("personal", document(text)) == []


def test_what_is_said_of_numbers_is_true() -> None:
    ibans = ["DE02120300000000202051", "DE02500105170137075030"]
    assert run("personal", document("\n".join(ibans)))[0].reason == (
        "2 bank account numbers (IBAN) (the check digits fit)"
    )
    assert run("personal", document("SSN 536-90-4399"))[0].reason == "1 social security number (the form fits)"


def test_a_list_of_people_is_worse_than_one() -> None:
    cards = ["4539148803436467", "4716461583322103", "4929939187355598", "4485383550284604", "4556737586899855"]
    [finding] = run("personal", document("\n".join(cards)))
    assert (finding.severity, finding.reason) == ("severe", "5 payment card numbers (the check digits fit)")
    people = "\n".join(f"first{number}.last{number}@acme.example".replace("first", "ann") for number in range(15))
    [finding] = run("personal", document(people))
    assert (finding.severity, finding.reason) == ("warning", "15 e-mail addresses of people")
