/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_REPLAY_CHANNELS_H
#define VEGA_REPLAY_CHANNELS_H
/*
 * The channels of a recording, destination address and port, and the wire format of each.
 *
 * A format that is not given is guessed: the first one that opens a datagram and takes all of it, with at least one
 * message and none of a wrong length. From then on the channel keeps it.
 */
#include "capture/feed/format.h"
#include "capture/feed/itch.h"
#include "capture/feed/net.h"
#include "hugepages/base/attr.h"

#define VEGA_CHANNEL_CNT_MAX  4096u
#define VEGA_CHANNEL_SLOT_CNT 8192u

struct vega_channel {
	uint64_t dst[2];
	uint32_t udp_port;
	uint8_t family;                   /* 4 or 6; 0: free */
	const struct vega_format *format; /* NULL: not known yet */
	char text[64];                    /* "239.1.2.3:5000" */
	uint8_t (*stocks)
		[VEGA_ITCH_STOCK_BYTES]; /* itch: by locate, zeros where not seen; NULL: none seen */
};

struct vega_channels {
	const struct vega_format *format; /* of all; NULL: to be guessed */
	struct vega_channel *table;       /* VEGA_CHANNEL_SLOT_CNT, hashed */
	uint32_t channel_cnt;
	struct vega_channel spare; /* for what comes when the table is full; guessed every time */
};

/* Returns 0 or -ENOMEM with a message. */
int vega_channels_open(
	const struct vega_format *format, struct vega_channels *ret_channels) VEGA_MUST_CHECK;
void vega_channels_close(struct vega_channels *channels);

/*
 * The channel a datagram belongs to, made at its first.
 * Params: net	of a packet with a UDP port
 */
struct vega_channel *vega_channels_find(struct vega_channels *channels, const struct vega_net *net);

/* The format a datagram is read in: the channel's, or one guessed from it. NULL: none that is known. */
const struct vega_format *vega_channel_format(
	struct vega_channel *channel, const uint8_t *payload, uint32_t bytes);

/*
 * The stock an ITCH message is about, remembered from the messages that name it.
 * Returns its text, filled with blanks; NULL when the message names it itself, or none was seen.
 */
const uint8_t *vega_channel_stock(struct vega_channel *channel, const struct vega_message *message);

#endif
