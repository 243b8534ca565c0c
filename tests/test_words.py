"""Words that people are shown."""

import pytest

from spyro_sdk.words import counted, lasting, legible, one_line, percent, plain, size


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0 records"), (1, "1 record"), (2, "2 records"), (48_210, "48,210 records")]
)
def test_one_is_singular(number, said):
    assert counted(number, "record") == said


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (19_900_000, "19.9 MB"),
        (999_960, "1.0 MB"),
        (2.5e9, "2.5 GB"),
        (7.1e15, "7,100.0 TB"),
    ],
)
def test_sizes_are_in_powers_of_ten(number, said):
    assert size(number) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-1, "0 ms"),
        (0.04, "40 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.0 s"),
        (1.44, "1.4 s"),
        (59.96, "1 min"),
        (185, "3 min 5 s"),
        (3600, "1 h"),
        (7800, "2 h 10 min"),
        (3599.9, "1 h"),
    ],
)
def test_times_have_the_units_that_people_use(seconds, said):
    assert lasting(seconds) == said


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (0, "0 %"),
        (1, "100 %"),
        (0.0001, "< 0.1 %"),
        (0.004, "0.4 %"),
        (0.12, "12 %"),
        (0.994, "99 %"),
        (0.9999, "> 99 %"),
    ],
)
def test_some_is_never_none_nor_all(share, said):
    assert percent(share) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [("", ""), ("東京 café", "東京 café"), ("12345678", "12345678"), ("123456789", "1234567…")],
)
def test_a_text_that_fits_is_said_as_it_is_and_else_cut(text, said):
    assert legible(text, 8) == said


@pytest.mark.parametrize("hidden", ["\x1b", "\x00", "\u202e", "\u2066", "\u200b", "\ud800"])
def test_what_moves_the_cursor_or_turns_the_line_is_replaced(hidden):
    assert legible(f"a{hidden}b", 8) == "a�b"


@pytest.mark.parametrize("space", ["\n", "\t", "\r", "\u00a0", "\u2028", " "])
def test_every_white_space_is_a_space(space):
    assert legible(f"a{space}b", 8) == "a b"


def test_what_steers_a_terminal_is_written_out():
    assert plain("a\x1b[2Jb\x07c\x9bd\re\x7f\0") == "a\\x1b[2Jb\\x07c\\x9bd\\re\\x7f\\x00"
    assert (
        plain("gnp\u202eexe \u2066x\u2069 \u2028 \ud800") == "gnp\\u202eexe \\u2066x\\u2069 \\u2028 \\ud800"
    )


def test_words_of_all_languages_stay_as_they_are():
    text = "Müller\tמילר\n株式会社 \u3000 👩\u200d💻"
    assert plain(text) == text


def test_one_line_is_one_line():
    assert one_line(" a\r\n b\u2028c\x0bd ") == "a b c d"
