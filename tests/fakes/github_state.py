"""All of a GitHub: accounts, organizations and repositories, and what happens to them as a whole."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from .github_repository import Repository
from .github_talk import FOREVER_AGO, Discussion, Issue, User

if TYPE_CHECKING:
    from .github_discussions import Discussions

T = TypeVar("T")


@dataclass(eq=False)
class Owner:
    """An organization, or a person who has repositories."""

    id: int
    node_id: str
    login: str
    kind: str = "Organization"


class State:
    """Everything there is, and what its owners do to it. Acts in a repository are methods of `Repository`.

    `tick` is the service's clock; each act happens `pace` seconds after the one before (0: within the same second).
    Switches say what nobody outside knows for certain, or what happens seldom: `lag`: so many seconds lists show what
    was before an edit; `comments_move_discussions`, `replies_move_discussions`; `review_comments_move_pulls`.
    """

    def __init__(self, tick: Callable[[float], datetime], folder: Callable[[], Path]) -> None:
        self._tick = tick
        self.folder = folder  # where wikis lie
        self.pace = 1.0
        self.lag = 0.0
        self.comments_move_discussions = True
        self.replies_move_discussions = False
        self.review_comments_move_pulls = False
        self.users: dict[str, User] = {}
        self.owners: dict[str, Owner] = {}
        self.repositories: dict[int, Repository] = {}
        self.moved: dict[str, int] = {}  # names that repositories had, in small letters
        self.nodes: dict[str, Any] = {}
        self._number = 1000
        for login in ("ann", "bob", "mona"):
            self.add_user(login)

    # Time and numbers

    def act(self) -> datetime:
        """The moment of the next act."""
        return self._tick(self.pace).replace(microsecond=0)

    @property
    def now(self) -> datetime:
        return self._tick(0)

    def number(self) -> int:
        self._number += 1
        return self._number

    def node_id(self, prefix: str, number: int) -> str:
        return f"{prefix}_{urlsafe_b64encode(f'kwDO{number:010d}'.encode()).decode().rstrip('=')}"

    def keep(self, thing: Any) -> Any:
        """A thing that can be asked for by its node id from now on."""
        self.nodes[thing.node_id] = thing
        return thing

    def shown(self, things: Iterable[T]) -> list[T]:
        """These as lists show them: an edit takes `lag` seconds to get there."""
        now = self.now
        return [found for thing in things if (found := _version(thing, now)) is not None]

    def later(self) -> datetime:
        """When lists will show what is done now."""
        return self.now + timedelta(seconds=self.lag) if self.lag else FOREVER_AGO

    # People

    def add_user(self, login: str, kind: str = "User") -> User:
        number = self.number()
        self.users[login] = user = User(number, self.node_id("U", number), login, kind)
        return self.keep(user)

    def user(self, login: str) -> User:
        return self.users.get(login) or self.add_user(login)

    def rename_user(self, login: str, new: str) -> None:
        """Nothing that they wrote counts as changed."""
        user = self.users.pop(login)
        user.login = new
        self.users[new] = user

    def delete_user(self, login: str) -> None:
        """What they wrote stays, by nobody."""
        user = self.users.pop(login)
        for repository in self.repositories.values():
            for thing in repository.things():
                if thing.author is user:
                    thing.author = None

    def owner(self, login: str) -> Owner:
        """The organization, or the user of that name; a new organization, where there is none."""
        if login.lower() not in self.owners and (user := self.users.get(login)):
            self.owners[login.lower()] = Owner(user.id, user.node_id, login, "User")
        elif login.lower() not in self.owners:
            number = self.number()
            self.owners[login.lower()] = self.keep(Owner(number, self.node_id("O", number), login))
        return self.owners[login.lower()]

    def rename_owner(self, login: str, new: str) -> None:
        """All its repositories move along."""
        owner = self.owners.pop(login.lower())
        for repository in self.of(owner):
            self.moved[repository.full_name.lower()] = repository.id
        owner.login = new
        self.owners[new.lower()] = owner

    # Repositories

    def create_repository(self, full_name: str, **more: Any) -> Repository:
        """`more`: attributes of `Repository`, such as visibility="public", has_wiki=False."""
        login, _, name = full_name.partition("/")
        number = self.number()
        repository = Repository(self, number, self.node_id("R", number), self.owner(login), name, **more)
        self.repositories[repository.id] = self.keep(repository)
        self.moved.pop(full_name.lower(), None)
        return repository

    def rename_repository(self, repository: Repository, name: str) -> None:
        """The old name leads to the new one, until somebody else takes it."""
        self.moved[repository.full_name.lower()] = repository.id
        repository.name = name
        self.moved.pop(repository.full_name.lower(), None)
        repository.updated_at = self.act()

    def transfer_repository(self, repository: Repository, login: str) -> None:
        self.moved[repository.full_name.lower()] = repository.id
        repository.owner = self.owner(login)
        repository.updated_at = self.act()

    def archive_repository(self, repository: Repository, archived: bool = True) -> None:
        repository.archived = archived
        repository.updated_at = self.act()

    def delete_repository(self, repository: Repository) -> None:
        del self.repositories[repository.id]
        self.nodes.pop(repository.node_id, None)
        self.act()

    def set_visibility(self, repository: Repository, visibility: str) -> None:
        """public, private, internal."""
        repository.visibility = visibility
        repository.updated_at = self.act()

    def take_access(self, repository: Repository) -> None:
        """The tokens of the tests can no longer see it, as if it were private and they were not invited."""
        repository.accessible = False

    def give_access(self, repository: Repository) -> None:
        repository.accessible = True

    def of(self, owner: Owner) -> list[Repository]:
        return [one for one in self.repositories.values() if one.owner is owner]

    def named(self, owner: str, name: str) -> Repository | None:
        wanted = f"{owner}/{name}".lower()
        return next((one for one in self.repositories.values() if one.full_name.lower() == wanted), None)

    def formerly(self, owner: str, name: str) -> Repository | None:
        """The repository that had this name before."""
        return self.repositories.get(self.moved.get(f"{owner}/{name}".lower(), 0))

    # Between repositories

    def transfer_issue(self, issue: Issue, here: Repository, there: Repository) -> Issue:
        """It gets a new number and new ids; its comments go along, as they are."""
        moved = there.open_issue(issue.title, issue.body or "", author=issue.author)
        moved.created_at, moved.state, moved.closed_at = issue.created_at, issue.state, issue.closed_at
        for comment in issue.comments:
            comment.issue = moved
        moved.comments = issue.comments
        here.forget_issue(issue)
        here.transferred[issue.number] = (there, moved)
        return moved

    def convert_issue(self, issue: Issue, here: Repository) -> Discussion:
        """It goes on as a discussion with another number; the issue is gone."""
        discussions: Discussions = here.discussions
        made = discussions.begin(issue.title, issue.body or "", author=issue.author)
        for comment in issue.comments:
            discussions.comment(made, comment.body or "", author=comment.author)
        here.delete_issue(issue)
        return made


def _version(thing: Any, now: datetime) -> Any:
    """How lists show it at this moment: as it is, as it was, or not at all."""
    while thing is not None and thing.shown_at > now:
        thing = thing.before
    return thing
