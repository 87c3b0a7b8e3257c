"""Settings come from flags over variables over defaults, from one table; whatever cannot be taken refuses to start."""

import re
from pathlib import Path

import pytest

from polyparse.errors import ConfigError
from service.settings import Settings, markdown, parser, read, table

README = Path(__file__).parents[2] / "README.md"

BAD = {
    "port": "eighty",
    "lanes": "0",
    "device": "tpu",
    "max_text_chars": "-1",
    "request_timeout_s": "nan",
    "access_log": "yes",
    "log_level": "",
    "host": " ",
}


def variable(name: str) -> str:
    return f"POLYPARSE_{name.upper()}"


def flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def test_without_flags_or_variables_the_defaults_hold() -> None:
    assert read([], {"PATH": "/bin"}) == Settings()


def test_a_variable_overrules_the_default_and_a_flag_the_variable() -> None:
    environ = {"POLYPARSE_PORT": "9000", "POLYPARSE_LANES": "2"}
    assert read([], environ) == Settings(port=9000, lanes=2)
    assert read(["--port", "9001"], environ) == Settings(port=9001, lanes=2)


def test_every_kind_of_value_is_read() -> None:
    flags = [
        "--models",
        "m",
        "--model",
        "n",
        "--device",
        "cpu",
        "--lanes",
        "auto",
        "--probe-timeout-s",
        "0.5",
    ]
    found = read([*flags, "--access-log", "on"], {})
    assert found == Settings(models=Path("m"), model="n", device="cpu", probe_timeout_s=0.5, access_log=True)


@pytest.mark.parametrize("name", BAD)
def test_a_bad_value_is_refused_by_key_and_value(name: str) -> None:
    for argv, environ, key in (
        ([], {variable(name): BAD[name]}, variable(name)),
        ([flag(name), BAD[name]], {}, flag(name)),
    ):
        with pytest.raises(ConfigError) as refusal:
            read(argv, environ)
        assert str(refusal.value).startswith(f"{key}: found {BAD[name]!r}, expected ")


def test_a_bad_variable_is_refused_even_where_a_flag_overrules_it() -> None:
    with pytest.raises(ConfigError, match="POLYPARSE_PORT"):
        read(["--port", "80"], {"POLYPARSE_PORT": "eighty"})


def test_an_unknown_variable_is_refused_with_the_nearest_known() -> None:
    with pytest.raises(ConfigError, match=r"POLYPARSE_PROT.*'80'.*expected POLYPARSE_PORT$"):
        read([], {"POLYPARSE_PROT": "80"})


def test_an_unknown_flag_ends_the_program(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        read(["--prot", "80"], {})
    assert end.value.code == 2
    assert "--prot" in capsys.readouterr().err


def test_help_and_readme_table_have_every_setting() -> None:
    text = re.sub(r"\s+", " ", parser().format_help())
    for row in table():
        assert f"{row.flag} VALUE" in text
        assert f"{row.meaning}; {row.kind.expected} (default: {row.default}; {row.variable})" in text
        assert f"| `{row.flag}` | `{row.variable}` | {row.kind.expected} | {row.default} |" in markdown()
    assert len(table()) == len(vars(Settings()))


def test_every_default_is_a_value_that_its_own_flag_takes() -> None:
    shown = {row.name: row for row in table() if row.name != "model"}
    for name, row in shown.items():
        assert read([row.flag, row.default], {}) == Settings(), name


@pytest.mark.skipif(not README.exists(), reason="the README is not written yet")
def test_the_readme_shows_the_table() -> None:
    assert markdown() in README.read_text(encoding="utf-8")
