"""How a run is shown: a line in a terminal, a line at the end, or as the notebook does it."""

import io
from contextlib import redirect_stderr

import pytest

from spyro_sdk import progress, shown
from spyro_sdk.config import RateLimitConfig
from spyro_sdk.errors import ConfigurationError, ValidationError
from spyro_sdk.events import FetchCutShort, FetchFinished, PageArrived, Retried, Waited
from spyro_sdk.observers.running import Asked, Running
from spyro_sdk.progress import FinalLine, Silent, TerminalLine, chosen, given, wished


class Screen(io.StringIO):
    """A terminal."""

    def isatty(self):
        return True

    @property
    def last(self):
        """What stands on its last line."""
        return self.getvalue().rstrip("\n").rpartition("\r")[2].rstrip()


class Bucket:
    def get_available_tokens(self):
        return 5.0

    def get_wait_time(self):
        return 0.0


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def run(clock):
    return Running(Asked("acme", "Customer", RateLimitConfig(600), Bucket()), clock=clock)


@pytest.fixture
def glance(clock):
    return Running(Asked("acme", "Customer", RateLimitConfig(600), Bucket(), "head"), clock=clock)


@pytest.fixture
def screen():
    return Screen()


def page(rows, total=None):
    return PageArrived("acme", "Customer", rows, total)


def ended(run, shown_by, error=None):
    run.end(error)
    shown_by.end(run, error)


# -- in a terminal ----------------------------------------------------------------------------------------


@pytest.fixture
def line(screen, run, clock):
    """A line that has been drawn."""
    line = TerminalLine(screen)
    line.begin(run)
    run(page(1500, 3000))
    clock.now = 2.0
    line.tick(run)
    return line


def test_a_line_shows_what_has_come(line, run, screen):
    ended(run, line)
    assert screen.last.startswith("Customer:  50%")
    assert "1.50k/3.00k" in screen.last
    assert "records" in screen.last
    assert screen.getvalue().endswith("\n")


def test_a_line_counts_from_the_beginning_of_the_run(line, run, screen):
    ended(run, line)
    assert "[00:02<00:0" in screen.last


def test_a_service_that_tells_no_total_is_counted(screen, run, clock):
    line = TerminalLine(screen)
    run(page(1500))
    clock.now = 2.0
    line.tick(run)
    ended(run, line)
    assert screen.last.startswith("Customer: 1.50k records [")


def test_a_wait_is_explained(line, run, screen):
    run(Retried("acme", 1, 2.5, "acme answered 503"))
    line._bar.mininterval = 0
    line.tick(run)
    assert screen.last.endswith("again in 2.5 s: acme answered 503]")
    ended(run, line)
    assert screen.last.endswith("1 retry]")


def test_a_line_says_what_is_kept_of_a_run_that_was_stopped(line, run, screen):
    run.kept = 1500
    ended(run, line, KeyboardInterrupt())
    assert screen.last.endswith("stopped, 1,500 records kept]")


def test_a_run_of_a_moment_draws_no_line(screen, run, clock):
    line = TerminalLine(screen)
    line.begin(run)
    clock.now = progress.MOMENT - 0.01
    line.tick(run)
    ended(run, line)
    assert screen.getvalue() == ""


def test_a_line_starts_no_thread_and_leaves_other_lines_theirs(line, run):
    from tqdm import tqdm

    assert tqdm.monitor is None
    assert tqdm.monitor_interval == 10
    ended(run, line)


# -- in a log ---------------------------------------------------------------------------------------------


def test_a_log_gets_one_line_when_all_is_over(run, clock):
    file = io.StringIO()
    line = FinalLine(file)
    line.begin(run)
    run(page(1500, 3000))
    run(Waited("acme", 0.5))
    line.tick(run)
    assert file.getvalue() == ""
    run(FetchFinished("acme", "Customer", 1500, 1.0, None))
    clock.now = 2.0
    ended(run, line)
    assert file.getvalue() == (
        "acme: Customer fetched: 1,500 records, 1 page, 2.0 s, 1 wait for the rate limit (500 ms)\n"
    )


def test_a_log_is_told_of_a_failure_and_what_is_kept(run):
    file = io.StringIO()
    run(page(1500, 3000))
    run.kept = 1500
    ended(run, FinalLine(file), ValueError("it broke"))
    assert file.getvalue() == (
        "acme: Customer failed after 0 ms: it broke; fetch.partial has 1,500 records\n"
    )


def test_a_call_that_is_refused_at_once_is_left_to_its_error(run):
    file = io.StringIO()
    ended(run, FinalLine(file), ValueError("no such column"))
    assert file.getvalue() == ""


def test_a_glance_is_told_only_when_it_takes_long(glance, clock):
    file = io.StringIO()
    ended(glance, FinalLine(file))
    assert file.getvalue() == ""
    clock.now = 1.0
    ended(glance, FinalLine(file))
    assert file.getvalue() == "acme: Customer fetched: 0 records, 1.0 s\n"


def test_silence_is_silent(run, capsys):
    silent = Silent()
    silent.begin(run)
    silent.tick(run)
    ended(run, silent)
    assert capsys.readouterr() == ("", "")


# -- which of them ----------------------------------------------------------------------------------------


def told(screen=None, wish=None, said=""):
    """The kind of what is chosen."""
    return type(chosen(wish, environment={"SPYRO_PROGRESS": said}, err=screen))


def test_a_terminal_gets_a_line_and_all_else_one_at_the_end(screen, capsys):
    assert told(screen) is TerminalLine
    assert told(io.StringIO()) is FinalLine
    assert told() is FinalLine  # standard error


def test_the_call_wins_over_the_environment(screen):
    assert told(screen, said="off") is Silent
    assert told(screen, True, said="off") is TerminalLine
    assert told(screen, said="on") is TerminalLine
    assert told(screen, False, said="on") is Silent


def test_a_program_without_a_console_is_silent():
    with redirect_stderr(None):
        assert told(wish=True) is Silent


class Wing:
    """A notebook's wing that shows runs in its own way, or not."""

    def __init__(self, shows=None):
        self.shows = shows

    def draw(self, thing):
        return None

    def person(self):
        return None

    def progress(self):
        return self.shows


@pytest.fixture
def plugged():
    yield shown.plug
    shown.plug(None)


def test_a_notebook_shows_it_in_its_own_way(plugged, screen):
    own = FinalLine(screen)
    plugged(Wing(own))
    assert chosen(None, environment={}, err=screen) is own
    assert told(screen, False) is Silent
    plugged(Wing())
    assert told(screen) is TerminalLine


@pytest.mark.parametrize(
    ("said", "means"),
    [("on", True), (" TRUE ", True), ("1", True), ("yes", True), ("", None), (" ", None)]
    + [(text, False) for text in ("off", "Off", "0", "false", "no")],
)
def test_the_variable_says_on_or_off(said, means):
    assert wished({"SPYRO_PROGRESS": said}) is means


def test_a_variable_that_is_not_set_says_nothing():
    assert wished({}) is None


def test_a_variable_that_makes_no_sense_is_refused():
    with pytest.raises(ConfigurationError, match="SPYRO_PROGRESS='loud' cannot be") as caught:
        wished({"SPYRO_PROGRESS": "loud"})
    assert caught.value.field == "SPYRO_PROGRESS"


def test_what_the_call_says_wins_over_its_connection():
    assert given(None, False) is False
    assert given(True, False) is True
    assert given(None) is None
    with pytest.raises(ValidationError, match="progress='no' cannot be"):
        given("no")


def test_a_line_says_that_a_result_is_incomplete_and_why(line, run, screen):
    run(FetchCutShort("acme", "Customer", 500, "500 of 1,000 records did not come: it broke"))
    ended(run, line)
    assert screen.last.endswith("incomplete: 500 of 1,000 records did not come: it broke]")


def test_a_glance_that_is_incomplete_is_told(glance):
    glance(FetchCutShort("acme", "Customer", 1, "it broke"))
    glance.end(None)
    assert not progress.is_plain(glance)
    assert str(glance) == "acme: Customer incomplete after 0 ms: 0 records; it broke"
