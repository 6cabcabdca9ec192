/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every capture of a folder, fed to every wire format, as lines and as records: the payload of each UDP datagram, the whole frame of every other packet,
 * and every truncation of the first ones of each file.
 *
 *	test_formats SHARED [DATAGRAMS]	of SHARED/data ($VEGA_SHARED goes first); truncate so many of each file (default 4), or "all"
 *
 * A plain program: what it looks for is what a sanitizer finds, and a format that breaks its contract (tests/lib/walk.h).
 */
#include <fts.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "capture/feed/net.h"
#include "hugepages/base/pcapfile.h"
#include "tests/lib/lane.h"

#define EXIT_SKIP      77
#define FORMAT_CNT_MAX 16u
#define FED_BYTES_MAX  9000u /* longer ones are no packets of a network: their beginning is enough */

struct tally {
	uint64_t truncate_max; /* of each file */
	uint64_t file_cnt;
	uint64_t packet_cnt;
	uint64_t walk_cnt;
	uint64_t message_cnt;
	uint64_t broken_cnt;
};

static void
feed(struct tally *tally, const uint8_t *data, uint32_t bytes)
{
	static struct lane lanes[FORMAT_CNT_MAX][2];
	uint8_t *exact = malloc(bytes + (bytes == 0)); /* a sanitizer sees the byte behind it */

	if (exact == NULL)
		abort();
	memcpy(exact, data, bytes);
	for (uint32_t i = 0; vega_formats[i] != NULL; i++) {
		uint64_t message_cnt = 0;

		lanes[i][0].keeps_names = lanes[i][1].keeps_names = true;
		if (!lane_pair_keeps_contract(
			    lanes[i], vega_formats[i], exact, bytes, &message_cnt)) {
			printf("%s breaks its contract on %u bytes\n", vega_formats[i]->name,
				bytes);
			tally->broken_cnt++;
		}
		tally->walk_cnt++;
		tally->message_cnt += message_cnt;
	}
	free(exact);
}

static void
feed_packet(struct tally *tally, uint32_t linktype, const struct vega_pcapfile_packet *packet,
	bool truncate)
{
	const uint8_t *data = packet->data;
	uint32_t bytes = packet->captured_bytes;
	struct vega_net net;

	vega_net_parse(linktype, data, bytes, &net);
	if (net.udp_port != VEGA_NET_NO_PORT) {
		data += net.payload_off;
		bytes = net.payload_bytes;
	}
	if (bytes > FED_BYTES_MAX)
		bytes = FED_BYTES_MAX;
	for (uint32_t n = truncate ? 0 : bytes; n < bytes; n++)
		feed(tally, data, n);
	feed(tally, data, bytes);
}

static void
feed_file(struct tally *tally, const char *path)
{
	struct vega_pcapfile_packet packet;
	struct vega_pcapfile *file;

	if (vega_pcapfile_open(path, &file) != 0)
		return; /* no capture, or one that libpcap does not read */
	tally->file_cnt++;
	while (vega_pcapfile_next(file, &packet) == 1) {
		tally->packet_cnt++;
		feed_packet(tally, vega_pcapfile_linktype(file), &packet,
			vega_pcapfile_packet_cnt(file) <= tally->truncate_max);
	}
	vega_pcapfile_close(file);
}

static int
feed_folder(struct tally *tally, char *folder)
{
	char *const roots[] = {folder, NULL};
	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	FTSENT *entry;

	if (tree == NULL)
		return -1;
	while ((entry = fts_read(tree)) != NULL)
		if (entry->fts_info == FTS_F)
			feed_file(tally, entry->fts_path);
	(void)fts_close(tree);
	return 0;
}

int
main(int argc, char **argv)
{
	const char *shared = getenv("VEGA_SHARED");
	struct tally tally = {.truncate_max = 4};
	char folder[4096];

	if (shared == NULL)
		shared = argc > 1 ? argv[1] : ".";
	(void)snprintf(folder, sizeof(folder), "%s/data", shared);
	if (argc == 3)
		tally.truncate_max =
			strcmp(argv[2], "all") == 0 ? UINT64_MAX : strtoull(argv[2], NULL, 10);
	if (feed_folder(&tally, folder) != 0 || tally.file_cnt == 0) {
		printf("skipped: need captures, found none in %s; set VEGA_SHARED\n", folder);
		return EXIT_SKIP;
	}
	printf("%" PRIu64 " files, %" PRIu64 " packets, %" PRIu64 " walks, %" PRIu64
	       " messages, %" PRIu64 " contracts broken\n",
		tally.file_cnt, tally.packet_cnt, tally.walk_cnt, tally.message_cnt,
		tally.broken_cnt);
	return tally.broken_cnt != 0;
}
