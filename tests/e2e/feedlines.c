/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * For tests: a capture's packets through one wire format: "number group:port sequence stream line" a message, and
 * "number group:port malformed" where the walk ended so; "number none" for a packet without a UDP payload.
 * With --cut nothing but a count: each payload is walked at every length below its own.
 * With --records each record of the fast path in numbers: "number ns kind flags instrument w12 w16 w20 w24 w28"; ns is 0 where
 * there is none; WIDE and TIME stand as they lie. With --bodies each message in hexadecimal: "number type bytes".
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "capture/feed/net.h"
#include "hugepages/base/err.h"
#include "hugepages/base/pcapfile.h"
#include "tests/lib/lane.h"

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

static void
print_record(const struct lane *lane, const union vega_record *r, uint64_t packet)
{
	const uint64_t ts48 = vega_record_ts48(r);

	(void)printf("%" PRIu64 " %" PRIu64 " %u %u %u", packet,
		ts48 == VEGA_TS_NONE ? 0 : lane->emit.epoch_ns + ts48, vega_record_kind(r),
		vega_record_flags(r), vega_record_instrument(r));
	for (uint32_t i = 3; i < 8; i++)
		(void)printf(" %u", (uint32_t)(r->word[i / 2] >> 32 * (i % 2)));
	(void)printf("\n");
}

/* The epoch is the first packet's day, and a day. */
static void
print_records(struct lane *lane, const uint8_t *payload, uint32_t bytes,
	const struct vega_pcapfile_packet *p, uint64_t packet)
{
	const uint64_t day_ns = 86400000000000u;
	struct decoded decoded;

	if (packet == 1)
		lane->emit.epoch_ns = p->recv_ns / day_ns * day_ns - day_ns;
	decoded = lane_decode(lane, payload, bytes, UINT64_MAX);
	for (uint64_t i = 0; i < decoded.record_cnt; i++)
		print_record(lane, lane_record(lane, i), packet);
}

static void
print_bodies(
	const struct vega_format *format, const uint8_t *payload, uint32_t bytes, uint64_t packet)
{
	struct vega_walk walk;
	struct vega_message m;

	if (format->open(&walk, payload, bytes) != 0)
		return;
	while (format->next(&walk, &m) == 1) {
		(void)printf("%" PRIu64 " %u ", packet, m.type);
		for (uint32_t i = 0; i < m.bytes; i++)
			(void)printf("%02x", m.data[i]);
		(void)printf("\n");
	}
}

static int
run_fast(const struct vega_format *format, struct vega_pcapfile *file, bool is_bodies)
{
	struct vega_pcapfile_packet p;
	struct vega_net net;
	struct lane lane;
	int rc;

	lane_new(&lane, format);
	while ((rc = vega_pcapfile_next(file, &p)) > 0) {
		const uint64_t packet = vega_pcapfile_packet_cnt(file);

		vega_net_parse(vega_pcapfile_linktype(file), p.data, p.captured_bytes, &net);
		if (net.udp_port == VEGA_NET_NO_PORT)
			continue;
		if (is_bodies)
			print_bodies(format, p.data + net.payload_off, net.payload_bytes, packet);
		else
			print_records(
				&lane, p.data + net.payload_off, net.payload_bytes, &p, packet);
	}
	lane_delete(&lane);
	return rc;
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
	const char *how = argc == 4 ? argv[3] : "";
	const bool is_cut = strcmp(how, "--cut") == 0;
	const bool is_bodies = strcmp(how, "--bodies") == 0;
	const bool is_fast = is_bodies || strcmp(how, "--records") == 0;
	const struct vega_format *format = argc >= 3 ? vega_format_find(argv[1]) : NULL;
	struct vega_pcapfile *file;
	int rc;

	if (format == NULL || (argc != 3 && !is_cut && !is_fast)) {
		(void)fprintf(
			stderr, "Usage: %s FORMAT FILE [--cut|--records|--bodies]\n", argv[0]);
		return EX_USAGE;
	}
	rc = vega_pcapfile_open(argv[2], &file);
	if (rc != 0)
		return vega_err_exit("feedlines", rc);
	rc = is_fast ? run_fast(format, file, is_bodies) : run(format, file, is_cut);
	vega_pcapfile_close(file);
	return vega_err_exit("feedlines", rc);
}
