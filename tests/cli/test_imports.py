"""What a command may import: start-up time is a promise, and this is how it is kept."""

from __future__ import annotations

import subprocess
import sys

import pytest

from .conftest import REPOSITORY, Home

SHOW = (
    "import sys; before = set(sys.modules); sys.argv = ['aragora-sync', *sys.argv[1:]]\n"
    "from aragora_sync.__main__ import main\n"
    "main()\n"
    "sys.stderr.write('\\n' + ' '.join({name.partition('.')[0] for name in set(sys.modules) - before}))\n"
)
TYPER = {"typer", "annotated_doc"}
PYDANTIC = {"pydantic", "pydantic_core", "annotated_types", "typing_extensions", "typing_inspection"}
YAML = {"yaml", "cython_runtime"}
ALLOWED = {
    "--version": set(),
    "--help": TYPER | {"shellingham"},
    "status": TYPER | PYDANTIC | YAML | {"shellingham"},
    "run": TYPER | PYDANTIC | YAML | {"shellingham", "pathspec"},
}


@pytest.mark.parametrize("argument", ALLOWED)
def test_only_these_packages_are_imported(home: Home, argument: str) -> None:
    home.tenants["acme"] = [{"type": "filesystem", "id": "docs", "root": str(REPOSITORY / "tests" / "cli")}]
    home.write()
    ended = subprocess.run(
        [sys.executable, "-c", SHOW, argument], capture_output=True, text=True, cwd=REPOSITORY, check=True,
        env={"HOME": str(home.folder), "ARAGORA_CONFIG": str(home.config)},
    )  # fmt: skip

    imported = {name for name in ended.stderr.splitlines()[-1].split() if not name.startswith("_")}
    assert imported - set(sys.stdlib_module_names) - {"aragora_sync"} <= ALLOWED[argument]
    assert not imported & {"asyncio", "http", "ssl"}
