"""What a GitHub App asks with a proof of who it is, instead of a token."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from .github_access import Installation, Refused, not_found
from .github_json import iso
from .web import Answer, Asked

if TYPE_CHECKING:
    from .github import FakeGitHub


class Apps:
    """Installations of `fake.app`, and their tokens."""

    def __init__(self, fake: FakeGitHub) -> None:
        self.fake = fake

    def answer(self, asked: Asked, path: str) -> Answer:
        installations = self.fake.app.installations.values()
        if path == "/app":
            return Answer(200, self._app())
        if path == "/app/installations":
            return Answer(200, [self._installation(one) for one in installations])
        if match := re.fullmatch(r"/(?:orgs|users)/([^/]+)/installation", path):
            mine = [one for one in installations if one.owner.lower() == match[1].lower()]
            if not mine:
                raise not_found()
            return Answer(200, self._installation(mine[0]))
        match = re.fullmatch(r"/app/installations/(\d+)(/access_tokens)?", path)
        found = self.fake.app.installations.get(int(match[1])) if match else None
        if match is None or found is None:
            raise not_found()
        return self._mint(asked, found) if match[2] else Answer(200, self._installation(found))

    def _mint(self, asked: Asked, installation: Installation) -> Answer:
        """A new one each time; those that were given before hold on until their hour is over."""
        if asked.method != "POST":
            raise not_found()
        if installation.suspended:
            raise Refused(403, "This installation has been suspended")
        value, token = self.fake.app.mint(installation, json.loads(asked.body or b"{}"), self.fake.state.now)
        self.fake.tokens[value] = token
        told = {"token": value, "expires_at": iso(token.expires_at), "permissions": token.permissions}
        return Answer(201, {**told, "repository_selection": "all" if token.repositories is None else "selected"})

    def _app(self) -> dict[str, Any]:
        app, moment = self.fake.app, iso(self.fake.state.now)
        told: dict[str, Any] = {"id": app.id, "slug": app.slug, "node_id": f"A_{app.id}", "client_id": app.client_id}
        told |= {"owner": self.fake.bodies.owner(self.fake.state.owner("acme")), "name": app.slug, "description": ""}
        told |= {"external_url": "https://example.com", "html_url": f"{self.fake.url}/apps/{app.slug}", "events": []}
        return told | {"created_at": moment, "updated_at": moment, "permissions": {"metadata": "read"}}

    def _installation(self, one: Installation) -> dict[str, Any]:
        owner, bodies, moment = self.fake.state.owner(one.owner), self.fake.bodies, iso(self.fake.state.now)
        told: dict[str, Any] = {"id": one.id, "account": bodies.owner(owner), "events": [], "single_file_name": None}
        told |= {"repository_selection": "all" if one.repositories is None else "selected", "target_id": owner.id}
        told |= {"access_tokens_url": f"{bodies.api}/app/installations/{one.id}/access_tokens"}
        told |= {"repositories_url": f"{bodies.api}/installation/repositories", "app_id": self.fake.app.id}
        told |= {"html_url": f"{bodies.web}/settings/installations/{one.id}", "app_slug": self.fake.app.slug}
        told |= {"client_id": self.fake.app.client_id, "target_type": owner.kind, "permissions": one.permissions}
        told |= {"created_at": moment, "updated_at": moment, "suspended_by": None}
        return told | {"suspended_at": moment if one.suspended else None}
