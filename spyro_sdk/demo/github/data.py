"""The records of the demo's GitHub, made up from a seed."""

# ruff: noqa: S311 - it is a seed that is wanted, no secret
from __future__ import annotations

import threading
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from spyro_sdk.demo.github import shapes, words
from spyro_sdk.demo.github.shapes import Place, Record, moment

BIRTH = 1_672_531_200  # 2023-01-01: the first repository, in seconds of Unix time
TODAY = 1_780_272_000  # 2026-06-01: nothing generated is later
DAY = 86_400
REASONS = ("completed", "completed", "not_planned", "duplicate", None)
ORG_ID, FIRST_USER, FIRST_REPOSITORY = 9_919, 583_231, 1_296_269


@dataclass(frozen=True)
class Amounts:
    """How much data there is."""

    issues: int = 2_000  # of all repositories; a quarter as many pull requests, half as many commits
    repositories: int = 6
    seed: int = 7


class World:
    """Everything that the owners have; each list is made when first asked for, the same for the same seed."""

    def __init__(self, place: Place, amounts: Amounts) -> None:
        self.place, self.amounts = place, amounts
        self._made: dict[tuple[str, ...], list[Record]] = {}
        self._guard = threading.RLock()
        self.owner = shapes.user(place, words.OWNER, ORG_ID, "Organization")
        names = (*words.LOGINS, *words.OUTSIDERS)
        self.users = {
            login: shapes.user(place, login, FIRST_USER + number, "Bot" if "[" in login else "User")
            for number, login in enumerate(names)
        }
        self.owners = {words.OWNER: self.owner, **self.users}

    def repositories(self, owner: str) -> list[Record]:
        """All repositories of an owner, by the day they were made."""
        return self._list("repositories", owner, make=self._repositories)

    def repository(self, owner: str, name: str) -> Record | None:
        """A repository by its name, in any case."""
        found = (it for it in self.repositories(owner) if it["name"].lower() == name.lower())
        return next(found, None)

    def issues(self, owner: str, name: str) -> list[Record]:
        """The issues and pull requests of a repository, oldest first, as the list of issues shows them."""
        return self._list("issues", owner, name, make=self._issues)

    def pulls(self, owner: str, name: str) -> list[Record]:
        return self._list("pulls", owner, name, make=self._pulls)

    def commits(self, owner: str, name: str) -> list[Record]:
        """The commits of a repository, newest first."""
        return self._list("commits", owner, name, make=self._commits)

    def labels(self, owner: str, name: str) -> list[Record]:
        return self._list("labels", owner, name, make=self._labels)

    def milestones(self, owner: str, name: str) -> list[Record]:
        return self._list("milestones", owner, name, make=self._milestones)

    def contributors(self, owner: str, name: str) -> list[Record]:
        """Who has commits, those with the most first."""
        authors = [commit["author"]["login"] for commit in self.commits(owner, name) if commit["author"]]
        most = sorted(set(authors), key=lambda login: (-authors.count(login), login))
        return [{**self.users[login], "contributions": authors.count(login)} for login in most]

    def members(self) -> list[Record]:
        return [self.users[login] for login in words.LOGINS]

    def teams(self) -> list[Record]:
        return self._list("teams", make=self._teams)

    def projects(self, owner: str) -> list[Record]:
        return self._list("projects", owner, make=self._projects)

    def add_issue(self, name: str, **values: Any) -> Record:
        """Open an issue now; it has the greatest number of the repository."""
        with self._guard:
            issues = self.issues(words.OWNER, name)
            made = self._issue(Random(len(issues)), words.OWNER, name, len(issues) + 1)
            now = moment(TODAY + len(issues))
            made |= {"created_at": now, "updated_at": now, "closed_at": None, "state": "open", **values}
            issues.append(made)
        return made

    def change_issue(self, name: str, number: int, **values: Any) -> None:
        """Change an issue now, later than everything that was generated."""
        with self._guard:
            found = self.issues(words.OWNER, name)[number - 1]
            found |= {"updated_at": moment(TODAY + DAY), **values}

    def _list(self, *key: str, make: Callable[..., list[Record]]) -> list[Record]:
        with self._guard:
            if key not in self._made:
                self._made[key] = make(*key[1:])
            return self._made[key]

    def _chance(self, *key: object) -> Random:
        return Random(f"{self.amounts.seed} {key}")

    # -- what is made ---------------------------------------------------------------------------------

    def _repositories(self, owner: str) -> list[Record]:
        if owner == words.OWNER:
            names = [*_names(self.amounts.repositories), words.EMPTY, words.QUIET, words.SECRET]
        else:
            names = [*words.PERSONAL, words.SECRET] if owner == words.PERSON else []
        return [self._repository(owner, name, number) for number, name in enumerate(names)]

    def _repository(self, owner: str, name: str, number: int) -> Record:
        chance = self._chance("repository", owner, name)
        stars, is_private = chance.randrange(5_000), name == words.SECRET
        made = BIRTH + number * 30 * DAY
        changed = moment(TODAY - chance.randrange(90 * DAY))
        license_ = {"key": "mit", "name": "MIT License", "spdx_id": "MIT", "node_id": "L_13"}
        return shapes.repository(
            self.place,
            self.owners[owner],
            FIRST_REPOSITORY + zlib.crc32(f"{owner}/{name}".encode()),
            name,
            private=is_private,
            visibility="private" if is_private else "public",
            description=chance.choice([None, f"The {name} of {owner}", "Ünïcödé & <b>markup</b>"]),
            language=chance.choice(words.LANGUAGES),
            stargazers_count=stars,
            watchers_count=stars,
            watchers=stars,
            has_issues=name != words.QUIET,
            archived=name == "docs",
            topics=chance.sample(["data", "etl", "arrow"], chance.randrange(3)),
            license=chance.choice([None, {**license_, "url": f"{self.place.api}/licenses/mit"}]),
            size=0 if name == words.EMPTY else chance.randrange(1, 90_000),
            created_at=moment(made),
            updated_at=changed,
            pushed_at=changed,
        )

    def _issues(self, owner: str, name: str) -> list[Record]:
        """A fifth of the list are pull requests."""
        if name in (words.EMPTY, words.QUIET):
            return []
        count = self._share(owner, name)
        return [
            self._issue(self._chance("issue", owner, name, number), owner, name, number)
            for number in range(1, count + count // 4 + 1)
        ]

    def _issue(self, chance: Random, owner: str, name: str, number: int) -> Record:
        made = BIRTH + 300 * DAY + number * 3_600 + chance.randrange(3_600)
        is_closed, is_pull = chance.random() < 0.6, number % 5 == 0
        closed = moment(made + DAY + chance.randrange(90 * DAY)) if is_closed else None
        milestones, labels = self.milestones(owner, name), self.labels(owner, name)
        assignees = [self.users[login] for login in chance.sample(words.LOGINS, chance.choice((0, 0, 1, 2)))]
        full_name = f"{owner}/{name}"
        merged = closed if is_pull and chance.random() < 0.8 else None
        return shapes.issue(
            self.place,
            full_name,
            self._number_of(owner, name) + number,
            number,
            title=f"{chance.choice(words.VERBS)} {chance.choice(words.THINGS)}",
            user=chance.choice([*list(self.users.values())[:8], self.users["zoe"], None]),
            labels=chance.sample(labels, chance.randrange(3)),
            state="closed" if is_closed else "open",
            locked=chance.random() < 0.02,
            assignee=assignees[0] if assignees else None,
            assignees=assignees,
            milestone=chance.choice([None, None, *milestones]),
            comments=chance.randrange(20),
            created_at=moment(made),
            updated_at=closed or moment(made + chance.randrange(200 * DAY)),
            closed_at=closed,
            author_association=chance.choice(words.ASSOCIATIONS),
            type=None if is_pull else self._type(chance.choice((None, 0, 1, 2))),
            active_lock_reason=None,
            sub_issues_summary={"total": 0, "completed": 0, "percent_completed": 0},
            issue_dependencies_summary={
                "blocked_by": 0,
                "total_blocked_by": 0,
                "blocking": 0,
                "total_blocking": 0,
            },
            body=chance.choice(words.BODIES),
            closed_by=None,
            state_reason=chance.choice(("completed", "completed", "not_planned", None))
            if is_closed
            else None,
            **(
                {
                    "draft": chance.random() < 0.1,
                    "pull_request": shapes.pull_of(self.place, full_name, number, merged),
                }
                if is_pull
                else {}
            ),
        )

    def _type(self, number: int | None) -> Record | None:
        if number is None:
            return None
        name, description, color = words.ISSUE_TYPES[number]
        return {
            "id": 400 + number,
            "node_id": shapes.node("IT_", 400 + number),
            "name": name,
            "description": description,
            "color": color,
            "created_at": moment(BIRTH),
            "updated_at": moment(BIRTH),
            "is_enabled": True,
        }

    def _pulls(self, owner: str, name: str) -> list[Record]:
        full_name, repository = f"{owner}/{name}", self.repository(owner, name)
        head = {"user": self.owners[owner], "repo": repository}
        pulls = []
        for twin in self.issues(owner, name):
            if "pull_request" not in twin:
                continue
            branch, number = f"fix-{twin['number']}", twin["number"]
            pulls.append(
                shapes.pull(
                    self.place,
                    full_name,
                    twin,
                    merge_commit_sha=shapes.sha("merge", full_name, number),
                    head={
                        **head,
                        "label": f"{owner}:{branch}",
                        "ref": branch,
                        "sha": shapes.sha(full_name, number),
                        "repo": None if number % 25 == 0 else repository,  # of a fork that was deleted
                    },
                    base={
                        **head,
                        "label": f"{owner}:main",
                        "ref": "main",
                        "sha": shapes.sha("base", full_name, number),
                    },
                )
            )
        return pulls

    def _commits(self, owner: str, name: str) -> list[Record]:
        if name == words.EMPTY:
            return []
        count, full_name = max(self._share(owner, name) // 2, 3), f"{owner}/{name}"
        shas = [shapes.sha(full_name, self.amounts.seed, number) for number in range(count)]
        return [self._commit(owner, name, shas, number) for number in reversed(range(count))]

    def _commit(self, owner: str, name: str, shas: list[str], number: int) -> Record:
        chance = self._chance("commit", owner, name, number)
        author = chance.choice([*list(self.users.values())[:6], None])  # None: nobody that GitHub knows
        when = moment(BIRTH + 200 * DAY + number * 7_200)
        login = author["login"] if author else "someone"
        person = {"name": login.title(), "email": f"{login}@acme.example", "date": when}
        return shapes.commit(
            self.place,
            f"{owner}/{name}",
            shas[number],
            shas[number - 1 : number] if number else [],
            commit={
                "author": person,
                "committer": {"name": "GitHub", "email": "noreply@github.com", "date": when},
                "message": f"{chance.choice(words.VERBS)} {chance.choice(words.THINGS)}",
            },
            author=author,
            committer=author,
        )

    def _labels(self, owner: str, name: str) -> list[Record]:
        first = self._number_of(owner, name)
        return [
            shapes.label(self.place, f"{owner}/{name}", first + number, given)
            for number, given in enumerate(words.LABELS)
        ]

    def _milestones(self, owner: str, name: str) -> list[Record]:
        full_name, first = f"{owner}/{name}", self._number_of(owner, name)
        return [
            shapes.milestone(
                self.place,
                full_name,
                first + number,
                number,
                title=title,
                description=None,
                creator=self.users[words.PERSON],
                open_issues=0,
                closed_issues=0,
                state="closed" if number == 1 else "open",
                created_at=moment(BIRTH),
                updated_at=moment(BIRTH + number * DAY),
                due_on=moment(TODAY + number * 30 * DAY) if number < 3 else None,
                closed_at=moment(TODAY - DAY) if number == 1 else None,
            )
            for number, title in enumerate(words.MILESTONES, 1)
        ]

    def _teams(self) -> list[Record]:
        made: dict[str, Record] = {}
        for number, (name, description, above) in enumerate(words.TEAMS, 1):
            slug = "".join(letter if letter.isalnum() else "-" for letter in name.lower())
            api = f"{self.place.api}/organizations/{ORG_ID}/team/{number}"
            made[name] = {
                "id": number,
                "node_id": shapes.node("T_", number),
                "name": name,
                "slug": slug,
                "description": description,
                "privacy": "closed",
                "notification_setting": "notifications_enabled",
                "permission": "pull",
                "type": "organization",
                "organization_id": ORG_ID,
                "url": api,
                "html_url": f"{self.place.web}/orgs/{words.OWNER}/teams/{slug}",
                "members_url": f"{api}/members{{/member}}",
                "repositories_url": f"{api}/repos",
                "parent": {k: v for k, v in made[above].items() if k != "parent"} if above else None,
            }
        return list(made.values())

    def _projects(self, owner: str) -> list[Record]:
        titles = words.PROJECTS if owner == words.OWNER else words.PROJECTS[:1] * (owner == words.PERSON)
        return [self._project(owner, number, title) for number, title in enumerate(titles, 1)]

    def _project(self, owner: str, number: int, title: str) -> Record:
        creator, is_closed = self.users[words.LOGINS[number]], number == 4
        changed = moment(TODAY - number * DAY)
        update = {
            "id": 70 + number,
            "node_id": shapes.node("PVTSU_", number),
            "project_node_id": shapes.node("PVT_", number),
            "creator": creator,
            "created_at": changed,
            "updated_at": changed,
            "status": words.STATUSES[number - 1],
            "start_date": "2026-01-15",
            "target_date": None if number == 3 else "2026-09-30",
            "body": "All is well." if number == 1 else None,
        }
        return {
            "id": 1_000 + number + 100 * (owner != words.OWNER),
            "node_id": shapes.node("PVT_", number),
            "owner": self.owners[owner],
            "creator": creator,
            "title": title,
            "description": None if number == 2 else f"What {title} is about",
            "public": number != 5,
            "closed_at": changed if is_closed else None,
            "created_at": moment(BIRTH + number * DAY),
            "updated_at": changed,
            "number": number,
            "short_description": None,
            "deleted_at": None,
            "deleted_by": None,
            "state": "closed" if is_closed else "open",
            "latest_status_update": None if number == 2 else update,
            "is_template": False,
        }

    def _share(self, owner: str, name: str) -> int:
        """How many of all issues a repository has: each half as many as the one before it."""
        if owner != words.OWNER or name == words.SECRET:
            return 3
        names = _names(self.amounts.repositories)
        weights = [2.0 ** -min(place, 6) for place in range(len(names))]
        shares = [int(self.amounts.issues * weight / sum(weights)) for weight in weights]
        shares[0] += self.amounts.issues - sum(shares)
        return dict(zip(names, shares, strict=True)).get(name, 0)

    def _number_of(self, owner: str, name: str) -> int:
        """Where the ids of what a repository holds begin."""
        repositories = [it["name"] for it in self.repositories(owner)]
        return (1 + repositories.index(name) + 100 * (owner != words.OWNER)) * 1_000_000


def _names(count: int) -> list[str]:
    """The names of so many public repositories with issues."""
    more = [f"service-{number}" for number in range(1, count + 1)]
    return [*words.REPOSITORIES, *more][:count]
