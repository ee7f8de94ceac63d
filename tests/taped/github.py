"""What is recorded of `github`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from aragora_sync.connectors.github import GitHubEnterpriseConnector

from ..cassettes import record
from ..connectors.github_desk import opened_desk
from ..fakes.github_access import CLASSIC


def tape() -> None:
    """Issues, a pull request, a discussion and files; then a comment, an edit, a review, new files."""
    with tempfile.TemporaryDirectory() as folder, opened_desk(Path(folder)) as desk:
        app = desk.app
        issue, pull = app.open_issue("Bug", "It breaks."), app.open_pull("Fix", "Mends it.")
        comment = app.comment(issue, "Where?")
        app.discussions.comment(app.discussions.begin("Ideas", "Any?"), "One.")
        app.code.commit({"README.md": "# App\n", "src/app.py": "x = 1\n"})
        desk.later()

        def edit() -> None:
            app.comment(pull, "Thanks.")
            app.edit(comment, "Where exactly?")
            app.review(pull, "APPROVED", "Good.")
            app.open_issue("Another", "Small.")
            app.code.commit({"README.md": None, "src/app.py": "x = 2\n"})

        def make() -> GitHubEnterpriseConnector:
            return GitHubEnterpriseConnector(
                **options, base_url=here, credentials={"GITHUB_TOKEN": CLASSIC}, parallel=1, max_retries=0
            )

        here, options = desk.fake.url, {"organization": "acme"}
        told = {**options, "base_url": "https://github.example.com"}
        record("github", "fake", told, ["GITHUB_TOKEN"], make, edit, here)
