#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Builds and runs every test and sums them: GoogleTest programs, pytest files, libFuzzer targets. The last line printed is
`N passed, N failed`. A skipped test counts as failed, and so does a runner that crashes, hangs or runs nothing."""
import argparse
import concurrent.futures
import dataclasses
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
FUZZ_BUILD = ROOT / "build-fuzz"
RESULTS = BUILD / "test-results"
LONG = ROOT / "tests" / "long"
SECONDS_A_RUNNER = 900
SECONDS_A_FUZZ_TARGET = int(os.environ.get("COFFER_FUZZ_SECONDS", "3"))
SECONDS_FOR_A_PLANTED_BUG = max(SECONDS_A_FUZZ_TARGET, 180)  # at most: it ends when it has found it
PLANTED = "_planted_fuzz"
CRASH_OF_A_FUZZ_TARGET = 77  # libFuzzer's exit status
JOBS = max(1, min(4, os.cpu_count() or 1))


@dataclasses.dataclass
class Outcome:
    name: str
    passed: int = 0
    failures: list = dataclasses.field(default_factory=list)  # a line each
    seconds: float = 0.0
    log: pathlib.Path = None


def run_logged(command, log, seconds, **options):
    """Exit status of the command, its output in `log`; None when it had to be killed after `seconds`."""
    with open(log, "wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd=ROOT,
                                   start_new_session=True, **options)
        try:
            return process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            try:  # also what it left behind in its process group
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()


def ended(status):
    if status is None:
        return f"did not end within {SECONDS_A_RUNNER} s"
    return f"died of signal {-status}" if status < 0 else f"ended with exit status {status}"


def count_results(outcome, results, status):
    """Adds the test cases of a JUnit or GoogleTest XML file."""
    cases = []
    try:
        cases = list(ElementTree.parse(results).iter("testcase"))
    except (OSError, ElementTree.ParseError):
        pass
    for case in cases:
        name = f'{case.get("classname")}.{case.get("name")}'
        tags = {child.tag for child in case}
        if tags & {"failure", "error"}:
            outcome.failures.append(name)
        elif "skipped" in tags or case.get("result") == "skipped" or case.get("status") == "notrun":
            outcome.failures.append(f"{name} was skipped")
        else:
            outcome.passed += 1
    if not cases:
        outcome.failures.append(f"ran no test and {ended(status)}")
    elif status != 0 and not outcome.failures:
        outcome.failures.append(ended(status))
    return outcome


def results_file(name, ending):
    return RESULTS / (re.sub(r"[^A-Za-z0-9_.-]+", "_", name) + ending)


def run_unit(program):
    name = f"unit/{program.name}"
    outcome = Outcome(name, log=results_file(name, ".log"))
    results = results_file(name, ".xml")
    status = run_logged([program, f"--gtest_output=xml:{results}", "--gtest_color=no", "--gtest_brief=1"], outcome.log,
                        SECONDS_A_RUNNER)
    return count_results(outcome, results, status)


def run_pytest(file):
    name = str(file.relative_to(ROOT))
    outcome = Outcome(name, log=results_file(name, ".log"))
    results = results_file(name, ".xml")
    environment = {**os.environ, "COFFER_BUILD": str(BUILD), "PYTHONDONTWRITEBYTECODE": "1"}
    status = run_logged(["/usr/bin/python3", "-m", "pytest", "-q", "-rfEs", "--color=no", "-p", "no:cacheprovider",
                         f"--junitxml={results}", file], outcome.log, SECONDS_A_RUNNER, env=environment)
    return count_results(outcome, results, status)


def run_fuzz(target):
    """The seed corpus, then a few seconds of fuzzing from it. A target with `planted` in its name has a bug planted in it
    that the seeds alone do not meet and that must be found."""
    name = f"fuzz/{target.name}"
    outcome = Outcome(name, log=results_file(name, ".log"))
    planted = target.name.endswith(PLANTED)
    subject = target.name.removesuffix(PLANTED if planted else "_fuzz")
    seeds = ROOT / "tests" / "fuzz" / "corpus" / subject
    if not (seeds.is_dir() and any(seeds.iterdir())):
        outcome.failures.append(f"no seed corpus in {seeds.relative_to(ROOT)}")
        return outcome
    dictionary = ROOT / "tests" / "fuzz" / f"{subject}.dict"
    options = ["-timeout=10", "-rss_limit_mb=2048", f"-artifact_prefix={RESULTS}/{target.name}-",
               *([f"-dict={dictionary}"] if dictionary.exists() else [])]
    if planted and run_logged([target, "-runs=0", *options, seeds], outcome.log, 120) != 0:
        outcome.failures.append("the seeds alone meet the planted bug")
        return outcome
    seconds = SECONDS_FOR_A_PLANTED_BUG if planted else SECONDS_A_FUZZ_TARGET
    with tempfile.TemporaryDirectory(prefix="coffer-fuzz-") as scratch:
        status = run_logged([target, f"-max_total_time={seconds}", *options, scratch, seeds], outcome.log, seconds + 120)
    executions = re.findall(r"^#(\d+)", outcome.log.read_text(errors="replace"), re.MULTILINE)
    if planted and status != CRASH_OF_A_FUZZ_TARGET:
        outcome.failures.append("the planted bug was not found")
    elif not planted and status != 0:
        outcome.failures.append(ended(status))
    elif not executions:
        outcome.failures.append("executed nothing")
    else:
        outcome.passed = 1
    return outcome


def timed(function, *arguments):
    started = time.monotonic()
    outcome = function(*arguments)
    outcome.seconds = time.monotonic() - started
    return outcome


def show(outcome):
    verdict = "ok  " if not outcome.failures else "FAIL"
    failed = f", {len(outcome.failures)} failed" if outcome.failures else ""
    print(f"{verdict} {outcome.name:<46} {outcome.passed:>5} passed{failed}  {outcome.seconds:7.1f} s", flush=True)
    if outcome.failures and outcome.log and outcome.log.exists():
        lines = outcome.log.read_text(errors="replace").splitlines()[-60:]
        print("\n".join("  | " + line[:300] for line in lines), flush=True)


def build(preset, folder, target, *options):
    outcome = Outcome(f"build/{preset}", log=RESULTS / f"build-{preset}.log")
    status = run_logged(["bash", "-c", 'cmake --preset "$0" "${@:4}" && cmake --build "$1" --parallel "$3" --target "$2"',
                         preset, folder, target, str(JOBS), *options],
                        outcome.log, 3600)
    if status != 0:
        outcome.failures.append(f"the build {ended(status)}")
    return outcome


def runners(only):
    """(name, function, argument) of each, those that take longest first, so that no core waits at the end."""
    chosen = []
    for program in BUILD.glob("test_*"):
        if program.is_file() and os.access(program, os.X_OK):
            chosen.append((f"unit/{program.name}", run_unit, program))
    for file in (ROOT / "tests").rglob("*test*.py"):
        if (file.name.startswith("test_") or file.name.endswith("_test.py")) and LONG not in file.parents:
            chosen.append((str(file.relative_to(ROOT)), run_pytest, file))
    slow = ("tests/leak/", "tests/crash/", "tests/interop/")
    chosen.sort(key=lambda runner: (not runner[0].startswith(slow), runner[0]))
    return [runner for runner in chosen if only is None or re.search(only, runner[0])]


def stale_programs():
    """A program whose sources are gone must not be run for ever from an old build."""
    listed = subprocess.run(["ninja", "-C", BUILD, "-t", "targets", "all"], capture_output=True, text=True, check=True)
    built = set(re.findall(r"^(test_\w+): CXX_EXECUTABLE_LINKER", listed.stdout, re.MULTILINE))
    for program in BUILD.glob("test_*"):
        if program.is_file() and program.name not in built:
            program.unlink()


def run_all(chosen):
    outcomes = []
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        pending = [pool.submit(timed, function, argument) for _, function, argument in chosen]
        for done in concurrent.futures.as_completed(pending):
            outcomes.append(done.result())
            show(outcomes[-1])
    return outcomes


def sum_up(outcomes, started):
    failures = [(outcome.name, line) for outcome in outcomes for line in outcome.failures]
    passed = sum(outcome.passed for outcome in outcomes)
    if passed == 0 and not failures:
        failures.append(("./test", "nothing was run"))
    if failures:
        print("\nFailed:")
        for name, line in failures:
            print(f"  {name}: {line}")
    print(f"\n{len(outcomes)} runners in {time.monotonic() - started:.0f} s; logs and XML in {RESULTS.relative_to(ROOT)}/")
    print(f"{passed} passed, {len(failures)} failed", flush=True)
    return 1 if failures else 0


def run_long(name, arguments, started):
    suites = sorted(path.name for path in LONG.iterdir() if os.access(path, os.X_OK) and path.is_file()) \
        if LONG.is_dir() else []
    if name == "list":
        print("\n".join(suites) or "there are no long suites yet")
        return 0
    if name not in suites:
        print(f"there is no long suite {name}; there is: {' '.join(suites) or 'none'}", file=sys.stderr)
        return 2
    outcome = timed(build, "release", "build", "all", "-DCOFFER_TESTS=ON")
    show(outcome)
    if not outcome.failures:
        outcome = Outcome(f"long/{name}")
        status = subprocess.run([LONG / name, *arguments], cwd=ROOT, env={**os.environ, "COFFER_BUILD": str(BUILD)},
                                check=False).returncode
        if status == 0:
            outcome.passed = 1
        else:
            outcome.failures.append(ended(status))
    return sum_up([outcome], started)


def main():
    arguments = argparse.ArgumentParser(prog="./test", description=__doc__)
    arguments.add_argument("--only", metavar="PATTERN", help="only runners whose name matches this regular expression")
    arguments.add_argument("--long", nargs=argparse.REMAINDER, metavar="NAME", help="a long suite; `list` lists them")
    options = arguments.parse_args()
    started = time.monotonic()
    RESULTS.mkdir(parents=True, exist_ok=True)
    if options.long is not None:
        if not options.long:
            arguments.error("--long needs a name, or `list`")
        return run_long(options.long[0], options.long[1:], started)
    shutil.rmtree(RESULTS)
    RESULTS.mkdir()
    print(f"building with {JOBS} jobs", flush=True)
    outcomes = []
    if options.only is None or not options.only.startswith("fuzz"):
        outcomes.append(timed(build, "release", "build", "all", "-DCOFFER_TESTS=ON"))
        show(outcomes[0])
    if outcomes and not outcomes[0].failures:
        stale_programs()
        outcomes += run_all(runners(options.only))
    has_fuzzers = (ROOT / "tests" / "fuzz" / "CMakeLists.txt").exists()
    if has_fuzzers and (options.only is None or "fuzz" in options.only):
        outcomes.append(timed(build, "fuzz", "build-fuzz", "tests/fuzz/all"))
        show(outcomes[-1])
        if not outcomes[-1].failures:
            targets = sorted(path for path in FUZZ_BUILD.glob("*_fuzz") if path.is_file() and os.access(path, os.X_OK)
                             and (options.only is None or re.search(options.only, f"fuzz/{path.name}")))
            outcomes += run_all([(target.name, run_fuzz, target) for target in targets])
            if not targets:
                outcomes.append(Outcome("fuzz", failures=["there is no fuzz target"]))
    return sum_up(outcomes, started)


if __name__ == "__main__":
    sys.exit(main())
