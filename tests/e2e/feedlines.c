/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * For tests: a capture's packets through one wire format: "number group:port sequence stream line" a message, and
 * "number group:port malformed" where the walk ended so; "number none" for a packet without a UDP payload.
 * With --cut nothing but a count: each payload is walked at every length below its own.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "capture/feed/net.h"
#include "hugepages/base/err.h"
#include "hugepages/base/pcapfile.h"
#include "tests/lib/walk.h"

struct place {
	uint64_t packet;
	char to[32];
};

static void
print_message(void *arg, const struct vega_message *message, const struct vega_text *line)
{
	const struct place *place = arg;

	(void)printf("%" PRIu64 " %s %" PRId64 " %u %s\n", place->packet, place->to,
		(int64_t)message->seq, message->stream, line->buf);
}

static int
broken(uint64_t packet)
{
	return VEGA_ERR(
		-EPROTO, "need what format.h promises, found otherwise in packet %" PRIu64, packet);
}

static int
print_packet(const struct vega_format *format, const uint8_t *payload, uint32_t bytes,
	struct place *place)
{
	struct walked walked;

	if (!walk_all(format, payload, bytes, print_message, place, &walked))
		return broken(place->packet);
	if (walked.rc != 0)
		(void)printf("%" PRIu64 " %s malformed\n", place->packet, place->to);
	return 0;
}

/* From a buffer of exactly that size, so that a sanitizer sees a byte too far. */
static int
cut_packet(const struct vega_format *format, const uint8_t *payload, uint32_t bytes,
	uint64_t packet, uint64_t *cnt)
{
	for (uint32_t n = 0; n < bytes; n++, ++*cnt) {
		uint8_t *copy = malloc(n != 0 ? n : 1);
		struct walked walked;
		bool kept;

		if (copy == NULL)
			return VEGA_ERR(-ENOMEM, "need memory, found none");
		memcpy(copy, payload, n);
		kept = walk_all(format, copy, n, NULL, NULL, &walked);
		free(copy);
		if (!kept)
			return broken(packet);
	}
	return 0;
}

static int
run(const struct vega_format *format, struct vega_pcapfile *file, bool is_cut)
{
	struct vega_pcapfile_packet p;
	struct place place;
	struct vega_net net;
	uint64_t cnt = 0;
	int rc;

	while ((rc = vega_pcapfile_next(file, &p)) > 0) {
		const uint8_t *payload;

		vega_net_parse(vega_pcapfile_linktype(file), p.data, p.captured_bytes, &net);
		payload = p.data + net.payload_off;
		place.packet = vega_pcapfile_packet_cnt(file);
		if (is_cut) {
			rc = cut_packet(format, payload, net.payload_bytes, place.packet, &cnt);
		} else if (net.udp_port == VEGA_NET_NO_PORT) {
			(void)printf("%" PRIu64 " none\n", place.packet);
		} else {
			const uint8_t *ip = (const uint8_t *)net.dst;

			(void)snprintf(place.to, sizeof(place.to), "%u.%u.%u.%u:%u", ip[0], ip[1],
				ip[2], ip[3], net.udp_port);
			rc = print_packet(format, payload, net.payload_bytes, &place);
		}
		if (rc < 0)
			return rc;
	}
	if (is_cut)
		(void)printf("%" PRIu64 " cuts\n", cnt);
	return rc;
}

int
main(int argc, char **argv)
{
	const bool is_cut = argc == 4 && strcmp(argv[3], "--cut") == 0;
	const struct vega_format *format = argc >= 3 ? vega_format_find(argv[1]) : NULL;
	struct vega_pcapfile *file;
	int rc;

	if (format == NULL || (argc != 3 && !is_cut)) {
		(void)fprintf(stderr, "Usage: %s FORMAT FILE [--cut]\n", argv[0]);
		return EX_USAGE;
	}
	rc = vega_pcapfile_open(argv[2], &file);
	if (rc != 0)
		return vega_err_exit("feedlines", rc);
	rc = run(format, file, is_cut);
	vega_pcapfile_close(file);
	return vega_err_exit("feedlines", rc);
}
