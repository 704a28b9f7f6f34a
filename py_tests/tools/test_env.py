"""The table of environment variables: types, strictness, sources, warnings."""

from __future__ import annotations

import pytest

from tilewright.backends.registry import target_from_environment
from tilewright.diagnostics import UsageError
from tilewright.env import VARIABLES, environment

pytestmark = pytest.mark.l0_backend_agnostic


def test_defaults():
    settings = environment({})
    assert (settings.compile_backend, settings.arch, settings.runtime_kind) == ("sim", "", "sim")
    assert (settings.compile_only, settings.runtime_enable_cache, settings.opt_bisect_limit) == (False, True, -1)
    assert {setting.source for setting in settings.settings} == {"default"}
    assert settings.warnings == ()


@pytest.mark.parametrize("text", ["1", "true", "yes", "on", "True", "ON"])
def test_true(text: str):
    assert environment({"TILEWRIGHT_DUMP_IR": text}).dump_ir is True


@pytest.mark.parametrize("text", ["0", "false", "no", "off", "False"])
def test_false(text: str):
    assert environment({"TILEWRIGHT_RUNTIME_ENABLE_CACHE": text}).runtime_enable_cache is False


@pytest.mark.parametrize("name", [variable.name for variable in VARIABLES if variable.kind == "flag"] + ["COMPILE_ONLY"])
@pytest.mark.parametrize("text", ["ture", "2", "", " 1"])
def test_a_bad_flag_names_its_variable(name: str, text: str):
    with pytest.raises(UsageError, match=f"^{name}={text}: expected one of 1, true"):
        environment({name: text})


@pytest.mark.parametrize(("text", "expected"), [("x", "integer"), ("0", "at least 1"), ("", "integer"), ("1.5", "integer")])
def test_a_bad_integer_names_its_variable(text: str, expected: str):
    with pytest.raises(UsageError, match=f"^TILEWRIGHT_GOLDEN_THREADS={text}: expected .*{expected}"):
        environment({"TILEWRIGHT_GOLDEN_THREADS": text})


def test_the_other_spellings_count_where_the_prefixed_name_is_not_set():
    settings = environment({"COMPILE_ONLY": "yes", "ARCH": "gfx942"})
    assert settings.compile_only and settings.arch == "gfx942"
    both = environment({"COMPILE_ONLY": "yes", "TILEWRIGHT_COMPILE_ONLY": "no", "ARCH": "sm_80", "TILEWRIGHT_ARCH": "sm_90a"})
    assert not both.compile_only and both.arch == "sm_90a"


def test_the_host_s_arch_is_not_a_target():
    settings = environment({"ARCH": "x86_64"})
    assert settings.arch == ""
    assert target_from_environment(settings).name == "sim"


def test_an_unknown_variable_warns_with_the_nearest_name():
    settings = environment({"TILEWRIGHT_DUMP_IRR": "1", "TILEWRIGHT_QQQQQQ": "", "OTHER": "x"})
    assert settings.warnings == (
        "TILEWRIGHT_DUMP_IRR is not a variable of Tilewright; did you mean TILEWRIGHT_DUMP_IR?",
        "TILEWRIGHT_QQQQQQ is not a variable of Tilewright",
    )


def test_names_are_split_at_commas():
    assert environment({"TILEWRIGHT_REQUIRE": "cuda, rocm,"}).require == ("cuda", "rocm")


@pytest.mark.parametrize(
    ("variables", "target"),
    [
        ({}, "sim"),
        ({"TILEWRIGHT_COMPILE_BACKEND": "cuda"}, "cuda:sm_90a"),
        ({"TILEWRIGHT_COMPILE_BACKEND": "cuda", "ARCH": "sm_80"}, "cuda:sm_80"),
        ({"TILEWRIGHT_ARCH": "sm_80"}, "cuda:sm_80"),
    ],
)
def test_the_variables_choose_the_target(variables: dict[str, str], target: str):
    assert target_from_environment(environment(variables)).name == target


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"TILEWRIGHT_COMPILE_BACKEND": "cdua"}, "TILEWRIGHT_COMPILE_BACKEND=cdua: no such backend; did you mean 'cuda'"),
        ({"TILEWRIGHT_ARCH": "sm_9"}, "TILEWRIGHT_ARCH=sm_9: no installed backend has this arch"),
        ({"TILEWRIGHT_COMPILE_BACKEND": "cuda", "TILEWRIGHT_ARCH": "gfx942"}, "TILEWRIGHT_ARCH=gfx942: unknown target"),
    ],
)
def test_a_target_that_is_none_names_the_variable(variables: dict[str, str], message: str):
    with pytest.raises(UsageError) as caught:
        target_from_environment(environment(variables))
    assert str(caught.value).startswith(message)
