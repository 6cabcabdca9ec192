/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vega-decode: every message of a journal, a capture file or a day file, with all its fields.
 */
#include <stdio.h>
#include <string.h>

#include "hugepages/base/cli.h"
#include "hugepages/base/err.h"
#include "replay/dayfile.h"
#include "replay/decode_line.h"
#include "replay/decode_options.h"
#include "replay/stream.h"

#define PROGRAM "vega-decode"

#define LINE_BYTES_MAX (1u << 20) /* a message of 64 KiB, each byte as six of JSON, and keys */

/* Of the whole run: a packet is counted once in the first four, a message once in the next two. */
struct counts {
	uint64_t datagrams;
	uint64_t malformed;
	uint64_t foreign; /* UDP, but not of the format, or of none that is known */
	uint64_t not_udp;
	uint64_t messages;
	uint64_t heartbeats;
	uint64_t odd; /* messages that are not as their documents say, counted above too */
};

struct decode {
	struct vega_decode_options options;
	struct vega_channels channels;
	struct counts counts;
	struct vega_text text;
};

static int
put_line(struct decode *d, const struct vega_decode_from *from, const struct vega_message *message)
{
	vega_decode_line(from, message, &d->text);
	d->counts.messages += !message->is_heartbeat;
	d->counts.heartbeats += message->is_heartbeat;
	d->counts.odd += message->is_odd;
	if (fwrite(d->text.buf, 1, d->text.used, stdout) != d->text.used || putchar('\n') == EOF)
		return VEGA_ERR(-EIO, "standard output: need to write, found: %s", strerror(errno));
	return 0;
}

static int
decode_datagram(
	struct decode *d, const struct vega_net *net, uint64_t recv_ns, const uint8_t *payload)
{
	struct vega_channel *channel = vega_channels_find(&d->channels, net);
	const struct vega_format *format =
		vega_channel_format(channel, payload, net->payload_bytes);
	const struct vega_decode_from from = {recv_ns, channel, format};
	struct vega_message message;
	struct vega_walk walk;
	int rc;

	if (format == NULL || format->open(&walk, payload, net->payload_bytes) != 0) {
		d->counts.foreign++;
		return 0;
	}
	while ((rc = format->next(&walk, &message)) == 1)
		if (put_line(d, &from, &message) != 0)
			return -EIO;
	if (rc == 0)
		d->counts.datagrams++;
	else
		d->counts.malformed++;
	return 0;
}

static int
decode_frame(struct decode *d, const struct vega_frame *frame)
{
	struct vega_net net;

	vega_net_parse(frame->linktype, frame->data, frame->captured_bytes, &net);
	if (net.udp_port == VEGA_NET_NO_PORT) {
		d->counts.not_udp++;
		return 0;
	}
	return decode_datagram(d, &net, frame->recv_ns, frame->data + net.payload_off);
}

static int
decode_frames(struct decode *d, const struct vega_inputs *inputs)
{
	static struct vega_stream stream; /* large: the heads */
	const struct vega_frame *frame;
	int rc = 0;

	vega_stream_begin(&stream, inputs);
	while (rc == 0 && vega_stream_next(&stream, &frame) == 1)
		rc = decode_frame(d, frame);
	return rc;
}

static int
decode_inputs(struct decode *d)
{
	struct vega_inputs inputs;
	int rc = vega_inputs_open(&d->options.inputs, &inputs);

	if (rc != 0)
		return rc;
	rc = decode_frames(d, &inputs);
	if (rc == 0)
		rc = vega_inputs_verdict(&inputs);
	vega_inputs_close(&inputs);
	return rc;
}

static int
decode_messages(struct decode *d, struct vega_dayfile *file)
{
	const struct vega_decode_from from = {.format = &vega_format_itch};
	struct vega_message message = {.seq = VEGA_SEQ_NONE};
	int rc;

	while ((rc = vega_dayfile_next(file, &message.data, &message.bytes)) == 1) {
		message.type = message.data[0];
		rc = put_line(d, &from, &message);
		if (rc != 0)
			return rc;
	}
	return rc;
}

static int
decode_dayfile(struct decode *d)
{
	struct vega_dayfile *file;
	int rc;

	if (d->options.inputs.path_cnt != 1)
		return VEGA_ERR(-EINVAL, "need a day file alone, found %u files; decode one by one",
			d->options.inputs.path_cnt);
	if (d->options.inputs.from != NULL || d->options.inputs.to != NULL)
		return VEGA_ERR(-EINVAL,
			"--from and --to: need packets with a receive time, found %s, a day file, "
			"which has none",
			d->options.inputs.paths[0]);
	rc = vega_dayfile_open(d->options.inputs.paths[0], &file);
	if (rc != 0)
		return rc;
	rc = decode_messages(d, file);
	vega_dayfile_close(file);
	return rc;
}

static bool
is_dayfile(const struct decode *d)
{
	if (d->options.format != NULL && d->options.format != &vega_format_itch)
		return false;
	return vega_dayfile_is_one(d->options.inputs.paths[0]);
}

/* Which formats were guessed, for how many channels. */
static void
print_guesses(const struct decode *d)
{
	for (const struct vega_format *const *format = vega_formats; *format != NULL; format++) {
		uint32_t cnt = 0;

		for (uint32_t i = 0; i < VEGA_CHANNEL_SLOT_CNT; i++)
			cnt += d->channels.table[i].format == *format;
		if (cnt != 0)
			(void)fprintf(stderr, PROGRAM ": guessed %s for %u channel%s\n",
				(*format)->name, cnt, cnt == 1 ? "" : "s");
	}
}

static uint64_t
packets_in(const struct counts *c)
{
	return c->datagrams + c->malformed + c->foreign + c->not_udp;
}

static void
print_summary(const struct decode *d)
{
	const struct counts *c = &d->counts;

	if (d->options.format == NULL)
		print_guesses(d);
	(void)fprintf(stderr,
		PROGRAM ": %llu packets, %llu messages, %llu heartbeats; %llu packets malformed, "
			"%llu not of the format, %llu not UDP; %llu messages odd\n",
		(unsigned long long)packets_in(c), (unsigned long long)c->messages,
		(unsigned long long)c->heartbeats, (unsigned long long)c->malformed,
		(unsigned long long)c->foreign, (unsigned long long)c->not_udp,
		(unsigned long long)c->odd);
}

static int
run(struct decode *d)
{
	static char line[LINE_BYTES_MAX];
	int rc = vega_channels_open(d->options.format, &d->channels);

	if (rc != 0)
		return rc;
	d->text = (struct vega_text){.buf = line, .bytes = sizeof(line), .style = d->options.style};
	rc = is_dayfile(d) ? decode_dayfile(d) : decode_inputs(d);
	if (fflush(stdout) != 0 && rc == 0)
		rc = VEGA_ERR(-EIO, "standard output: need to write, found: %s", strerror(errno));
	if (rc == 0 || packets_in(&d->counts) + d->counts.messages != 0)
		print_summary(d);
	vega_channels_close(&d->channels);
	return rc;
}

int
main(int argc, char **argv)
{
	static struct decode decode;
	int rc;

	vega_cli_init(PROGRAM);
	rc = vega_decode_options_parse(argc, argv, &decode.options);
	if (rc == 0)
		rc = run(&decode);
	return rc == 0 ? EX_OK : vega_err_exit(PROGRAM, rc);
}
