/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay/channels.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hugepages/base/err.h"

static_assert(
	(VEGA_CHANNEL_SLOT_CNT & (VEGA_CHANNEL_SLOT_CNT - 1)) == 0, "slots are found by masking");

int
vega_channels_open(const struct vega_format *format, struct vega_channels *ret_channels)
{
	*ret_channels = (struct vega_channels){
		.format = format,
		.table = calloc(VEGA_CHANNEL_SLOT_CNT, sizeof(struct vega_channel)),
	};
	if (ret_channels->table == NULL)
		return VEGA_ERR(
			-ENOMEM, "need memory for %u channels, found none", VEGA_CHANNEL_SLOT_CNT);
	return 0;
}

void
vega_channels_close(struct vega_channels *channels)
{
	for (uint32_t i = 0; channels->table != NULL && i < VEGA_CHANNEL_SLOT_CNT; i++)
		free(channels->table[i].stocks);
	free(channels->spare.stocks);
	free(channels->table);
	*channels = (struct vega_channels){0};
}

static uint32_t
slot_of(const struct vega_net *net)
{
	uint64_t hash = (net->dst[0] ^ net->dst[1] ^ net->udp_port) * 0x9E3779B97F4A7C15;

	return (uint32_t)(hash >> 32);
}

static bool
is_of(const struct vega_channel *channel, const struct vega_net *net)
{
	return channel->family == net->family && channel->udp_port == net->udp_port &&
	       memcmp(channel->dst, net->dst, sizeof(net->dst)) == 0;
}

static void
make(struct vega_channel *channel, const struct vega_format *format, const struct vega_net *net)
{
	char address[INET6_ADDRSTRLEN] = "";

	(void)inet_ntop(net->family == 4 ? AF_INET : AF_INET6, net->dst, address, sizeof(address));
	*channel = (struct vega_channel){
		.dst = {net->dst[0], net->dst[1]},
		.udp_port = net->udp_port,
		.family = net->family,
		.format = format,
	};
	(void)snprintf(channel->text, sizeof(channel->text), net->family == 4 ? "%s:%u" : "[%s]:%u",
		address, net->udp_port);
}

struct vega_channel *
vega_channels_find(struct vega_channels *channels, const struct vega_net *net)
{
	for (uint32_t i = slot_of(net);; i++) {
		struct vega_channel *channel = &channels->table[i & (VEGA_CHANNEL_SLOT_CNT - 1)];

		if (channel->family != 0 && is_of(channel, net))
			return channel;
		if (channel->family != 0)
			continue;
		if (channels->channel_cnt == VEGA_CHANNEL_CNT_MAX) {
			free(channels->spare.stocks);
			channel = &channels->spare;
		} else {
			channels->channel_cnt++;
		}
		make(channel, channels->format, net);
		return channel;
	}
}

/* Returns the number of messages, or -1 when the datagram is not of this format from end to end. */
static int64_t
messages_in(const struct vega_format *format, const uint8_t *payload, uint32_t bytes)
{
	struct vega_message message;
	struct vega_walk walk;
	int64_t message_cnt = 0;
	int rc = format->open(&walk, payload, bytes);

	if (rc != 0)
		return -1;
	while ((rc = format->next(&walk, &message)) == 1) {
		if (message.is_odd)
			return -1;
		message_cnt++;
	}
	return rc == 0 ? message_cnt : -1;
}

const struct vega_format *
vega_channel_format(struct vega_channel *channel, const uint8_t *payload, uint32_t bytes)
{
	const struct vega_format *empty = NULL;

	if (channel->format != NULL)
		return channel->format;
	for (const struct vega_format *const *format = vega_formats; *format != NULL; format++) {
		const int64_t message_cnt = messages_in(*format, payload, bytes);

		if (message_cnt > 0) {
			channel->format = *format;
			return *format;
		}
		if (message_cnt == 0 && empty == NULL)
			empty = *format; /* a heartbeat as it seems: too little to go by for the others */
	}
	return empty;
}

const uint8_t *
vega_channel_stock(struct vega_channel *channel, const struct vega_message *message)
{
	const uint8_t *stock;
	uint16_t locate;

	if (channel->format != &vega_format_itch || !vega_itch_stock(message, &locate, &stock))
		return NULL;
	if (channel->stocks == NULL)
		channel->stocks = calloc(VEGA_ITCH_LOCATE_CNT, VEGA_ITCH_STOCK_BYTES);
	if (channel->stocks == NULL)
		return NULL;
	if (stock == NULL)
		return channel->stocks[locate][0] != 0 ? channel->stocks[locate] : NULL;
	memcpy(channel->stocks[locate], stock, VEGA_ITCH_STOCK_BYTES);
	return NULL;
}
