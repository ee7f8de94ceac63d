"""GitHub: issues, pull requests, discussions, code and wikis of an organization."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, Protocol

from ...connector import Connector
from ...core.address import address_problem
from ...core.changes import Change, Cursor, Named
from ...core.errors import AccessError, ConfigError, SourceError
from ...core.options import option
from ...core.patterns import Patterns
from ...core.source import Check, KnownItems, Stream
from ...core.webhook import Receipt, Request
from ...net.access import Access, bearer
from . import webhook
from .access import AppAccess, AppProof
from .addresses import PUBLIC, Addresses
from .api import Api
from .code import Code
from .discussions import Discussions
from .errors import APP_ID, APP_KEY, INSTALLATION, TOKEN, WEBHOOK_SECRET, explain
from .git import Git
from .issues import Issues
from .repositories import CODE, DISCUSSIONS, ISSUES, WIKI, Repository, get_owner, list_all, list_named
from .wiki import Wiki, as_git_asks

UNKNOWN = "#"  # before a name in the options that no repository has
HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}


class Reading(Protocol):
    """A stream of one repository."""

    def read(self, cursor: Cursor, known: KnownItems) -> Iterator[Change]: ...
    def fetch(self, refs: Sequence[str]) -> Iterator[Named]: ...


class GitHubEnterpriseConnector(Connector):
    """Reads repositories, each in a few streams. One query tells of a hundred repositories what moved in them."""

    type = "github"
    title = "Repositories of a GitHub organization"
    keys: ClassVar[Mapping[str, str]] = {
        TOKEN: "classic or fine-grained token; or GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY of an App",
        APP_ID: "client ID or App ID of a GitHub App, instead of a token",
        APP_KEY: "private key of that App, the text of its .pem file",
        INSTALLATION: "number of the App's installation, by default that of the organization; optional",
        WEBHOOK_SECRET: "secret of the webhook, for schedule --listen; optional",
    }
    webhook_terms = webhook.TERMS

    organization: str = option(
        help="Organization or user whose repositories are synced.", example="my-org", identity=True
    )
    repositories: list[str] = option(
        [],
        help="Only these repositories, by name or owner/name; by default all that the token sees.",
        example=["handbook", "product"],
    )
    sync_code: bool = option(True, help="Read the files of the default branch.")
    sync_issues: bool = option(True, help="Read issues with their comments.")
    sync_prs: bool = option(True, help="Read pull requests with their comments and reviews.")
    sync_discussions: bool = option(True, help="Read discussions with their answers and replies.")
    sync_wikis: bool = option(False, help="Read the pages of wikis; needs git on this machine.")
    include_patterns: list[str] = option(
        [], help="Only files that match one of these gitignore patterns.", example=["*.py", "*.ts", "*.md"]
    )
    exclude_patterns: list[str] = option(
        [], help="No files that match one of these gitignore patterns.", example=["node_modules/**", "*.min.js"]
    )
    base_url: str = option(
        PUBLIC,
        help="Address of the API; of an Enterprise Server it ends with /api/v3.",
        example="https://github.mycompany.com/api/v3",
        env="GITHUB_BASE_URL",
        neutral=True,
    )
    allow_http: bool = option(False, help="Allow addresses with plain http beyond this machine.", neutral=True)

    def open(self) -> None:
        """Makes the connection; GitHub is asked for the first time when it must be."""
        if wrong := address_problem("base_url", self.base_url, PUBLIC, allow_http=self.allow_http):
            raise ConfigError(f"github: {wrong}")
        addresses = Addresses.of(self.base_url)
        http = partial(self.http, addresses.rest, place="GitHub", explain=explain, headers=HEADERS)
        self._access = self._make_access(http)
        self._api = Api(http(self._access), addresses)
        self._patterns = Patterns(self.include_patterns, self.exclude_patterns)

    def _make_access(self, http: partial[Any]) -> Access:
        asked = self.asked_credentials
        app_id = asked.get(APP_ID)
        if not app_id:
            return bearer(self.credential(TOKEN))
        proof = AppProof(app_id, self.credential(APP_KEY))
        asked_as_app = partial(self.once, "asked as the App itself", lambda: http(proof))
        return AppAccess(asked_as_app, app_id, asked.get(INSTALLATION) or "", self.organization)

    def streams(self, stored: Collection[str]) -> Iterable[Stream]:
        """Those of the repositories that the options mean, and of those that were read before and are not listed."""
        listed = self._listed()
        parts = self._parts()
        for repository in listed.values():
            for part in parts:
                yield Stream(f"{repository.id}/{part}", f"{repository.full_name} {part}")
        for name in stored:
            repository_id, _, part = name.partition("/")
            if part in parts and repository_id not in listed and self._may_be_meant(repository_id):
                yield Stream(name)
        yield from (Stream(f"{UNKNOWN}{name}", name) for name in self._absent())

    def _parts(self) -> list[str]:
        wanted = {
            ISSUES: self.sync_issues or self.sync_prs,
            DISCUSSIONS: self.sync_discussions,
            CODE: self.sync_code,
            WIKI: self.sync_wikis,
        }
        return [part for part, is_wanted in wanted.items() if is_wanted]

    def _may_be_meant(self, repository_id: str) -> bool:
        """Whether one that is not listed may be among what the options mean; where it is shown at all, only one
        of the organization whose repositories are all meant may.
        """
        if self.repositories and not self._absent():
            return False
        try:
            owner = get_owner(self._api, repository_id)
        except SourceError:
            return True  # its read says why
        return not self.repositories and owner.lower() == self.organization.lower()

    def _listed(self) -> dict[str, Repository]:
        return self.once("repositories", self._list)

    def _list(self) -> dict[str, Repository]:
        if not self.repositories:
            found = list(list_all(self._api, self.organization))
        else:
            named = list(list_named(self._api, self.organization, self.repositories))
            self.once("absent", lambda: [name for name, repository in named if repository is None])
            found = [repository for _, repository in named if repository is not None]
        return {repository.id: repository for repository in found}

    def _absent(self) -> list[str]:
        """Names in the options that no repository has, as far as the token sees."""
        self._listed()
        return self.once("absent", list)

    def check(self) -> Iterator[Check]:
        """Whether the credential is taken, until when, and which repositories are meant."""
        name = "token"
        try:
            self.open()
            answer = self._api.post("{rateLimit{limit remaining}}", {})
            ends = answer.headers.get("github-authentication-token-expiration", "")
            scopes = answer.headers.get("x-oauth-scopes", "")
            yield Check(name, True, ", ".join(filter(None, [scopes, ends and f"ends {ends}"])) or "accepted")
            name = "repositories"
            found = self._listed().values()
            if absent := self._absent():
                error = _unknown(absent[0])
                yield Check(name, False, error.message, error.hint)
            else:
                yield Check(name, bool(found), ", ".join(each.full_name for each in found) or "none is shown")
        except SourceError as error:
            yield Check(name, False, error.message, error.hint)
        finally:
            self.close()

    def read(self, stream: Stream, cursor: Cursor, known: KnownItems) -> Iterator[Change]:
        """What changed in a part of a repository since `cursor`; everything where it is None."""
        return self._reading(stream).read(cursor, known)

    def receive(self, request: Request) -> Receipt:
        """The answer to a webhook, with what it says changed."""
        return webhook.receive(self, request)

    def fetch(self, stream: Stream, refs: Sequence[str], known: KnownItems) -> Iterator[Change]:
        """The items of these ids."""
        return self._reading(stream).fetch(refs)

    def _reading(self, stream: Stream) -> Reading:
        if stream.name.startswith(UNKNOWN):
            raise _unknown(stream.name.removeprefix(UNKNOWN))
        repository_id, _, part = stream.name.partition("/")
        repository = self._listed().get(repository_id)
        if repository is None:
            get_owner(self._api, repository_id)
            raise AccessError("the repository is not listed any more.", hint="look at the token's rights")
        if part == ISSUES:
            return Issues(self._api, repository, with_issues=self.sync_issues, with_pulls=self.sync_prs)
        if part == DISCUSSIONS:
            return Discussions(self._api, repository)
        if part == CODE:
            return Code(self._api, repository, self._patterns)
        git = Git(as_git_asks(self._access.headers()), self.stop, allow_http=self.base_url.startswith("http://"))
        return Wiki(git, f"{self._api.addresses.web}/{repository.full_name}.wiki.git", repository)


def _unknown(name: str) -> AccessError:
    return AccessError(
        f"GitHub shows no repository {name} to this token.",
        hint="correct the option 'repositories', or give the token access to it",
    )
