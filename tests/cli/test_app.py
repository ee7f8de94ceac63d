"""The door: help, mistakes on the command line, errors that nobody expected, pipes that close."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

import aragora_sync
from aragora_sync import __main__
from aragora_sync.cli import app, status
from aragora_sync.cli.app import COMMANDS

from .conftest import REPOSITORY, Cli, Ended, Home

TOO_MUCH_FOR_A_PIPE = 20_000


def test_help_names_every_command_whole(cli: Cli) -> None:
    ended = cli("--help")

    assert ended.exit_code == 0
    for name, (_, sentence) in COMMANDS.items():
        assert f"  {name}" in ended.out
        assert sentence in ended.out
    assert "--install-completion" in ended.out


GROUPS = {  # commands of commands
    "audit": ("verify",),
    "oauth": ("login", "status", "refresh", "revoke"),
    "report": ("finance",),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_explains_itself_and_takes_the_common_options(cli: Cli, name: str) -> None:
    assert COMMANDS[name][1] in " ".join(cli(name, "--help").out.split())

    for words in [[name, each] for each in GROUPS.get(name, ())] or [[name]]:
        ended = cli(*words, "--help")
        assert ended.exit_code == 0
        _take_the_common_options(ended)


def _take_the_common_options(ended: Ended) -> None:
    for option in ("--config", "--state-dir", "--store", "--tenant", "--json", "--verbose", "--quiet"):
        assert option in ended.out


def test_version(cli: Cli, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["aragora-sync", "--version"])
    assert __main__.main() == 0
    assert capfd.readouterr().out == f"aragora-sync {aragora_sync.__version__}\n"

    assert cli("--version", "run").out == f"aragora-sync {aragora_sync.__version__}\n"


def test_windows_is_refused(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "platform", "win32")

    assert __main__.main() == 2
    assert capfd.readouterr().err.startswith("error: aragora-sync runs on Linux and macOS, not on Windows.\n  try: ")


@pytest.mark.parametrize(
    ("arguments", "err"),
    [
        (["rnu"], "error: no such command 'rnu'. Did you mean 'run'?\n  try: aragora-sync --help\n"),
        (["run", "--ful"], "error: no such option: --ful (Possible options: --full)\n  try: aragora-sync run --help\n"),
        (["reset"], "error: missing argument 'CONNECTOR'.\n  try: aragora-sync reset --help\n"),
        (["export", "--format", "xml"], "error: invalid value for '--format'"),
        (["run", "--max-items", "many"], "error: invalid value for '--max-items'"),
    ],
)
def test_a_mistyped_command_line_is_an_error_like_any_other(cli: Cli, arguments: list[str], err: str) -> None:
    ended = cli(*arguments)

    assert ended.exit_code == 2
    assert ended.err.startswith(err)
    assert ended.out == ""


def test_nothing_at_all_shows_the_help_as_talk(cli: Cli) -> None:
    ended = cli()

    assert (ended.exit_code, ended.out) == (2, "")
    assert ended.err.startswith("Usage: aragora-sync")


def test_missing_configuration_names_all_four_places(cli: Cli) -> None:
    ended = cli("run")

    assert ended.exit_code == 2
    for place in ("--config", "ARAGORA_CONFIG", "./connectors.yaml", "~/.aragora/connectors.yaml"):
        assert place in ended.err
    assert ended.err.endswith("  try: aragora-sync init\n")


def test_every_problem_of_a_configuration_has_its_line(home: Home, cli: Cli) -> None:
    home.toy("blocks", wrld="x")
    home.toy("marbles", colour="green")

    problems = cli("status").err.splitlines()

    assert len(problems) == 3
    assert problems[0].startswith("error: connectors.yaml:")
    assert "unknown option 'wrld'; did you mean 'world'?" in problems[0]
    assert "option 'colour' must be one of 'red' or 'blue'" in problems[1]
    assert problems[2].startswith("  try: ")


BROKEN = """
import sys
from aragora_sync.auth import secrets
from aragora_sync.cli import status
from aragora_sync.__main__ import main

def stumble(*_):
    secrets.remember("0pen-sesame")
    raise RuntimeError("0pen-sesame does not open the box")

status.read_standings = stumble
sys.argv = ["aragora-sync", "status"]
sys.exit(main())
"""


def test_unexpected_error_shows_traceback_version_and_whom_to_tell(home: Home) -> None:
    home.tenants["acme"] = [{"type": "filesystem", "id": "docs", "root": "."}]
    home.write()

    ended = subprocess.run(
        [sys.executable, "-c", BROKEN], capture_output=True, text=True, cwd=home.folder, check=False,
        env={"HOME": str(home.folder), "PYTHONPATH": str(REPOSITORY)},
    )  # fmt: skip

    assert (ended.returncode, ended.stdout) == (1, "")
    assert "Traceback" in ended.stderr
    assert "RuntimeError: *** does not open the box" in ended.stderr
    assert f"This is a bug of aragora-sync {aragora_sync.__version__} (Python 3" in ended.stderr


def test_ctrl_c_leaves_no_traceback(home: Home, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    home.toy("blocks")

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(status, "read_standings", interrupt)

    assert cli("status") == (ended := cli("status"))
    assert (ended.exit_code, ended.out, ended.err) == (130, "", "")


def test_reader_that_leaves_early_is_no_error(home: Home, cli: Cli, command: Callable[..., list[str]]) -> None:
    home.toy("blocks", {"box": {"items": {str(n): "long enough" for n in range(TOO_MUCH_FOR_A_PIPE)}}})
    cli("run")

    with subprocess.Popen(
        command("export"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=home.folder
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        talk = process.stderr.read()

    assert talk == b""
    assert process.returncode == 141


def test_an_answer_goes_out_where_the_terminal_knows_only_ascii(
    home: Home, program: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    home.toy("blocks", {"bäume": {"raises": ["SourceError", "die Kiste ist übervoll.", ""]}})

    ended = program("run")

    assert ended.exit_code == 1
    assert "die Kiste ist \\xfcbervoll." in ended.out


def test_first_line_of_each_command_is_the_sentence_in_the_list() -> None:
    for name, (_, sentence) in COMMANDS.items():
        assert app.load_command(name).help.splitlines()[0] == sentence


NAMED = "my connectors.yaml"
SAID = {
    ("check",): "correct the file, then: aragora-sync check -c 'my connectors.yaml'",
    ("run", "nobody"): "aragora-sync status -c 'my connectors.yaml'",
    ("search", "one"): "aragora-sync run -c 'my connectors.yaml'",
    ("schedule", "print"): "aragora-sync schedule print --help",
    ("init",): "aragora-sync check --config 'my connectors.yaml'",
}


@pytest.mark.parametrize("words", SAID)
def test_commands_in_hints_are_about_the_configuration_that_was_named(
    words: tuple[str, ...], home: Home, cli: Cli
) -> None:
    home.toy("blocks", **({"colour": "green"} if words == ("check",) else {}))
    home.config.rename(home.folder / NAMED)

    assert f"  try: {SAID[words]}" in cli(*words, "-c", NAMED).err.splitlines()


def test_a_configuration_that_is_not_there_is_begun_where_it_was_named(home: Home, cli: Cli) -> None:
    assert "  try: aragora-sync init -c c.yaml\n" in cli("run", "-c", "c.yaml").err
    assert cli("run").err.endswith("  try: aragora-sync init\n")  # the environment and the usual places are found again

    assert cli("init", "-c", "c.yaml").out.endswith("then: aragora-sync check -c c.yaml\n")


def test_hints_of_connectors_name_the_configuration_too(home: Home, cli: Cli) -> None:
    home.toy("blocks", {"box": {"raises": ["CredentialError", "no.", "aragora-sync oauth login toy, or `x`"]}})
    home.config.rename(home.folder / "c.yaml")

    ended = cli("run", "-c", "c.yaml")
    told = cli("run", "-c", "c.yaml", "--json").lines[0]["errors"][0]["hint"]
    status = cli("status", "-c", "c.yaml").out

    assert "    try: aragora-sync oauth login -c c.yaml toy, or `x`\n" in ended.out
    assert told == "aragora-sync oauth login -c c.yaml toy, or `x`"
    assert "  try: aragora-sync check -c c.yaml blocks --tenant acme\n" in status
