/* SPDX-License-Identifier: BSD-3-Clause */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

#define INPUT_BYTES_MAX  65536u
#define PREFIX_BYTES_MAX 2048u /* above it, prefixes in steps */

/* From a buffer of exactly that size, so that a sanitizer sees a byte too far. */
static void
run_bytes(const uint8_t *data, size_t bytes)
{
	uint8_t *copy = malloc(bytes != 0 ? bytes : 1);

	FUZZ_CHECK(copy != NULL);
	memcpy(copy, data, bytes);
	(void)LLVMFuzzerTestOneInput(copy, bytes);
	free(copy);
}

static void
run_file(const char *folder, const char *name)
{
	static uint8_t data[INPUT_BYTES_MAX];
	char path[4096];
	size_t bytes;
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "rbe");
	FUZZ_CHECK(file != NULL);
	bytes = fread(data, 1, sizeof(data), file);
	(void)fclose(file);
	for (size_t n = 0; n < bytes; n += n < PREFIX_BYTES_MAX ? 1 : 509)
		run_bytes(data, n);
	run_bytes(data, bytes);
}

int
main(int argc, char **argv)
{
	DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
	const struct dirent *entry;
	unsigned cnt = 0;

	if (folder == NULL) {
		(void)fprintf(stderr, "Usage: %s CORPUS_FOLDER\n", argv[0]);
		return 64;
	}
	while ((entry = readdir(folder)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		run_file(argv[1], entry->d_name);
		cnt++;
	}
	(void)closedir(folder);
	(void)printf("%u inputs and their prefixes\n", cnt);
	return cnt != 0 ? 0 : 1;
}
