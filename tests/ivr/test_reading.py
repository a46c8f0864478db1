"""The table reader: values when right, a problem and a usable value when wrong."""

from ivr.reading import FlowProblem, Table, suggest


def table(**values: object) -> Table:
    return Table(values, "top", [])


def test_suggest_finds_the_close_word_or_names_the_known_ones() -> None:
    assert suggest("ordres", ["orders", "help"]) == 'did you mean "orders"?'
    assert suggest("xyz", ["b", "a"]) == "known: a, b"
    assert suggest("xyz", []) == ""
    assert suggest("!", [f"name{n}" for n in range(20)]).endswith(", ...")


def test_getters_return_the_value_and_leave_no_problem() -> None:
    read = table(text="a", whole=3, part=0.5, flag=True, list=["x"], seconds=1.5, levels={"sales": 4}, sub={"k": "v"})
    assert read.text("text") == "a"
    assert read.integer("whole") == 3
    assert read.number("part") == 0.5
    assert read.number("whole") == 3.0
    assert read.flag("flag", default=False)
    assert read.texts("list") == ("x",)
    assert read.seconds("seconds") == 1_500_000
    assert read.levels("levels", ["sales"]) == (("sales", 4),)
    assert read.table("sub").text("k") == "v"
    read.finish()
    assert read.problems == []


def test_a_missing_key_takes_the_default_or_is_a_problem() -> None:
    read = table()
    assert read.text("a", "default") == "default"
    assert read.integer("b", 4) == 4
    assert read.texts("c", ("x",)) == ("x",)
    assert read.problems == []
    assert read.integer("d", low=1) == 1
    assert read.problems == [FlowProblem("top.d", "is missing: a whole number is expected")]


def test_true_is_not_a_number_and_one_is_not_true() -> None:
    read = table(a=True, b=1, c=True)
    assert read.integer("a", 7) == 7
    assert read.number("c", 2.0) == 2.0
    assert read.flag("b", default=False) is False
    assert [problem.path for problem in read.problems] == ["top.a", "top.c", "top.b"]


def test_names_outside_the_set_are_left_out_and_reported() -> None:
    read = table(teams=["red", "bleu"])
    assert read.names("teams", ["red", "blue"]) == ("red",)
    assert read.problems == [FlowProblem("top.teams[1]", '"bleu" is not known', 'did you mean "blue"?')]


def test_finish_reports_keys_that_nobody_asked_for() -> None:
    read = table(titel="x")
    read.text("title", "")
    read.finish()
    assert read.problems == [FlowProblem("top.titel", "is not a key of this table", 'did you mean "title"?')]
