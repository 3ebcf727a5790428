"""utils/parse_options.sh sets a script's variables as Kaldi's does, and nothing else."""

import shutil
import subprocess
from pathlib import Path

import pytest

PARSE_OPTIONS = Path(__file__).parents[2] / "utils" / "parse_options.sh"
DECLARED = """
nj=4
bic_threshold=0.5
skip_overlap=true
embed_opts=
cmd=run.py
help_message="usage: $0 [--nj N] <dir>\\n  100% free"
"""
LISTED = 'valid_options="nj bic_threshold skip_overlap embed_opts cmd"\n'
SHOW = """
printf '%s\\n' "nj=$nj" "bic_threshold=$bic_threshold" "skip_overlap=$skip_overlap" \\
  "embed_opts=$embed_opts" "cmd=$cmd" "config=$config"
for word in "$@"; do printf 'word=%s\\n' "$word"; done
"""
DEFAULTS = {
    "nj": "4",
    "bic_threshold": "0.5",
    "skip_overlap": "true",
    "embed_opts": "",
    "cmd": "run.py",
    "config": "",
}
VALID = "--nj --bic-threshold --skip-overlap --embed-opts --cmd --config --help"


def run(
    folder: Path, *words: str, declared: str = DECLARED + LISTED, show: str = SHOW
) -> subprocess.CompletedProcess[str]:
    script = folder / "script.sh"
    script.write_text(f"set -euo pipefail\n{declared}\n. '{PARSE_OPTIONS}'\n{show}")
    bash = shutil.which("bash")
    assert bash is not None
    return subprocess.run(
        [bash, "script.sh", *words], cwd=folder, capture_output=True, text=True, timeout=10
    )


def parse(folder: Path, *words: str, declared: str = DECLARED + LISTED) -> dict[str, str]:
    """Return the variables that differ from their defaults; `words` holds the positionals."""
    result = run(folder, *words, declared=declared)
    assert (result.returncode, result.stderr) == (0, "")
    pairs = [line.split("=", 1) for line in result.stdout.splitlines()]
    positionals = " ".join(value for name, value in pairs if name == "word")
    values = {name: value for name, value in pairs if name != "word"}
    changed = {name: value for name, value in values.items() if value != DEFAULTS[name]}
    return {**changed, "words": positionals} if positionals else changed


def refusal(folder: Path, *words: str, declared: str = DECLARED + LISTED) -> str:
    """Return the one line with which the script refuses its command line."""
    result = run(folder, *words, declared=declared)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("script.sh: ")
    return result.stderr.removeprefix("script.sh: ").rstrip("\n")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], {}),
        (["--nj", "8"], {"nj": "8"}),
        (["--nj=8"], {"nj": "8"}),
        (["--bic-threshold", "-5"], {"bic_threshold": "-5"}),
        (["--bic_threshold=-5"], {"bic_threshold": "-5"}),
        (
            ["--bic_threshold", "1", "--nj", "2", "data"],
            {"bic_threshold": "1", "nj": "2", "words": "data"},
        ),
        (["--nj", "1", "--nj=2"], {"nj": "2"}),
        (["--skip-overlap", "false"], {"skip_overlap": "false"}),
        (["--embed-opts", "--dim 3 --lr=0.1"], {"embed_opts": "--dim 3 --lr=0.1"}),
        (["--embed-opts=--dim 3"], {"embed_opts": "--dim 3"}),
        (["--embed-opts", "--nj=3 --dim 2"], {"embed_opts": "--nj=3 --dim 2"}),
        (["--embed-opts", "--dim"], {"embed_opts": "--dim"}),
        (["--embed-opts=--nj"], {"embed_opts": "--nj"}),
        (["--embed-opts", "a=b"], {"embed_opts": "a=b"}),
        (["--embed-opts=a=b"], {"embed_opts": "a=b"}),
        (["--nj", ""], {"nj": ""}),
        (["--nj="], {"nj": ""}),
        (["data", "--nj", "8"], {"words": "data --nj 8"}),
        (["--nj", "8", "--", "--nj", "9"], {"nj": "8", "words": "--nj 9"}),
        (["-x", "--nj", "8"], {"words": "-x --nj 8"}),
        (["a b", "c"], {"words": "a b c"}),
    ],
)
def test_options_set_variables(tmp_path: Path, words: list[str], expected: dict[str, str]) -> None:
    assert parse(tmp_path, *words) == expected


def test_all_variables_are_options_where_none_are_listed(tmp_path: Path) -> None:
    words = ["--bic-threshold", "1", "--embed-opts", "--dim", "--nj=2", "data"]
    expected = {"bic_threshold": "1", "embed_opts": "--dim", "nj": "2", "words": "data"}
    assert parse(tmp_path, *words, declared=DECLARED) == expected


def test_positionals_keep_their_blanks(tmp_path: Path) -> None:
    result = run(tmp_path, "--nj", "8", "a b", "", "*", show='printf "<%s>" "$@"\n')
    assert result.stdout == "<a b><><*>"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--foo", "1"], f"unknown option --foo; valid options are: {VALID}"),
        (["--foo-bar=1"], f"unknown option --foo-bar; valid options are: {VALID}"),
        (["--HOME", "/"], f"unknown option --HOME; valid options are: {VALID}"),
        (["--PATH=/"], f"unknown option --PATH; valid options are: {VALID}"),
        (["--valid-options", "x"], f"unknown option --valid-options; valid options are: {VALID}"),
        (["--=x"], f"unknown option --; valid options are: {VALID}"),
        (
            ["--nj bic_threshold", "1"],
            "unknown option --nj bic_threshold; valid options are: " + VALID,
        ),
        (["--nj"], "option --nj lacks its value"),
        (["--nj", "--skip-overlap", "false"], "option --nj lacks its value"),
        (["--nj", "--help"], "option --nj lacks its value"),
        (["--config"], "option --config lacks its value"),
        (["--config", "missing.conf"], "cannot read the config file 'missing.conf'"),
        (["--config=."], "cannot read the config file '.'"),
        (["--config="], "cannot read the config file ''"),
        (["--skip-overlap", "yes"], "--skip-overlap takes true or false, not 'yes'"),
        (["--skip_overlap="], "--skip-overlap takes true or false, not ''"),
        (["--cmd", ""], "empty argument to --cmd"),
        (["--cmd="], "empty argument to --cmd"),
    ],
)
def test_wrong_usage_is_one_line(tmp_path: Path, words: list[str], message: str) -> None:
    assert refusal(tmp_path, *words) == message


def test_option_must_be_declared_where_none_are_listed(tmp_path: Path) -> None:
    assert refusal(tmp_path, "--foo", "1", declared=DECLARED) == "unknown option --foo"


@pytest.mark.parametrize("declared", [DECLARED, DECLARED + LISTED], ids=["declared", "listed"])
@pytest.mark.parametrize(
    "words",
    [
        ["--nj[$(touch made)]", "1"],
        ["--nj[$(touch made)]=1"],
        ["--nj+x}$(touch made)", "1"],
        ["--nj;touch made;", "1"],
    ],
)
def test_option_names_are_never_run(tmp_path: Path, declared: str, words: list[str]) -> None:
    assert refusal(tmp_path, *words, declared=declared).startswith("unknown option --nj")
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    "value", ["$(touch made)", "`touch made`", '"; touch made; "', "a[$(touch made)]", "\\n%s 'x"]
)
def test_values_are_never_run(tmp_path: Path, value: str) -> None:
    assert parse(tmp_path, "--nj", value, f"--embed-opts={value}") == {
        "nj": value,
        "embed_opts": value,
    }
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    "words",
    [
        ["--nj", "8", "--config", "my.conf"],
        ["--config", "my.conf", "--nj", "8"],
        ["--nj=8", "--config=./my.conf"],
    ],
)
def test_command_line_wins_over_config(tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "my.conf").write_text("nj=16\nbic_threshold=7 # seven\n")
    changed = parse(tmp_path, *words, "data")
    assert Path(changed.pop("config")) == Path("my.conf")
    assert changed == {"nj": "8", "bic_threshold": "7", "words": "data"}


def test_later_config_wins_over_earlier(tmp_path: Path) -> None:
    (tmp_path / "a.conf").write_text("nj=1\nbic_threshold=1\n")
    (tmp_path / "b.conf").write_text("nj=2\n")
    changed = parse(tmp_path, "--config", "a.conf", "--config", "b.conf")
    assert changed == {"nj": "2", "bic_threshold": "1", "config": "b.conf"}


def test_config_without_a_slash_is_not_looked_up_in_path(tmp_path: Path) -> None:
    (tmp_path / "ls").write_text("nj=9\n")
    assert parse(tmp_path, "--config", "ls") == {"nj": "9", "config": "ls"}


def test_config_may_be_a_pipe(tmp_path: Path) -> None:
    run(tmp_path)  # leaves script.sh
    result = subprocess.run(
        ["bash", "-c", "bash script.sh --config <(echo nj=9)"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=10,
    )
    assert result.stdout.startswith("nj=9\n")


def test_config_obeys_the_rules_for_booleans(tmp_path: Path) -> None:
    (tmp_path / "my.conf").write_text("skip_overlap=yes\n")
    message = "--skip-overlap takes true or false, not 'yes'"
    assert refusal(tmp_path, "--config", "my.conf") == message
    assert parse(tmp_path, "--config", "my.conf", "--skip-overlap", "false") == {
        "skip_overlap": "false",
        "config": "my.conf",
    }


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["--nj", "8", "--help", "data"]])
def test_help_goes_to_stderr(tmp_path: Path, words: list[str]) -> None:
    result = run(tmp_path, *words)
    assert (result.returncode, result.stdout) == (0, "")
    assert result.stderr == "usage: script.sh [--nj N] <dir>\n  100% free\n"


def test_help_among_the_positionals_is_left_to_the_script(tmp_path: Path) -> None:
    assert parse(tmp_path, "data", "--help") == {"words": "data --help"}


def test_script_without_help_or_options(tmp_path: Path) -> None:
    result = run(tmp_path, "--help", declared="", show="")
    assert (result.returncode, result.stderr) == (0, "script.sh: no help found\n")
    result = run(tmp_path, "a", declared='valid_options=""', show='echo "$# $1"\n')
    assert (result.stdout, result.stderr) == ("1 a\n", "")


def test_only_config_is_left_behind_in_the_script(tmp_path: Path) -> None:
    names = "{ compgen -v; compgen -A function || true; }"
    result = run(
        tmp_path,
        "--nj",
        "2",
        declared=f"{DECLARED}before=\nbefore=$({names})\n",
        show=f'diff <(echo "$before") <({names}) | grep "^[<>]"\n',
    )
    assert result.stdout.split("\n") == ["> config", ""]
