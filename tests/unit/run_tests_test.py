# SPDX-License-Identifier: Apache-2.0
"""Does ./test count what really happened? A sum that hides a failure is worse than none."""
import importlib.util
import pathlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SPECIFICATION = importlib.util.spec_from_file_location("run_tests", ROOT / "tools" / "run_tests.py")
run_tests = importlib.util.module_from_spec(SPECIFICATION)
SPECIFICATION.loader.exec_module(run_tests)


@pytest.fixture(autouse=True)
def results_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(run_tests, "RESULTS", tmp_path)
    monkeypatch.setattr(run_tests, "ROOT", tmp_path)


def script(folder, name, text):
    path = folder / name
    path.write_text(text)
    path.chmod(0o755)
    return path


def program(folder, xml, status=0):
    return script(folder, "test_played", f"""#!/bin/bash
printf '%s' '{xml}' > "${{1#--gtest_output=xml:}}"
exit {status}
""")


def counted(outcome):
    return outcome.passed, len(outcome.failures)


def test_googletest_results_are_counted_case_by_case(tmp_path):
    xml = ('<testsuites><testsuite><testcase name="a" classname="S" status="run" result="completed"/>'
           '<testcase name="b" classname="S" status="run" result="completed"><failure message="no"/></testcase>'
           '<testcase name="c" classname="S" status="run" result="skipped"><skipped/></testcase>'
           '<testcase name="d" classname="S" status="notrun" result="suppressed"/></testsuite></testsuites>')
    outcome = run_tests.run_unit(program(tmp_path, xml, 1))
    assert counted(outcome) == (1, 3)
    assert outcome.failures == ["S.b", "S.c was skipped", "S.d was skipped"]


def test_a_program_that_passes_everything_and_then_crashes_has_failed(tmp_path):
    xml = '<testsuites><testcase name="a" classname="S" status="run" result="completed"/></testsuites>'
    assert counted(run_tests.run_unit(program(tmp_path, xml, 0))) == (1, 0)
    assert counted(run_tests.run_unit(program(tmp_path, xml, 139))) == (1, 1)


@pytest.mark.parametrize("xml", ["", "<testsuites", "<testsuites/>"])
def test_a_program_that_runs_nothing_has_failed(tmp_path, xml):
    assert counted(run_tests.run_unit(program(tmp_path, xml, 0))) == (0, 1)


def test_a_program_that_hangs_is_ended_and_has_failed(tmp_path, monkeypatch):
    monkeypatch.setattr(run_tests, "SECONDS_A_RUNNER", 0.3)
    outcome = run_tests.run_unit(script(tmp_path, "test_played", "#!/bin/bash\nsleep 60\n"))
    assert counted(outcome) == (0, 1) and "did not end" in outcome.failures[0]


def test_pytest_results_are_counted_case_by_case(tmp_path):
    file = tmp_path / "test_played.py"
    file.write_text("import pytest\ndef test_a(): pass\ndef test_b(): assert 0\ndef test_c(): pytest.skip('no')\n"
                    "@pytest.fixture\ndef broken(): raise ValueError\ndef test_d(broken): pass\n")
    assert counted(run_tests.run_pytest(file)) == (1, 3)


def test_a_test_file_that_does_not_load_has_failed(tmp_path):
    file = tmp_path / "test_played.py"
    file.write_text("import no_such_module\n")
    passed, failed = counted(run_tests.run_pytest(file))
    assert passed == 0 and failed >= 1


def seeds(tmp_path):
    folder = tmp_path / "tests" / "fuzz" / "corpus" / "played"
    folder.mkdir(parents=True)
    (folder / "seed").write_bytes(b"x")


def test_a_fuzz_target_counts_once(tmp_path):
    seeds(tmp_path)
    assert counted(run_tests.run_fuzz(script(tmp_path, "played_fuzz", "#!/bin/bash\necho '#2 INITED'\n"))) == (1, 0)


@pytest.mark.parametrize("text", ["echo '#2 INITED'; exit 77", "true"])
def test_a_fuzz_target_that_crashes_or_executes_nothing_has_failed(tmp_path, text):
    seeds(tmp_path)
    assert counted(run_tests.run_fuzz(script(tmp_path, "played_fuzz", f"#!/bin/bash\n{text}\n"))) == (0, 1)


def test_a_fuzz_target_without_seeds_has_failed(tmp_path):
    assert counted(run_tests.run_fuzz(script(tmp_path, "played_fuzz", "#!/bin/bash\necho '#2'\n"))) == (0, 1)


@pytest.mark.parametrize("of_seeds, of_fuzzing, expected",
                         [(0, 77, (1, 0)), (0, 0, (0, 1)), (0, 1, (0, 1)), (77, 77, (0, 1))])
def test_a_planted_bug_must_be_found_but_not_by_the_seeds(tmp_path, of_seeds, of_fuzzing, expected):
    seeds(tmp_path)
    target = script(tmp_path, "played_planted_fuzz", f"""#!/bin/bash
echo '#2 INITED'
[ "$1" = -runs=0 ] && exit {of_seeds}
exit {of_fuzzing}
""")
    assert counted(run_tests.run_fuzz(target)) == expected


def test_the_last_line_is_the_sum_and_the_status_follows_it(capsys):
    good, bad = run_tests.Outcome("a", passed=3), run_tests.Outcome("b", passed=1, failures=["x", "y"])
    assert run_tests.sum_up([good], 0) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "3 passed, 0 failed"
    assert run_tests.sum_up([good, bad], 0) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "4 passed, 2 failed"
    assert run_tests.sum_up([], 0) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "0 passed, 1 failed"
