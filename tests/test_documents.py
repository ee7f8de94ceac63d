"""README and the other documents say what the program does."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from aragora_sync import __version__
from aragora_sync.cli.app import COMMANDS, load_command
from aragora_sync.config.load import load_config

from .documents import README, TOP, render

TEXT = README.read_text()


def code(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)


def test_generated_parts_of_readme_are_up_to_date():
    assert render(TEXT) == TEXT, "try: make docs"


def test_two_commands_stand_before_anything_else():
    assert [line.split("#")[0].strip() for line in code("console")[0].splitlines()] == ["$ make run", "$ make test"]
    assert TEXT.index("make run") < 500


@pytest.mark.parametrize("line", re.findall(r"aragora-sync ((?:\w+|--)[^`\n#]*)", TEXT))
def test_every_command_and_flag_that_readme_shows_exists(line):
    first, *rest = line.split()
    if first.startswith("-"):
        assert first in {"--help", "--version", "--install-completion"}
        return
    assert first in COMMANDS
    command = load_command(first)
    if rest and hasattr(command, "commands"):  # a group of them
        command = command.commands[rest[0]]
    flags = {name for parameter in command.params for name in parameter.opts}

    assert {word.rstrip(".,;:") for word in rest if word.startswith("--")} <= flags | {"--help"}


@pytest.mark.parametrize("number", range(len(code("yaml"))))
def test_configurations_of_readme_load(number, tmp_path):
    path = tmp_path / "connectors.yaml"
    path.write_text(code("yaml")[number])

    assert load_config(path, environ={"HOME": str(tmp_path)}).tenants


def test_every_make_target_of_readme_exists():
    targets = set(re.findall(r"^([a-z-]+):", (TOP / "Makefile").read_text(), re.MULTILINE))

    assert set(re.findall(r"(?:`|\$ )make ([a-z-]+)", TEXT)) <= targets


def test_changelog_and_version_agree():
    changelog = (TOP / "CHANGELOG.md").read_text()

    assert "## Unreleased" in changelog or f"## {__version__}" in changelog


def test_every_file_that_readme_links_exists():
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", TEXT):
        assert (TOP / target).exists()


def test_package_names_what_the_card_fixes():
    project = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]
    named = {
        re.split(r"[\[<>=]", line)[0] for line in [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    }
    card = {"typer", "rich", "pyyaml", "httpx", "boto3", "psycopg", "pymongo", "google-auth-oauthlib", "msal"}

    assert card | {"keyring", "tenacity", "pytest", "vcrpy"} <= named


def test_no_document_or_source_names_a_place_of_one_machine():
    tracked = [path for folder in ("aragora_sync", "bench") for path in (TOP / folder).rglob("*.py")]
    documents = [README, TOP / "CHANGELOG.md", TOP / "connectors.example.yaml", TOP / "Makefile"]

    for path in [*tracked, *documents]:
        assert not re.search(r"/(work|root|tmp/venv)/", path.read_text()), path


@pytest.mark.parametrize("path", sorted((TOP / "cassettes").rglob("*")), ids=lambda path: path.name)
def test_no_cassette_holds_anything_shaped_like_a_secret(path: Path):
    if path.is_file():
        shapes = (
            r"gh[pousr]_[A-Za-z0-9]{20}|xox[abp]-|AKIA[A-Z0-9]{12}|eyJ[A-Za-z0-9_-]{20}|refresh_token\"?: *\"[^*\"]"
        )

        assert not re.search(shapes, path.read_text())
