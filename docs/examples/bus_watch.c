/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Watch some instruments: a line for each trade, with the best prices that the capture's state table has at that moment.
 *
 *	cc bus_watch.c $(pkg-config --cflags --libs vega) -o bus_watch
 *	./bus_watch REGION FEED TOKEN...
 *
 * Ends with the capture, and says then how many records it read and lost.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <hugepages/vega_bus.h>

#define BATCH     256
#define TOKEN_MAX 64

/* A table is there when the configuration gives the feed one, and an entry when the instrument was seen. */
static void
print_best(const struct vega_bus_table *table, uint32_t token)
{
	struct vega_state_entry e;

	if (table == NULL || vega_bus_latest(table, token, &e) != 0)
		return;
	if (e.bid_cnt > 0)
		printf(" bid %" PRIi64 " x %" PRIu64, e.bids[0].price, e.bids[0].qty);
	if (e.ask_cnt > 0)
		printf(" ask %" PRIi64 " x %" PRIu64, e.asks[0].price, e.asks[0].qty);
	if (e.flags & VEGA_STATE_STALE)
		printf(" stale");
}

static void
print_trades(const struct vega_bus_table *table, const struct vega_bus_batch *batch,
	const union vega_record *records, uint32_t cnt)
{
	for (uint32_t i = 0; i < cnt; i++) {
		const union vega_record *r = &records[i];

		if (vega_record_kind(r) != VEGA_TRADE)
			continue;
		printf("%" PRIu64 " %u traded %u at %" PRIi32, vega_bus_ns(batch, records, i),
			r->trade.instrument, r->trade.qty, r->trade.price);
		print_best(table, r->trade.instrument);
		printf("\n");
	}
	fflush(stdout);
}

static int
watch(struct vega_bus *bus, struct vega_bus_cursor *cursor, const struct vega_bus_table *table)
{
	union vega_record records[BATCH];
	struct vega_bus_batch batch;
	struct vega_bus_position at;
	enum vega_bus_state state;
	int rc;

	do {
		state = vega_bus_check(bus);
		while ((rc = vega_bus_read(cursor, records, BATCH, &batch)) > 0)
			print_trades(table, &batch, records, (uint32_t)rc);
		vega_bus_wait(cursor, 100000000);
	} while (rc == 0 && state == VEGA_BUS_LIVE);
	vega_bus_position(cursor, &at);
	printf("%s: %" PRIu64 " records read, %" PRIu64 " lost\n", vega_bus_state_name(state),
		at.given, at.lost);
	return rc;
}

int
main(int argc, char **argv)
{
	struct vega_bus *bus = NULL;
	struct vega_bus_cursor *cursor = NULL;
	struct vega_bus_table *table = NULL;
	uint32_t tokens[TOKEN_MAX];
	uint32_t cnt = 0;
	int rc;

	if (argc < 4 || argc > 3 + TOKEN_MAX) {
		fprintf(stderr, "usage: %s REGION FEED TOKEN...\n", argv[0]);
		return 64;
	}
	while (cnt < (uint32_t)argc - 3) {
		tokens[cnt] = (uint32_t)strtoul(argv[3 + cnt], NULL, 10);
		cnt++;
	}
	rc = vega_bus_attach(argv[1], &bus);
	if (rc == 0)
		rc = vega_bus_open(bus, argv[2], VEGA_BUS_OLDEST, 0, NULL, &cursor);
	if (rc >= 0)
		rc = vega_bus_subscribe(cursor, tokens, cnt);
	if (rc == 0) {
		(void)vega_bus_table_open(bus, argv[2], &table);
		rc = watch(bus, cursor, table);
	}
	if (rc < 0)
		fprintf(stderr, "%s: %s\n", argv[0], vega_bus_error());
	vega_bus_table_close(table);
	vega_bus_close(cursor);
	vega_bus_detach(bus);
	return rc < 0 ? 65 : 0;
}
