#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Say what a run of `meson test` under scripts/test-wrapper did: a line a suite, what failed, what was left out and why,
and at last one line of counts.

A cmocka program and a Python unittest count by their cases. Any other test counts as one.
"""
import glob
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as xml
from collections import Counter, defaultdict

UNITTEST = re.compile(r'^Ran (\d+) tests? in .*\n+(?:OK|FAILED)(?: \((.*)\))?$', re.M)


def key_of(command):
    """The folder scripts/test-wrapper made for a command: cksum of its words."""
    words = ''.join(word + '\n' for word in command).encode()
    return '-'.join(subprocess.run(['cksum'], input=words, capture_output=True, check=True).stdout.decode().split())


def last_line(test):
    lines = ((test.get('stdout') or '').strip() or (test.get('stderr') or '').strip()).splitlines()
    return lines[-1].strip() if lines else 'it gave no reason'


def cases_of(folder):
    """(passed, failed, skipped, names of failed, names of skipped) of a cmocka program's XML; None when it left none."""
    tally, failed, skipped = Counter(), [], []
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        try:
            root = xml.parse(os.path.join(folder, name)).getroot()
        except xml.ParseError:
            return None  # it died while writing
        for case in root.iter('testcase'):
            if case.find('failure') is not None or case.find('error') is not None:
                failed.append(case.get('name'))
            elif case.find('skipped') is not None:
                skipped.append(case.get('name'))
            else:
                tally['passed'] += 1
    if not (tally or failed or skipped):
        return None
    return tally['passed'], len(failed), len(skipped), failed, skipped


def count(test, results):
    """(passed, failed, skipped, lines worth saying) of one meson test."""
    (_, name), result = suite_and_name(test), test['result']
    wrapped = [i for i, word in enumerate(test['command']) if word.endswith('test-wrapper')]
    command = test['command'][wrapped[0] + 1:] if wrapped else test['command']
    cases = cases_of(os.path.join(results, key_of(command)))
    good = result in ('OK', 'EXPECTEDFAIL')
    if result == 'SKIP':
        return 0, 0, 1, [f'skipped {name}: {last_line(test)}']
    if cases:
        passed, failed, skipped, failed_names, skipped_names = cases
        lines = [f'FAILED  {name}: {case}' for case in failed_names]
        lines += [f'skipped {name}: {case}' for case in skipped_names]
        if not good and failed == 0:
            failed, lines = 1, lines + [f'FAILED  {name}: {result.lower()} after its cases']
        return passed, failed, skipped, lines
    own = UNITTEST.search(test.get('stderr') or test.get('stdout') or '')
    if own and int(own.group(1)):
        causes = {cause: int(cnt) for cause, cnt in re.findall(r'(\w+)=(\d+)', own.group(2) or '')}
        failed = causes.get('failures', 0) + causes.get('errors', 0)
        skipped = causes.get('skipped', 0)
        lines = [f'FAILED  {name}: {line}' for line in re.findall(r'^(?:FAIL|ERROR): (.*)', test.get('stderr') or '', re.M)]
        lines += [f'skipped {name}: {line}' for line in re.findall(r'skipped (.*)$', test.get('stderr') or '', re.M)]
        return int(own.group(1)) - failed - skipped, max(failed, 0 if good else 1), skipped, lines
    if good:
        return 1, 0, 0, []
    return 0, 1, 0, [f'FAILED  {name}: {result.lower()}, last line: {last_line(test)}']


def suite_and_name(test):
    """meson names a test "project:suite+suite / name"; the first suite is the kind of test."""
    suites, found, name = test['name'].rpartition(' / ')
    return (suites.split(':')[-1].split('+')[0], name) if found else ('other', test['name'])


def main():
    build, results = sys.argv[1:3]
    # meson names its log after the setup and the wrapper; scripts/test removed those of earlier runs.
    log = next(glob.iglob(os.path.join(build, 'meson-logs', 'testlog*.json')), None)
    tests = [json.loads(line) for line in open(log, encoding='utf-8')] if log else []
    suites, said, total = defaultdict(Counter), [], Counter()
    for test in tests:
        passed, failed, skipped, lines = count(test, results)
        tally = Counter(passed=passed, failed=failed, skipped=skipped)
        suites[suite_and_name(test)[0]].update(tally)
        total.update(tally)
        said += lines
    for suite in sorted(suites):
        c = suites[suite]
        print(f"{suite:10} {c['passed']:6} passed {c['failed']:6} failed {c['skipped']:6} skipped")
    for line, times in sorted(Counter(said).items()):
        print(line + (f' ({times} times)' if times > 1 else ''))
    if total['failed']:
        print(f'the whole output of each: {log.removesuffix(".json")}.txt')
    if not tests:
        print(f'no test ran; see {os.path.join(build, "test.log")}')
    print(f"{total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped")
    return 1 if total['failed'] or total['passed'] == 0 else 0


if __name__ == '__main__':
    sys.exit(main())
