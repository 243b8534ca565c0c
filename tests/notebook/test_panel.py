"""The fetches of a cell share a panel while they run, and a card when they have ended."""

import threading

import pytest

from spyro_sdk.events import FetchFinished, PageArrived
from spyro_sdk.notebook.panel import FRAME, MOMENT, Panels
from tests.notebook.stage import Clock, Stage, begun


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def stage():
    return Stage()


@pytest.fixture
def panels(stage, clock):
    return Panels(stage, lambda: True, clock=clock)


@pytest.fixture
def run(clock):
    return begun(clock)


def page(run, rows=100, total=400):
    run(PageArrived("acme", run.asked.entity, rows, total))


def ended(panels, run, error=None):
    run(FetchFinished("acme", run.asked.entity, run.rows, run.seconds, None))
    run.end(error)
    panels.end(run, error)


def took(panels, run, clock, seconds=1.0):
    """Let it run, and be looked at, so long."""
    panels.begin(run)
    page(run)
    clock.now += seconds
    panels.tick(run)


# -- one fetch --------------------------------------------------------------------------------------------


def test_a_long_fetch_has_a_panel_which_gives_way_to_a_card(panels, stage, run, clock):
    took(panels, run, clock)
    assert stage.acts == ["panel"]
    assert "Fetching Customer" in stage.last
    clock.now += FRAME
    page(run)
    panels.tick(run)
    assert stage.acts == ["panel", "draw"]
    assert "200" in stage.last
    ended(panels, run)
    assert stage.acts == ["panel", "draw", "replace"]
    assert "Customer fetched" in stage.last
    assert stage.open == set()
    assert len(stage.texts) == 1


def test_without_widgets_the_output_itself_is_drawn_again(clock, run):
    stage = Stage(has_widgets=False)
    panels = Panels(stage, lambda: True, clock=clock)
    took(panels, run, clock)
    clock.now += FRAME
    panels.tick(run)
    ended(panels, run)
    assert stage.acts == ["show", "replace", "replace"]
    assert "Customer fetched" in stage.last
    assert list(stage.texts.values()) == [str(run)]


def test_a_panel_waits_a_moment(panels, stage, run, clock):
    took(panels, run, clock, MOMENT - 0.01)
    assert stage.acts == []
    clock.now += 0.02
    panels.tick(run)
    assert stage.acts == ["panel"]


def test_a_panel_is_drawn_five_times_a_second_at_most(panels, stage, run, clock):
    took(panels, run, clock)
    for _ in range(100):
        clock.now += 0.05
        panels.tick(run)
    assert 20 <= stage.acts.count("draw") <= 5 / FRAME


def test_a_short_fetch_has_a_card_alone(panels, stage, run):
    panels.begin(run)
    ended(panels, run)
    assert stage.acts == ["show"]
    assert "Customer fetched" in stage.last


def test_a_glance_of_a_moment_leaves_no_trace(panels, stage, clock):
    for act in ("head", "count"):
        run = begun(clock, act=act)
        took(panels, run, clock, MOMENT - 0.01)
        ended(panels, run)
    panels.end_cell()
    assert stage.acts == []


def test_a_glance_that_takes_long_is_shown(panels, stage, clock):
    run = begun(clock, act="count")
    took(panels, run, clock)
    assert "Counting Customer" in stage.last
    ended(panels, run)
    assert "Customer counted" in stage.last


def test_what_is_refused_at_once_is_left_to_its_error(panels, stage, run):
    panels.begin(run)
    ended(panels, run, ValueError("no such column"))
    panels.end_cell()
    assert stage.acts == []


def test_a_fetch_that_was_stopped_closes_its_panel_too(panels, stage, run, clock):
    took(panels, run, clock)
    run.kept = 100
    ended(panels, run, KeyboardInterrupt())
    assert "Customer stopped" in stage.last
    assert "fetch.partial" in stage.last
    assert stage.open == set()


def test_a_widget_is_closed_though_the_card_cannot_be_shown(panels, stage, run, clock):
    def broken(*_):
        raise OSError("gone")

    took(panels, run, clock)
    stage.replace = broken
    with pytest.raises(OSError, match="gone"):
        ended(panels, run)
    assert stage.open == set()


def test_nobody_watching_there_is_the_card_alone(stage, clock, run):
    panels = Panels(stage, lambda: False, clock=clock)
    took(panels, run, clock)
    assert stage.acts == []
    ended(panels, run)
    assert stage.acts == ["show"]


# -- many fetches -----------------------------------------------------------------------------------------


def test_many_fetches_of_a_cell_share_one_output_and_are_summed_up(panels, stage, clock):
    for _ in range(10):
        run = begun(clock)
        took(panels, run, clock)
        ended(panels, run)
    panels.end_cell()
    assert len(stage.texts) == 1
    assert "10 fetches" in stage.last
    assert "1,000" in stage.last
    assert stage.acts.count("panel") == 1  # from the second on the output is drawn again, and never jumps
    assert stage.open == set()


def test_many_short_fetches_do_not_flood_the_page(panels, stage, clock):
    for _ in range(1000):
        run = begun(clock)
        panels.begin(run)
        page(run)
        clock.now += 0.002
        ended(panels, run)
    assert len(stage.acts) <= 2 / FRAME + 1
    panels.end_cell()
    assert "1,000 fetches" in stage.last
    assert "100,000" in stage.last


def test_the_end_of_a_cell_draws_no_picture_twice(panels, stage, run):
    panels.begin(run)
    ended(panels, run)
    panels.end_cell()
    panels.end_cell()
    assert stage.acts == ["show"]


def test_a_cell_that_runs_again_has_a_card_of_its_own(panels, stage, clock):
    for _ in range(2):
        panels.begin_cell()
        run = begun(clock)
        panels.begin(run)
        ended(panels, run)
        panels.end_cell()
    assert len(stage.texts) == 2


def test_a_fetch_that_begins_while_another_is_shown_joins_it(panels, stage, clock):
    first, second = begun(clock), begun(clock, "Contact")
    took(panels, first, clock)
    panels.begin(second)
    clock.now += MOMENT
    panels.tick(second)
    assert "Fetching Customer and 1 more" in stage.last
    ended(panels, first)
    assert stage.acts[-1] == "draw"
    clock.now += FRAME
    panels.tick(second)
    assert "Fetching Contact" in stage.last
    assert "Before in this cell: 1 fetch, 100 records" in stage.last
    ended(panels, second)
    assert "2 fetches" in stage.last


# -- beyond the cell --------------------------------------------------------------------------------------


def test_a_loop_that_goes_on_in_the_next_cell_is_shown_where_it_began(panels, stage, run, clock):
    panels.begin_cell()
    took(panels, run, clock)
    panels.end_cell()
    assert "Customer is being read" in stage.last
    assert stage.open == set()
    panels.begin_cell()
    clock.now += 1
    panels.tick(run)
    assert "Fetching Customer" in stage.last
    panels.end_cell()
    assert "Customer is being read" in stage.last
    panels.begin_cell()
    ended(panels, run)
    assert "Customer fetched" in stage.last
    assert len(stage.texts) == 1


def test_other_threads_add_no_output_and_are_shown_when_the_cell_ends(stage, clock):
    main = [False]
    panels = Panels(stage, lambda: True, is_main=lambda: main[0], clock=clock)
    run = begun(clock)
    took(panels, run, clock)
    ended(panels, run)
    assert stage.acts == []
    main[0] = True
    panels.end_cell()
    assert stage.acts == ["show"]
    assert "Customer fetched" in stage.last


def test_other_threads_draw_where_the_main_thread_has_begun(stage, clock):
    main = [True]
    panels = Panels(stage, lambda: True, is_main=lambda: main[0], clock=clock)
    run = begun(clock)
    took(panels, run, clock)
    main[0] = False
    clock.now += FRAME
    panels.tick(run)
    ended(panels, run)
    assert stage.acts == ["panel", "draw", "replace"]


def test_a_thread_that_fetches_between_two_cells_shows_nothing(stage, clock):
    panels = Panels(stage, lambda: True, is_main=lambda: False, clock=clock)
    run = begun(clock)
    took(panels, run, clock)
    ended(panels, run)
    panels.begin_cell()
    panels.end_cell()
    assert stage.acts == []


def test_many_threads_are_counted_without_loss(stage, clock):
    def fetch():
        for _ in range(50):
            run = begun(clock)
            panels.begin(run)
            page(run)
            panels.tick(run)
            ended(panels, run)

    panels = Panels(stage, lambda: True, clock=clock)
    threads = [threading.Thread(target=fetch) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    panels.end_cell()
    assert stage.acts == ["show"]
    assert "200 fetches" in stage.last
    assert "20,000" in stage.last


def test_the_main_thread_is_known(stage, run):
    panels = Panels(stage, lambda: True)
    thread = threading.Thread(target=lambda: (panels.begin(run), ended(panels, run)))
    thread.start()
    thread.join()
    assert stage.acts == []
    panels.end_cell()
    assert stage.acts == ["show"]
