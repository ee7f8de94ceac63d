"""What is recorded of `confluence`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from aragora_sync.connectors.confluence import ConfluenceConnector

from ..cassettes import record
from ..connectors.confluence_desk import opened_desk, options_for


def tape() -> None:
    """A space with a tree, a post, comments and a file; then an edit, a late answer, a label, and a page is trashed."""
    with tempfile.TemporaryDirectory() as folder, opened_desk(Path(folder)) as desk:
        site = desk.site
        top = desk.page("<strong>Deploy</strong> at noon", title="Runbook")
        gone, draft = desk.page("never mind", parent=top), desk.page("not yet")
        site.label(draft, "draft")
        site.blog(desk.space, "News", "<p>We have cake.</p>")
        comment = site.comment(top, "<p>bring cake</p>")
        site.comment(top, "<p>which noon?</p>", on="noon")
        file = site.attach(top, "notes.txt", b"inside")

        def edit() -> None:
            desk.fake.tick(3600)
            site.edit(top, "<p><strong>Deploy</strong> at one</p>")
            site.reply(comment, "<p>a late answer</p>")
            site.replace(file, b"inside, again")
            site.trash(gone)
            site.unlabel(draft, "draft")
            desk.fake.tick(3600)

        def make() -> ConfluenceConnector:
            secrets = options_for(desk.fake)["credentials"]
            return ConfluenceConnector(
                **options, base_url=desk.fake.base, credentials=secrets, parallel=1, max_retries=0
            )

        options = {"spaces": ["ENG"], "exclude_labels": ["draft"]}
        told = {**options, "base_url": "https://acme.atlassian.net/wiki"}
        record("confluence", "fake", told, ["CONFLUENCE_EMAIL", "CONFLUENCE_API_TOKEN"], make, edit, desk.fake.base)
