#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What the tree does not do, each with its reason (docs/STYLE.md).

    scripts/tidy.py             exit 1 and a line for each finding
    scripts/tidy.py --self-test every rule must find its own bad example, and pass its good one
    scripts/tidy.py --advice    functions longer than a screen: to look at, no failure
"""
import re
import sys

import tree

# A library's files: what a main is made of, and DPDK's log, may write to a terminal.
LIBRARY = r'(?!hugepages/base/(cli|err)\.c|capture/(eal|summary|watch)\.c)(hugepages|store|capture|replay)/(?:.*/)?(?!vega-)[^/]*\.c$'
OUR_C = r'(hugepages|store|capture|replay)/.*\.[ch]$'
ALL_C = r'.*\.[ch]$'

# name, where it holds, what is banned (in code: comments and strings are blank), reason, bad example, good example
RULES = [
    ('atoi', ALL_C, r'\b(atoi|atol|atoll|atof)\s*\(', 'it cannot tell 0 from an error; use vega_parse_*',
     'n = atoi(text);', 'rc = vega_parse_u64("n", text, 0, 9, &n);'),
    ('unbounded', ALL_C, r'\b(sprintf|vsprintf|strcpy|gets)\s*\(', 'it does not know how much room there is; use snprintf',
     'strcpy(to, from);', 'snprintf(to, sizeof(to), "%s", from);'),
    ('strtok', ALL_C, r'\bstrtok\s*\(', 'it keeps its state in a global', 'strtok(s, ",");', 'strtok_r(s, ",", &at);'),
    ('volatile', ALL_C, r'(?<!asm )(?<!asm__ )\bvolatile\b', 'it orders nothing between threads; use base/atomic.h',
     'volatile int stop;', '__asm__ volatile("" ::: "memory");'),
    ('print', LIBRARY, r'\b(printf|puts|putchar|perror|stdout|stderr)\b',
     'a library never prints; put the words into VEGA_ERR and let the main print them',
     'printf("lost");', 'return VEGA_ERR(-EIO, "lost");'),
    # In the first a second signal ends the process at once, in the second its end is where output is found to be lost.
    ('exit', r'(?!capture/watch\.c|hugepages/base/cli\.c)' + OUR_C,
     r'(?<![\w.>])(exit|_exit|abort|rte_exit|rte_panic)\s*\(', 'errors go up as -errno; a main returns its status',
     'exit(1);', 'return vega_err_exit("vega-x", rc);'),
    ('attribute', r'(?!hugepages/base/attr\.h).*\.[ch]$', r'__attribute__', 'attributes are spelt once, in base/attr.h',
     'static int x __attribute__((unused));', 'static int x VEGA_UNUSED;'),
    ('typedef', ALL_C, r'\btypedef\s+(struct|union|enum)\b', 'a struct is called by its name',
     'typedef struct x x_t;', 'typedef int (*verb)(int);'),
    ('rte_errno', r'(?!capture/(eal|port|source_port)\.c|replay/dpdk_port\.c).*\.[ch]$', r'\brte_errno\b',
     'it is turned into -errno where DPDK is called', 'return -rte_errno;', 'return -errno;'),
    ('clock', r'(?!hugepages/base/clock\.c|tests/).*\.c$', r'\b(clock_gettime|gettimeofday|usleep|nanosleep)\s*\(',
     'all time comes from base/clock.h, so that a test can set it', 'clock_gettime(CLOCK_REALTIME, &ts);',
     'now_ns = vega_realtime_ns();'),
    ('random', ALL_C, r'(?<![\w.>])(rand|srand|random|srandom)\s*\(', 'a test has a seed that is printed and can be set',
     'x = rand();', 'x = vega_rng_next(&rng);'),
    ('atomics', r'(?!hugepages/base/atomic\.h|tests/).*\.[ch]$', r'\b(__atomic_|__sync_|atomic_\w+\s*\(|memory_order_)',
     'orders are spelt once, in base/atomic.h', '__atomic_load_n(&x, 2);', 'vega_load_acquire(&x); /* R1 */'),
]
ORDERED = re.compile(r'\bvega_(load_acquire|store_release)\s*\(')
LABEL = re.compile(r'(/\*|\*|//).*\b[A-Z]\d')
UNFINISHED = re.compile(r'\b(TO' + r'DO|FIX' + r'ME|XX' + r'X)\b')
FUNCTION = re.compile(r'^(?:static |const |struct |unsigned |inline |VEGA_ALWAYS_INLINE )*[\w *]+\n(\w+)\([^;{]*\)\n\{\n(.*?)^\}',
                      re.M | re.S)
SPLIT = re.compile(r'^\t+(?:const |struct |enum |unsigned )*\w+\n\t+ *\**(\w+)(?:\[\w+\])*;', re.M)
POLLED = re.compile(r'(_poll|_burst|_put)$')
ALLOCATES = re.compile(r'\b(malloc|calloc|realloc|aligned_alloc|posix_memalign|strdup|asprintf|fopen|printf)\s*\(')
NO_SPDX = ('.md', '.txt', '.yaml', '.json', '.csv', '.1', '.5', '.service', '.build', 'LICENSE', '.clang-format', '.clang-tidy',
           '.editorconfig', '.gitignore', '.supp')


def line_of(text, at):
    return text.count('\n', 0, at) + 1


def banned(path, code):
    for name, where, what, why, _, _ in RULES:
        if re.match(where, path):
            for found in re.finditer(what, code):
                yield line_of(code, found.start()), f'{name}: {found.group().strip()}: {why}'


def split_fields(code):
    """clang-format breaks a field in two when its comment is too long for the line."""
    for found in SPLIT.finditer(code):
        yield line_of(code, found.start()) + 1, f'split: {found.group(1)}: put its comment above the field, or make it shorter'


def unlabelled(path, text, code):
    """An acquire or a release names the step of the protocol it is, on its line or one of the two above."""
    if path == 'hugepages/base/atomic.h' or path.startswith('tests/'):
        return
    lines = text.split('\n')
    for found in ORDERED.finditer(code):
        line = line_of(code, found.start())
        if not any(LABEL.search(above) for above in lines[max(0, line - 3):line]):
            yield line, f'label: {found.group(1)} names no step (W1, F2 ...) and no partner; say which it pairs with'


def allocating_polls(path, code):
    if path.startswith('tests/'):
        return
    for function in FUNCTION.finditer(code):
        found = POLLED.search(function.group(1)) and ALLOCATES.search(function.group(2))
        if found:
            yield (line_of(code, function.start(2) + found.start()),
                   f'poll: {function.group(1)} calls {found.group(1)}: a poll function takes no memory and makes no syscall')


def shape(path, text):
    """Rules for every text file."""
    for number, line in enumerate(text.split('\n'), 1):
        if line.endswith((' ', '\t', '\r')):
            yield number, 'space: blank at the end of the line'
        if UNFINISHED.search(line):
            yield number, 'unfinished: finish it, or write an issue'
    if text and not text.endswith('\n'):
        yield text.count('\n') + 1, 'newline: none at the end of the file'
    if not path.endswith(NO_SPDX) and 'SPDX-License-Identifier: BSD-3-Clause' not in text[:200]:
        yield 1, 'licence: the first lines name it: SPDX-License-Identifier: BSD-3-Clause'


def findings(path, text):
    found = list(shape(path, text))
    if path.endswith(('.c', '.h')):
        code = tree.blank(text)
        found += [*banned(path, code), *unlabelled(path, text, code), *allocating_polls(path, code), *split_fields(code)]
    return [f'{path}:{line}: {what}' for line, what in sorted(found)]


def self_test():
    path = 'store/example.c'
    bad = []
    for name, _, _, _, wrong, right in RULES:
        if not any(f': {name}:' in line for line in findings(path, wrong)):
            bad.append(f'{name}: does not find {wrong}')
        if any(f': {name}:' in line for line in findings(path, right)):
            bad.append(f'{name}: finds {right}')
    for name, text in (('label', 'x = vega_load_acquire(&y);\n'), ('space', 'x; \n'), ('newline', 'x;'), ('licence', 'x;\n'),
                       ('unfinished', '/* TO' + 'DO */\n'),
                       ('split', '\tuint64_t\n\t\tx_cnt;\n'), ('poll', 'static int\nx_poll(void)\n{\n\tmalloc(1);\n}\n')):
        if not any(f': {name}:' in line for line in findings(path, text)):
            bad.append(f'{name}: does not find {text!r}')
    if any(': label:' in line for line in findings(path, 'x = vega_load_acquire(&y); /* R1: pairs with W3 */\n')):
        bad.append('label: finds a label')
    return bad


def advice():
    for path in tree.files(('.c', '.h')):
        for function in FUNCTION.finditer(tree.read(path)):
            lines = function.group(2).count('\n')
            if lines > 70:
                yield f'{path}: {function.group(1)}: {lines} lines'


def main():
    if sys.argv[1:] == ['--self-test']:
        found = self_test()
    elif sys.argv[1:] == ['--advice']:
        print('\n'.join(advice()))
        return 0
    else:
        found = [line for path in tree.files() for line in findings(path, tree.read(path))]
    print('\n'.join(found), end='\n' if found else '')
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main())
