/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_TESTS_FUZZ_H
#define VEGA_TESTS_FUZZ_H
/*
 * A fuzz target is one function. With -Dfuzz=true (clang) libFuzzer calls it; otherwise run_corpus.c does, with every file of
 * corpus/ and every prefix of each.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* What must hold for any input; kept in release builds. */
#define FUZZ_CHECK(condition)     \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

#endif
