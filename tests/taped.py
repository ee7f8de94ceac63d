"""What is recorded from the suite's fakes, by type."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from aragora_sync.connectors.github import GitHubEnterpriseConnector
from aragora_sync.connectors.qbo import QuickBooksConnector
from aragora_sync.connectors.slack import SlackConnector

from .cassettes import record
from .connectors.github_desk import opened_desk as github_desk
from .connectors.qbo_desk import opened_desk as qbo_desk
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


def qbo() -> None:
    """A customer, an invoice, a bill; then a payment, an edit, a deletion, and a customer that is made inactive."""
    with tempfile.TemporaryDirectory() as folder, qbo_desk(Path(folder)) as desk:
        books, names = desk.books, ["QBO_ACCESS_TOKEN"]
        acme, gone = books.customer("Acme", email="somebody@example.com"), books.customer("Gone")
        invoice = books.invoice(acme, [("100.10", "Consulting"), ("50", "Travel")], due="2026-12-01", number="1037")
        wrong = books.bill(books.vendor("Paper"), "20.05", note="twice")
        desk.fake.tick(600)

        def edit() -> None:
            books.payment(acme, "100.10", {invoice: "100.10"})
            books.edit("Invoice", invoice, PrivateNote="as agreed")
            books.delete("Bill", wrong)
            books.deactivate("Customer", gone)

        def make() -> QuickBooksConnector:
            given = {name: str(desk.tokens["access_token"]) for name in names}
            return QuickBooksConnector(**options, base_url=here, credentials=given, parallel=1, max_retries=0)

        here, options = desk.fake.url, {"realm_id": str(desk.tokens["realmId"])}
        told = {**options, "base_url": "https://quickbooks.api.intuit.com"}
        record("qbo", "fake", told, names, make, edit, here)


TAPED: dict[str, Callable[[], None]] = {"github": github, "qbo": qbo, "slack": slack}
