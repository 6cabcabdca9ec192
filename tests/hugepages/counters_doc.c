/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Prints docs/COUNTERS.md from the counter lists; with a file's name, compares that file with what it would print.
 *
 *	build/tests/hugepages/counters_doc >docs/COUNTERS.md
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hugepages/counters.h"

static void
print(FILE *out)
{
	(void)fputs(
		"# Counters\n\n"
		"Printed by `tests/hugepages/counters_doc.c` from the lists in "
		"`hugepages/vega_counters.h`; a test\n"
		"compares. `vega-bus stat --json` has every one of them under its name.\n\n"
		"Two ledgers hold at the end of every capture:\n\n"
		"- packets received = published + every `drop_*`, those of the ports included;\n"
		"- packets published = framed + every `lost_*`.\n\n"
		"A frame that storage lost (`lost_disk`) was framed first: the sums that `vega-bus "
		"stat` and\n"
		"`vega-capture` print count it as lost, and take it off `packets_framed`.\n",
		out);
	for (enum vega_group group = 0; group < VEGA_GROUP_CNT; group++) {
		const struct vega_counter_group *g = &vega_counter_groups[group];

		(void)fprintf(out, "\n## %s\n\n%s\n\n| counter | what it says |\n| --- | --- |\n",
			g->title, g->writer);
		for (uint32_t i = 0; i < g->counter_cnt; i++)
			(void)fprintf(
				out, "| `%s` | %s |\n", g->counters[i].name, g->counters[i].doc);
	}
}

int
main(int argc, char **argv)
{
	char *wanted = NULL;
	char found[65536];
	size_t wanted_bytes = 0;
	size_t found_bytes;
	FILE *out = argc == 2 ? open_memstream(&wanted, &wanted_bytes) : stdout;
	FILE *file;
	int same;

	if (out == NULL)
		return 1;
	print(out);
	if (argc != 2)
		return fflush(out) != 0;
	(void)fclose(out);
	file = fopen(argv[1], "r");
	found_bytes = file != NULL ? fread(found, 1, sizeof(found), file) : 0;
	if (file != NULL)
		(void)fclose(file);
	same = found_bytes == wanted_bytes && memcmp(found, wanted, wanted_bytes) == 0;
	free(wanted);
	if (!same)
		(void)printf(
			"need %s as the counter lists print it, found other text; run %s >%s\n",
			argv[1], argv[0], argv[1]);
	return !same;
}
