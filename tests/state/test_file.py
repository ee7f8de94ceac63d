"""The state file keeps the contract."""

from __future__ import annotations

from aragora_sync.state import StateFile

from ..contract.state import StateContract


class TestStateFile(StateContract):
    def make(self, folder):
        return StateFile(folder, "github-my-org", "Workspace_1")
