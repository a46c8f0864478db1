"""How mistakes are shown."""

from config.problems import ConfigProblem, ConfigProblems


def test_a_line_names_file_key_message_and_suggestion() -> None:
    problem = ConfigProblem("queues.toml", "orders.medium", '"phone" is not known', "known: voice")
    assert str(problem) == 'queues.toml: orders.medium: "phone" is not known (known: voice)'
    assert str(ConfigProblem("site.toml", "", "the file is missing")) == "site.toml: the file is missing"


def test_the_error_lists_them_all() -> None:
    one = ConfigProblem("a.toml", "x", "is missing")
    assert str(ConfigProblems("demo", (one,))) == "the site demo has 1 mistake:\n  a.toml: x: is missing"
    assert "2 mistakes" in str(ConfigProblems("demo", (one, one)))
