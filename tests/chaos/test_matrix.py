"""Where each row of the fault matrix is proven, and that docs/reliability.md says so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
DOCUMENT = TESTS.parent / "docs" / "reliability.md"
ROWS: dict[int, tuple[str, ...]] = {
    1: (
        "chaos/test_refusals.py::test_row_1_",
        "guards/test_retry.py::test_a_backoff_is_anything_from_nothing_",
    ),
    2: ("chaos/test_refusals.py::test_row_2_", "guards/test_retry.py::test_no_wait_is_shorter_than_asked"),
    3: (
        "chaos/test_refusals.py::test_row_3_",
        "guards/test_quota.py::test_any_date_is_measured_from_the_servers",
    ),
    4: ("chaos/test_refusals.py::test_row_4_", "guards/test_quota.py::test_retry_after_is_none_or_a_wait_"),
    5: ("chaos/test_refusals.py::test_row_5_",),
    6: ("chaos/test_refusals.py::test_row_6_", "connectors/github/test_limits.py::test_"),
    7: ("guards/test_exact_services.py::test_over_real_sockets_no_request_is_refused",),
    8: ("chaos/test_refusals.py::test_row_8_", "test_rest.py::test_a_refusal_is_not_asked_for_again"),
    9: (
        "test_rest.py::test_a_token_that_expires_on_the_way_is_renewed_and_the_page_asked_for_again",
        "connectors/salesforce/test_resuming.py::test_an_expired_token_is_renewed_once_in_the_middle_of_a_fetch",
    ),
    10: ("auth/test_shared.py::test_a_service_in_trouble_costs_nobody_a_token",),
    11: ("auth/test_race.py::test_eight_kernels_with_one_expired_token_renew_it_once",),
    12: ("chaos/test_line.py::test_row_12_",),
    13: ("chaos/test_line.py::test_row_13_", "chaos/test_connectors.py::test_what_passes_costs_nothing"),
    14: (
        "chaos/test_line.py::test_row_14_",
        "transport/test_transports.py::test_a_body_that_trickles_is_left_in_time",
    ),
    15: (
        "test_rest.py::test_nobody_there_is_a_connection_error",
        "transport/test_transports.py::test_a_name_that_nobody_has_is_said",
        "transport/test_trust.py::test_a_doubtful_certificate_is_refused_before_a_secret_is_sent",
    ),
    16: ("chaos/test_bodies.py::test_row_16_", "chaos/test_connectors.py::test_what_lasts_is_an_error_"),
    17: (
        "chaos/test_bodies.py::test_row_17_",
        "arrow/test_exact.py::test_any_bytes_give_a_value_or_a_decode_error",
    ),
    18: ("chaos/test_bodies.py::test_row_18_", "chaos/test_memory.py::test_row_18_"),
    19: ("chaos/test_ways.py::test_row_19_",),
    20: ("chaos/test_ways.py::test_row_20_",),
    21: (
        "chaos/test_ways.py::test_row_21_",
        "connectors/salesforce/test_resuming.py::test_a_wrong_total_is_told",
    ),
    22: (
        "apis/test_changes.py::test_where_records_move_this_is_repaired_and_told",
        "chaos/test_bodies.py::test_two_records_with_one_key_are_an_error_however_far_apart",
    ),
    23: (
        "chaos/test_ways.py::test_row_23_",
        "connectors/salesforce/test_resuming.py::test_a_released_cursor_is_asked_for_anew_after_the_last_key",
    ),
    24: (
        "test_increment.py::test_the_union_of_increments_is_a_full_fetch",
        "test_increment.py::test_what_changes_behind_our_back_comes_the_next_time",
    ),
    25: ("chaos/test_ways.py::test_row_25_",),
    26: ("chaos/test_ways.py::test_row_26_",),
    27: ("guards/test_breaker.py::test_of_a_hundred_callers_one_goes_through",),
    28: (
        "guards/test_budget.py::test_a_thousand_failing_calls_make_at_most_a_fifth_more_requests",
        "test_connector.py::test_a_thousand_calls_that_fail_at_once_are_hardly_more_requests",
    ),
    29: (
        "guards/test_together.py::test_sixteen_processes_are_never_over_and_leave_hardly_anything",
        "guards/test_together.py::test_a_killed_holder_delays_nobody",
    ),
    30: (
        "arrow/test_killed.py::test_an_export_killed_at_any_moment_leaves_the_old_or_the_new_table",
        "test_killed_on_the_way.py::test_killed_at_any_moment_it_goes_on_and_reads_at_most_a_page_again",
        "test_resume.py::test_after_a_stop_at_any_page_at_most_one_is_read_again",
        "arrow/test_journal.py::test_cut_at_any_byte_it_has_the_pages_that_are_whole",
    ),
    31: (
        "arrow/test_sink.py::test_a_full_disk_is_an_export_error_and_leaves_nothing",
        "test_resume.py::test_a_full_disk_leaves_the_old_file_and_what_came_before",
    ),
    32: ("chaos/test_bodies.py::test_row_32_", "arrow/test_lossless.py::test_"),
    33: ("test_fetch.py::test_ctrl_c_returns_at_once_with_what_had_arrived", "test_blocking.py::test_"),
    34: ("leaks/test_leaks.py::test_",),
    35: (
        "arrow/test_csv.py::test_texts_that_a_spreadsheet_might_run_are_escaped_on_request",
        "arrow/test_partition.py::test_any_values_come_back_and_nothing_stands_outside",
        "notebook/test_cards_looking.py::test_hostile_names_are_escaped_and_shown_whole",
    ),
    36: (
        "auth/test_redirect.py::test_an_answer_to_another_question_is_refused",
        "auth/test_device.py::test_",
    ),
    37: (
        "test_private.py::test_",
        "auth/test_race.py::test_a_writer_killed_at_any_moment_leaves_a_whole_",
    ),
    38: (
        "webhooks/test_receiver.py::test_a_bad_signature_is_refused_and_the_right_one_is_not_told",
        "webhooks/test_receiver.py::test_every_candidate_is_compared_with_every_secret",
        "webhooks/test_receiver.py::test_a_timestamp_may_be_off_by_five_minutes_either_way",
        "webhooks/test_receiver.py::test_what_was_taken_is_not_taken_again",
        "webhooks/test_receiver.py::test_ten_megabytes_are_refused_before_anything_is_done_with_them",
        "webhooks/test_receiver.py::test_while_a_secret_is_changed_the_old_and_the_new_one_are_taken",
    ),
}
"""For each row the tests of it, or how their names begin."""


def test_every_row_is_proven_somewhere() -> None:
    assert sorted(ROWS) == list(range(1, 39))


@pytest.mark.parametrize("row", ROWS)
def test_the_tests_of_a_row_are_there(row: int) -> None:
    for place in ROWS[row]:
        path, _, name = place.partition("::")
        assert re.search(rf"^(async )?def {name}", (TESTS / path).read_text(), re.MULTILINE), place


def test_the_document_has_each_row_and_where_it_is_proven() -> None:
    _, _, section = DOCUMENT.read_text(encoding="utf-8").partition("\n## Each fault by itself\n")
    table, _, _ = section.partition("\n## ")
    told = re.findall(r"^\| (\d+) \| .+ \| .+ \| (.+) \|$", table, re.MULTILINE)
    assert told == [(str(row), _links(places)) for row, places in ROWS.items()]


def _links(places: tuple[str, ...]) -> str:
    files = dict.fromkeys(place.partition("::")[0] for place in places)
    return ", ".join(f"[{path}](../tests/{path})" for path in files)
