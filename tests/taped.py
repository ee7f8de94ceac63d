"""What is recorded from the suite's fakes, by type."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from aragora_sync.connectors.github import GitHubEnterpriseConnector
from aragora_sync.connectors.slack import SlackConnector

from .cassettes import record
from .connectors.github_desk import opened_desk as github_desk
from .connectors.slack_desk import opened_desk as slack_desk
from .fakes.github import TOKEN as GITHUB_TOKEN
from .fakes.slack import BOT


def slack() -> None:
    """A channel with a thread and a message; then a late reply, an edit, a deletion and something new."""
    with tempfile.TemporaryDirectory() as folder, slack_desk(Path(folder)) as desk:
        state = desk.fake.state
        root, wrong, gone = desk.post("*Deploy* at noon"), desk.post("with a mistaek"), desk.post("never mind")
        desk.reply(root, "bring cake")

        def edit() -> None:
            desk.reply(root, "a late reply")
            state.edit(desk.channel, wrong, "without a mistake")
            state.delete(desk.channel, gone)
            desk.post("something new")

        def make() -> SlackConnector:
            return SlackConnector(
                **options, base_url=here, credentials={"SLACK_BOT_TOKEN": BOT}, parallel=1, max_retries=0
            )

        here, options = f"{desk.fake.url}/api", {"channels": ["general"]}
        told = {**options, "base_url": "https://slack.com/api"}
        record("slack", "fake", told, ["SLACK_BOT_TOKEN"], make, edit, here)


def github() -> None:
    """Issues, a pull request, a discussion and files; then a comment, an edit, a review, new files."""
    with tempfile.TemporaryDirectory() as folder, github_desk(Path(folder)) as desk:
        state, app = desk.state, desk.app
        issue, pull = state.open(app, "Bug", "It breaks."), state.propose(app, "Fix", "Mends it.")
        comment = state.comment(issue, "Where?")
        state.say(state.start(app, "Ideas", "Any?"), "One.")
        state.commit(app, {"README.md": "# App\n", "src/app.py": "x = 1\n"})
        desk.later()

        def edit() -> None:
            state.comment(pull, "Thanks.")
            state.edit_comment(comment, "Where exactly?")
            state.review(pull, "APPROVED", "Good.")
            state.open(app, "Another", "Small.")
            state.commit(app, {"README.md": None, "src/app.py": "x = 2\n"})

        def make() -> GitHubEnterpriseConnector:
            return GitHubEnterpriseConnector(
                **options, base_url=here, credentials={"GITHUB_TOKEN": GITHUB_TOKEN}, parallel=1, max_retries=0
            )

        here, options = desk.fake.url, {"organization": "acme"}
        told = {**options, "base_url": "https://github.example.com"}
        record("github", "fake", told, ["GITHUB_TOKEN"], make, edit, here)


TAPED: dict[str, Callable[[], None]] = {"github": github, "slack": slack}
