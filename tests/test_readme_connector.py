"""The connector that README shows passes the contract suite as README shows it, with pytest, in a folder of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from .documents import README

FILES = dict(re.findall(r"^```python\n# (\w+\.py)\n(.*?)^```", README.read_text(), re.DOTALL | re.MULTILINE))


@pytest.fixture
def folder(tmp_path):
    for name, code in FILES.items():
        (tmp_path / name).write_text(code)
    return tmp_path


def test_it_passes_the_contract_suite(folder):
    command = [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", "test_notes_connector.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout
    assert re.search(r"\d\d passed", done.stdout)
    assert re.findall(r"SKIPPED.*: (.*)", done.stdout) == ["the world of this test has no fail()"]


def test_it_stands_in_the_configuration_like_any_other(folder):
    info = folder / "notes_connector-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: notes-connector\nVersion: 1\n")
    (toml,) = re.findall(r"^```toml\n(.*?)^```", README.read_text(), re.DOTALL | re.MULTILINE)
    name, value = re.findall(r'(\w+) = "(.*)"', toml)[0]
    (info / "entry_points.txt").write_text(f"[aragora_sync.connectors]\n{name} = {value}\n")
    (folder / "notes.json").write_text('{"1": "First note\\nWith a second line."}')
    (folder / "connectors.yaml").write_text("connectors:\n  - {type: notes, id: notes, path: notes.json}\n")
    command = [sys.executable, "-m", "aragora_sync", "run", "--store", "store", "--state-dir", "state"]
    environ = {**os.environ, "PYTHONPATH": str(folder)}
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    assert "1 synced" in done.stdout
