"""The compiled kernels; everything else that the package is made of stands in `pyproject.toml`."""

from setuptools import Extension, setup

setup(
    ext_modules=[
        Extension(
            "analysis.kernels._compiled",
            ["analysis/kernels/_compiled.c"],
            # Products and sums are rounded one by one, as numpy does, so that every machine gets one result.
            extra_compile_args=["-O2", "-ffp-contract=off"],
            py_limited_api=True,
            # Without a compiler the package is installed all the same: it then runs in numpy.
            optional=True,
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
