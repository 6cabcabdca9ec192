/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The state at an instant of a long day's journal: what it takes from opening the journal to the table.
 *
 *	bench_state_at OUT RECORDS [INSTRUMENTS [again]]
 *
 * A feed of levels, 44,444 records a second of its own time, as a day of 1 billion records has; half of them of one instrument in sixteen.
 * Lane, state table, drain and keyframes as a capture has them, with their default cadence. Then 100 times T, anywhere: the journal is opened
 * anew each time. again: the journal is there already.
 */
#include <stdlib.h>
#include <string.h>

#include "hugepages/base/cli.h"
#include "hugepages/base/clock.h"
#include "hugepages/base/err.h"
#include "hugepages/frame.h"
#include "hugepages/state.h"
#include "store/drain.h"
#include "store/keyframe_drain.h"
#include "store/state_keyframe.h"
#include "store/state_past.h"
#include "tests/bench/drain_region.h"
#include "tests/lib/rng.h"

#define LANE_BYTES      (8u << 20)
#define PACKET_NS       67500u /* of three records */
#define EPOCH_NS        1700000000000000000ull
#define SAMPLE_CNT      100u
#define SECOND_NS       1000000000ull
#define POLL_PACKETS    1000u
#define PRICE_OF(token) ((int32_t)(10000 + (token)*7 % 1000000))

static struct drain_region own;
static struct vega_state_table *table;
static struct vega_state_feed *state;

static int
make_region(struct vega_ring_writer *ring, uint64_t instruments)
{
	const uint64_t generation = EPOCH_NS + 1;
	struct vega_state_conf conf = {.lane_bytes = LANE_BYTES};

	conf.lane = drain_region_new(&own, LANE_BYTES, generation, ring);
	table = zeroed(vega_state_table_bytes(instruments));
	vega_state_table_new(table, instruments, 0, generation);
	conf.table = table;
	return vega_state_feed_new(&conf, &state);
}

/* A packet that moves two levels of an instrument and tells its last trade. */
static void
lay_packet(struct vega_ring_writer *ring, struct rng *rng, uint64_t n, uint64_t instruments)
{
	const uint64_t ns = n * PACKET_NS;
	const uint64_t dice = rng_next(rng);
	const uint32_t token =
		(uint32_t)(dice % (dice >> 60 < 8 ? instruments / 16 + 1 : instruments));
	const uint32_t level = (uint32_t)(dice >> 32 & 7) + 1;
	const uint32_t move = (uint32_t)(dice >> 40 & 15);
	const int32_t bid = PRICE_OF(token) - (int32_t)(level + move);
	const int32_t ask = PRICE_OF(token) + (int32_t)(level + move);

	vega_ring_put(ring, ns | (uint64_t)VEGA_PACKET << 48, (uint64_t)1 << 48, n, n);
	vega_ring_put(ring, ns | (uint64_t)VEGA_LEVEL << 48,
		token | (uint64_t)(level | 3u << 6 | 5u << 8 | 7u << 20) << 32,
		(uint32_t)bid | (uint64_t)(dice >> 44 & 1023) << 32,
		(uint32_t)ask | (uint64_t)(dice >> 50 & 1023) << 32);
	vega_ring_put(ring, ns | (uint64_t)VEGA_LAST << 48 | (uint64_t)VEGA_RECORD_LAST << 56,
		token | (uint64_t)(uint32_t)bid << 32, dice >> 44 & 255, n);
}

static int
make_journal(const char *out, uint64_t packets, uint64_t instruments)
{
	const struct vega_drain_conf conf = {.region = &own.region,
		.journal_dir = out,
		.io = "auto",
		.file_bytes_max = 4ull << 30,
		.sync_interval_ns = SECOND_NS};
	const struct vega_keyframes_conf cadence = {10 * SECOND_NS, 250000};
	struct rng rng = {1};
	struct vega_ring_writer ring;
	struct vega_drain *drain;
	int rc = make_region(&ring, instruments);

	if (rc == 0)
		rc = vega_drain_new(&conf, &drain);
	if (rc < 0)
		return rc;
	rc = vega_drain_keyframes(drain, 0, state, &cadence);
	vega_ring_epoch_begin(&ring, EPOCH_NS);
	vega_ring_put(&ring, (uint64_t)VEGA_EPOCH << 48, 0, EPOCH_NS, 0);
	for (uint64_t n = 0; rc == 0 && n < packets; n++) {
		lay_packet(&ring, &rng, n, instruments);
		if (n % POLL_PACKETS != 0)
			continue;
		vega_ring_publish(&ring);
		do {
			(void)vega_drain_poll(drain, SECOND_NS + n * PACKET_NS);
			(void)vega_state_poll(state);
		} while (ring.next - own.drain.records_drained > 16384 ||
			 ring.next - table->record_position > 16384);
	}
	vega_ring_publish(&ring);
	while (vega_state_poll(state) != 0)
		(void)vega_drain_poll(drain, SECOND_NS + packets * PACKET_NS);
	if (rc == 0)
		rc = vega_drain_finish(drain);
	vega_drain_delete(drain);
	return rc;
}

static int
by_value(const void *a, const void *b)
{
	const uint64_t left = *(const uint64_t *)a;
	const uint64_t right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

static int
state_at(const char *path, uint64_t at_ns, uint64_t *ret_ns, uint64_t *ret_records)
{
	const struct vega_state_past_want want = {.at_ns = at_ns};
	const uint64_t start_ns = vega_monotonic_ns();
	struct vega_state_past past = {0};
	struct vega_journal *journal;
	int rc = vega_journal_open_lazy(path, &journal);

	if (rc != 0)
		return rc;
	rc = vega_state_past_make(journal, 0, &want, &past);
	*ret_ns = vega_monotonic_ns() - start_ns;
	*ret_records = past.record_cnt;
	vega_state_past_clear(&past);
	vega_journal_close(journal);
	return rc;
}

/* What of the journal is keyframes. */
static int
count(const char *path, json_t *object)
{
	struct vega_journal *journal;
	uint64_t bytes = 0, keyframe_bytes = 0, slices = 0, blocks = 0;
	const int rc = vega_journal_open_kind(path, "bench", VEGA_KIND_RECORDS, &journal);

	if (rc != 0)
		return rc;
	for (uint32_t i = 0; i < journal->file_cnt; i++) {
		const struct vega_jfile *file = &journal->files[i];

		bytes += file->info.file_bytes;
		blocks += file->entry_cnt;
		for (uint64_t k = 0; k < file->entry_cnt; k++) {
			const struct vega_index_entry *e = &file->entries[k];

			if (!vega_entry_is_keyframe(e))
				continue;
			keyframe_bytes += e->end_off - e->start_off;
			slices++;
		}
	}
	vega_journal_close(journal);
	return json_object_update(
		object, json_pack("{s:I, s:I, s:I, s:I}", "bytes", (json_int_t)bytes,
				"keyframe_bytes", (json_int_t)keyframe_bytes, "slices",
				(json_int_t)slices, "blocks", (json_int_t)blocks));
}

static int
measure(const char *path, uint64_t packets, json_t *object)
{
	uint64_t ns[SAMPLE_CNT], folded[SAMPLE_CNT];
	struct rng rng = {2};
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < SAMPLE_CNT; i++)
		rc = state_at(
			path, EPOCH_NS + rng_below(&rng, packets) * PACKET_NS, &ns[i], &folded[i]);
	if (rc != 0)
		return rc;
	qsort(ns, SAMPLE_CNT, sizeof(ns[0]), by_value);
	qsort(folded, SAMPLE_CNT, sizeof(folded[0]), by_value);
	return json_object_update(object,
		json_pack("{s:I, s:I, s:I, s:I}", "state_at_ns_p50", (json_int_t)ns[SAMPLE_CNT / 2],
			"state_at_ns_max", (json_int_t)ns[SAMPLE_CNT - 1], "folded_p50",
			(json_int_t)folded[SAMPLE_CNT / 2], "folded_max",
			(json_int_t)folded[SAMPLE_CNT - 1]));
}

int
main(int argc, char **argv)
{
	const uint64_t packets = argc > 2 ? strtoull(argv[2], NULL, 10) / 3 : 0;
	const uint64_t instruments = argc > 3 ? strtoull(argv[3], NULL, 10) : 10000;
	json_t *object = json_object();
	int rc;

	if (packets == 0 || instruments == 0)
		return 64;
	rc = argc > 4 ? 0 : make_journal(argv[1], packets, instruments);
	if (rc == 0)
		rc = count(argv[1], object);
	if (rc == 0)
		rc = measure(argv[1], packets, object);
	if (rc == 0)
		rc = vega_cli_json(object);
	if (state != NULL)
		vega_state_feed_delete(state);
	free(table);
	free(own.region.memory);
	return vega_err_exit("bench_state_at", rc);
}
