"""Settings come from flags over variables over defaults, from one table; whatever cannot be taken refuses to start."""

import re
from pathlib import Path

import pytest

from polyparse.errors import ConfigError
from service.settings import Settings, parser, read, table

README = Path(__file__).parents[2] / "README.md"

BAD = {
    "port": "eighty",
    "threads": "0",
    "device": "tpu",
    "max_text_chars": "-1",
    "request_timeout_s": "nan",
    "access_log": "yes",
    "log_text": "",
    "canary_min_requests": "9",
    "canary_error_margin": "nan",
    "canary_latency_ratio": "0.9",
    "log_level": "",
    "host": " ",
}


def variable(name: str) -> str:
    return f"POLYPARSE_{name.upper()}"


def flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def markdown() -> str:
    """The table as the README shows it."""
    lines = ["| flag | variable | value | default | meaning |", "|---|---|---|---|---|"]
    lines += [
        f"| `{row.flag}` | `{row.variable}` | {row.type.expected} | {row.default} | {row.meaning} |"
        for row in table()
    ]
    return "\n".join(lines)


def test_without_flags_or_variables_the_defaults_hold() -> None:
    assert read([], {"PATH": "/bin"}) == Settings()


def test_a_variable_overrules_the_default_and_a_flag_the_variable() -> None:
    environ = {"POLYPARSE_PORT": "9000", "POLYPARSE_THREADS": "2"}
    assert read([], environ) == Settings(port=9000, threads=2)
    assert read(["--port", "9001"], environ) == Settings(port=9001, threads=2)


def test_every_kind_of_value_is_read() -> None:
    flags = [
        "--models",
        "m",
        "--model",
        "n",
        "--device",
        "cpu",
        "--threads",
        "auto",
        "--probe-timeout-s",
        "0.5",
    ]
    settings = read([*flags, "--access-log", "on"], {})
    assert settings == Settings(
        models=Path("m"), model="n", device="cpu", probe_timeout_s=0.5, access_log=True
    )


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


def test_an_unknown_variable_is_refused_with_the_nearest_known_and_its_value_is_not_told() -> None:
    with pytest.raises(ConfigError) as refused:
        read([], {"POLYPARSE_PROT": "hunter22"})
    assert str(refused.value) == "POLYPARSE_PROT: found an unknown variable, expected POLYPARSE_PORT"


def test_an_unknown_flag_is_refused() -> None:
    with pytest.raises(ConfigError, match="unrecognized arguments: --prot 80"):
        read(["--prot", "80"], {})


@pytest.mark.parametrize(
    ("argv", "environ"), [(["--lanes", "3"], {}), ([], {"POLYPARSE_LANES": "3"})], ids=["flag", "variable"]
)
def test_a_setting_is_given_by_its_former_name_too(argv: list[str], environ: dict[str, str]) -> None:
    assert read(argv, environ) == Settings(threads=3)


def test_the_present_name_wins_over_the_former_one_and_a_flag_of_either_over_a_variable() -> None:
    environ = {"POLYPARSE_LANES": "2", "POLYPARSE_THREADS": "3"}
    assert read([], environ) == Settings(threads=3)
    assert read(["--lanes", "4"], environ) == Settings(threads=4)
    assert read(["--threads", "5", "--lanes", "4"], environ) == Settings(threads=5)


def test_a_bad_value_by_a_former_name_is_refused_by_that_name() -> None:
    with pytest.raises(ConfigError, match=r"^POLYPARSE_LANES: found '0', expected auto or an integer"):
        read([], {"POLYPARSE_LANES": "0"})
    with pytest.raises(ConfigError, match=r"^--lanes: found '0', expected auto or an integer"):
        read(["--lanes", "0"], {})


def test_a_former_name_is_in_no_table_and_no_help() -> None:
    (row,) = [row for row in table() if row.former is not None]
    assert (row.name, row.former) == ("threads", "lanes")
    assert "lanes" not in (parser().format_help() + markdown()).lower()


def test_help_has_every_setting() -> None:
    text = re.sub(r"\s+", " ", parser().format_help())
    for row in table():
        assert f"{row.flag} VALUE" in text
        assert f"{row.meaning}; {row.type.expected} (default: {row.default}; {row.variable})" in text
    assert len(table()) == len(vars(Settings()))


def test_every_default_is_a_value_that_its_own_flag_takes() -> None:
    shown = {row.name: row for row in table() if row.name != "model"}
    for name, row in shown.items():
        assert read([row.flag, row.default], {}) == Settings(), name


def test_the_readme_shows_the_table() -> None:
    lines = README.read_text(encoding="utf-8").splitlines()
    missing = [row for row in markdown().splitlines() if row not in lines]
    assert not missing, "README.md lacks\n" + "\n".join(missing)


def test_a_service_of_our_name_is_no_setting_and_no_reason_to_refuse() -> None:
    """Kubernetes tells every container of its namespace's Services by such variables."""
    environ = {
        "POLYPARSE_SERVICE_HOST": "10.0.0.1",
        "POLYPARSE_SERVICE_PORT": "80",
        "POLYPARSE_PORT": "tcp://10.0.0.1:80",
        "POLYPARSE_PORT_80_TCP_ADDR": "10.0.0.1",
        "POLYPARSE_ADMIN_SERVICE_HOST": "10.0.0.2",
    }
    assert read([], environ) == Settings()
    assert read(["--port", "9000"], environ) == Settings(port=9000)
    with pytest.raises(ConfigError, match="POLYPARSE_PROT"):
        read([], environ | {"POLYPARSE_PROT": "80"})


@pytest.mark.parametrize("name", ["request_timeout_s", "probe_timeout_s", "hang_timeout_s"])
def test_no_time_at_all_is_refused_where_nothing_could_be_done_in_it(name: str) -> None:
    with pytest.raises(ConfigError, match=f"{flag(name)}: found '0', expected seconds from "):
        read([flag(name), "0"], {})
