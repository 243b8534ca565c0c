"""What is mutated, and which tests must notice."""

from __future__ import annotations

from typing import Final

GUARDS, AUTH, ARROW = "spyro_sdk/guards", "spyro_sdk/auth", "spyro_sdk/arrow"
OF_PAGING: Final = ("tests/test_paging.py", "tests/test_page_sizes.py")

UNITS: Final[dict[str, tuple[str, ...]]] = {
    f"{GUARDS}/retry.py": ("tests/guards/test_retry.py", "tests/guards/test_budget.py"),
    f"{GUARDS}/budget.py": ("tests/guards/test_budget.py", "tests/guards/test_retry.py"),
    f"{GUARDS}/limiter.py": ("tests/guards/test_limiter.py", "tests/guards/test_histories.py"),
    f"{GUARDS}/bucket.py": ("tests/guards/test_bucket.py", "tests/guards/test_histories.py"),
    f"{GUARDS}/breaker.py": ("tests/guards/test_breaker.py",),
    f"{GUARDS}/quota.py": ("tests/guards/test_quota.py",),
    f"{GUARDS}/deadline.py": ("tests/guards/test_deadline.py",),
    f"{GUARDS}/window.py": ("tests/guards/test_window.py",),
    "spyro_sdk/paging/answers.py": OF_PAGING,
    "spyro_sdk/paging/counted.py": (*OF_PAGING, "tests/test_moving.py"),
    "spyro_sdk/paging/links.py": OF_PAGING,
    "spyro_sdk/paging/places.py": OF_PAGING,
    "spyro_sdk/paging/sizes.py": OF_PAGING,
    "spyro_sdk/paging/tokens.py": OF_PAGING,
    f"{AUTH}/token.py": ("tests/auth/test_token.py", "tests/auth/test_shared.py"),
    f"{AUTH}/shared.py": ("tests/auth/test_shared.py", "tests/auth/test_histories.py"),
    f"{AUTH}/oauth.py": ("tests/auth/test_oauth.py", "tests/auth/test_shared.py"),
    f"{AUTH}/redirect.py": ("tests/auth/test_redirect.py",),
    f"{AUTH}/pkce.py": ("tests/auth/test_pkce.py",),
    f"{AUTH}/paste.py": ("tests/auth/test_paste.py",),
    f"{AUTH}/tokens/account.py": ("tests/auth/tokens/test_account.py", "tests/auth/tokens/test_file.py"),
    f"{AUTH}/tokens/file.py": ("tests/auth/tokens/test_file.py",),
    f"{ARROW}/draft.py": ("tests/arrow/test_draft.py",),
    f"{ARROW}/folder.py": ("tests/arrow/test_folder.py", "tests/arrow/test_hive.py"),
    f"{ARROW}/sink.py": ("tests/arrow/test_sink.py", "tests/arrow/test_parquet.py"),
    f"{ARROW}/parquet.py": ("tests/arrow/test_parquet.py", "tests/arrow/test_sink.py"),
}
"""For each module its tests, those first that are likeliest to notice."""
