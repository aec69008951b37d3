"""`facelens bench`: the benchmarks of a checkout, listed and run."""

from facelens.commands import bench, main


def test_bench_lists_what_can_be_measured(capsys):
    assert main.main(["bench"]) == 0
    listed = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert "every stage of the road" in listed["road"]
    assert {"measure", "readme"}.isdisjoint(listed)  # which measure nothing


def test_bench_runs_what_it_is_told_and_hands_on_the_rest(monkeypatch, tmp_path, capfd):
    script = tmp_path / "echo.py"
    script.write_text("import sys; print(sys.argv[1:]); sys.exit(len(sys.argv) - 1)")
    monkeypatch.setattr(bench, "_benchmarks", lambda: {"echo": (script, "says what it hears")})
    assert main.main(["bench", "echo", "echo"]) == 0
    assert main.main(["bench", "echo", "--", "loose", "--limit"]) == 2
    assert capfd.readouterr().out.splitlines() == ["[]", "[]", "['loose', '--limit']"]
    assert main.main(["bench", "nonsense"]) == 2
    assert "no benchmark 'nonsense'" in capfd.readouterr().err


def test_bench_without_a_checkout_is_a_sentence(monkeypatch, tmp_path, capsys):
    place = tmp_path / "site-packages" / "facelens" / "commands" / "bench.py"
    monkeypatch.setattr(bench, "__file__", str(place))
    assert main.main(["bench"]) == 2
    assert "come with a checkout" in capsys.readouterr().err
