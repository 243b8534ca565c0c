"""Our errors in a notebook: four lines, and the traceback one call away."""

import io
import logging
import sys
import textwrap

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

import spyro_sdk as spyro
from spyro_sdk import notebook, shown
from spyro_sdk.errors import (
    AuthenticationError,
    ConnectorError,
    DataFetchError,
    NotRecordedError,
    UnknownEntityError,
)
from spyro_sdk.notebook import errors

ESC = "\x1b"


class Shell(InteractiveShell):
    """A shell that keeps what it would show."""

    def _showtraceback(self, etype, evalue, stb):
        self.told.append(stb)

    def run(self, code):
        """Run a cell; return the lines of its error, without colors."""
        self.told = []
        with_error = not self.run_cell(textwrap.dedent(code).strip(), store_history=True).success
        assert with_error == (bool(self.told) and "%tb" not in code)
        text = "\n".join(self.told[-1]) if self.told else ""
        for color in (errors.BOLD, errors.END):
            text = text.replace(color, "")
        return text.split("\n")


@pytest.fixture
def shell(tmp_path, monkeypatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    it = Shell.instance(config=Config({"HistoryManager": {"enabled": False}}), colors="nocolor")
    before = shown.wing()
    notebook.plug()
    it.run_cell("import spyro_sdk as spyro\nfrom spyro_sdk import errors", store_history=True)
    yield it
    shown.plug(before)
    Shell.clear_instance()


@pytest.fixture
def connected(shell):
    with spyro.connect("salesforce", demo={"records": 50}) as connection:
        shell.user_ns["sf"] = connection
        yield shell


def asked(told):
    """The line that says what was asked."""
    return next(it for it in told if it.startswith("asked"))


FOUR = [
    "UnknownEntityError: salesforce has no entity 'Custmer'; it has Customer, Contact,",
    "Opportunity, User, Account, LoginHistory, Wide__c",
    "asked sf.fetch('Custmer').count()  (In[2], line 2)",
    "hint  did you mean 'Customer'?",
    "next  sf.entities() lists the names; %tb shows the whole traceback",
]


def test_an_error_of_ours_says_what_was_asked_what_came_and_what_to_do(connected):
    assert connected.run("n = 1\nsf.fetch('Custmer').count()") == FOUR


def test_tb_shows_the_whole_traceback(connected):
    connected.run("sf.fetch('Custmer').count()")
    told = connected.run("%tb")
    assert len(told) > 20
    assert "connectors/salesforce" in "".join(told)
    assert told[-1].startswith("UnknownEntityError: salesforce has no entity")
    assert connected.run("sf.fetch('Custmer').count()")[2].startswith("asked ")


def test_tb_shows_it_all_also_while_the_error_is_caught(connected):
    told = connected.run(
        """
        try:
            sf.fetch('Custmer').count()
        except errors.ConnectorError:
            %tb
        """
    )
    assert "Traceback" in told[1]


def test_debug_finds_where_it_happened(connected, monkeypatch):
    connected.run("def f():\n    there = 42\n    sf.fetch('Custmer').count()\nf()")
    assert isinstance(sys.last_value, UnknownEntityError)
    assert sys.last_traceback is sys.last_value.__traceback__ is connected.InteractiveTB.tb
    monkeypatch.setattr(sys, "stdin", io.StringIO("u\np there + 1\n" * 20 + "q\n"))
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    tracer = sys.gettrace()  # that of coverage, which a debugger takes away
    connected.run_cell("%debug")
    sys.settrace(tracer)
    assert "43" in out.getvalue()


@pytest.mark.parametrize(("mode", "lines"), [("Minimal", 1), ("Verbose", 40)])
def test_another_mode_is_what_the_user_chose(connected, mode, lines):
    connected.run_cell(f"%xmode {mode}")
    told = [it for it in connected.run("sf.fetch('Custmer').count()") if it]
    assert len(told) >= lines
    assert (len(told) == 1) == (mode == "Minimal")
    assert not any(it.startswith("next") for it in told)


def test_a_mode_is_also_chosen_for_one_look(connected):
    connected.run("sf.fetch('Custmer').count()")
    assert "self.query = " in "\n".join(connected.run("%tb Verbose"))


def test_a_handler_of_the_users_own_is_asked_instead(connected):
    connected.set_custom_exc((ConnectorError,), lambda *_, **__: connected.told.append(["mine"]))
    assert connected.run("sf.fetch('Custmer').count()") == ["mine"]


def test_other_errors_are_left_alone(shell):
    told = shell.run("1 / 0")
    assert "Traceback" in told[1]
    assert told[-1] == "ZeroDivisionError: division by zero"
    told = shell.run("raise KeyError('x') from errors.ConnectorError('lost')")
    assert "ConnectorError: lost" in told
    assert "The above exception was the direct cause" in "".join(told)


def test_a_group_is_left_to_python(shell, capsys):
    shell.told = []
    assert not shell.run_cell("raise ExceptionGroup('two', [errors.ConnectorError('lost')])").success
    assert "ConnectorError: lost" in capsys.readouterr().err


def test_of_a_chain_those_of_ours_are_told(shell):
    told = shell.run(
        """
        try:
            raise errors.RateLimitError("too often", 3)
        except errors.ConnectorError:
            try:
                {}["secret"]
            except KeyError as lost:
                raise errors.DataFetchError("no records") from lost
        """
    )
    assert told[2:] == [
        "after RateLimitError: too often",
        "next  run the cell again; %tb shows the whole traceback",
    ]


def test_of_a_long_chain_the_last_three_are_told(shell):
    told = shell.run(
        """
        error = None
        for number in range(9):
            try:
                raise errors.DataFetchError(f"no {number}") from error
            except errors.ConnectorError as raised:
                error = raised
        raise error
        """
    )
    assert [it for it in told if it.startswith("after")] == [
        f"after DataFetchError: no {number}" for number in (7, 6, 5)
    ]


def test_a_chain_that_was_cut_is_not_told(shell):
    told = shell.run(
        """
        try:
            raise errors.RateLimitError("too often", 3)
        except errors.ConnectorError:
            raise errors.DataFetchError("no records") from None
        """
    )
    assert not any(it.startswith("after") for it in told)


def test_what_the_service_told_beside_its_words_stands_in_the_first_line(shell):
    shell.user_ns["error"] = DataFetchError(
        "acme answered 500", "Customer", "QUERY_TIMEOUT", status=500, request_id="4f2a", connector="acme"
    )
    assert shell.run("raise error")[0] == "DataFetchError: acme answered 500 (QUERY_TIMEOUT, request 4f2a)"
    shell.user_ns["error"] = DataFetchError("no records", status=503)
    assert shell.run("raise error")[0] == "DataFetchError: no records (HTTP 503)"


def test_an_error_without_words_says_what_it_is(shell):
    assert shell.run("raise errors.IntegrityError")[0] == (
        "IntegrityError: Records were lost on the way, or came twice."
    )


def test_a_hint_is_said_once(shell):
    shell.user_ns["error"] = ConnectorError("no file: make one", hint="make one")
    assert shell.run("raise error")[:3:2] == ["ConnectorError: no file", "hint  make one"]


def test_a_note_has_a_line(shell):
    shell.user_ns["error"] = error = ConnectorError("lost")
    error.add_note(f"closing failed{ESC}[2J as well")
    assert "note  closing failed\\x1b[2J as well" in shell.run("raise error")


def test_lines_of_a_message_stay_lines(shell):
    shell.user_ns["error"] = NotRecordedError("no answer to\n  GET /a\nnearest\n  GET /b " + "x" * 120)
    assert shell.run("raise error")[:5] == [
        "NotRecordedError: no answer to",
        "  GET /a",
        "nearest",
        "  GET /b",
        "x" * 120,
    ]


def test_nothing_that_a_service_says_steers_the_terminal(shell):
    evil = f"{ESC}[2J{ESC}]0;owned\x07\x9b31m\u202e"
    shell.user_ns["error"] = DataFetchError(
        f"acme says {evil}", error_code=evil, request_id=evil, hint=evil, connector=evil
    )
    told = "\n".join(shell.run("raise error"))
    assert not {ESC, "\x07", "\x9b", "\u202e"} & set(told)
    assert "\\x1b[2J" in told


@pytest.mark.parametrize(
    "code",
    [
        "spyro.connect('acme', access_token='s3cr3t')",
        "spyro.connect('acme', base_url='https://ana:s3cr3t@acme.example')",
    ],
)
def test_a_line_in_which_may_be_a_secret_is_not_repeated(shell, code):
    told = shell.run(code)
    assert asked(told) == "asked In[2], line 1"
    assert "s3cr3t" not in "".join(told)


def test_a_statement_on_many_lines_is_told_as_one(connected):
    told = connected.run(
        """
        for entity in ["Custmer"]:
            found = (
                sf.fetch(entity, limit=3)
                .to_pandas()
            )
        """
    )
    assert told[2].endswith("asked found = ( sf.fetch(entity, limit=3) .to_pandas() )  (In[2], line 4)")


def test_a_secret_on_another_line_of_the_statement_hides_all_of_it(shell):
    told = shell.run("spyro.connect(\n    'acme',\n    access_token='s3cr3t')")
    assert asked(told) == "asked In[2], line 1"


@pytest.mark.parametrize("code", ["n = 1; spyro.connect('acme')", "with spyro.connect('acme'):\n    pass"])
def test_where_the_statement_is_not_clear_the_line_is_told(shell, code):
    assert asked(shell.run(code)) == f"asked {code.splitlines()[0]}  (In[2], line 1)"


def test_code_that_python_does_not_read_is_told_by_its_line(shell, tmp_path):
    template = tmp_path / "report.txt"
    template.write_text("hello {{\n  sf.fetch()\n")
    shell.user_ns["code"] = compile("\nspyro.connect('acme')", str(template), "exec")
    assert asked(shell.run("exec(code)")) == "asked sf.fetch()  (report.txt, line 2)"


def test_what_ipython_makes_of_a_magic_is_not_repeated(connected):
    assert connected.run("%time sf.fetch('Custmer').count()")[2] == "asked In[2], line 1"


def test_a_long_line_of_code_is_cut(shell):
    told = shell.run(f"spyro.connect('{'x' * 100}')")
    assert asked(told) == f"asked spyro.connect('{'x' * 48}…  (In[2], line 1)"


def test_the_line_is_that_of_the_user_wherever_it_stands(connected, tmp_path, monkeypatch):
    (tmp_path / "sales_of_march.py").write_text("def made(sf):\n    return sf.fetch('Custmer').count()\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    told = connected.run("import sales_of_march\nsales_of_march.made(sf)")
    assert told[2] == "asked return sf.fetch('Custmer').count()  (sales_of_march.py, line 2)"


def test_code_that_stands_nowhere_is_not_told(shell):
    assert errors.briefly(ConnectorError("lost"), shell)[1].startswith("next")


def test_colors_are_ipythons_own_choice(connected):
    connected.colors = "neutral"
    connected.run("sf.fetch('Custmer').count()")
    lines = connected.told[-1]
    assert lines[0].startswith(f"{ESC}[1mUnknownEntityError{ESC}[0m: salesforce")
    assert lines[2].startswith(f"{ESC}[1masked{ESC}[0m sf.fetch")


def test_what_cannot_be_told_briefly_is_told_in_full(shell, caplog):
    class Odd(ConnectorError):
        hint = property(lambda self: 1 / 0, lambda self, hint: None)

    shell.user_ns["Odd"] = Odd
    with caplog.at_level(logging.ERROR):
        told = shell.run("raise Odd('lost')")
    assert told[-1] == "Odd: lost"
    assert "cannot be told briefly" in caplog.text


def test_without_a_notebook_ipython_shows_its_own(shell):
    shown.plug(None)
    assert not hasattr(ConnectorError("lost"), "_render_traceback_")
    assert "Traceback" in shell.run("raise errors.ConnectorError('lost')")[1]


def test_where_no_shell_runs_python_tells_it():
    assert notebook.NotebookWing().tell(ConnectorError("lost")) == ["spyro_sdk.errors.ConnectorError: lost\n"]


# -- the stop button ----------------------------------------------------------------------------------


def test_a_wait_that_was_stopped_is_told_briefly(shell):
    told = shell.run(
        """
        import asyncio, _thread
        from spyro_sdk import blocking
        async def forever():
            _thread.interrupt_main()
            await asyncio.sleep(60)
        try:
            blocking.run(forever)
        except KeyboardInterrupt as stop:
            stop.add_note("24,000 records had arrived: fetch.partial has them")
            raise
        """
    )
    assert told == [
        "KeyboardInterrupt: stopped",
        "asked blocking.run(forever)  (In[2], line 7)",
        "note  24,000 records had arrived: fetch.partial has them",
        "next  run the cell again to begin anew; %tb shows the whole traceback",
    ]
    assert "Traceback" in shell.run("%tb")[1]


def test_a_stop_elsewhere_is_left_alone(shell):
    assert "Traceback" in shell.run("raise KeyboardInterrupt")[1]


def test_an_error_that_is_refused_has_no_frames_of_ours_to_hold():
    error = AuthenticationError("no", hint="look")
    assert "_render_traceback_" not in vars(error)
