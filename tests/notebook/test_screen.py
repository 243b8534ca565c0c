"""Outputs are shown and replaced by IPython; a panel is a widget, of which nothing stays."""

import pytest
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from spyro_sdk.notebook import NotebookWing, panel
from spyro_sdk.notebook.screen import KernelScreen, new_output


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
