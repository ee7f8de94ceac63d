"""What is recorded from the suite's fakes, by type."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from aragora_sync.connectors.github import GitHubEnterpriseConnector
from aragora_sync.connectors.plaid import PlaidConnector
from aragora_sync.connectors.slack import SlackConnector

from .cassettes import record
from .connectors.github_desk import opened_desk as github_desk
from .connectors.plaid_desk import KEYS as PLAID_KEYS
from .connectors.plaid_desk import opened_desk as plaid_desk
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


def plaid() -> None:
    """Two accounts, and transactions on several pages; then one is posted, one edited, one removed, one new."""
    with tempfile.TemporaryDirectory() as folder, plaid_desk(Path(folder)) as desk:
        bank, item = desk.bank, desk.item
        card = bank.open_account(item, "Credit Card", type="credit", subtype="credit card", limit=Decimal("2000"))
        pending = bank.spend(item, "4.50", "COFFEE 12", pending=True)
        wrong, gone = bank.spend(item, "89.40", "SPARKFUN"), bank.spend(item, "500", "UNITED AIRLINES", account=card)
        bank.spend(item, "-4.22", "INTRST PYMNT")
        desk.fake.page_size = 3

        def edit() -> None:
            bank.post(item, pending)
            bank.edit(item, wrong, amount=Decimal("98.40"))
            bank.remove(item, gone)
            bank.spend(item, "12.34", "UBER 072515 SF")

        def make() -> PlaidConnector:
            tokens = {**PLAID_KEYS, "PLAID_ACCESS_TOKEN": item.access_token}
            return PlaidConnector(**options, base_url=here, credentials=tokens, parallel=1, max_retries=0)

        (Path.home() / ".aragora" / "tokens" / "plaid_default.json").unlink()
        here, options = desk.fake.url, {"environment": "sandbox"}
        told = {**options, "base_url": "https://sandbox.plaid.com"}
        record("plaid", "fake", told, [*PLAID_KEYS, "PLAID_ACCESS_TOKEN"], make, edit, here)


TAPED: dict[str, Callable[[], None]] = {"github": github, "plaid": plaid, "slack": slack}
