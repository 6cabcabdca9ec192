/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A journal file from a capture file, block by block, without a capture: so that the tools can be tried on files that are
 * sealed, unsealed, or short of a block.
 *
 *	mkjournal JOURNAL FEED NUMBER BLOCK_FRAMES sealed|lossy|open FILE.pcap
 *
 * lossy: sealed, and behind the last block 11 frames lost by the port and 7 to a full lane.
 */
#include <stdio.h>
#include <string.h>

#include "hugepages/base/cli.h"
#include "hugepages/base/err.h"
#include "hugepages/base/pcapfile.h"
#include "tests/store/journal_make.h"

#define DAY         20261120u
#define FRAMES_MAX  4096u
#define PAYLOAD_MAX (1u << 20)
#define GENERATION  1000u

static struct jmake m;

static struct vega_block_hdr times;

static void
set_times(struct vega_block_hdr *hdr)
{
	hdr->recv_ns_first = times.recv_ns_first;
	hdr->recv_ns_last = times.recv_ns_last;
	hdr->recv_ns_min = times.recv_ns_min;
	hdr->recv_ns_max = times.recv_ns_max;
}

static uint32_t
put_packet(uint8_t *at, const struct vega_pcapfile_packet *p)
{
	const uint32_t padded = (p->captured_bytes + 3u) & ~3u;
	const uint32_t length = 32u + padded;
	const uint32_t head[7] = {6, length, 0, (uint32_t)(p->recv_ns >> 32), (uint32_t)p->recv_ns,
		p->captured_bytes, p->wire_bytes};

	memset(at, 0, length);
	memcpy(at, head, sizeof(head));
	memcpy(at + 28, p->data, p->captured_bytes);
	memcpy(at + length - 4, &length, 4);
	return length;
}

static void
flush(const uint8_t *payload, uint32_t *bytes, uint32_t *cnt)
{
	if (*cnt != 0)
		jmake_raw(&m, payload, *bytes, set_times, *cnt);
	*bytes = 0;
	*cnt = 0;
}

static int
copy_packets(struct vega_pcapfile *file, uint32_t block_frames)
{
	static uint8_t payload[PAYLOAD_MAX + (1u << 19)];
	struct vega_pcapfile_packet p;
	uint32_t bytes = 0;
	uint32_t cnt = 0;
	int rc;

	while ((rc = vega_pcapfile_next(file, &p)) == 1) {
		if (cnt == 0)
			times = (struct vega_block_hdr){
				.recv_ns_first = p.recv_ns, .recv_ns_min = UINT64_MAX};
		bytes += put_packet(payload + bytes, &p);
		times.recv_ns_last = p.recv_ns;
		times.recv_ns_min = p.recv_ns < times.recv_ns_min ? p.recv_ns : times.recv_ns_min;
		times.recv_ns_max = p.recv_ns > times.recv_ns_max ? p.recv_ns : times.recv_ns_max;
		if (++cnt == block_frames || bytes >= PAYLOAD_MAX)
			flush(payload, &bytes, &cnt);
	}
	flush(payload, &bytes, &cnt);
	return rc;
}

int
main(int argc, char **argv)
{
	struct vega_pcapfile *file;
	char name[256];
	uint64_t block_frames;
	uint64_t number;
	const char *path;
	int rc;

	if (argc != 7)
		return EX_USAGE;
	rc = vega_parse_u64("NUMBER", argv[3], 0, 9999, &number);
	if (rc == 0)
		rc = vega_parse_u64("BLOCK_FRAMES", argv[4], 1, FRAMES_MAX, &block_frames);
	if (rc == 0)
		rc = vega_pcapfile_open(argv[6], &file);
	if (rc < 0)
		return vega_err_exit("mkjournal", rc);
	jmake_begin(&m, argv[2], DAY, (uint32_t)number, GENERATION);
	m.head.linktype = vega_pcapfile_linktype(file);
	jmake_head(&m);
	rc = copy_packets(file, (uint32_t)block_frames);
	vega_pcapfile_close(file);
	(void)snprintf(
		name, sizeof(name), "%u/%s/frames-%04u.pcapng", DAY, argv[2], (unsigned)number);
	path = jmake_path(argv[1], name);
	if (strcmp(argv[5], "lossy") == 0) {
		m.trailer.end_lane_full = 7;
		m.trailer.end_port_missed = 8;
		m.trailer.end_port_nombuf = 3;
	}
	if (strcmp(argv[5], "open") != 0)
		jmake_seal(&m);
	else
		jmake_save_idx(&m, path, m.entry_cnt);
	jmake_save(&m, path);
	jmake_free(&m);
	(void)printf("%s\n", path);
	return vega_err_exit("mkjournal", rc);
}
