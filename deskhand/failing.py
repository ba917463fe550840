"""How an error ends a command: one line for the person, and an exit status."""

from settings.errors import DeskhandError
from settings.masking import mask

DEFECT = 70


def failure(error: Exception) -> tuple[int, str]:
    """Exit status and text. What no person can act on is a defect: its details go into a file for the report."""
    if isinstance(error, DeskhandError):
        return error.exit_status, str(error)
    import tempfile
    import traceback

    details = mask("".join(traceback.format_exception(error)))
    try:
        with tempfile.NamedTemporaryFile("w", prefix="deskhand-", suffix=".log", delete=False, encoding="utf-8") as log:
            log.write(details)
        where = f"Please report it with {log.name}"
    except OSError as full:
        where = f"Please report it (the details could not be saved: {full.strerror})"
    message = " ".join(mask(str(error)).split())[:300]
    return DEFECT, f"a defect in Deskhand: {type(error).__name__}: {message}. {where}"
