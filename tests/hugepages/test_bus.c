/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The client library on a region of the test's own: where a cursor begins, what it gives, what it lost, what it makes of a capture
 * that stops, dies or is followed by another, and of a control file and a lane with any bit wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hugepages/clients.h"
#include "hugepages/region.h"
#include "hugepages/ring.h"
#include "hugepages/state_table.h"
#include "hugepages/vega_bus.h"
#include "tests/lib/region_name.h"
#include "tests/lib/sanitized.h"

#define EPOCH_NS 1700000000000000000ull
#define MAX      512u

static char name[32];
static struct vega_layout_feed feeds[2] = {
	{.name = "NSE_FO",
		.zone = "Asia/Kolkata",
		.numa = UINT32_MAX,
		.price_scale = 2,
		.record_lane_bytes = 2u << 20,
		.book_lane_bytes = 2u << 20,
		.instrument_cnt = 100,
		.frame_lane_bytes = 2u << 20},
	{.name = "default", .zone = "UTC", .numa = UINT32_MAX, .frame_lane_bytes = 2u << 20},
};

static struct vega_region *region; /* the capture's side */
static struct vega_ring_writer writer;
static struct vega_bus *bus;
static union vega_record records[MAX];
static struct vega_bus_batch batch;

static void
make_region(void)
{
	const struct vega_region_conf conf = {.name = name,
		.memory = VEGA_MEMORY_SHM,
		.feeds = feeds,
		.feed_cnt = 2,
		.lcore_cnt = 1,
		.port_cnt = 1};
	struct vega_record_lane *lane;
	uint64_t bytes;

	assert_int_equal(vega_region_create(&conf, &region), 0);
	lane = vega_region_record_lane(region, 0, &bytes);
	vega_ring_writer_init(&writer, lane, bytes);
}

static int
setup(void **state)
{
	(void)state;
	region_name(name, "test-bus");
	make_region();
	assert_int_equal(vega_bus_attach(name, &bus), 0);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	vega_bus_detach(bus);
	vega_region_close(region);
	return region_remove(name);
}

/* ---- records -------------------------------------------------------------------------------------------------- */

static void
put(uint32_t kind, uint32_t flags, uint64_t ts48, uint32_t instrument, uint64_t body)
{
	vega_ring_put(&writer, ts48 | (uint64_t)kind << 48 | (uint64_t)flags << 56, instrument,
		body, body);
}

static void
put_epoch(uint64_t ns)
{
	vega_ring_epoch_begin(&writer, ns);
	vega_ring_put(&writer, (uint64_t)VEGA_EPOCH << 48, 0, ns, writer.next);
	vega_ring_publish(&writer);
}

/* A packet with one trade of each instrument; the n-th is received n ns after the epoch. */
static void
put_event(uint64_t n, uint32_t instrument_cnt)
{
	put(VEGA_PACKET, 0, n, 1, n);
	for (uint32_t i = 1; i <= instrument_cnt; i++)
		put(VEGA_TRADE, VEGA_RECORD_LAST, n, i, n);
	vega_ring_publish(&writer);
}

static struct vega_bus_cursor *
open_cursor(enum vega_bus_from from, uint64_t value, int rc)
{
	struct vega_bus_cursor *cursor = NULL;

	assert_int_equal(vega_bus_open(bus, "NSE_FO", from, value, "test", &cursor), rc);
	return cursor;
}

/* ---- the directory -------------------------------------------------------------------------------------------- */

static void
test_directory(void **state)
{
	struct vega_bus_cursor *cursor;
	struct vega_bus_info info;
	struct vega_bus_feed feed;

	(void)state;
	vega_bus_info(bus, &info);
	assert_string_equal(info.region, name);
	assert_int_equal(info.generation, region->control->generation);
	assert_int_equal(info.feed_cnt, 2);
	assert_int_equal(vega_bus_feed(bus, 0, &feed), 0);
	assert_string_equal(feed.name, "NSE_FO");
	assert_int_equal(feed.capacity, 65532);
	assert_int_equal(feed.price_scale, 2);
	assert_int_equal(vega_bus_feed(bus, 1, &feed), 0);
	assert_int_equal(feed.capacity, 0);
	assert_int_equal(vega_bus_feed(bus, 2, &feed), -ENOENT);
	assert_int_equal(vega_bus_open(bus, "default", VEGA_BUS_NOW, 0, NULL, &cursor), -ENOENT);
	assert_int_equal(
		vega_bus_open(bus, "default.book", VEGA_BUS_NOW, 0, NULL, &cursor), -ENOENT);
	assert_int_equal(vega_bus_open(bus, ".book", VEGA_BUS_NOW, 0, NULL, &cursor), -ENOENT);
	assert_non_null(strstr(vega_bus_error(), ".book"));
	assert_int_equal(vega_bus_attach("no-such-region", &bus), -ENOENT);
}

/* ---- where a cursor begins ------------------------------------------------------------------------------------ */

static void
check_first(struct vega_bus_cursor *cursor, uint64_t position, uint32_t kind)
{
	assert_true(vega_bus_read(cursor, records, MAX, &batch) > 0);
	assert_int_equal(batch.position, position);
	assert_int_equal(batch.lost, 0);
	assert_int_equal(vega_record_kind(records), kind);
	vega_bus_close(cursor);
}

static void
test_begins(void **state)
{
	struct vega_bus_cursor *cursor;

	(void)state;
	put_epoch(EPOCH_NS);
	for (uint64_t n = 1; n <= 10; n++)
		put_event(n, 2);
	cursor = open_cursor(VEGA_BUS_NOW, 0, 0);
	assert_int_equal(vega_bus_read(cursor, records, MAX, &batch), 0);
	assert_int_equal(vega_bus_wait(cursor, 1000), 0);
	put_event(11, 2);
	assert_int_equal(vega_bus_wait(cursor, 1000), 1);
	check_first(cursor, 31, VEGA_PACKET);
	check_first(open_cursor(VEGA_BUS_OLDEST, 0, 0), 0, VEGA_EPOCH);
	check_first(open_cursor(VEGA_BUS_POSITION, 5, 0), 5, VEGA_TRADE);
	check_first(open_cursor(VEGA_BUS_TIME, EPOCH_NS + 4, 0), 10, VEGA_PACKET);
	check_first(open_cursor(VEGA_BUS_TIME, 0, 0), 1, VEGA_PACKET);
	(void)open_cursor(VEGA_BUS_POSITION, 35, -ERANGE);
	cursor = open_cursor(VEGA_BUS_TIME, EPOCH_NS + 12, 0);
	assert_int_equal(vega_bus_read(cursor, records, MAX, &batch), 0);
	vega_bus_close(cursor);
}

/* In a lane that has gone round: the oldest packet there is, and a position or a time that is gone. */
static void
test_begins_in_a_full_lane(void **state)
{
	struct vega_bus_cursor *cursor;
	uint64_t oldest;

	(void)state;
	put_epoch(EPOCH_NS);
	for (uint64_t n = 1; n <= 50000; n++)
		put_event(n, 2); /* at 3 n - 2 */
	cursor = open_cursor(VEGA_BUS_OLDEST, 0, 0);
	assert_int_equal(vega_bus_read(cursor, records, MAX, &batch), MAX);
	oldest = batch.position;
	assert_int_equal(oldest % 3, 1);
	assert_in_range(oldest, writer.claimed + 64 - 65532, writer.claimed + 66 - 65532);
	assert_int_equal(batch.lost, 0);
	assert_int_equal(vega_bus_ns(&batch, records, 0), EPOCH_NS + (oldest + 2) / 3);
	vega_bus_close(cursor);

	cursor = open_cursor(VEGA_BUS_POSITION, 10, 1);
	assert_int_equal(vega_bus_read(cursor, records, MAX, &batch), MAX);
	assert_int_equal(batch.position, oldest);
	assert_int_equal(batch.lost, oldest - 10);
	vega_bus_close(cursor);

	cursor = open_cursor(VEGA_BUS_TIME, EPOCH_NS + 5, 1);
	check_first(cursor, oldest, VEGA_PACKET);
	check_first(open_cursor(VEGA_BUS_TIME, EPOCH_NS + 49999, 0), 3 * 49999 - 2, VEGA_PACKET);
}

/* ---- what it gives -------------------------------------------------------------------------------------------- */

static void
test_lap_is_counted_exactly(void **state)
{
	struct vega_bus_cursor *cursor;
	struct vega_bus_position position;
	uint64_t next = 0;
	uint64_t given = 0;
	uint64_t lost = 0;
	int cnt;

	(void)state;
	put_epoch(EPOCH_NS);
	cursor = open_cursor(VEGA_BUS_OLDEST, 0, 0);
	for (uint64_t n = 0; n < 300; n++) {
		for (uint64_t i = 0; i < 1 + n * 97 % 30000; i++)
			put_event(n, (uint32_t)(n % 7));
		do {
			cnt = vega_bus_read(cursor, records, MAX, &batch);
			assert_true(cnt >= 0);
			if (cnt == 0)
				continue;
			assert_int_equal(batch.position, next + batch.lost);
			if (batch.lost > 0)
				assert_int_equal(vega_record_kind(records), VEGA_PACKET);
			assert_int_equal(batch.next, batch.position + (uint64_t)cnt);
			lost += batch.lost;
			given += (uint64_t)cnt;
			next = batch.next;
		} while (cnt > 0);
	}
	vega_bus_position(cursor, &position);
	assert_int_equal(given + lost, writer.next);
	assert_int_equal(position.given, given);
	assert_int_equal(position.lost, lost);
	assert_int_equal(position.next, position.published);
	assert_true(position.laps > 10 && given > 1000000);
	vega_bus_close(cursor);
}

/* An epoch that was lapped over: times count from the new one all the same. */
static void
test_epochs(void **state)
{
	struct vega_bus_cursor *cursor;

	(void)state;
	put_epoch(EPOCH_NS);
	cursor = open_cursor(VEGA_BUS_OLDEST, 0, 0);
	put_event(1, 1);
	put_epoch(2 * EPOCH_NS);
	put_event(2, 1);
	assert_int_equal(vega_bus_read(cursor, records, MAX, &batch), 3);
	assert_int_equal(vega_bus_ns(&batch, records, 2), EPOCH_NS + 1);
	assert_int_equal(vega_bus_read(cursor, records, MAX, &batch), 3);
	assert_int_equal(vega_record_kind(records), VEGA_EPOCH);
	assert_int_equal(vega_bus_ns(&batch, records, 2), 2 * EPOCH_NS + 2);
	for (uint64_t n = 0; n < 20000; n++)
		put_event(3, 1);
	put_epoch(3 * EPOCH_NS);
	for (uint64_t n = 0; n < 40000; n++)
		put_event(4, 1);
	assert_int_equal(vega_bus_read(cursor, records, MAX, &batch), MAX);
	assert_true(batch.lost > 40000);
	assert_int_equal(vega_bus_ns(&batch, records, 0), 3 * EPOCH_NS + 4);
	vega_bus_close(cursor);
}

/* Whatever the size of the reader's room: TIME, record and WIDE come together, and times are whole. */
static void
test_nothing_is_parted(void **state)
{
	(void)state;
	put_epoch(EPOCH_NS);
	for (uint64_t n = 0; n < 50; n++) {
		put(VEGA_PACKET, 0, n, 1, n);
		for (uint64_t i = 0; i < n % 4; i++)
			put(VEGA_TRADE, 0, VEGA_TS_NONE, 2, 0);
		put(VEGA_TIME, 0, VEGA_TS_NONE, 0, 77);
		put(VEGA_TRADE, VEGA_RECORD_WIDE, 0, 1, n);
		put(VEGA_WIDE, VEGA_RECORD_LAST, 0, 1, 0);
		vega_ring_publish(&writer);
	}
	for (uint32_t max = VEGA_BUS_READ_MIN; max < 20; max++) {
		struct vega_bus_cursor *cursor = open_cursor(VEGA_BUS_OLDEST, 0, 0);
		int cnt;

		while ((cnt = vega_bus_read(cursor, records, max, &batch)) > 0)
			for (uint32_t i = 0; i < (uint32_t)cnt; i++) {
				const uint32_t kind = vega_record_kind(&records[i]);

				if (kind == VEGA_WIDE || kind == VEGA_TIME ||
					vega_record_instrument(&records[i]) == 1)
					assert_int_equal(vega_bus_ns(&batch, records, i),
						kind == VEGA_PACKET ? EPOCH_NS + records[i].word[2]
								    : 77);
				else if (kind == VEGA_TRADE)
					assert_int_equal(
						vega_bus_ns(&batch, records, i), UINT64_MAX);
			}
		assert_int_equal(cnt, 0);
		assert_int_equal(batch.next, writer.next);
		vega_bus_close(cursor);
	}
}

static void
test_events(void **state)
{
	struct vega_bus_cursor *cursor;

	(void)state;
	put_epoch(EPOCH_NS);
	for (uint64_t n = 0; n < 5; n++)
		put_event(n, (uint32_t)n);
	put_event(5, 20);
	cursor = open_cursor(VEGA_BUS_OLDEST, 0, 0);
	assert_int_equal(vega_bus_read_event(cursor, records, 8, &batch), 1);
	assert_int_equal(vega_record_kind(records), VEGA_EPOCH);
	for (int n = 0; n < 5; n++) {
		assert_int_equal(vega_bus_read_event(cursor, records, 8, &batch), n + 1);
		assert_int_equal(vega_record_kind(records), VEGA_PACKET);
	}
	assert_int_equal(vega_bus_read_event(cursor, records, 8, &batch), 8);
	assert_int_equal(vega_bus_read_event(cursor, records, 8, &batch), 8);
	assert_int_equal(vega_bus_read_event(cursor, records, 8, &batch), 5);
	assert_int_equal(vega_bus_read_event(cursor, records, 8, &batch), 0);
	assert_int_equal(vega_bus_read_event(cursor, records, 3, &batch), -EINVAL);
	vega_bus_close(cursor);
}

static void
check_kinds(struct vega_bus_cursor *cursor, uint32_t max, const char *kinds)
{
	char found[64] = "";
	uint32_t at = 0;
	int cnt;

	while ((cnt = vega_bus_read(cursor, records, max, &batch)) > 0)
		for (int i = 0; i < cnt && at < 60; i++)
			found[at++] = "?P....RT.........GL.EtW"[vega_record_kind(&records[i])];
	assert_int_equal(cnt, 0);
	assert_string_equal(found, kinds);
}

/* By instrument: with the packet, the TIME and the WIDE of each record, and what is everybody's. */
static void
test_subscription(void **state)
{
	const uint32_t wanted[] = {3, 0, 5};
	struct vega_bus_cursor *cursors[11]; /* with room for 8, 11 ... records */

	(void)state;
	put_epoch(EPOCH_NS);
	for (uint32_t i = 0; i < 11; i++) {
		cursors[i] = open_cursor(VEGA_BUS_OLDEST, 0, 0);
		assert_int_equal(vega_bus_subscribe(cursors[i], wanted, 3), 0);
	}
	put_event(1, 2);
	put_event(2, 6); /* P T3 T5 */
	put(VEGA_PACKET, 0, 3, 1, 0);
	put(VEGA_GAP, 0, 3, 1, 0); /* P G */
	vega_ring_publish(&writer);
	put(VEGA_PACKET, 0, 4, 1, 0);
	put(VEGA_TIME, 0, 0, 0, 0);
	put(VEGA_TRADE, 0, 0, 4, 0);
	put(VEGA_TIME, 0, 0, 0, 0); /* P t T W R */
	put(VEGA_TRADE, VEGA_RECORD_WIDE, 0, 5, 0);
	put(VEGA_WIDE, 0, 0, 5, 0);
	put(VEGA_ORDER_REF, 0, 0, 5, 0);
	vega_ring_publish(&writer);
	put(VEGA_LOSS, 0, 0, 0, 0); /* L */
	put(VEGA_TIME, 0, 0, 0, 0); /* t P T */
	put(VEGA_PACKET, 0, 0, 1, 0);
	put(VEGA_TRADE, 0, 0, 3, 0);
	put(VEGA_PACKET, 0, 9, 1, 0); /* kept back, and of the old epoch: not given */
	vega_ring_publish(&writer);
	put_epoch(2 * EPOCH_NS);
	put(VEGA_TRADE, 0, 0, 3, 0);
	vega_ring_publish(&writer);
	for (uint32_t i = 0; i < 11; i++) {
		check_kinds(cursors[i], 8 + 3 * i, "EPTTPGPtTWRLtPTET");
		vega_bus_close(cursors[i]);
	}
}

/* A thousand instruments of a million tokens: each record that is wanted, and no other. */
static void
test_subscription_of_many(void **state)
{
	static uint32_t wanted[1000];
	struct vega_bus_cursor *cursor;
	uint32_t given = 0;
	int cnt;

	(void)state;
	for (uint32_t i = 0; i < 1000; i++)
		wanted[i] = 1 + i * 1009;
	put_epoch(EPOCH_NS);
	cursor = open_cursor(VEGA_BUS_NOW, 0, 0);
	assert_int_equal(vega_bus_subscribe(cursor, wanted, 1000), 0);
	for (uint32_t i = 1; i < 1000000; i += 23) {
		put(VEGA_TRADE, 0, 0, i, 0);
		vega_ring_publish(&writer);
	}
	while ((cnt = vega_bus_read(cursor, records, MAX, &batch)) > 0)
		for (int i = 0; i < cnt; i++, given++)
			assert_int_equal(vega_record_instrument(&records[i]) % 1009, 1);
	assert_int_equal(given, 44); /* 1 + k * 1009 * 23 below a million */
	assert_int_equal(vega_bus_subscribe(cursor, NULL, 0), 0);
	put_event(1, 3);
	check_kinds(cursor, 64, "PTTT");
	vega_bus_close(cursor);
}

/* A book lane has no packets: after a lap it goes on behind the end of a message. */
static void
test_book_lane(void **state)
{
	struct vega_bus_cursor *cursor;
	struct vega_bus_feed feed;
	struct vega_record_lane *lane;
	uint64_t bytes;

	(void)state;
	lane = vega_region_book_lane(region, 0, &bytes);
	vega_ring_writer_init(&writer, lane, bytes);
	put_epoch(EPOCH_NS);
	assert_int_equal(vega_bus_open(bus, "NSE_FO.book", VEGA_BUS_OLDEST, 0, NULL, &cursor), 0);
	for (uint64_t n = 0; n < 70000; n++) {
		put(VEGA_LEVEL, n % 5 == 0 ? VEGA_RECORD_LAST : 0, n, 1, n);
		vega_ring_publish(&writer);
	}
	assert_int_equal(vega_bus_read(cursor, records, MAX, &batch), MAX);
	assert_int_equal(records[0].word[2] % 5, 1);
	assert_int_equal(batch.position, batch.lost);
	assert_int_equal(batch.position, records[0].word[2] + 1);
	assert_int_equal(vega_bus_feed(bus, 0, &feed), 0);
	assert_int_equal(feed.book_capacity, 65532);
	assert_int_equal(feed.book_published, 70001);
	assert_int_equal(feed.published, 0);
	vega_bus_close(cursor);
}

static void
test_state_table(void **state)
{
	struct vega_bus_table *table;
	struct vega_state_writer w;
	struct vega_state_entry entry;
	struct vega_state_event events[VEGA_STATE_EVENT_CNT];
	uint64_t bytes;
	uint32_t token;
	uint32_t cnt;
	uint32_t idx;

	(void)state;
	vega_state_writer_init(&w, vega_region_state_table(region, 0, &bytes));
	idx = vega_state_add(&w, 35003);
	vega_state_begin(&w.entries[idx]);
	memcpy(w.entries[idx].symbol, "NIFTY", 5);
	vega_state_end(&w.entries[idx]);
	assert_int_equal(vega_bus_table_open(bus, "default", &table), -ENOENT);
	assert_int_equal(vega_bus_table_open(bus, "NSE_FO.book", &table), -ENOENT);
	assert_int_equal(vega_bus_table_open(bus, "NSE_FO", &table), 0);
	assert_int_equal(vega_state_cnt(vega_bus_table_view(table)), 1);
	assert_int_equal(vega_bus_latest(table, 35003, &entry), 0);
	assert_int_equal(entry.token, 35003);
	assert_int_equal(vega_bus_latest(table, 35004, &entry), -ENOENT);
	assert_int_equal(vega_bus_recent(table, 35003, events, &cnt), 0);
	assert_int_equal(cnt, 0);
	assert_int_equal(vega_bus_find_symbol(table, "NIFTY", &token), 0);
	assert_int_equal(token, 35003);
	assert_int_equal(vega_bus_find_symbol(table, "NIFT", &token), -ENOENT);
	assert_int_equal(vega_bus_find_symbol(table, "", &token), -ENOENT);
	vega_bus_table_close(table);
}

/* ---- captures that end ---------------------------------------------------------------------------------------- */

static void
test_stopped_and_superseded(void **state)
{
	struct vega_bus_cursor *cursor;
	const uint64_t generation = region->control->generation;
	struct vega_bus_position position;

	(void)state;
	put_epoch(EPOCH_NS);
	cursor = open_cursor(VEGA_BUS_OLDEST, 0, 0);
	assert_int_equal(vega_bus_check(bus), VEGA_BUS_LIVE);
	assert_int_equal(vega_bus_reattach(bus), 0);
	put_event(1, 1);
	vega_region_close(region);
	assert_int_equal(vega_bus_check(bus), VEGA_BUS_STOPPED);
	assert_int_equal(vega_bus_reattach(bus), -ENOENT);
	make_region();
	assert_int_equal(vega_bus_check(bus), VEGA_BUS_SUPERSEDED);
	put_epoch(EPOCH_NS);
	put_event(1, 1);
	assert_int_equal(vega_bus_reopen(cursor), 0);
	assert_int_equal(vega_bus_reattach(bus), 1);
	assert_int_equal(vega_bus_check(bus), VEGA_BUS_LIVE);
	check_kinds(cursor, MAX, "EPT"); /* of the old one: its memory is still there */
	vega_bus_position(cursor, &position);
	assert_int_equal(position.generation, generation);
	assert_int_equal(vega_bus_reopen(cursor), 1);
	check_kinds(cursor, MAX, "EPT");
	vega_bus_position(cursor, &position);
	assert_true(position.generation > generation);
	assert_int_equal(position.lost, 0);
	vega_bus_close(cursor);
}

/* A capture that is killed says nothing: the lock it held does. */
static void
test_dead(void **state)
{
	int ready[2];
	pid_t pid;
	char byte;

	(void)state;
	vega_region_close(region);
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		make_region();
		region->control->heartbeat_ns -= 10000000000u;
		_exit(write(ready[1], "x", 1) != 1 || pause() != 0);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(vega_bus_reattach(bus), 1);
	assert_int_equal(vega_bus_check(bus), VEGA_BUS_LIVE);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(vega_bus_check(bus), VEGA_BUS_DEAD);
	assert_string_equal(vega_bus_state_name(VEGA_BUS_DEAD), "dead");
	make_region();
	assert_int_equal(vega_bus_check(bus), VEGA_BUS_SUPERSEDED);
	assert_int_equal(close(ready[0]) + close(ready[1]), 0);
}

/* ---- who reads ------------------------------------------------------------------------------------------------ */

static void
test_clients_file(void **state)
{
	static struct vega_client_entry list[VEGA_CLIENT_CNT_MAX];
	struct vega_bus_cursor *cursors[3];
	char path[300];
	FILE *file;

	(void)state;
	put_epoch(EPOCH_NS);
	assert_int_equal(vega_clients_list(region->dir, list), 0);
	cursors[0] = open_cursor(VEGA_BUS_NOW, 0, 0);
	cursors[1] = open_cursor(VEGA_BUS_OLDEST, 0, 0);
	assert_int_equal(vega_clients_list(region->dir, list), 2);
	assert_int_equal(list[0].pid, getpid());
	assert_int_equal(list[0].position, 1);
	assert_int_equal(list[1].position, 0);
	assert_int_equal(list[0].generation, region->control->generation);
	assert_string_equal(list[0].name, "test");
	vega_bus_close(cursors[0]);
	assert_int_equal(vega_clients_list(region->dir, list), 1);
	/* cut, and filled with anything: it is listed or not, and the reader reads on */
	(void)snprintf(path, sizeof(path), "%s/clients", region->dir);
	file = fopen(path, "r+");
	assert_non_null(file);
	for (uint32_t i = 0; i < VEGA_CLIENT_CNT_MAX * sizeof(list[0]); i++)
		(void)fputc(0xFF, file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(vega_clients_list(region->dir, list), 1);
	assert_int_equal(list[0].name[0], '?');
	assert_int_equal(truncate(path, 10), 0);
	assert_int_equal(vega_clients_list(region->dir, list), 0);
	check_kinds(cursors[1], MAX, "E");
	assert_int_equal(unlink(path), 0);
	cursors[2] = open_cursor(VEGA_BUS_OLDEST, 0, 0); /* anonymous */
	check_kinds(cursors[2], MAX, "E");
	vega_bus_close(cursors[1]);
	vega_bus_close(cursors[2]);
}

/* ---- hostile memory ------------------------------------------------------------------------------------------- */

/* All that a client does; returns whether it was served. */
static bool
use(void)
{
	struct vega_bus_cursor *cursor;
	struct vega_bus *b;
	struct vega_bus_table *table;
	struct vega_state_entry entry;
	struct vega_state_event events[VEGA_STATE_EVENT_CNT];
	uint32_t cnt;
	struct vega_bus_feed feed;
	struct vega_bus_info info;
	const uint32_t wanted = 1;
	bool served = false;

	if (vega_bus_attach(name, &b) != 0)
		return false;
	vega_bus_info(b, &info);
	(void)vega_bus_check(b);
	for (uint32_t i = 0; i <= info.feed_cnt; i++)
		(void)vega_bus_feed(b, i, &feed);
	for (enum vega_bus_from from = VEGA_BUS_NOW; from <= VEGA_BUS_TIME; from++) {
		if (vega_bus_open(b, "NSE_FO", from, from == VEGA_BUS_TIME ? EPOCH_NS + 5 : 7, NULL,
			    &cursor) < 0)
			continue;
		for (uint32_t i = 0; i < 3; i++)
			served |= vega_bus_read(cursor, records, MAX, &batch) > 0;
		(void)vega_bus_wait(cursor, 0);
		(void)vega_bus_subscribe(cursor, &wanted, 1);
		(void)vega_bus_read(cursor, records, MAX, &batch);
		vega_bus_close(cursor);
	}
	if (vega_bus_table_open(b, "NSE_FO", &table) == 0) {
		(void)vega_bus_latest(table, 1, &entry);
		(void)vega_bus_recent(table, 1, events, &cnt);
		(void)vega_bus_find_symbol(table, "NIFTY", &cnt);
		vega_bus_table_close(table);
	}
	vega_bus_detach(b);
	return served;
}

/* Each bit of a part of the region flipped in turn, and back. Returns how many left the client served. */
static uint32_t
flip_each(void *part, uint32_t bytes)
{
	uint8_t *at = part;
	uint32_t served = 0;

	for (uint32_t bit = 0; bit < 8 * bytes; bit += SANITIZED ? 3 : 1) {
		at[bit / 8] ^= (uint8_t)(1u << bit % 8);
		served += use();
		at[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_true(use());
	return served;
}

static void
test_every_bit_of_the_control_file(void **state)
{
	struct vega_control *c = region->control;
	uint32_t served;

	(void)state;
	put_epoch(EPOCH_NS);
	put_event(10, 30);
	served = flip_each(c, offsetof(struct vega_control, reserved2));
	assert_in_range(served, 1, 8 * offsetof(struct vega_control, reserved2) - 8);
	assert_true(flip_each(region->feeds, offsetof(struct vega_feed_entry, reserved)) > 0);
	assert_true(flip_each(region->feeds + 1, offsetof(struct vega_feed_entry, reserved)) > 0);
	for (uint32_t i = 0; i < c->lane_cnt; i++)
		assert_true(flip_each(&region->lanes[i],
				    offsetof(struct vega_lane_entry, reserved)) > 0);
}

static void
test_every_bit_of_the_lane(void **state)
{
	struct vega_record_lane *lane;
	uint64_t bytes;

	(void)state;
	put_epoch(EPOCH_NS);
	put_event(10, 30);
	lane = vega_region_record_lane(region, 0, &bytes);
	assert_true(flip_each(lane, sizeof(*lane)) > 0);
	assert_true(flip_each(writer.tail, sizeof(*writer.tail)) > 0);
	assert_true(flip_each(lane + 1, 3 * 32) > 0); /* EPOCH, PACKET, TRADE */
	assert_true(flip_each(vega_region_state_table(region, 0, &bytes), 200) > 0);
}

int
main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_directory),
		TEST(test_begins),
		TEST(test_begins_in_a_full_lane),
		TEST(test_lap_is_counted_exactly),
		TEST(test_epochs),
		TEST(test_nothing_is_parted),
		TEST(test_events),
		TEST(test_subscription),
		TEST(test_subscription_of_many),
		TEST(test_book_lane),
		TEST(test_state_table),
		TEST(test_stopped_and_superseded),
		TEST(test_dead),
		TEST(test_clients_file),
		TEST(test_every_bit_of_the_control_file),
		TEST(test_every_bit_of_the_lane),
	};

	return cmocka_run_group_tests_name("bus", tests, NULL, NULL);
}
