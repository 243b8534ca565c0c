"""What is mutated, and which tests must notice.

Of guards, paging, auth and export nothing is left out but what has no tests of its own: `auth/browser.py`,
`auth/quiet.py`, `arrow/option.py` and `arrow/parts.py`.
"""

from __future__ import annotations

from typing import Final

GUARDS, AUTH, ARROW = "spyro_sdk/guards", "spyro_sdk/auth", "spyro_sdk/arrow"
OF_PAGING: Final = ("tests/test_paging.py", "tests/test_page_sizes.py")

APART: Final = (
    "tests/guards/test_together.py::test_sixteen_processes_are_never_over_and_leave_hardly_anything",
    "tests/guards/test_redis.py::test_eight_processes_are_never_over_and_leave_hardly_anything",
    "tests/auth/tokens/test_default_store.py::test_who_keeps_no_token_imports_nothing_for_it",
)
"""Tests that start programs of their own, in which no module is another, and take their time."""

UNITS: Final[dict[str, tuple[str, ...]]] = {
    f"{GUARDS}/retry.py": ("tests/guards/test_retry.py", "tests/guards/test_budget.py"),
    f"{GUARDS}/budget.py": ("tests/guards/test_budget.py", "tests/guards/test_retry.py"),
    f"{GUARDS}/limiter.py": ("tests/guards/test_limiter.py", "tests/guards/test_histories.py"),
    f"{GUARDS}/bucket.py": ("tests/guards/test_bucket.py", "tests/guards/test_histories.py"),
    f"{GUARDS}/together.py": ("tests/guards/test_together.py", "tests/guards/test_redis.py"),
    f"{GUARDS}/account.py": (
        *("tests/guards/test_account.py", "tests/guards/test_window.py"),
        *("tests/guards/test_together.py", "tests/guards/test_redis.py"),
    ),
    f"{GUARDS}/state.py": ("tests/guards/test_state.py", "tests/guards/test_bucket.py"),
    f"{GUARDS}/redis.py": ("tests/guards/test_redis.py",),
    f"{GUARDS}/breaker.py": ("tests/guards/test_breaker.py",),
    f"{GUARDS}/quota.py": ("tests/guards/test_quota.py",),
    f"{GUARDS}/deadline.py": ("tests/guards/test_deadline.py",),
    f"{GUARDS}/window.py": ("tests/guards/test_window.py",),
    "spyro_sdk/paging/answers.py": OF_PAGING,
    "spyro_sdk/paging/counted.py": OF_PAGING,
    "spyro_sdk/paging/links.py": OF_PAGING,
    "spyro_sdk/paging/places.py": OF_PAGING,
    "spyro_sdk/paging/sizes.py": OF_PAGING,
    "spyro_sdk/paging/tokens.py": OF_PAGING,
    f"{AUTH}/token.py": ("tests/auth/test_token.py", "tests/auth/test_shared.py"),
    f"{AUTH}/shared.py": ("tests/auth/test_shared.py", "tests/auth/test_histories.py"),
    f"{AUTH}/keeping.py": ("tests/auth/test_keeping.py",),
    f"{AUTH}/oauth.py": ("tests/auth/test_oauth.py", "tests/auth/test_shared.py"),
    f"{AUTH}/app.py": ("tests/auth/test_app.py",),
    f"{AUTH}/static.py": ("tests/auth/test_static.py",),
    f"{AUTH}/device.py": ("tests/auth/test_device.py", "tests/auth/test_signin.py"),
    f"{AUTH}/loopback.py": ("tests/auth/test_loopback.py",),
    f"{AUTH}/redirect.py": ("tests/auth/test_redirect.py",),
    f"{AUTH}/pkce.py": ("tests/auth/test_pkce.py",),
    f"{AUTH}/paste.py": ("tests/auth/test_paste.py",),
    f"{AUTH}/person.py": ("tests/auth/test_terminal.py", "tests/auth/test_signin.py"),
    f"{AUTH}/terminal.py": ("tests/auth/test_terminal.py",),
    f"{AUTH}/unseen.py": ("tests/auth/test_unseen.py",),
    f"{AUTH}/signin.py": ("tests/auth/test_signin.py",),
    f"{AUTH}/tokens/__init__.py": ("tests/auth/tokens/test_default_store.py",),
    f"{AUTH}/tokens/account.py": ("tests/auth/tokens/test_account.py", "tests/auth/tokens/test_file.py"),
    f"{AUTH}/tokens/file.py": ("tests/auth/tokens/test_file.py", "tests/auth/tokens/test_default_store.py"),
    f"{AUTH}/tokens/keyring.py": ("tests/auth/tokens/test_keyring.py",),
    f"{AUTH}/tokens/lock.py": ("tests/auth/tokens/test_lock.py", "tests/auth/tokens/test_file.py"),
    f"{AUTH}/tokens/memory.py": ("tests/auth/tokens/test_memory.py",),
    f"{ARROW}/draft.py": ("tests/arrow/test_draft.py",),
    f"{ARROW}/folder.py": ("tests/arrow/test_folder.py", "tests/arrow/test_hive.py"),
    f"{ARROW}/hive.py": ("tests/arrow/test_hive.py",),
    f"{ARROW}/partition.py": ("tests/arrow/test_partition.py",),
    f"{ARROW}/sink.py": ("tests/arrow/test_sink.py", "tests/arrow/test_parquet.py"),
    f"{ARROW}/background.py": ("tests/arrow/test_background.py",),
    f"{ARROW}/parquet.py": ("tests/arrow/test_parquet.py", "tests/arrow/test_sink.py"),
    f"{ARROW}/csv.py": ("tests/arrow/test_csv.py",),
    f"{ARROW}/ipc.py": ("tests/arrow/test_ipc.py", "tests/arrow/test_sink.py"),
}
"""For each module its tests, those first that are likeliest to notice."""
