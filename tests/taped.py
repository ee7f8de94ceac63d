"""What is recorded from the suite's fakes, by type."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from aragora_sync.connectors.github import GitHubEnterpriseConnector
from aragora_sync.connectors.gusto import GustoConnector
from aragora_sync.connectors.slack import SlackConnector

from .cassettes import record
from .connectors.github_desk import opened_desk as github_desk
from .connectors.gusto_desk import opened_desk as gusto_desk
from .connectors.slack_desk import opened_desk as slack_desk
from .fakes.github_access import CLASSIC
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


def gusto() -> None:
    """Two employees and payrolls of every kind; then somebody new, a draft that is processed, one that is deleted."""
    with tempfile.TemporaryDirectory() as folder, gusto_desk(Path(folder)) as desk:
        ann, ben = desk.hire(2)
        for each in (ann, ben):
            desk.books.change(each, email="somebody@example.com")  # no other address is recorded
        desk.pay(-10)
        desk.pay(-40, off_cycle="Bonus")
        draft, gone = desk.pay(10, processed=False), desk.pay(24, processed=False)

        def edit() -> None:
            desk.books.change(ann, title="Chief")
            desk.books.change(desk.books.hire("Eve", "Fox"), email="somebody@example.com")
            desk.books.process(draft)
            desk.books.drop(gone)

        def make() -> GustoConnector:
            own = {"GUSTO_ACCESS_TOKEN": desk.grant.access}
            return GustoConnector(**options, base_url=here, credentials=own, parallel=1, max_retries=0)

        desk.connector().tokens.forget()
        here, options = desk.fake.url, {"history_from": "2026-01-01"}
        told = {**options, "base_url": "https://api.gusto-demo.com"}
        record("gusto", "fake", told, ["GUSTO_ACCESS_TOKEN"], make, edit, here)


TAPED: dict[str, Callable[[], None]] = {"github": github, "gusto": gusto, "slack": slack}
