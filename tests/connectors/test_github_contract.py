"""`github` keeps the contract: with issues, pull requests, discussions and files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from aragora_sync.connectors.github import GitHubEnterpriseConnector, issues
from aragora_sync.testing import ConnectorContract

from ..fakes.github import FakeGitHub
from ..fakes.github_access import CLASSIC
from ..fakes.web import running
from ..net.clock import patient
from ..net.pool import fill
from .github_world import GitHubWorld


class GitHubContract(ConnectorContract):
    connector = GitHubEnterpriseConnector
    test_what_a_webhook_names_is_read = None  # proven in test_webhooks_fit.py
    kind: ClassVar[str]

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _serve(cls) -> Iterator[None]:
        with running(FakeGitHub()) as cls.fake, patient(cls.fake):
            yield

    @pytest.fixture(autouse=True)
    def _small_pages(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(issues, "PAGE", 3)  # so that a repository has several

    def make_world(self, folder: Path) -> GitHubWorld:
        return GitHubWorld(self.fake, self.kind)

    def make(self, world: GitHubWorld, **options: object) -> GitHubEnterpriseConnector:
        where = {"organization": "acme", "base_url": self.fake.url, "credentials": {"GITHUB_TOKEN": CLASSIC}}
        return GitHubEnterpriseConnector(**where, **options)

    def opened(self) -> GitHubEnterpriseConnector:
        """With the one connection that a reading has in use."""
        connector = super().opened()
        assert isinstance(connector, GitHubEnterpriseConnector)
        fill(connector._api.http, 1, f"repositories/{min(self.fake.state.repositories)}")
        return connector


class TestGitHubWithIssues(GitHubContract):
    kind = "issues"  # that nobody spoke about: the list tells all of them, so that none fails alone


class TestGitHubWithPullRequests(GitHubContract):
    kind = "pulls"


class TestGitHubWithDiscussions(GitHubContract):
    kind = "discussions"


class TestGitHubWithCode(GitHubContract):
    kind = "code"
