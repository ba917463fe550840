"""Documents made by hand for the checks."""

from datetime import date
from typing import Any

from knowledge.documents import Block, Document
from knowledge.lint.checks import DOCUMENT_CHECKS
from knowledge.lint.findings import Finding, Subject
from settings.sections.knowledge import CheckName

TODAY = date(2026, 11, 25)

TOKEN = "xoxb-" + "4829105736-Qw8nZk3LrT7vPy2M"
AWS = "AKIA" + "Z7Q3M9XK2B5N8R4T"
KEY = (
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEAx7Qp9dLkVt3Zc8yWmN2rB5sHfJ6gKa1eUoPiTlXnDbCvRzQy\n"
    "A4w0uM8hS3kEjGqF7tYxN9pLdV2cZrBmIoKa5sWfHgJ1eUyTlXnDbCvRzQyA4w0\n-----END RSA PRIVATE KEY-----"
)


def document(*texts: str, **fields: Any) -> Document:
    """A document of paragraphs, each on a line of its own with an empty one between."""
    blocks = []
    line = 3
    for text in texts:
        blocks.append(Block(text, line=line))
        line += text.count("\n") + 2
    return Document(**{"title": "Leave", "blocks": tuple(blocks), **fields})


def run(check: CheckName, made: Document, source: str = "policies/leave.md") -> list[Finding]:
    """One check over one document."""
    return list(DOCUMENT_CHECKS[check](Subject(source, made, TODAY)))
