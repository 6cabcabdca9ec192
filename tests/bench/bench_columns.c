/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The record codec on the records of a real capture: sizes and speed, one core.
 *
 *	bench_columns FORMAT CAPTURE [SECONDS [BLOCK_RECORDS]]
 *
 * The capture goes through the feed's whole way, lines A and B by destination address; what lies in the lane then is encoded block
 * by block. Speed is of the best and of the middle pass over all blocks, SECONDS long; sizes are compared with what zstd makes of the
 * plain records, all at once, at level 19, and of the capture file at level 3.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zstd.h>

#include "capture/feed/feed.h"
#include "capture/feed/net.h"
#include "hugepages/base/cli.h"
#include "hugepages/base/clock.h"
#include "hugepages/base/err.h"
#include "hugepages/base/pcapfile.h"
#include "store/columns.h"
#include "store/record_drain.h"
#include "tests/bench/rig.h"

#define LANE_BYTES     (64u << 20)
#define CELLS_CNT      64u
#define PASS_CNT_MAX   4096u
#define ZONE           "America/New_York"
#define FILE_BYTES_MAX (1u << 30)

struct bench {
	struct vega_columns *columns;
	const union vega_record *records;
	uint64_t cnt;
	uint32_t block_cnt; /* records of a block */
	uint8_t *blocks;    /* encoded, each where its plain records would be */
	size_t *bytes;      /* of each */
	union vega_record *decoded;
	uint64_t encode_ns[PASS_CNT_MAX];
	uint64_t decode_ns[PASS_CNT_MAX];
};

/* ---- records ------------------------------------------------------------------------------------------------- */

static int
decode_capture(struct vega_feed *feed, const char *path)
{
	struct vega_pcapfile_packet packet;
	struct vega_pcapfile *file;
	struct vega_net net;
	uint64_t line_a[2] = {0};
	uint64_t frame = 0;
	int rc = vega_pcapfile_open(path, &file);

	if (rc != 0)
		return rc;
	while (vega_pcapfile_next(file, &packet) == 1) {
		struct vega_feed_packet fed = {.recv_ns = packet.recv_ns, .frame = frame};

		vega_net_parse(
			vega_pcapfile_linktype(file), packet.data, packet.captured_bytes, &net);
		if (frame++ == 0)
			memcpy(line_a, net.dst, sizeof(line_a));
		fed.line = memcmp(line_a, net.dst, sizeof(line_a)) == 0 ? 'A' : 'B';
		if (net.udp_port != VEGA_NET_NO_PORT) {
			fed.payload = packet.data + net.payload_off;
			fed.bytes = net.payload_bytes;
		}
		vega_feed_packet(feed, &fed);
	}
	vega_pcapfile_close(file);
	return 0;
}

static int
make_records(struct bench *bench, const char *format, const char *path)
{
	static struct vega_channel_cells cells[CELLS_CNT];
	struct vega_record_lane *lane = aligned_alloc(4096, LANE_BYTES);
	const struct vega_feed_channel channel = {.format = vega_format_find(format), .stream = 1};
	struct vega_feed_conf conf = {.lane = lane,
		.lane_bytes = LANE_BYTES,
		.hold_ns = 1000000000,
		.channel_cnt = 1,
		.channels = &channel,
		.cells = cells,
		.cells_cnt = CELLS_CNT};
	struct vega_zone *zone;
	struct vega_feed *feed;
	int rc = vega_zone_new(ZONE, 0, &zone);

	if (rc != 0)
		return rc;
	if (channel.format == NULL)
		return VEGA_ERR(-EINVAL, "need a wire format, found '%s'", format);
	conf.zone = zone;
	feed = aligned_alloc(64, vega_align_up(vega_feed_bytes(&conf), 64));
	if (lane == NULL || feed == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for a lane, found none");
	memset(lane, 0, LANE_BYTES);
	vega_ring_new(lane, LANE_BYTES, 0, VEGA_RECORD_BYTES, 1);
	vega_feed_new(feed, &conf);
	rc = decode_capture(feed, path);
	bench->records = (const void *)(lane + 1);
	bench->cnt = vega_feed_position(feed);
	if (rc == 0 && (bench->cnt == 0 || bench->cnt > LANE_BYTES / VEGA_RECORD_BYTES - 4))
		rc = VEGA_ERR(-EBADMSG, "%s: need a capture whose records fit %u bytes, found %llu",
			path, LANE_BYTES, (unsigned long long)bench->cnt);
	free(feed);
	vega_zone_delete(zone);
	return rc;
}

/* ---- sizes --------------------------------------------------------------------------------------------------- */

static size_t
zstd_bytes(const void *from, size_t bytes, int level)
{
	const size_t room = ZSTD_compressBound(bytes);
	void *to = malloc(room);
	const size_t made = to != NULL ? ZSTD_compress(to, room, from, bytes, level) : 0;

	free(to);
	return made;
}

static size_t
zstd_file_bytes(const char *path, int level)
{
	struct stat st;
	FILE *file = fopen(path, "rbe");
	void *bytes = file != NULL && fstat(fileno(file), &st) == 0 && st.st_size < FILE_BYTES_MAX
			      ? malloc((size_t)st.st_size)
			      : NULL;
	size_t made = 0;

	if (bytes != NULL && fread(bytes, 1, (size_t)st.st_size, file) == (size_t)st.st_size)
		made = zstd_bytes(bytes, (size_t)st.st_size, level);
	free(bytes);
	if (file != NULL)
		(void)fclose(file);
	return made;
}

/* ---- passes -------------------------------------------------------------------------------------------------- */

static uint32_t
block_records(const struct bench *bench, uint64_t from)
{
	return bench->cnt - from < bench->block_cnt ? (uint32_t)(bench->cnt - from)
						    : bench->block_cnt;
}

/* Returns the bytes of all blocks. */
static size_t
encode(struct bench *bench, enum vega_columns_effort effort)
{
	size_t sum = 0;

	for (uint64_t from = 0, i = 0; from < bench->cnt; from += bench->block_cnt, i++) {
		bench->bytes[i] = vega_columns_encode(bench->columns, bench->records + from,
			block_records(bench, from), effort,
			bench->blocks + i * vega_columns_bound(bench->block_cnt));
		sum += bench->bytes[i];
	}
	return sum;
}

static int
decode(struct bench *bench)
{
	int rc = 0;

	for (uint64_t from = 0, i = 0; from < bench->cnt && rc == 0; from += bench->block_cnt, i++)
		rc = vega_columns_decode(bench->columns,
			bench->blocks + i * vega_columns_bound(bench->block_cnt), bench->bytes[i],
			block_records(bench, from), bench->decoded + from);
	if (rc != 0)
		return VEGA_ERR(rc, "need blocks that decode, found one that does not");
	return 0;
}

static int
compare(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a;
	const uint64_t y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static double
per_s(const struct bench *bench, const uint64_t *ns, uint32_t pass)
{
	return (double)bench->cnt * 1e9 / (double)ns[pass];
}

static int
run(struct bench *bench, const char *path, uint64_t duration_ns)
{
	const size_t best_bytes = encode(bench, VEGA_COLUMNS_BEST);
	const size_t plain_bytes = zstd_bytes(bench->records, bench->cnt * VEGA_RECORD_BYTES, 19);
	const size_t file_bytes = zstd_file_bytes(path, 3);
	size_t live_bytes;
	uint32_t pass = 0;
	const uint64_t end_ns = vega_monotonic_ns() + duration_ns;
	int rc = decode(bench);

	do {
		const uint64_t start_ns = vega_monotonic_ns();

		live_bytes = encode(bench, VEGA_COLUMNS_LIVE);
		bench->encode_ns[pass] = vega_monotonic_ns() - start_ns;
		rc = rc != 0 ? rc : decode(bench);
		bench->decode_ns[pass] = vega_monotonic_ns() - start_ns - bench->encode_ns[pass];
	} while (++pass < PASS_CNT_MAX && rc == 0 && vega_monotonic_ns() < end_ns);
	if (rc != 0)
		return rc;
	if (memcmp(bench->records, bench->decoded, bench->cnt * VEGA_RECORD_BYTES) != 0)
		return VEGA_ERR(-EIO, "need the records back, found others");
	qsort(bench->encode_ns, pass, sizeof(uint64_t), compare);
	qsort(bench->decode_ns, pass, sizeof(uint64_t), compare);
	return vega_cli_json(json_pack("{s:I, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f}",
		"records", (json_int_t)bench->cnt, "live_record_bytes",
		(double)live_bytes / (double)bench->cnt, "best_record_bytes",
		(double)best_bytes / (double)bench->cnt, "live_vs_records_zstd19",
		(double)plain_bytes / (double)live_bytes, "best_vs_records_zstd19",
		(double)plain_bytes / (double)best_bytes, "live_vs_capture_zstd3",
		(double)file_bytes / (double)live_bytes, "best_vs_capture_zstd3",
		(double)file_bytes / (double)best_bytes, "encode_records_per_s",
		per_s(bench, bench->encode_ns, 0), "encode_records_per_s_middle",
		per_s(bench, bench->encode_ns, pass / 2), "decode_records_per_s",
		per_s(bench, bench->decode_ns, 0), "decode_records_per_s_middle",
		per_s(bench, bench->decode_ns, pass / 2)));
}

int
main(int argc, char **argv)
{
	const uint64_t seconds = argc > 3 ? strtoull(argv[3], NULL, 10) : 3;
	const uint64_t block_cnt = argc > 4 ? strtoull(argv[4], NULL, 10) : 0;
	static struct bench bench;
	uint64_t blocks;
	int rc;

	if (argc < 3)
		return vega_err_exit("bench_columns",
			VEGA_ERR(-EINVAL, "need FORMAT CAPTURE [SECONDS [BLOCK_RECORDS]]"));
	if ((rc = make_records(&bench, argv[1], argv[2])) != 0 ||
		(rc = vega_columns_new(&bench.columns)) != 0)
		return vega_err_exit("bench_columns", rc);
	bench.block_cnt = block_cnt != 0 && block_cnt < VEGA_COLUMNS_RECORD_CNT_MAX
				  ? (uint32_t)block_cnt
				  : VEGA_RECORD_DRAIN_RECORDS; /* as it is cut live */
	blocks = (bench.cnt + bench.block_cnt - 1) / bench.block_cnt;
	bench.blocks = malloc(blocks * vega_columns_bound(bench.block_cnt));
	bench.bytes = malloc(blocks * sizeof(*bench.bytes));
	bench.decoded = malloc(bench.cnt * VEGA_RECORD_BYTES);
	if (bench.blocks == NULL || bench.bytes == NULL || bench.decoded == NULL)
		return vega_err_exit("bench_columns",
			VEGA_ERR(-ENOMEM, "need memory for the blocks, found none"));
	rig_pin(-1);
	rc = run(&bench, argv[2], seconds * UINT64_C(1000000000));
	vega_columns_delete(bench.columns);
	return vega_err_exit("bench_columns", rc);
}
