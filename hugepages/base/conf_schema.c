/* SPDX-License-Identifier: BSD-3-Clause */
#include "hugepages/base/conf_schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hugepages/base/err.h"

/* clang-format off */
#define TEXT(S, key, unit, fallback, example, doc) \
	{#key, VEGA_KEY_TEXT, offsetof(struct vega_raw##S, key), unit, fallback, example, doc, NULL}
#define TEXTS(S, key, unit, example, doc) \
	{#key, VEGA_KEY_TEXTS, offsetof(struct vega_raw##S, key), unit, "", example, doc, NULL}
#define MAP(S, key, doc) \
	{#key, VEGA_KEY_MAP, offsetof(struct vega_raw##S, key), "", "", NULL, doc, &key##_section}
#define MAPS(S, key, doc) \
	{#key, VEGA_KEY_MAPS, offsetof(struct vega_raw##S, key), "", "", NULL, doc, &key##_section}
#define SECTION(section, S, examples) \
	static const struct vega_section section##_section = {#section, sizeof(struct vega_raw##S), \
		VEGA_ARRAY_CNT(section##_keys), examples, section##_keys}; \
	static_assert(VEGA_ARRAY_CNT(section##_keys) <= VEGA_SECTION_KEY_CNT_MAX, #section)

static const struct vega_key journal_keys[] = {
	TEXT(_journal, dir, "folder", "", "/var/lib/vega",
		"Folder of the journal; `vega-capture --journal` overrides it."),
	TEXT(_journal, file_size, "size, 4MiB to 1TiB", "4GiB", NULL,
		"A file this large is sealed and the next one begun."),
	TEXT(_journal, file_age, "duration from 1s, or none", "none", NULL,
		"A file this old is sealed too. A trading day begins new files in any case."),
	TEXT(_journal, sync_interval, "duration, 1ms to 1h", "1s", NULL,
		"How often what was written is made durable: the most that a power loss can take."),
	TEXT(_journal, keyframe_interval, "duration, 1ms to 1h, or none", "10s", NULL,
		"How often the state of all instruments goes into the journal, so that the state at any time is soon found."),
	TEXT(_journal, keyframe_records, "number, 1 to 1000000000, or none", "250000", NULL,
		"The same by records; whichever comes first. Of many instruments seldomer: not before there were three for each four bytes that it takes."),
};
SECTION(journal, _journal, 1);

static const struct vega_key drain_keys[] = {
	TEXT(_drain, cpu, "processor, or any", "any", "2",
		"Processor of the thread that writes the journal; not one of the lcores'."),
};
SECTION(drain, _drain, 1);

static const struct vega_key ports_keys[] = {
	TEXT(_port, name, "name", NULL, "nse_a|nse_b",
		"What the rest of this file, the interfaces of the journal and `vega-bus stat` call it."),
	TEXT(_port, device, "DPDK device", NULL, "0000:3b:00.0|0000:3b:00.1",
		"PCI address, or virtual device with its arguments: net_af_packet0,iface=eth1"),
	TEXT(_port, queues, "1 to 16", "1", NULL,
		"Receive queues. Each must be polled by exactly one lcore."),
	TEXT(_port, rx_descriptors, "64 to 32768", "4096", NULL,
		"Packets a queue can hold while its lcore is elsewhere; more than the device has become as many as it has."),
	TEXT(_port, mtu, "68 to 65535 bytes, or device", "device", NULL,
		"Largest IP packet; `device` leaves it as it is."),
	TEXT(_port, mbufs, "1024 to 16777215, or auto", "auto", NULL,
		"Buffers of the port's pool; `auto` follows from queues and descriptors."),
	TEXT(_port, promiscuous, "yes or no", "yes", NULL,
		"Receive what is not addressed to the port too; without it, only joined groups come in."),
};
SECTION(ports, _port, 2);

static const struct vega_key lcores_keys[] = {
	TEXT(_lcore, cpu, "processor", NULL, "3",
		"The processor that does nothing else; best one that isolcpus= keeps free."),
	TEXT(_lcore, numa, "node, or own", "own", NULL,
		"Node that the memory must come from; `own` is the processor's."),
	TEXTS(_lcore, polls, "ports", "[nse_a, \"nse_b:0\"]",
		"What it polls: a port with all its queues, or PORT:QUEUE."),
};
SECTION(lcores, _lcore, 1);

static const struct vega_key channels_keys[] = {
	TEXT(_channel, vlan, "1 to 4094, untagged, or any", "any", "10",
		"Outermost VLAN id."),
	TEXT(_channel, group, "IPv4 or IPv6 address, or any", "any", "239.70.70.41|239.70.70.42",
		"Destination address."),
	TEXT(_channel, port, "1 to 65535, or any", "any", "17741",
		"UDP destination port; `any` takes fragments and packets that are not UDP as well."),
	TEXT(_channel, line, "A or B", "A", "A|B",
		"The line this is, of a feed that is sent twice."),
	TEXT(_channel, on, "name of a port, or any", "any", "nse_a|nse_b",
		"The port it arrives at; `any` is every port that the feed's lcore polls."),
	TEXT(_channel, format, "wire format, or raw", "raw", "nse-mtbt",
		"What its datagrams hold: nse-mtbt, nse-nnf, itch, iex, cme-mdp3. `raw` is not decoded."),
	TEXT(_channel, stream, "0 to 65535, or auto", "auto", NULL,
		"Number of its sequence in the records; lines A and B of a stream have the same. `auto` counts the\n"
		"channels of a format and a line from 0, so that the n-th of line A goes with the n-th of line B."),
};
SECTION(channels, _channel, 2);

static const struct vega_key feeds_keys[] = {
	TEXT(_feed, name, "name", NULL, "NSE_FO",
		"Name of the feed and of its folder in the journal. A feed called `default` sets the zone and the lanes\n"
		"of what no feed claims; it has no channels."),
	TEXT(_feed, zone, "IANA time zone", "UTC", "Asia/Kolkata",
		"Zone of the feed's trading day."),
	TEXT(_feed, day_start, "HH:MM", "00:00", NULL,
		"When the trading day begins there; the day is named by the date on which it begins."),
	TEXT(_feed, record_lane, "0, a multiple of 2MiB to 64GiB, or auto", "auto", "2MiB",
		"Room for decoded messages, 32 bytes each: what readers may be behind. `auto` is 2MiB where a channel has a\n"
		"format, else 0: raw frames only."),
	TEXT(_feed, frame_lane, "2MiB, 4MiB, 8MiB ... 64GiB", "64MiB", "256MiB",
		"Room for raw frames on their way to the journal, a power of two; it must hold what arrives while the\n"
		"disk stalls."),
	TEXT(_feed, instruments, "0 to 1000000, or auto", "auto", NULL,
		"Instruments whose state is kept, 1280 bytes and more each; those above it are counted. `auto` is 10000 where\n"
		"a channel has a format, else 0: no state."),
	TEXT(_feed, orders, "1000 to 100000000", "1000000", NULL,
		"Orders that the books of a feed of orders hold at a time, about 120 bytes each; those above it are counted."),
	TEXT(_feed, price_scale, "0 to 18 digits, or auto", "auto", "2",
		"Decimal digits of the feed's integer prices; `auto` is the format's own, 0: unknown."),
	TEXT(_feed, hold, "duration, 0ms to 1h", "1s", NULL,
		"How long a gap in a sequence may wait to be filled by the other line, or late, before it is lost."),
	TEXT(_feed, lcore, "position in lcores, or auto", "auto", NULL,
		"The lcore that owns the feed, counted from 0; `auto` follows from the ports of its channels."),
	MAPS(_feed, channels, "The packets that belong to the feed. Where several feeds claim one, the channel that says the most has it."),
};
SECTION(feeds, _feed, 1);

static const struct vega_key rewrite_keys[] = {
	TEXT(_rewrite, vlan, "1 to 4094, untagged, or any", "any", NULL,
		"The packets that are rewritten: outermost VLAN id as recorded,"),
	TEXT(_rewrite, group, "IPv4 or IPv6 address, or any", "any", "239.70.70.41|239.70.70.42",
		"destination address as recorded,"),
	TEXT(_rewrite, port, "1 to 65535, or any", "any", NULL,
		"and UDP destination port as recorded."),
	TEXT(_rewrite, to_vlan, "1 to 4094, untagged, or same", "same", NULL,
		"Outermost VLAN id that they leave with; a tag is put in or taken out where there was none or shall be none."),
	TEXT(_rewrite, to_group, "address of the same family, or same", "same", "239.1.1.1|239.1.1.2",
		"Destination address that they leave with."),
	TEXT(_rewrite, to_port, "1 to 65535, or same", "same", NULL,
		"UDP destination port that they leave with."),
	TEXT(_rewrite, to_mac, "Ethernet address, or auto", "auto", NULL,
		"Destination Ethernet address; `auto` follows from to_group where that is multicast."),
	TEXT(_rewrite, source, "IPv4 or IPv6 address, or same", "same", NULL,
		"Source address."),
	TEXT(_rewrite, source_mac, "Ethernet address, or same", "same", NULL,
		"Source Ethernet address."),
};
SECTION(rewrite, _rewrite, 2);

static const struct vega_key top_keys[] = {
	TEXT(, region, "name", "vega", NULL,
		"Name of the shared memory; one capture at a time has it."),
	TEXT(, memory, "auto, huge or shm", "auto", NULL,
		"`huge` insists on hugepages, `shm` takes /dev/shm, `auto` takes hugepages where enough are free."),
	TEXT(, page_size, "2MiB, 1GiB, or auto", "auto", NULL,
		"Size of the hugepages; `auto` is the system's own."),
	MAP(, journal, "Where the packets are kept."),
	TEXT(, idle, "auto, spin or adaptive", "auto", NULL,
		"What an rx lcore does when nothing arrives: `spin` polls on, `adaptive` sleeps 50us at a time after 1000\n"
		"empty polls, `auto` spins where every thread has a processor of its own."),
	MAP(, drain, "The thread that writes the journal."),
	TEXT(, default_frame_lane, "2MiB, 4MiB, 8MiB ... 64GiB", "64MiB", NULL,
		"Frame lane of what no feed claims. A feed called `default` has its own frame_lane instead."),
	MAPS(, ports, "Network ports; `vega-capture --port` adds to them."),
	MAPS(, lcores, "Receiving threads. Without any, one polls everything."),
	MAPS(, feeds, "The streams of packets, each with lanes and a journal of its own."),
	MAPS(, rewrite, "Other addresses for packets that `vega-replay` sends; the first entry that fits a packet counts. A capture does not look at it."),
};
static_assert(VEGA_ARRAY_CNT(top_keys) <= VEGA_SECTION_KEY_CNT_MAX, "keys");
/* clang-format on */

const struct vega_section vega_schema = {
	"", sizeof(struct vega_raw), VEGA_ARRAY_CNT(top_keys), 1, top_keys};

static const struct vega_section *
find_section(const struct vega_section *in, const char *name)
{
	const struct vega_section *found = strcmp(in->name, name) == 0 ? in : NULL;

	for (uint32_t i = 0; i < in->key_cnt && found == NULL; i++)
		if (in->keys[i].section != NULL)
			found = find_section(in->keys[i].section, name);
	return found;
}

const struct vega_section *
vega_section_named(const char *name)
{
	return find_section(&vega_schema, name);
}

static int
fill_key(const struct vega_key *key, void *data, const char *path)
{
	char **text =
		(char **)(void *)((uint8_t *)data + key->off); /* TEXT: char *, MAP: section * */
	const struct vega_raw_list *list = (void *)text;
	char below[96];
	int rc = 0;

	switch (key->kind) {
	case VEGA_KEY_TEXT:
		if (*text == NULL && key->fallback == NULL)
			return VEGA_ERR(-EINVAL, "%s%s: need a value (%s), found none", path,
				key->name, key->unit);
		if (*text == NULL)
			*text = strdup(key->fallback);
		break;
	case VEGA_KEY_MAP:
		if (*text == NULL)
			*text = calloc(1, key->section->bytes);
		(void)snprintf(below, sizeof(below), "%s%s.", path, key->name);
		rc = *text != NULL ? vega_raw_fill(key->section, *text, below) : 0;
		break;
	case VEGA_KEY_MAPS:
		for (uint32_t i = 0; i < list->cnt && rc == 0; i++) {
			(void)snprintf(below, sizeof(below), "%s%s[%u].", path, key->name, i);
			rc = vega_raw_fill(key->section,
				(uint8_t *)list->entries + (size_t)i * key->section->bytes, below);
		}
		return rc;
	case VEGA_KEY_TEXTS:
		return 0;
	}
	return *text != NULL ? rc
			     : VEGA_ERR(-ENOMEM, "need memory for the configuration, found none");
}

int
vega_raw_fill(const struct vega_section *section, void *data, const char *path)
{
	int rc = 0;

	for (uint32_t i = 0; i < section->key_cnt && rc == 0; i++)
		rc = fill_key(&section->keys[i], data, path);
	return rc;
}

void
vega_raw_clear(const struct vega_section *section, void *data)
{
	for (uint32_t i = 0; i < section->key_cnt; i++)
		if (section->keys[i].kind == VEGA_KEY_TEXT)
			free(*(char **)(void *)((uint8_t *)data + section->keys[i].off));
}
