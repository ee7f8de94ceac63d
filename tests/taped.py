"""What is recorded from the suite's fakes, by type."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from aragora_sync.connectors.github import GitHubEnterpriseConnector
from aragora_sync.connectors.slack import SlackConnector
from aragora_sync.connectors.xero import XeroConnector

from .cassettes import record
from .connectors.github_desk import opened_desk as github_desk
from .connectors.slack_desk import opened_desk as slack_desk
from .connectors.xero_desk import opened_desk as xero_desk
from .fakes.github_access import CLASSIC
from .fakes.slack import BOT
from .fakes.xero_apps import PKCE


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


def xero() -> None:
    """Some of every record; then a payment, an edit, a void, a forgotten contact, something new."""
    with tempfile.TemporaryDirectory() as folder, xero_desk(Path(folder)) as desk:
        books = desk.books
        desk.fake.now = TAPED_AT
        bolt = books.add_contact("Bolt", EmailAddress="somebody@example.com")
        paid, wrong = desk.invoice(), desk.invoice("Mistake")
        books.create_credit_note(desk.acme, ("too much", 1, "10.00", "200"))
        books.spend(bolt, ("coffee", 2, "4.50", "429"))
        journal = books.post_journal("Depreciation", ("1000.00", "720", "computers"), ("-1000.00", "180"))
        desk.later()

        def edit() -> None:
            books.pay(paid, "100.00")
            books.edit(journal, Narration="Monthly depreciation")
            books.void(wrong)
            books.forget(bolt)
            desk.invoice("Something new", currency="USD", rate="0.615000")

        def make() -> XeroConnector:
            given = {"XERO_CLIENT_ID": PKCE, "XERO_ACCESS_TOKEN": desk.token}
            return XeroConnector(**options, base_url=here, credentials=given, parallel=1, max_retries=0)

        here, options = desk.fake.url, {"xero_tenant_id": books.tenant_id}
        told = {**options, "base_url": "https://api.xero.com"}
        record("xero", "fake", told, ["XERO_CLIENT_ID", "XERO_ACCESS_TOKEN"], make, edit, here)


TAPED_AT = datetime(2026, 11, 2, 9, tzinfo=UTC)
TAPED: dict[str, Callable[[], None]] = {"github": github, "slack": slack, "xero": xero}
