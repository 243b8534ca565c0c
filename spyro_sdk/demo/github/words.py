"""The words that the demo's GitHub is made of."""

from __future__ import annotations

OWNER = "acme"
PERSON = "ada"
"""The user whose token the demo gives out; she owns some repositories herself."""

LOGINS: tuple[str, ...] = (
    PERSON,
    "bjorn",
    "chloe",
    "dimitri",
    "emeka",
    "fatima",
    "grace",
    "hiroshi",
    "ines",
    "jose",
    "kasia",
)
LOGINS += ("liam", "malgo", "noor", "olena", "priya", "quentin", "renee", "soren", "thao", "uschi", "vikram")
OUTSIDERS = ("wei-contributes", "ximena", "yuki-oss", "zoe", "dependabot[bot]")

REPOSITORIES = ("platform", "web", "api", "mobile", "docs", "infra", "data-pipeline", "design-system")
EMPTY, QUIET, SECRET = "empty", "quiet", "secret"
"""A repository without a commit, one whose issues are disabled, a private one."""
PERSONAL = ("dotfiles", "talks")

TEAMS = (
    ("Engineering", "Everybody who builds", None),
    ("Platform", "Keeps the lights on", "Engineering"),
    ("Frontend", None, "Engineering"),
    ("Données & Analyse", "Zahlen, bitte", None),
    ("Support", "日本語も話せます", None),
)
PROJECTS = ("Roadmap 2026", "Q3 launch", "Migration 🚀", "Größere Aufräumarbeiten", "Security review")
STATUSES = ("ON_TRACK", "AT_RISK", "OFF_TRACK", "COMPLETE", "INACTIVE")

LABELS = (
    ("bug", "d73a4a", "Something isn't working", True),
    ("enhancement", "a2eeef", "New feature or request", True),
    ("documentation", "0075ca", "Improvements or additions to documentation", True),
    ("good first issue", "7057ff", "Good for newcomers", True),
    ("wontfix", "ffffff", None, True),
    ("priorité: haute", "b60205", None, False),
    ("área/datos", "0e8a16", "Ça concerne les données", False),
)
MILESTONES = ("v1.0", "v1.1", "Someday")
ISSUE_TYPES = (
    ("Task", "A specific piece of work", "yellow"),
    ("Bug", "An unexpected problem or behavior", "red"),
    ("Feature", "A request, idea, or new functionality", "blue"),
)

VERBS = ("Fix", "Add", "Remove", "Document", "Speed up", "Rethink", "Réparer", "Überarbeite", "Prüfe")
THINGS = (
    "the login page",
    "paging of big tables",
    'the "quoted" column',
    "retries on 503",
    "the CSV export; semicolons, too",
    "dates before 1970",
    "das Menü",
    "日本語の検索",
    "emoji 🚀 in names",
    "the O'Brien case",
    "back\\slashes",
)
BODIES = (
    None,
    "",
    "Steps to reproduce:\r\n1. Open it\r\n2. Look\r\n\r\nExpected: nothing. Got: 💥",
    "It is slow.\n\n```python\nprint('so slow')\n```\n",
    "Voir aussi #1, s'il vous plaît.",
    "これは長い説明です。" * 20,
)
LANGUAGES = ("Python", "TypeScript", "Go", None)
ASSOCIATIONS = ("MEMBER", "CONTRIBUTOR", "NONE")
