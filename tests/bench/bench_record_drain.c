/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A journal's records once more through lane, drain and disk, and back: records a second of one thread's processor time, each way.
 *
 *	bench_record_drain JOURNAL OUT [ROUNDS]
 *
 * The first feed's records are taken, as many as fit in memory below; time that is spent laying them into the lane is not counted.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hugepages/base/cli.h"
#include "hugepages/base/clock.h"
#include "hugepages/base/err.h"
#include "hugepages/ring.h"
#include "store/drain.h"
#include "store/vega_journal.h"
#include "tests/bench/drain_region.h"

#define RECORDS_MAX (4u << 20)
#define LANE_BYTES  (4u << 20)
#define LAG_MAX     (LANE_BYTES / VEGA_RECORD_BYTES / 4)

static struct drain_region own;
static union vega_record *records;

static uint64_t
cpu_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* Read all records; returns how many, and how long it took, or -errno. */
static int64_t
read_records(const char *path, uint64_t *ret_ns)
{
	const struct vega_records_want want = {.to_ns = UINT64_MAX};
	struct vega_record_cursor *cursor;
	struct vega_record_batch batch;
	struct vega_journal *journal;
	const uint64_t start_ns = cpu_ns();
	uint64_t cnt = 0;
	int rc = vega_journal_open(path, &journal);

	if (rc < 0)
		return rc;
	rc = vega_records_open(journal, 0, &want, &cursor);
	if (rc == 0) {
		while ((rc = vega_records_next(cursor, &batch)) == 1) {
			if (cnt + batch.cnt <= RECORDS_MAX && records != NULL)
				memcpy(records + cnt, batch.records,
					batch.cnt * sizeof(records[0]));
			cnt += batch.cnt;
		}
		vega_records_close(cursor);
	}
	vega_journal_close(journal);
	*ret_ns = cpu_ns() - start_ns;
	return rc < 0 ? rc : (int64_t)cnt;
}

/* Time in the drain alone. */
static uint64_t
poll_timed(struct vega_drain *drain)
{
	const uint64_t start_ns = cpu_ns();

	(void)vega_drain_poll(drain, vega_monotonic_ns());
	return cpu_ns() - start_ns;
}

static int
drain_records(const char *out, uint64_t cnt, uint64_t rounds, uint64_t *ret_ns)
{
	const struct vega_drain_conf conf = {.region = &own.region,
		.journal_dir = out,
		.io = "auto",
		.file_bytes_max = 1ull << 40,
		.sync_interval_ns = 1000000000u};
	struct vega_ring_writer ring;
	struct vega_drain *drain;
	uint64_t start_ns;
	int rc;

	(void)drain_region_new(&own, LANE_BYTES, vega_realtime_ns(), &ring);
	rc = vega_drain_new(&conf, &drain);
	if (rc < 0)
		return rc;
	for (uint64_t i = 0; i < cnt * rounds; i++) {
		const uint64_t *w = records[i % cnt].word;

		vega_ring_put(&ring, w[0], w[1], w[2], w[3]);
		if (i % 4096 != 0)
			continue;
		vega_ring_publish(&ring);
		while (ring.next - own.drain.records_drained > LAG_MAX)
			*ret_ns += poll_timed(drain);
	}
	vega_ring_publish(&ring);
	start_ns = cpu_ns();
	rc = vega_drain_finish(drain);
	*ret_ns += cpu_ns() - start_ns;
	vega_drain_delete(drain);
	free(own.region.memory);
	return rc;
}

int
main(int argc, char **argv)
{
	const uint64_t rounds = argc > 3 ? strtoull(argv[3], NULL, 10) : 1;
	uint64_t drain_ns = 0, read_ns;
	int64_t cnt, read_cnt = 0;
	int rc;

	records = malloc(RECORDS_MAX * sizeof(records[0]));
	if (argc < 3 || records == NULL)
		return 64;
	cnt = read_records(argv[1], &read_ns);
	cnt = cnt < RECORDS_MAX ? cnt : RECORDS_MAX;
	rc = cnt <= 0 ? (int)cnt : drain_records(argv[2], (uint64_t)cnt, rounds, &drain_ns);
	if (rc == 0)
		read_cnt = read_records(argv[2], &read_ns);
	if (rc == 0)
		rc = vega_cli_json(json_pack("{s:I, s:f, s:f, s:f, s:I}", "records",
			(json_int_t)read_cnt, "read_records_per_s",
			(double)read_cnt * 1e9 / (double)read_ns, "drain_records_per_s",
			(double)own.drain.records_written * 1e9 / (double)drain_ns,
			"bytes_per_record",
			(double)own.drain.bytes_written / (double)own.drain.records_written,
			"lapped", (json_int_t)own.drain.records_lapped));
	free(records);
	return vega_err_exit("bench_record_drain", rc);
}
