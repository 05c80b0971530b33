"""The line that `make bench` passes on."""

from bench import run


def test_the_name_comes_first_and_the_figures_stay() -> None:
    assert run.named("join", '{"join_ms_median": 98.8}\n') == '{"bench": "join", "join_ms_median": 98.8}'


def test_notes_on_standard_output_are_passed_over() -> None:
    assert (
        run.named("soak", 'Installing janus …\n{"bench": "soak", "hangs": 0}\n7\n') == '{"bench": "soak", "hangs": 0}'
    )


def test_a_bench_that_says_nothing_has_failed() -> None:
    assert run.named("soak", "Traceback …\n") is None
    assert run.named("soak", "") is None


def test_every_bench_is_there() -> None:
    assert all((run.HERE / f"{name}.py").is_file() for name in run.BENCHES)
