"""The image and the compose file, checked against the settings, the lock and each other."""

import asyncio
import re
import shlex
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import pytest
import typer
import yaml
from aiohttp import web
from packaging.specifiers import SpecifierSet

from deskhand.cli import app
from knowledge.store.connection import NEWEST, OLDEST
from settings import Home, load_settings
from settings.load import SECTIONS
from settings.masking import looks_secret
from settings.sections import KnowledgeSettings, ModelSettings

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
DOCS = (ROOT / "docs/containers.md").read_text()
QDRANT_PORT = 6333

Instruction = tuple[str, str]


def read_dockerfile() -> list[list[Instruction]]:
    """The instructions of each stage."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    stages: list[list[Instruction]] = []
    for line in text.replace("\\\n", " ").splitlines():
        if line.strip():
            name, _, rest = line.strip().partition(" ")
            if name == "FROM":
                stages.append([])
            stages[-1].append((name, " ".join(rest.split())))
    return stages


def values(stage: list[Instruction], name: str) -> list[str]:
    return [rest for instruction, rest in stage if instruction == name]


def variables(stage: list[Instruction]) -> dict[str, str]:
    pairs = (pair.partition("=") for line in values(stage, "ENV") for pair in shlex.split(line))
    return {name: value for name, _, value in pairs}


def interpolated(value: Any) -> Any:
    """A compose value with every variable at its default."""
    if isinstance(value, dict):
        return {key: interpolated(item) for key, item in value.items()}
    if isinstance(value, list):
        return [interpolated(item) for item in value]
    if isinstance(value, str):
        value = re.sub(r"(?<!\$)\$\{\w+:-([^}]*)\}", r"\1", value)
        assert not re.search(r"(?<!\$)\$(?!\$)", value), f"a variable without a default: {value}"
        return value.replace("$$", "$")
    return value


def ignored(path: str) -> bool:
    """Whether `.dockerignore` keeps a file out: a pattern fits it or a folder above it, the last one counts."""
    out = False
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        pattern = re.escape(line.removeprefix("!").strip("/"))
        for escaped, meaning in ((r"\*\*/", "(?:.*/)?"), (r"\*\*", ".*"), (r"\*", "[^/]*"), (r"\?", "[^/]")):
            pattern = pattern.replace(escaped, meaning)
        if re.fullmatch(f"{pattern}(?:/.*)?", path):
            out = not line.startswith("!")
    return out


BUILD, IMAGE = read_dockerfile()
COMPOSE: dict[str, Any] = interpolated(yaml.safe_load((ROOT / "docker-compose.yml").read_text()))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
HOME = Home(Path(variables(IMAGE)["DESKHAND_HOME"]))
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]


def mounts() -> Iterator[tuple[str, str, str, bool]]:
    """Service, source, target and whether it is read-only."""
    for name, service in SERVICES.items():
        for mount in service.get("volumes", []):
            source, target, *mode = mount.split(":")
            yield name, source, target, mode == ["ro"]


class TestImage:
    def test_both_stages_are_the_python_that_the_project_asks_for(self) -> None:
        first, second = values(BUILD, "FROM")[0], values(IMAGE, "FROM")[0]
        assert first.removesuffix(" AS build") == second
        assert (found := re.fullmatch(r"python:(3\.\d+)-slim", second))
        assert SpecifierSet(PROJECT["project"]["requires-python"]).contains(f"{found[1]}.0")
        assert f"--python-version {found[1]} " in (ROOT / "Makefile").read_text(), "the lock is for another Python"

    def test_everything_installed_is_in_the_lock(self) -> None:
        installs = [line for stage in (BUILD, IMAGE) for line in values(stage, "RUN") if "install" in shlex.split(line)]
        installs = [line for line in installs if "pip" in line]
        assert len(installs) == 2
        assert "--require-hashes" in installs[0]
        assert "-r /opt/deskhand/requirements.lock" in installs[0]
        assert "--no-deps --no-build-isolation" in installs[1]
        assert not any("apt" in line for stage in (BUILD, IMAGE) for line in values(stage, "RUN"))

    def test_copied_files_exist_and_reach_the_build(self) -> None:
        copies = [shlex.split(line) for line in values(BUILD, "COPY")]
        for *sources, _ in copies:
            for source in sources:
                assert (ROOT / source).exists()
                assert not ignored(source)
        assert [".", "/opt/deskhand/app"] in copies

    def test_the_second_stage_takes_only_what_the_first_made(self) -> None:
        copies = [shlex.split(line) for line in values(IMAGE, "COPY")]
        assert all(copy[0] == "--from=build" for copy in copies)
        assert [copy[1:] for copy in copies] == [[path, path] for path in ("/opt/deskhand/venv", "/opt/deskhand/app")]
        assert variables(IMAGE)["PATH"].startswith("/opt/deskhand/venv/bin:")
        assert "python -m venv /opt/deskhand/venv" in values(BUILD, "RUN")

    def test_what_the_install_needs_reaches_the_build(self) -> None:
        project = PROJECT["project"]
        needed = ["pyproject.toml", "requirements.lock", project["readme"], *project["license-files"]]
        rooms = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
        for room in rooms:
            needed += [path.relative_to(ROOT).as_posix() for path in (ROOT / room).rglob("*") if path.is_file()]
        kept_out = [path for path in needed if ignored(path)]
        assert [path for path in kept_out if "__pycache__" not in path and "settings/secrets" not in path] == []

    @pytest.mark.parametrize(
        "path",
        [
            ".env", "settings/.env", "settings/.env.local", "settings/secrets/OPENAI_API_KEY", ".git/config",
            "data/deskhand.db", "data/llm/model.gguf", "knowledge/__pycache__/a.cpython-311.pyc", ".venv/bin/python",
        ],
    )  # fmt: skip
    def test_secrets_and_state_stay_out(self, path: str) -> None:
        assert ignored(path)

    def test_it_does_not_run_as_root(self) -> None:
        [user] = values(IMAGE, "USER")
        assert (found := re.fullmatch(r"(\d+):(\d+)", user)), "a fixed number, so that volumes keep their owner"
        assert int(found[1]) >= 1000
        [made] = [line for line in values(IMAGE, "RUN") if "useradd" in line]
        assert f"useradd --uid {found[1]} --gid {found[2]} " in made
        order = [instruction for instruction, _ in IMAGE]
        assert max(place for place, name in enumerate(order) if name in ("RUN", "COPY")) < order.index("USER")

    def test_nothing_is_reported_to_anybody(self) -> None:
        assert variables(IMAGE)["ORT_DISABLE_TELEMETRY"] == "1"
        assert SERVICES["qdrant"]["environment"]["QDRANT__TELEMETRY_DISABLED"] == "true"

    def test_the_home_is_a_volume_with_all_its_folders(self) -> None:
        assert values(IMAGE, "VOLUME") == [str(HOME.root)]
        [made] = [line for line in values(IMAGE, "RUN") if "useradd" in line]
        folders = shlex.split(made.partition("install -d -o 10001 -g 10001 ")[2])
        assert {str(path) for path in (HOME.root, HOME.settings, HOME.data, HOME.documents)} <= set(folders)

    def test_it_runs_commands_that_there_are(self) -> None:
        [entry], [default], [health] = (values(IMAGE, name) for name in ("ENTRYPOINT", "CMD", "HEALTHCHECK"))
        assert yaml.safe_load(entry) == list(PROJECT["project"]["scripts"])
        assert yaml.safe_load(default)[0] in COMMANDS
        options, _, command = health.partition("CMD ")
        name, check, *rest = yaml.safe_load(command)
        assert [name] == yaml.safe_load(entry)
        assert {option for parameter in COMMANDS[check].params for option in parameter.opts} >= set(rest)
        assert set(re.findall(r"--([a-z-]+)=", options)) == {"interval", "timeout", "start-period"}


class TestCompose:
    def test_services_use_what_the_file_declares(self) -> None:
        named = {source for _, source, _, _ in mounts() if not source.startswith(("/", "."))}
        assert named == set(COMPOSE["volumes"])
        assert {network for service in SERVICES.values() for network in service["networks"]} == set(COMPOSE["networks"])

    def test_services_wait_for_services_that_there_are(self) -> None:
        for name, service in SERVICES.items():
            for other, wait in service.get("depends_on", {}).items():
                assert "healthcheck" in SERVICES[other], f"{name} would wait for ever"
                assert wait == {"condition": "service_healthy"}
                assert set(SERVICES[other].get("profiles", [])) <= set(service.get("profiles", []))
        assert "qdrant" in SERVICES["deskhand"]["depends_on"]

    def test_only_the_model_server_is_optional(self) -> None:
        profiles = {name: service["profiles"] for name, service in SERVICES.items() if "profiles" in service}
        assert profiles == {"local-model": ["local-model"]}

    def test_keys_are_those_of_the_compose_specification(self) -> None:
        known = {
            "build", "cap_drop", "command", "depends_on", "environment", "healthcheck", "image", "init", "networks",
            "profiles", "read_only", "restart", "security_opt", "stdin_open", "tmpfs", "tty", "user", "volumes",
        }  # fmt: skip
        assert set(COMPOSE) <= {"name", "services", "volumes", "networks"}
        for service in SERVICES.values():
            assert set(service) <= known
            assert set(service.get("healthcheck", {})) <= {"test", "interval", "timeout", "retries", "start_period"}

    def test_images_are_of_one_version(self) -> None:
        for name, service in SERVICES.items():
            tag = service["image"].rpartition(":")[2]
            assert re.match(r"v?\d+\.\d+\.\d+|server-b\d+$", tag), f"{name}: {tag} is not one version"
        assert SERVICES["deskhand"]["image"] == f"deskhand:{PROJECT['project']['version']}"
        assert (ROOT / SERVICES["deskhand"]["build"] / "Dockerfile").is_file()

    def test_the_qdrant_server_fits_the_client(self) -> None:
        found = re.match(r"qdrant/qdrant:v(\d+)\.(\d+)\.\d+-unprivileged$", SERVICES["qdrant"]["image"])
        assert found
        assert OLDEST <= (int(found[1]), int(found[2])) <= NEWEST

    @pytest.mark.parametrize("name", SERVICES)
    def test_no_service_can_do_more_than_it_needs(self, name: str) -> None:
        service = SERVICES[name]
        assert service["read_only"] is True
        assert "/tmp" in service["tmpfs"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["cap_drop"] == ["ALL"]
        assert "privileged" not in service
        assert "ports" not in service, "nothing here is for the network around"
        assert not str(service.get("user", "10001")).startswith("0")

    def test_only_deskhand_reaches_the_internet(self) -> None:
        assert COMPOSE["networks"]["inside"]["internal"] is True
        assert {name for name, service in SERVICES.items() if service["networks"] != ["inside"]} == {"deskhand"}

    def test_the_home_is_mounted_where_deskhand_looks(self) -> None:
        mounted = {target: (source, read_only) for name, source, target, read_only in mounts() if name == "deskhand"}
        assert mounted == {
            str(HOME.documents): ("./knowledge/docs", True),
            str(HOME.settings): ("./settings", True),
            str(HOME.data): ("data", False),
        }
        here = Home(ROOT)
        assert (ROOT / "./knowledge/docs").resolve() == here.documents
        assert (ROOT / "./settings").resolve() == here.settings

    def test_what_is_written_lies_in_volumes(self) -> None:
        written = [(name, target) for name, _, target, read_only in mounts() if not read_only]
        assert written == [("deskhand", str(HOME.data)), ("qdrant", "/qdrant/storage")]
        init = PurePosixPath(SERVICES["qdrant"]["environment"]["QDRANT_INIT_FILE_PATH"])
        assert str(init.parent) in SERVICES["qdrant"]["tmpfs"]

    def test_variables_are_settings_with_valid_values(self, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
        ours: dict[str, str] = SERVICES["deskhand"]["environment"]
        assert ours
        for name, value in ours.items():
            section, *steps = name.removeprefix("DESKHAND_").lower().split("__")
            model: Any = SECTIONS[section]
            for step in steps:
                model = model.model_fields[step].annotation
            monkeypatch.setenv(name, value)
        store = load_settings(home).knowledge.store
        assert store.url is not None
        url = urlsplit(store.url)
        assert url.hostname in SERVICES
        assert url.port == QDRANT_PORT
        assert store.api_key_env is None, "a key would be refused over http"
        assert set(SERVICES["qdrant"]["networks"]) & set(SERVICES["deskhand"]["networks"])

    def test_other_services_take_no_variables_of_ours(self) -> None:
        for name, service in SERVICES.items():
            if name != "deskhand":
                assert not any(variable.startswith("DESKHAND_") for variable in service.get("environment", {}))

    def test_it_stays_at_work(self) -> None:
        service = SERVICES["deskhand"]
        assert service["command"] == ["run"]
        assert service["restart"] == "unless-stopped"
        assert service["init"] is True, "signals and zombies need a first process that knows of them"


class TestHealth:
    """The Qdrant image's health check, run by the shell that it names."""

    async def check(self, port: int) -> int:
        kind, *command = SERVICES["qdrant"]["healthcheck"]["test"]
        assert kind == "CMD"
        assert f"/dev/tcp/127.0.0.1/{QDRANT_PORT} " in command[-1]
        command[-1] = command[-1].replace(str(QDRANT_PORT), str(port))
        process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.DEVNULL)
        return await process.wait()

    @pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False), (404, False)])
    async def test_it_goes_by_the_answer(self, status: int, healthy: bool, unused_port: Callable[[], int]) -> None:
        asked = []

        async def ready(request: web.Request) -> web.Response:
            asked.append(request.path)
            return web.Response(status=status, text="all shards are ready")

        server = web.Application()
        server.router.add_get("/{path:.*}", ready)
        runner = web.AppRunner(server)
        await runner.setup()
        port = unused_port()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        try:
            assert (await self.check(port) == 0) is healthy
        finally:
            await runner.cleanup()
        assert asked == ["/readyz"]

    async def test_nobody_there(self, unused_port: Callable[[], int]) -> None:
        assert await self.check(unused_port()) != 0

    @pytest.fixture
    def unused_port(self) -> Callable[[], int]:
        import socket

        def port() -> int:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                number: int = probe.getsockname()[1]
            return number

        return port


class TestModelServer:
    def test_ports_and_paths_agree(self) -> None:
        service = SERVICES["local-model"]
        options = dict(zip(service["command"][::2], service["command"][1::2], strict=True))
        [folder] = [target for name, _, target, _ in mounts() if name == "local-model"]
        assert PurePosixPath(options["--model"]).is_relative_to(folder)
        assert f":{options['--port']}/health" in service["healthcheck"]["test"][-1]
        assert ignored("data/llm/model.gguf"), "a model of gigabytes would go into every build"

    def test_the_page_names_it_as_it_is(self) -> None:
        command = SERVICES["local-model"]["command"]
        options = dict(zip(command[::2], command[1::2], strict=True))
        [block] = [block for block in yaml_blocks() if "models" in block]
        settings = ModelSettings.model_validate(block)
        [(name, entry)] = settings.models.items()
        assert entry.model == f"openai/{options['--alias']}"
        assert entry.api_base == f"http://local-model:{options['--port']}/v1"
        assert settings.routes["answer"][0] == name
        assert f"data/llm/{PurePosixPath(options['--model']).name}" in DOCS


class TestPage:
    def test_its_settings_are_valid(self) -> None:
        [block] = [block for block in yaml_blocks() if "store" in block]
        assert KnowledgeSettings.model_validate(block).store.url == "https://qdrant.example.com:6333"

    def test_its_commands_exist(self) -> None:
        named = re.findall(r"docker compose exec deskhand deskhand ([a-z]+)", DOCS)
        assert {"index", "doctor"} <= set(named) <= set(COMMANDS)
        services = re.findall(r"docker compose --profile (\S+) up --detach --wait (\S+)", DOCS)
        assert services == [("local-model", "local-model")]
        assert SERVICES["local-model"]["profiles"] == ["local-model"]

    def test_its_paths_and_numbers_are_those_of_the_files(self) -> None:
        for _, source, target, _ in mounts():
            if source.startswith("./data"):
                continue
            assert f"`{target}`" in DOCS
            assert f"`{source}`" in DOCS
        assert f"runs as user {values(IMAGE, 'USER')[0].partition(':')[0]}" in DOCS
        assert f"{OLDEST[0]}.{OLDEST[1]} to {NEWEST[0]}.{NEWEST[1]}" in DOCS
        assert all(variable in DOCS for variable in SERVICES["deskhand"]["environment"])


@pytest.mark.parametrize("name", ["Dockerfile", "docker-compose.yml", "docs/containers.md"])
def test_no_secret_is_written_down(name: str) -> None:
    text = (ROOT / name).read_text()
    assert not looks_secret(text)
    given = re.findall(r"(?im)^[\s-]*(?:ENV|ARG)?\s*(\w*(?:key|token|password|secret)\w*)\s*[:=]\s*\S", text)
    assert set(given) <= {"api_key_env"}


def yaml_blocks() -> list[dict[str, Any]]:
    return [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", DOCS, re.DOTALL)]
