/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Seek to random times of a journal and take the first frame there.
 *
 *	bench_seek FOLDER SEEKS
 *
 * The journal is opened once (that reads the index); each seek is a new cursor, which reads one data block.
 */
#include <stdlib.h>

#include "hugepages/base/cli.h"
#include "hugepages/base/clock.h"
#include "hugepages/base/err.h"
#include "store/vega_journal.h"

#define SEEK_CNT_MAX 100000u

static int
compare(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a;
	const uint64_t y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* SplitMix64: the same spread of times at every run. */
static uint64_t
spread(uint64_t i)
{
	uint64_t z = (i + 1) * 0x9E3779B97F4A7C15ull;

	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
	return z ^ (z >> 31);
}

/* One seek: its time, and how many data blocks it read. */
static int
seek(struct vega_journal *journal, uint64_t at_ns, uint64_t *ret_ns, uint64_t *ret_blocks)
{
	struct vega_cursor *cursor;
	struct vega_frame frame;
	const uint64_t start_ns = vega_monotonic_ns();
	int rc = vega_cursor_open(journal, 0, at_ns, UINT64_MAX, NULL, NULL, &cursor);

	if (rc < 0)
		return rc;
	rc = vega_cursor_next(cursor, &frame);
	*ret_ns = vega_monotonic_ns() - start_ns;
	*ret_blocks = vega_cursor_blocks_read(cursor);
	if (rc == 1 && frame.recv_ns < at_ns)
		rc = VEGA_ERR(
			-EIO, "need a frame at or after the time sought, found an earlier one");
	vega_cursor_close(cursor);
	return rc < 0 ? rc : 0;
}

int
main(int argc, char **argv)
{
	static uint64_t took_ns[SEEK_CNT_MAX];
	const uint64_t cnt = argc > 2 ? strtoull(argv[2], NULL, 10) % SEEK_CNT_MAX : 1000;
	uint64_t blocks_max = 0;
	uint64_t bytes = 0;
	uint64_t first_ns;
	uint64_t span_ns;
	struct vega_journal *journal;
	int rc = vega_journal_open(argc > 1 ? argv[1] : ".", &journal);

	if (rc < 0)
		return vega_err_exit("bench_seek", rc);
	for (uint32_t i = 0; i < vega_journal_file_cnt(journal); i++)
		bytes += vega_journal_file(journal, i)->file_bytes;
	first_ns = vega_journal_file(journal, 0)->first_ns;
	span_ns =
		vega_journal_file(journal, vega_journal_file_cnt(journal) - 1)->last_ns - first_ns;
	for (uint64_t i = 0; i < cnt && rc == 0; i++) {
		const uint64_t at_ns = first_ns + spread(i) % span_ns;
		uint64_t blocks;

		rc = seek(journal, at_ns, &took_ns[i], &blocks);
		blocks_max = blocks > blocks_max ? blocks : blocks_max;
	}
	vega_journal_close(journal);
	qsort(took_ns, cnt, sizeof(took_ns[0]), compare);
	if (rc == 0)
		rc = vega_cli_json(json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "seek_ns_p50",
			(json_int_t)took_ns[cnt / 2], "seek_ns_p99",
			(json_int_t)took_ns[cnt * 99 / 100], "seek_ns_max",
			(json_int_t)took_ns[cnt - 1], "seek_blocks_read_max",
			(json_int_t)blocks_max, "seeks", (json_int_t)cnt, "journal_bytes",
			(json_int_t)bytes));
	return vega_err_exit("bench_seek", rc);
}
