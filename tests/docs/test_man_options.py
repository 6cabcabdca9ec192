#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Each man page has the options of its program, as --help prints them: all of them, and no other. A verb's SYNOPSIS has those of the verb.

    test_man_options.py MAN_FOLDER PROGRAM...
"""
import os
import re
import subprocess
import sys

EVERYWHERE = {'help', 'usage', 'version'}  # argp's own
HELP_OPTION = re.compile(r'^ +(?:-\w, +)?--([a-z][a-z0-9-]*)', re.M)
HELP_SHORT = re.compile(r'^ +-(\w), +--([a-z][a-z0-9-]*)', re.M)
HELP_VERB = re.compile(r'^  ([a-z]+) +\S', re.M)
MAN_LONG = re.compile(r'(?<![\w-])-([a-z][a-z0-9-]+)')
MAN_SHORT = re.compile(r'\bFl (\w)\b')


def text_of(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def flags(lines, short):
    """Long names of the options that lines of mdoc mark with Fl: `Fl -speed`, `Fl s , -speed`, `Fl o` by its long name."""
    marked = '\n'.join(line for line in lines if 'Fl ' in line)
    return set(MAN_LONG.findall(marked)) | {short[letter] for letter in MAN_SHORT.findall(marked) if letter in short}


def synopses(page):
    """Flags' lines by verb; "ls | info" is of both. A page without verbs has one, None."""
    lines = page.split('.Sh SYNOPSIS\n')[1].split('.Sh ')[0].split('\n')
    verbs, of = [], {}
    for line in lines:
        if line == '.Nm':
            verbs = []
        elif line.startswith('.Cm ') and not verbs:
            verbs = re.findall(r'[a-z]+', line[4:])
        for verb in verbs or [None]:
            of.setdefault(verb, []).append(line)
    return of


def faults(folder, program):
    name = os.path.basename(program)
    path = next(os.path.join(folder, p) for p in os.listdir(folder) if p.startswith(name + '.') and p[-1] in '18')
    with open(path, encoding='utf-8') as file:
        page = file.read()
    top = text_of(program, '--help')
    verbs = HELP_VERB.findall(top) if ' VERB ' in top else []
    helps = {verb: text_of(program, verb, '--help') for verb in verbs} or {None: top}
    short = {s: long for text in helps.values() for s, long in HELP_SHORT.findall(text)}
    real = {verb: set(HELP_OPTION.findall(text)) - EVERYWHERE for verb, text in helps.items()}
    every = set().union(*real.values())
    told = flags(re.findall(r'^\.It (Fl .*)$', page, re.M), short)
    yield from (f'{path}: tells nothing of --{option}' for option in sorted(every - told))
    named = flags(page.split('\n'), short)
    yield from (f'{path}: --{option}: {name} has no such option' for option in sorted(named - every))
    for verb, lines in synopses(page).items() if verbs else ():
        if verb is None:
            continue
        for option in sorted(flags(lines, short) ^ real.get(verb, set())):
            yield f'{path}: SYNOPSIS: {verb}: --{option}: only {"the program" if option in real.get(verb, ()) else "the page"} has it'
    yield from (f'{path}: SYNOPSIS: no {verb}' for verb in sorted(set(verbs) - set(synopses(page))))


def main():
    found = [line for program in sys.argv[2:] for line in faults(sys.argv[1], program)]
    print('\n'.join(found), end='\n' if found else '')
    return 1 if found or len(sys.argv) < 3 else 0


if __name__ == '__main__':
    sys.exit(main())
