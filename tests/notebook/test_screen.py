"""Outputs are shown and replaced by IPython; a panel is a widget, of which nothing stays."""

import signal
import threading

import pytest
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from spyro_sdk.notebook import NotebookWing, panel
from spyro_sdk.notebook.screen import KernelScreen, new_output, undisturbed


class Kernel:
    """Which somebody sits before, or not."""

    _allow_stdin = True


class Events:
    """Where one asks to be told."""

    def __init__(self):
        self.registered = {}

    def register(self, name, function):
        self.registered[name] = function


class Shell:
    """A kernel's shell."""

    def __init__(self):
        self.kernel, self.events = Kernel(), Events()


@pytest.fixture
def shell():
    quiet = Config({"HistoryManager": {"enabled": False}})
    shell = InteractiveShell.instance(config=quiet)
    shell.display_pub = CapturingDisplayPublisher()
    yield shell
    InteractiveShell.clear_instance()


def test_an_output_is_shown_and_replaced(shell):
    screen, output = KernelScreen(), new_output()
    screen.show(output, "<b>1</b>", "1")
    screen.replace(output, "<b>2</b>", "2")
    first, second = shell.display_pub.outputs
    assert first["data"] == {"text/html": "<b>1</b>", "text/plain": "1"}
    assert second["data"] == {"text/html": "<b>2</b>", "text/plain": "2"}
    assert first["transient"] == second["transient"] == {"display_id": output}
    assert (first["update"], second["update"]) == (False, True)


def test_a_panel_is_a_widget_that_is_gone_when_it_is_closed(shell):
    drawn = KernelScreen().panel(new_output(), "<b>1</b>")
    (shown,) = shell.display_pub.outputs
    assert "application/vnd.jupyter.widget-view+json" in shown["data"]
    drawn.draw("<b>2</b>")
    assert drawn._widget.value == "<b>2</b>"
    parts = (drawn._widget, drawn._widget.layout, drawn._widget.style)
    drawn.close()
    assert all(it.comm is None for it in parts)


def test_two_outputs_are_never_taken_for_one():
    assert new_output() != new_output()


def test_a_kernel_has_panels_which_are_told_of_its_cells():
    shell = Shell()
    panels = panel.panels(shell)
    assert panel.panels(shell) is panels
    assert shell.events.registered == {
        "pre_run_cell": panels.begin_cell,
        "post_run_cell": panels.end_cell,
    }
    assert panels._is_live()
    shell.kernel._allow_stdin = False
    assert not panels._is_live()


def test_a_shell_in_a_terminal_has_no_panels(shell):
    wing = NotebookWing()
    assert wing.progress() is None
    shell.kernel = Kernel()
    assert wing.progress() is panel.panels(shell)


# the stop button, at a bad moment


def test_a_stop_comes_after_what_must_not_be_left_half_done():
    done = []

    def whole():
        with undisturbed():
            signal.raise_signal(signal.SIGINT)
            done.append("all")

    with pytest.raises(KeyboardInterrupt):
        whole()
    assert done == ["all"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_without_a_stop_nothing_comes_after_it():
    with undisturbed():
        assert signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_other_threads_are_never_stopped():
    seen = []

    def other():
        with undisturbed():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    assert seen == [signal.default_int_handler]
