"""The stage stands: two kernels, cells that run, a stop button, a file, two themes."""

from __future__ import annotations

import pytest

from .conftest import Open
from .lab import KERNELS
from .notebook import THEMES, Theme, paint

both = pytest.mark.parametrize("kernel", KERNELS)


@both
def test_a_kernel_is_of_the_generation_that_it_says(notebook: Open, kernel: str) -> None:
    output = notebook("import ipykernel; print(ipykernel.__version__)").run()
    assert output.inner_text().startswith(kernel.removeprefix("ipykernel"))


def test_a_kernel_runs_what_stands_in_this_folder(notebook: Open) -> None:
    output = notebook("import spyro_sdk; print(spyro_sdk.__file__)").run()
    assert "spyro_sdk" in output.inner_text()
