/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Follow a feed of a running capture, through every capture that takes its name, and go on where an earlier run ended.
 *
 *	cc bus_tail.c $(pkg-config --cflags --libs vega) -o bus_tail
 *	./bus_tail REGION FEED [GENERATION POSITION]
 *
 * Prints a line a record: generation, position, time in ns ("-": none), kind, its four words. A line "... lost N" says that N records
 * before that position were overwritten before they were read.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <hugepages/vega_bus.h>

#define BATCH 256

static void
print_batch(uint64_t generation, const struct vega_bus_batch *batch,
	const union vega_record *records, uint32_t cnt)
{
	if (batch->lost > 0)
		printf("%" PRIu64 " %" PRIu64 " lost %" PRIu64 "\n", generation, batch->position,
			batch->lost);
	for (uint32_t i = 0; i < cnt; i++) {
		const union vega_record *r = &records[i];
		const uint64_t ns = vega_bus_ns(batch, records, i);

		printf("%" PRIu64 " %" PRIu64 " ", generation, batch->position + i);
		if (ns == UINT64_MAX)
			printf("-");
		else
			printf("%" PRIu64, ns);
		printf(" %u %016" PRIx64 " %016" PRIx64 " %016" PRIx64 " %016" PRIx64 "\n",
			vega_record_kind(r), r->word[0], r->word[1], r->word[2], r->word[3]);
	}
	fflush(stdout);
}

/* The capture has ended and all of it is read: wait for the next one. Returns 0, or a negative errno. */
static int
next_capture(struct vega_bus *bus, struct vega_bus_cursor *cursor)
{
	int rc = vega_bus_reattach(bus);

	if (rc == 1)
		return vega_bus_reopen(cursor);
	if (rc == 0 || rc == -ENOENT) {
		vega_bus_wait(cursor, 20000000); /* for 20 ms: nothing comes any more */
		rc = 0;
	}
	return rc;
}

static int
follow(struct vega_bus *bus, struct vega_bus_cursor *cursor)
{
	union vega_record records[BATCH];
	struct vega_bus_batch batch;
	struct vega_bus_position at;
	int rc;

	for (;;) {
		/* Before the read: what is published after the capture has ended is nothing. */
		const enum vega_bus_state state = vega_bus_check(bus);

		rc = vega_bus_read(cursor, records, BATCH, &batch);
		if (rc < 0)
			return rc;
		vega_bus_position(cursor, &at);
		if (rc > 0)
			print_batch(at.generation, &batch, records, (uint32_t)rc);
		else if (state == VEGA_BUS_LIVE)
			vega_bus_wait(cursor, 100000000);
		else if ((rc = next_capture(bus, cursor)) < 0)
			return rc;
	}
}

int
main(int argc, char **argv)
{
	struct vega_bus_cursor *cursor;
	struct vega_bus_info info;
	struct vega_bus *bus;
	enum vega_bus_from from = VEGA_BUS_OLDEST;
	uint64_t position = 0;
	int rc;

	if (argc != 3 && argc != 5) {
		fprintf(stderr, "usage: %s REGION FEED [GENERATION POSITION]\n", argv[0]);
		return 64;
	}
	rc = vega_bus_attach(argv[1], &bus);
	if (rc < 0)
		goto failed;
	vega_bus_info(bus, &info);
	if (argc == 5 && strtoull(argv[3], NULL, 10) == info.generation) {
		from = VEGA_BUS_POSITION;
		position = strtoull(argv[4], NULL, 10);
	}
	rc = vega_bus_open(bus, argv[2], from, position, NULL, &cursor);
	if (rc >= 0)
		(void)follow(bus, cursor);
failed:
	fprintf(stderr, "%s: %s\n", argv[0], vega_bus_error());
	return 65;
}
