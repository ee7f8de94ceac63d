"""What the state of a connector owes the engine and the person who reads it."""

from __future__ import annotations

import json
import os
import stat
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aragora_sync.core.errors import AragoraSyncError, StateError
from aragora_sync.state import State, StateFile

STATE = State(
    connector_id="github-my-org",
    tenant_id="Workspace_1",
    cursors={"issues": {"since": "2026-01-01T00:00:00Z"}, "pulls": [1, None, "ü"], "empty": None},
    passes={"issues": {"page": "x"}, "pulls": None},
    last_sync_at=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
    last_item_id="issue-7",
    items_synced=12,
    errors=["pulls: 403", "lone \ud800"],
    status="partial",
)
LEGACY = {"connector_id": "github", "cursor": "abc", "last_sync_at": "2025-01-02T03:04:05+00:00", "items_synced": 9}
MUTILATIONS = {
    "empty": b"",
    "binary": bytes(range(256)),
    "no JSON": b"cursor: abc",
    "not UTF-8": b'{"cursor": "\xff"}',
    "a list": b"[]",
    "text": b'"cursor"',
    "an empty object": b"{}",
    "deep": b"[" * 100_000,
    "infinite": b'{"version": 1, "connector_id": "c", "tenant_id": "t", "cursors": {}, "passes": {},'
    b' "last_sync_at": null, "last_item_id": "", "items_synced": 1e999, "errors": [], "status": ""}',
    "huge number": b"9" * 10_000,
}


class StateContract:
    """Subclasses say where a state lies."""

    def make(self, folder: Path) -> StateFile:
        raise NotImplementedError

    @pytest.fixture
    def state(self, folder: Path) -> StateFile:
        return self.make(folder)

    @pytest.fixture
    def saved(self, state: StateFile) -> StateFile:
        state.save(STATE)
        return state

    def test_what_was_saved_is_loaded(self, saved):
        assert saved.load() == STATE

    def test_a_missing_one_is_nothing(self, state):
        assert state.load() is None

    def test_a_removed_one_is_nothing_and_may_be_removed_again(self, saved):
        saved.remove()
        saved.remove()

        assert saved.load() is None

    def test_the_name_joins_connector_and_tenant_with_the_first_underscore(self, state):
        assert state.path.name == "github-my-org_Workspace_1.json"

    def test_only_the_owner_may_read_it(self, saved):
        assert stat.S_IMODE(saved.path.stat().st_mode) == 0o600
        assert stat.S_IMODE(saved.path.parent.stat().st_mode) == 0o700

    def test_nothing_else_is_left_in_the_folder(self, saved):
        saved.save(STATE)

        assert list(saved.path.parent.iterdir()) == [saved.path]

    def test_a_person_can_read_it(self, saved):
        raw = json.loads(saved.path.read_text())

        assert raw["cursors"] == dict(STATE.cursors)
        assert (raw["version"], raw["status"], raw["last_sync_at"]) == (
            1,
            "partial",
            "2026-01-02T03:04:05.678901+00:00",
        )

    @pytest.mark.parametrize("content", MUTILATIONS.values(), ids=MUTILATIONS)
    def test_one_that_cannot_be_understood_names_the_command_that_fixes_it(self, saved, content):
        saved.path.write_bytes(content)
        with pytest.raises(StateError) as caught:
            saved.load()

        assert str(saved.path) in caught.value.message
        assert caught.value.hint == "aragora-sync reset github-my-org --tenant Workspace_1"

    def test_any_part_of_it_is_an_error_and_never_something_else(self, saved):
        whole = saved.path.read_bytes().rstrip()
        for length in range(len(whole)):
            saved.path.write_bytes(whole[:length])
            with pytest.raises(StateError):
                saved.load()

    @pytest.mark.parametrize(
        "key", ["version", "cursors", "passes", "last_sync_at", "items_synced", "errors", "status"]
    )
    @pytest.mark.parametrize("wrong", ["no", None, True, [{}], {"a": 1}, -1.5], ids=repr)
    def test_a_wrong_type_is_an_error_or_what_it_says(self, saved, key, wrong):
        raw = json.loads(saved.path.read_text())
        raw[key] = wrong
        saved.path.write_text(json.dumps(raw))
        try:
            loaded = saved.load()
        except StateError:
            return
        assert loaded.last_sync_at is None or loaded.last_sync_at.tzinfo is not None
        assert isinstance(loaded.cursors, dict) and isinstance(loaded.passes, dict)
        assert isinstance(loaded.items_synced, int) and all(isinstance(error, str) for error in loaded.errors)

    @pytest.mark.parametrize(
        "key", ["connector_id", "tenant_id", "cursors", "passes", "items_synced", "errors", "status"]
    )
    def test_a_missing_part_is_an_error(self, saved, key):
        raw = json.loads(saved.path.read_text())
        del raw[key]
        saved.path.write_text(json.dumps(raw))

        with pytest.raises(StateError):
            saved.load()

    def test_a_newer_one_asks_for_the_newer_program(self, saved):
        raw = json.loads(saved.path.read_text()) | {"version": 2}
        saved.path.write_text(json.dumps(raw))
        with pytest.raises(StateError, match="newer") as caught:
            saved.load()

        assert "upgrade" in caught.value.hint

    @pytest.mark.parametrize("cursor", ["abc", {"page": 3}, 7, None, ""], ids=repr)
    def test_one_of_the_older_aragora_is_recognised(self, state, cursor):
        state.path.parent.mkdir(parents=True)
        state.path.write_text(json.dumps(LEGACY | {"cursor": cursor}))

        loaded = state.load()
        assert loaded.legacy
        assert loaded.cursor == ("" if cursor is None else cursor)
        assert (loaded.connector_id, loaded.tenant_id) == ("github-my-org", "Workspace_1")
        assert loaded.last_sync_at == datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)

    @pytest.mark.parametrize("moment", [None, "yesterday", 5, "2025-01-02T03:04:05"])
    def test_its_time_may_be_anything(self, state, moment):
        state.path.parent.mkdir(parents=True)
        state.path.write_text(json.dumps(LEGACY | {"last_sync_at": moment}))

        found = state.load().last_sync_at
        assert found is None or found.tzinfo is not None

    def test_of_one_stream_the_cursor_is_plain_of_several_by_name(self):
        assert State("c", "t", cursors={"s": 5}).cursor == 5
        assert State("c", "t", cursors={"a": 1, "b": 2}).cursor == {"a": 1, "b": 2}
        assert State("c", "t").cursor is None
        assert not State("c", "t", cursors={"s": 5}).legacy

    def test_killed_before_the_last_step_it_says_the_old(self, saved, monkeypatch):
        class Killed(BaseException):
            pass

        def die(*_paths: object) -> None:
            raise Killed

        for step in ("replace", "fsync"):
            with monkeypatch.context() as patch:
                patch.setattr(os, step, die)
                with pytest.raises(Killed):
                    saved.save(State("c", "t", status="new"))
            assert saved.load() == STATE

    def test_a_folder_that_cannot_be_made_or_written_says_so(self, tmp_path):
        (tmp_path / "file").write_text("in the way")
        blocked = self.make(tmp_path / "file" / "deeper")
        with pytest.raises(AragoraSyncError) as caught:
            blocked.save(STATE)

        assert "--state-dir" in caught.value.hint

    @given(
        st.recursive(
            st.none()
            | st.booleans()
            | st.integers(-(10**30), 10**30)
            | st.floats(allow_nan=False, allow_infinity=False)
            | st.text(),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
            max_leaves=8,
        )
    )
    def test_any_json_cursor_comes_back(self, cursor):
        with tempfile.TemporaryDirectory() as name:
            state = self.make(Path(name) / "state")
            state.save(State("c", "t", cursors={"s": cursor}, passes={"s": cursor}))

            assert state.load() == State("c", "t", cursors={"s": cursor}, passes={"s": cursor}, errors=[])
