/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every record of a feed, once and in order, from any point on: out of the journal what the lane has no more, then live.
 *
 *	cc follow.c $(pkg-config --cflags --libs vega-store) -o follow
 *	./follow REGION FEED [GENERATION POSITION]
 *
 * Begins with the first record of the running capture, or where an earlier run ended. Prints a line a record: generation, position, time
 * in ns (0: none), kind, its four words; "... missing N why" for N records that nobody has; "... begins" for the next capture.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <store/vega_follow.h>

static void
print_records(const struct vega_follow_batch *batch)
{
	struct vega_record_clock clock = batch->clock;

	for (uint32_t i = 0; i < batch->cnt; i++) {
		const union vega_record *r = &batch->records[i];

		printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %u %016" PRIx64 " %016" PRIx64
		       " %016" PRIx64 " %016" PRIx64 "\n",
			batch->generation, batch->position + i, vega_record_ns(&clock, r),
			vega_record_kind(r), r->word[0], r->word[1], r->word[2], r->word[3]);
	}
}

static void
print_batch(const struct vega_follow_batch *batch)
{
	if (batch->what == VEGA_FOLLOW_RECORDS)
		print_records(batch);
	else if (batch->what == VEGA_FOLLOW_MISSING)
		printf("%" PRIu64 " %" PRIu64 " missing %" PRIu64 " %s\n", batch->generation,
			batch->position, batch->next - batch->position,
			vega_follow_why_name(batch->why));
	else
		printf("%" PRIu64 " 0 begins\n", batch->generation);
}

static int
follow(struct vega_follow *from)
{
	struct vega_follow_batch batch;
	int rc;

	while ((rc = vega_follow_next(from, &batch)) >= 0)
		if (rc == 1) {
			print_batch(&batch);
		} else {
			fflush(stdout);
			vega_follow_wait(from, 100000000);
		}
	return rc;
}

int
main(int argc, char **argv)
{
	struct vega_follow_start start = {VEGA_FOLLOW_OLDEST, 0, 0};
	struct vega_follow *from;
	int rc;

	if (argc != 3 && argc != 5) {
		fprintf(stderr, "usage: %s REGION FEED [GENERATION POSITION]\n", argv[0]);
		return 64;
	}
	if (argc == 5) {
		start.from = VEGA_FOLLOW_POSITION;
		start.generation = strtoull(argv[3], NULL, 10);
		start.value = strtoull(argv[4], NULL, 10);
	}
	rc = vega_follow_open(argv[1], argv[2], &start, NULL, &from);
	if (rc == 0)
		(void)follow(from);
	fprintf(stderr, "%s: %s\n", argv[0], vega_bus_error());
	return 65;
}
