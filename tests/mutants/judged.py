"""Mutants that survive, each with the reason why no test notices it, or need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_GUARDS: Final = "spyro_sdk/guards"
_PAGING: Final = "spyro_sdk/paging"
_AUTH: Final = "spyro_sdk/auth"
_ARROW: Final = "spyro_sdk/arrow"
_POWER: Final = "only a power cut shows it"
_MORE: Final = "one more is as good"

JUDGED: Final[Mapping[str, Mapping[str, Mapping[str, str]]]] = {
    f"{_GUARDS}/breaker.py": {
        "SLOTS = 10  # parts of the window in which outcomes are summed up": {
            "10 is 11": "one part more is as good"
        },
        'self._told: State = "closed"': {
            "'closed' is 'XXclosed'": "the same: what is told first is that it opened"
        },
    },
    f"{_GUARDS}/account.py": {
        'key = folder.first("key", partial(os.urandom, 32), 64)': {
            "64 is 65": "the same: 32 bytes are written"
        },
        'is_here = is_loopback(urlsplit(config.base_url or "").hostname or "")': {
            "'' is 'XX'": "the same: neither is this machine"
        },
    },
    f"{_GUARDS}/state.py": {
        "number: int = -1  # none": {"1 is 2": "the same: no file has a number below 0"},
        "process: int = 0  # nobody": {"0 is 1": "the same: it is no process of ours either"},
        "if self.number >= 0:": {
            "GtE is Gt": "the same: 0 is standard input",
            "0 is 1": "the same: 0 is standard input",
        },
    },
    f"{_GUARDS}/deadline.py": {
        "self._spent, self._waiting, self._since = 0.0, 0, 0.0": {
            "0.0 is 1.0": "the same: it is set when a wait begins"
        },
        '_around: ContextVar[Deadline | None] = ContextVar("deadline", default=None)': {
            "'deadline' is 'XXdeadline'": "nobody reads what a variable is called"
        },
    },
    f"{_GUARDS}/window.py": {
        "PATIENCE: Final = 125  # such looks; the lock is held for microseconds, unless its holder was stopped": {
            "125 is 126": "a look more is as good"
        },
        'name: str = "",': {"'' is 'XX'": "nobody is asked, whose name it would be"},
        "return 0.0": {"returns None": "the same: either is no wait"},
    },
    f"{_GUARDS}/redis.py": {
        "TIMEOUT: Final = 1.0  # seconds for one step": {"1.0 is 2.0": "a second more is as good"},
        "KEPT: Final = 3600  # seconds that a bucket is kept after its last use, and after the last turn in it": {
            "3600 is 3601": "a second more is as good"
        },
        "self, act: str, number: float = 0.0, rate: float = 1.0, mark: float = 0.0": {
            "0.0 is 1.0": "the same: who only looks has no number",
            "1.0 is 2.0": "the same: who looks or lets all pause has no rate",
        },
    },
    f"{_GUARDS}/together.py": {
        "if turn.ready - self._clock() <= DUST:": {"LtE is Lt": "the same after a sleep of a microsecond"},
        "if self._clock() >= given_up:": {"GtE is Gt": "the same after one more look"},
        "while (wait := turn.ready - self._clock()) > DUST:": {
            "Gt is GtE": "the same after a sleep of a microsecond"
        },
        "return True": {
            "returns None": "the same: who counts alone reserves nothing more",
            "True is False": "the same: who counts alone reserves nothing more",
        },
    },
    f"{_GUARDS}/retry.py": {
        "error: Exception = yield 0.0": {"0.0 is 1.0": "the same: backoff passes the first over"},
    },
    f"{_GUARDS}/bucket.py": {
        "LOOKS: Final = 20  # at a locked file, before what all should know is known to us alone": {
            "20 is 21": "a look more is as good"
        },
    },
    f"{_GUARDS}/quota.py": {
        'policies = _policies(headers.get("ratelimit-policy", ""))': {
            "'' is 'XX'": "the same: there is no policy in it either"
        },
        'for name, left in _policies(headers.get("ratelimit", "")).items():': {
            "'' is 'XX'": "the same: there is no policy in it either"
        },
        'limits = headers.get(prefix + "limit", "")  # "100", or with policies: "100, 100;w=60"': {
            "'' is 'XX'": "the same: there is no number in it either"
        },
        'found = re.fullmatch(r"[ \\t]*([0-9]{1,15})[ \\t]*", text or "")': {
            "'' is 'XX'": "the same: there is no number in it either"
        },
        'found = re.fullmatch(r"[ \\t]*([0-9]+(?:\\.[0-9]+)?)[ \\t]*", text or "")': {
            "'' is 'XX'": "the same: there is no number in it either"
        },
        'return _utc(datetime.fromisoformat((text or "").strip()))': {
            "'' is 'XX'": "the same: there is no date in it either"
        },
    },
    f"{_GUARDS}/limiter.py": {
        "FASTEST = 10_000.0  # requests a second; of one who may send more, shorter windows than a second are counted": {
            "10000.0 is 10001.0": "one more is as good"
        },
        "super().__init__(seconds)": {"left out": "the same: an exception keeps what it is made of anyway"},
        "self._turnstile = anyio.Lock(fast_acquire=True)  # its head alone waits for tokens": {
            "True is False": "the same, but slower"
        },
        "if not self._waiting and self._ready_at(tokens) - now <= DUST:": {
            "LtE is Lt": "the same after a sleep of a microsecond"
        },
        "while (wait := self._ready_at(tokens) - self._clock()) > DUST:": {
            "Gt is GtE": "the same after a sleep of a microsecond"
        },
        "if quota.limit and quota.limit > 0 and quota.window and 0 < quota.window <= LONGEST_PACE:": {
            "Gt is GtE": "the same: 0 is asked about before"
        },
        "return used <= 0 or (used <= len(times) and times[-used] + FORMER * told.seconds > now)": {
            "Gt is GtE": "a moment more is as good"
        },
        "if rate != self._rate and self._empty_at < now:": {
            "Lt is LtE": "the same: nothing is in an empty bucket at either pace"
        },
    },
    f"{_PAGING}/links.py": {
        "return self.next(request, Answer(payload, 0, {}))": {
            "0 is 1": "the same: links do not look at how many came"
        },
        'link = links(answer.headers.get("link", "")).get(self.rel.lower())': {
            "'' is 'XX'": "the same: there is no link in it either"
        },
    },
    f"{_PAGING}/tokens.py": {
        "return self.next(request, Answer(payload, 0, {}))": {
            "0 is 1": "the same: a cursor does not look at how many came"
        },
    },
    f"{_PAGING}/sizes.py": {
        'return whole(given(request, name, getattr(paging, "into", "query"))) if name else None': {
            "always": "the same: no query has a parameter without a name"
        },
        'return giving(request, {str(getattr(paging, "size_param", "")): size}, getattr(paging, "into", "query"))': {
            "'' is 'XX'": "the same: what has a size has a name for it"
        },
        "start = (paging.window(request) or (0, None))[0]": {
            "0 is 1": "the same: what asks for a size has a window"
        },
        "return (paging.window(resized(paging, request, 1)) or (0, None))[0] == start": {
            "0 is 1": "the same: what asks for a size has a window"
        },
        'def _said(payload: Any, under: str = "") -> Iterator[tuple[str, str]]:': {
            "'' is 'XX'": "the same: no bound is called that"
        },
        'yield "", str(name)': {"'' is 'XX'": "the same: no bound is called that"},
        'words = " ".join(text for _, text in said if " " in text)': {
            "' ' is 'XX '": "the same: no digit is in it"
        },
        "bounds, named = ([int(it) for it in digits if len(it) <= MOST_DIGITS] for digits in (told, written))": {
            "LtE is Lt": "the same: no size is as large"
        },
    },
    f"{_PAGING}/counted.py": {
        "start, stop = self.window(request) or (0, None)": {
            "0 is 1": "the same: a page whose end is not known is not full"
        },
        'name, was, number = _difference(spelt(request).params, spelt(following).params, "")': {
            "'' is 'XX'": "the same: no parameter is called that"
        },
        'return ("", None, 0) if number is None else (names[0], whole(first.get(names[0])), number)': {
            "'' is 'XX'": "the same: 0 comes next to nothing",
            "0 is 1": "the same: without a name nobody looks at the number",
        },
        'around = links(answer.headers.get("link", "")).keys()': {
            "'' is 'XX'": "the same: there is no link in it either"
        },
        "while place + each > stop:  # smaller ones cannot reach farther": {
            "Gt is GtE": "the same after one more turn, in which nothing reaches farther"
        },
        "if paging.size_param is None:": {
            "never": "the same: under no name there is nothing, or the whole body, which is no number"
        },
    },
    f"{_AUTH}/shared.py": {
        'seed = Token("", self.seed) if self.seed else None': {
            "always": "the same: a token without a refresh token is passed over",
            "'' is 'XX'": "the same: of it only the refresh token is used",
        },
        "tokens = sorted(filter(None, (seed, stored, self.unkept)), key=lambda it: it.obtained_at or 0.0)": {
            "0.0 is 1.0": "the same: no token is from before 1970"
        },
        "with anyio.CancelScope(shield=True):": {
            "True is False": "the same, but that anyio cancels again and again meanwhile"
        },
    },
    f"{_AUTH}/keeping.py": {
        'store = in_memory() if is_loopback(urlsplit(issuer).hostname or "") else default_store()': {
            "'' is 'XX'": "the same: neither is this machine"
        }
    },
    f"{_AUTH}/paste.py": {
        'is_ours = is_loopback(it.hostname or "") and (it.port, it.path) == (ours.port, ours.path)': {
            "'' is 'XX'": "the same: neither is this machine"
        }
    },
    f"{_AUTH}/loopback.py": {
        "PATIENCE = 10.0  # seconds in which a request must have come, and its answer be taken": {
            "10.0 is 11.0": _MORE
        },
        'option = "SO_EXCLUSIVEADDRUSE" if os.name == "nt" else "SO_REUSEADDR"': {
            "'nt' is 'XXnt'": "only Windows shows it",
            "never": "only Windows shows it",
            "'SO_EXCLUSIVEADDRUSE is 'XXSO_EXCLUSIVEADDRU": "only Windows shows it",
        },
        "await writer.drain()": {"left out": "the same: a page fits into what may wait to be sent"},
        "self._talks.discard(writer)": {"left out": "the same: what is closed may be closed once more"},
        'method, target, _ = head.split("\\r\\n", 1)[0].split(" ")': {"1 is 2": "the same first line"},
        "it.listen()": {"left out": "the same: asyncio listens too"},
        "it.setsockopt(socket.SOL_SOCKET, getattr(socket, option), 1)": {"1 is 2": "the same: it is on"},
    },
    f"{_AUTH}/unseen.py": {
        'if sys.platform != "win32":  # pragma: no branch': {
            "always": "only Windows shows it",
            "'win32' is 'XXwin32'": "only Windows shows it",
        },
        'HAS_KEYS = sys.platform != "win32"  # whether `typed` can read what is typed key by key': {
            "'win32' is 'XXwin32'": "only Windows shows it"
        },
        "keys = os.read(stream, 4096)": {"4096 is 4097": "the same: the rest is read next"},
        "for _ in range(40):": {"40 is 41": "a twentieth of a second more is as good"},
    },
    f"{_AUTH}/signin.py": {
        "UNHEARD = 17171  # a port for an address that nobody but a person reads": {
            "17171 is 17172": "another port that nobody hears is as good"
        },
    },
    f"{_AUTH}/tokens/lock.py": {
        "limit: float = 60.0  # seconds; who renews a token holds its lock for one request": {
            "60.0 is 61.0": _MORE
        }
    },
    f"{_AUTH}/tokens/account.py": {
        'word = re.sub("[^a-z0-9]+", "-", self.connector.lower()).strip("-")[:32]': {
            "'-' is 'XX-'": "the same at its ends: no capital is left in it"
        }
    },
    f"{_AUTH}/tokens/file.py": {
        "text = self.folder.read(name, MOST + 1)": {"1 is 2": "the same: either is too long"},
    },
    f"{_AUTH}/device.py": {
        'interval = max(interval + SLOWER, _seconds(answer.get("interval"), 0.0))': {
            "0.0 is 1.0": "the same: five more seconds are more"
        }
    },
    f"{_AUTH}/oauth.py": {
        'sent = [value for name, value in form.items() if name not in ("client_id", "grant_type") and value]': {
            "'grant_type' is 'XXgrant_type'": "no service says it again, and the name of a way may be hidden"
        },
        "return seconds if abs(seconds) < FARTHEST / 2 else None": {"Lt is LtE": _MORE},
    },
    f"{_AUTH}/static.py": {
        'value: str = field(default="", repr=False)': {
            "'' is 'XX'": "the same: without a name nothing is sent"
        }
    },
    f"{_AUTH}/pkce.py": {
        "client, state = client_of(app.client_id), secrets.token_urlsafe(32)": {"32 is 33": _MORE},
        'secret = {"client_secret": self.app.client_secret} if self.app.client_secret else {}': {
            "always": "the same: oauthlib leaves out what is None"
        },
    },
    f"{_ARROW}/draft.py": {
        "FRESH = 60.0  # seconds in which a draft may still be waiting for its lock": {"60.0 is 61.0": _MORE},
        "sync_folder(self.target.parent)": {"left out": _POWER},
        "if time.time() - path.stat().st_mtime < FRESH:": {"Lt is LtE": _MORE},
    },
    f"{_ARROW}/sink.py": {
        "elif self._waiting_bytes >= GROUP_BYTES:": {"GtE is Gt": _MORE},
        "self._hold(table)": {
            "left out": "the same rows wait, as they came, until the first group is written"
        },
        "self._waiting, self._waiting_rows, self._waiting_bytes = [], 0, 0": {"0 is 1": _MORE},
        "self._growing = None": {"left out": "the same: nobody asks for it after"},
    },
    f"{_ARROW}/background.py": {
        "SLICE: Final = 0.05  # seconds a wait lasts before it looks up: Windows sees Ctrl-C only in between": {
            "0.05 is 1.05": "only Windows shows it"
        },
        'class Background(AbstractContextManager["Background"]):': {
            "'Background' is 'XXBackground'": "only a type checker reads it"
        },
    },
    f"{_ARROW}/parquet.py": {
        "SAMPLE = 10_000  # rows looked at to see whether a text repeats": {"10000 is 10001": _MORE},
        "row_group_rows: int = 50_000": {"50000 is 50001": _MORE},
        "self._writer.write_table(table, max(table.num_rows, 1))": {
            "1 is 2": "the same: a group may have fewer rows"
        },
        "if metadata:": {"always": "the same: nothing is added"},
    },
    f"{_ARROW}/hive.py": {
        'encoded = quote(text, safe="")': {"'' is 'XX'": "the same: no letter is ever encoded"}
    },
    f"{_ARROW}/partition.py": {
        "if not batch.num_columns:": {"never": "the same: no columns have no combinations"},
        "for values in zip(*(column.to_pylist() for column in distinct.columns), strict=True):": {
            "True is False": "the same: the columns of a table are of one length"
        },
        "codes = codes * len(encoded.dictionary) + encoded.indices.to_numpy()": {
            "Add is Sub": "the same: one number for each pair too"
        },
        "firsts = np.flatnonzero(np.diff(codes[order], prepend=-1))": {
            "without minus": "the same: the least code is 0",
            "1 is 2": "the same: the least code is 0",
        },
    },
    f"{_ARROW}/csv.py": {
        'return self.compression or SUFFIXES.get(path.suffix.lower(), "none")': {
            "'none' is 'XXnone'": "the same: what is not known is not packed"
        },
        "self._open(csv.lines(first.slice(0, 0)).schema)": {
            "0 is 1": "the same: a row more has no other schema"
        },
        "self._streams.enter_context(self._writer_of_lines)": {"left out": "the same: it keeps no line back"},
        "GZIP_LEVEL = 6  # gzip's own; 9 takes twice as long to save a hundredth": {"6 is 7": _MORE},
        "group_rows: int = 50_000": {"50000 is 50001": _MORE},
    },
    f"{_ARROW}/ipc.py": {"group_rows: int = 50_000": {"50000 is 50001": _MORE}},
    f"{_ARROW}/folder.py": {
        "sync_folder(self.target.parent)": {"left out": _POWER},
        "sync_folder(Path(where))": {"left out": _POWER},
        "for where, _, names in os.walk(folder, topdown=False):": {"False is True": _POWER},
    },
}
"""By file, by the line as it stands, by what was done to it."""
