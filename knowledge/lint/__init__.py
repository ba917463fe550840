"""What is wrong with documents, said to the person who can mend it.

Public face: `lint_folder` looks at everything, `quarantine_reason` says during a sync why a document must
stay out of the answers, `accepted_checks` and `quarantine_rule` what the settings let pass.
"""

from knowledge.lint.checks import accepted_checks, lint_document, quarantine_reason, quarantine_rule
from knowledge.lint.findings import SEVERITIES, Finding, Severity
from knowledge.lint.folder import Linted, lint_folder

__all__ = [
    "SEVERITIES",
    "Finding",
    "Linted",
    "Severity",
    "accepted_checks",
    "lint_document",
    "lint_folder",
    "quarantine_reason",
    "quarantine_rule",
]
