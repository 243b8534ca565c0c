"""Builds the compiled decoder of pages; where that cannot be, pyarrow.json reads them, and nothing fails."""

import sys

from setuptools import Extension, setup

FLAGS = ["/std:c11", "/O2"] if sys.platform == "win32" else ["-std=c11", "-O3"]
FOLDER = "spyro_sdk/arrow/"

setup(
    ext_modules=[
        Extension(
            "spyro_sdk.arrow._json",
            [f"{FOLDER}_json.c", f"{FOLDER}_jsonmodule.c"],
            depends=[f"{FOLDER}_json.h"],
            extra_compile_args=FLAGS,
            py_limited_api=True,  # one build for Python 3.11 and all that follow
            optional=True,
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
