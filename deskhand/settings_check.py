"""`deskhand settings check` and `settings schema`: on the files alone, whoever holds the index."""

import json
from typing import Any

from deskhand.console import Console
from deskhand.report import as_json
from plugins.chain import Step
from plugins.loading import build_steps
from plugins.models import Models
from plugins.providers import check_providers
from settings import Home, Settings, SettingsError, UsageError, load_settings
from settings.database import storage_errors
from settings.schema import schema_files


def check(home: Home, as_object: bool, console: Console) -> None:
    """Say whether all files are fine; raises SettingsError where they are not."""
    try:
        settings = load_settings(home)
        check_chain(settings)
        check_providers(settings)
    except SettingsError as error:
        if as_object:
            problems = [{"place": problem.place, "message": problem.message} for problem in error.problems]
            console.out(as_json({"ok": False, "problems": problems}))
        raise
    files = [file.shown for file in settings.files.values()]
    if as_object:
        console.out(as_json({"ok": True, "files": files}))
    else:
        console.out(f"{', '.join(files) or 'no settings files: the defaults apply'}: fine")


def check_chain(settings: Settings) -> list[Step]:
    """Check plugin names and options; raises SettingsError. Opens nothing."""
    return build_steps(settings, NoSearch(), Models(settings))


def schema(home: Home, file: str | None, write: bool, console: Console) -> None:
    """Print the JSON Schema of one file or all, or write them beside the settings."""
    schemas = schema_files()
    if file is not None:
        name = file.removesuffix(".yaml")
        if name not in schemas:
            raise UsageError(f"no settings file named {file!r} (known: {', '.join(schemas)})")
        schemas = {name: schemas[name]}
    if not write:
        shown: Any = next(iter(schemas.values())) if file is not None else schemas
        console.out(json.dumps(shown, indent=2))
        return
    folder = home.settings
    with storage_errors(folder):
        folder.mkdir(exist_ok=True)
        for name, content in schemas.items():
            (folder / f"{name}.schema.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    console.out("\n".join(f"wrote {folder / name}.schema.json" for name in schemas))


class NoSearch:
    """Stands in for the index where plugins are only checked, never run."""

    async def search(self, *_: Any, **__: Any) -> Any:
        raise RuntimeError("plugins are only being checked")

    async def quote(self, *_: Any, **__: Any) -> Any:
        raise RuntimeError("plugins are only being checked")
