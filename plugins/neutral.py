"""Text of others inside a prompt: what imitates the marks of a prompt is taken apart, the rest stays.

A model's chat format has marks of its own (`<|im_start|>`, `[INST]`), and Deskhand puts passages
between marks. In a document they are only text; a blank between their characters keeps them readable
for a person and makes other tokens of them.
"""

import re

from plugins.invisible import visible

_SPECIAL = re.compile(
    r"<\|+|\|+>|<</?(?=SYS)|</?(?=s>|start_of_turn|end_of_turn|bos>|eos>|think>|tool)|\[/?(?=INST\])", re.I
)
_OWN = re.compile(
    r"<(?=/?\s*(?:passage|documents?|context|system|instructions?|user|assistant|question)\b)", re.IGNORECASE
)
_ROLE = re.compile(
    r"^([ \t>*#_-]*)(system|user|assistant|human|ai|developer|tool|question|answer|instructions?|response)(\**[ \t]*):",
    re.IGNORECASE | re.MULTILINE,
)
_NUMBERED = re.compile(r"^([ \t>]*)\[(\d{1,3})\](?=[ \t])", re.MULTILINE)


def neutral(text: str) -> str:
    """The text with nothing in it that a model or a parser could take for the prompt's own structure."""
    text = visible(text)
    text = _SPECIAL.sub(lambda match: f"{match[0][0]} {match[0][1:]}", text)
    text = _OWN.sub("< ", text)
    text = _ROLE.sub(r"\1\2\3 -", text)
    return _NUMBERED.sub(r"\1(\2)", text)
