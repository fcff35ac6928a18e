"""The compiled modules; everything else that the package is made of stands in `pyproject.toml`."""

from setuptools import Extension, setup

COMPILED = ("analysis.kernels._compiled", "sensing.formats._decimals")

setup(
    ext_modules=[
        Extension(
            name,
            [name.replace(".", "/") + ".c"],
            # Products and sums are rounded one by one, as numpy does, so that every machine gets one result.
            extra_compile_args=["-O2", "-ffp-contract=off"],
            py_limited_api=True,
            # Without a compiler the package is installed all the same: numpy and pandas then do it slower.
            optional=True,
        )
        for name in COMPILED
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
