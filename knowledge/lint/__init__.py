"""What is wrong with documents, said to the person who can mend it.

Public face: `folder.lint_folder` looks at everything, `checks.quarantine_reason` says during a sync why a
document must stay out of the answers, `checks.quarantine_rule` what the settings let pass.
"""
