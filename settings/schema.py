"""JSON Schemas of the settings files, for editors and for `deskhand settings schema`."""

from typing import Any

from settings.load import SECTIONS


def schema_files() -> dict[str, dict[str, Any]]:
    """A schema for each settings file, by the file's name without `.yaml`."""
    schemas = {}
    for name, section in SECTIONS.items():
        schema = section.model_json_schema()
        schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
        if name == "assistant":  # a plugin may be written as a bare name or with options below it
            schema["properties"]["plugins"]["items"] = {
                "anyOf": [{"type": "string"}, {"type": "object", "minProperties": 1, "maxProperties": 1}]
            }
            schema["$defs"].pop("PluginEntry", None)
            schema["properties"]["plugins"].pop("default", None)
        schemas[name] = schema
    return schemas
