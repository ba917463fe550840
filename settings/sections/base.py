"""What all settings have in common."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """Base of all settings: unknown names are mistakes, values are never printed in errors."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, validate_default=True, use_attribute_docstrings=True
    )
