/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay/exchange.h"

#include <stdlib.h>
#include <string.h>

#include "hugepages/base/err.h"
#include "hugepages/base/zone.h"
#include "hugepages/vega_record.h"
#include "replay/channels.h"

#define LANE_BYTES     (2u << 20) /* more than one datagram decodes to */
#define DAY_NS         86400000000000u
#define FORMAT_CNT_MAX 16u

/* The only format whose times are of a day counts them from midnight in New York; others do not look at the zone. */
#define MIDNIGHT_ZONE "America/New_York"

struct vega_exchange {
	struct vega_channels channels;
	struct vega_zone *zone;
	struct vega_record_lane *lane; /* private: what it holds is looked at and forgotten */
	struct vega_ring_writer ring;
	struct vega_emit emit;
	uint64_t day_end_ns;
	void *states[FORMAT_CNT_MAX]; /* by place in vega_formats; NULL: not seen yet */
};

int
vega_exchange_new(struct vega_exchange **ret_exchange)
{
	struct vega_exchange *x = calloc(1, sizeof(*x));
	int rc = 0;

	if (x != NULL)
		x->lane = aligned_alloc(VEGA_LINE_BYTES, LANE_BYTES);
	if (x == NULL || x->lane == NULL) {
		free(x);
		return VEGA_ERR(-ENOMEM, "need memory to decode, found none");
	}
	memset(x->lane, 0, LANE_BYTES);
	vega_ring_new(x->lane, LANE_BYTES, 0, VEGA_RECORD_BYTES, 1);
	vega_ring_writer_init(&x->ring, x->lane, LANE_BYTES);
	x->emit.ring = &x->ring;
	rc = vega_zone_new(MIDNIGHT_ZONE, 0, &x->zone);
	if (rc == 0)
		rc = vega_channels_open(NULL, &x->channels);
	if (rc != 0)
		vega_exchange_delete(x);
	else
		*ret_exchange = x;
	return rc;
}

void
vega_exchange_delete(struct vega_exchange *x)
{
	if (x == NULL)
		return;
	for (uint32_t i = 0; i < FORMAT_CNT_MAX; i++)
		free(x->states[i]);
	vega_channels_close(&x->channels);
	if (x->zone != NULL)
		vega_zone_delete(x->zone);
	free(x->lane);
	free(x);
}

/* What a format keeps from packet to packet; NULL: no memory. */
static void *
state_of(struct vega_exchange *x, const struct vega_format *format)
{
	uint32_t i = 0;

	while (vega_formats[i] != format)
		i++;
	assert(i < FORMAT_CNT_MAX);
	if (x->states[i] == NULL)
		x->states[i] = calloc(1, format->state_bytes + 1);
	return x->states[i];
}

/* Records count from a day before the midnight before the packet, as those of a feed do. */
static void
settle_day(struct vega_exchange *x, uint64_t recv_ns)
{
	const struct vega_day day = vega_zone_day(x->zone, recv_ns);

	x->emit.epoch_ns = day.midnight_ns > DAY_NS ? day.midnight_ns - DAY_NS : 0;
	x->day_end_ns = day.end_ns;
}

/* The first time that the records from a position on have. */
static int
first_time(const struct vega_exchange *x, uint64_t from, uint64_t *ret_ns)
{
	struct vega_record_clock clock = {.epoch_ns = x->emit.epoch_ns};

	for (uint64_t at = from; at < x->ring.next; at++) {
		union vega_record record;
		uint64_t ns;

		memcpy(&record, vega_ring_slot(&x->ring, at), sizeof(record));
		ns = vega_record_ns(&clock, &record);
		if (ns != 0) {
			*ret_ns = ns;
			return 1;
		}
	}
	return 0;
}

static int
decode(struct vega_exchange *x, const struct vega_format *format, const uint8_t *payload,
	uint32_t bytes, uint64_t *ret_ns)
{
	struct vega_decode d = {
		.payload = payload, .bytes = bytes, .state = state_of(x, format), .emit = &x->emit};
	const uint64_t from = x->ring.next;
	struct vega_span span;
	int found = 0;

	if (d.state == NULL)
		return VEGA_ERR(-ENOMEM, "need memory to decode %s, found none", format->name);
	while (found == 0 && format->span(&d, &span)) {
		(void)format->records(&d, &span, 0, 1);
		found = first_time(x, from, ret_ns);
	}
	vega_ring_publish(&x->ring);
	return found;
}

static VEGA_COLD int
too_coarse(const struct vega_channel *channel)
{
	return VEGA_ERR(-EBADMSG,
		"--clock exchange: need exchange times of a fine grain, found %s on %s, whose "
		"times are whole seconds; leave it out (--feed), or pace by receive time",
		channel->format->name, channel->text);
}

int
vega_exchange_ns(struct vega_exchange *x, const struct vega_frame *frame, uint64_t *ret_ns)
{
	const struct vega_format *format;
	struct vega_channel *channel;
	struct vega_net net;

	vega_net_parse(frame->linktype, frame->data, frame->captured_bytes, &net);
	if (net.udp_port == VEGA_NET_NO_PORT)
		return 0;
	channel = vega_channels_find(&x->channels, &net);
	format = vega_channel_format(channel, frame->data + net.payload_off, net.payload_bytes);
	if (channel->format == &vega_format_nse_nnf)
		return too_coarse(channel);
	if (format == NULL || format == &vega_format_nse_nnf || format->span == NULL)
		return 0;
	if (frame->recv_ns >= x->day_end_ns)
		settle_day(x, frame->recv_ns);
	return decode(x, format, frame->data + net.payload_off, net.payload_bytes, ret_ns);
}
