"""The C extension of Tideng; everything else about the package is in setup.cfg (docs/adr/0025)."""

from setuptools import Extension, setup

setup(
    ext_modules=[
        Extension(
            "tideng_rules.engine.abi._calls",
            ["rules/tideng_rules/engine/abi/_calls.c"],
            depends=["rules/tideng_rules/engine/abi/calls.h"],
            py_limited_api=True,
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
