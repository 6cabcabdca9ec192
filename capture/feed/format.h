/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_FEED_FORMAT_H
#define VEGA_FEED_FORMAT_H
/*
 * The contract of a wire format: one file, one row of the table in formats.c, one folder of captures.
 *
 * A datagram is opened once and then gives its messages one after the other, as they are framed. Every function is
 * pure: no allocation, no I/O, no state but the walk; bounds are checked before each use, and come from the UDP
 * length, never from the frame's. What is not understood is given as it lies and counted by the caller, never guessed.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/feed/emit.h"
#include "hugepages/base/attr.h"

#define VEGA_SEQ_NONE           UINT64_MAX
#define VEGA_WALK_SCRATCH_BYTES 2048u

/* One message; data points into the datagram, or into the walk's scratch where it was compressed. */
struct vega_message {
	const uint8_t *data;
	uint32_t bytes;
	uint32_t type;     /* the format's own: 'A', a template id, a transaction code */
	uint64_t seq;      /* its exchange sequence; VEGA_SEQ_NONE: it has none */
	uint32_t stream;   /* MTBT stream, CME and IEX channel; 0 where the format has one */
	bool is_heartbeat; /* carries no data: not counted as a message */
	/* Of a type that is not known, or not as long as its documents say: given as far as it is understood, and counted. */
	bool is_odd;
};

/* Where a datagram's walk stands. The caller makes it, open fills it, next moves it. */
struct vega_walk {
	const uint8_t *payload;
	uint32_t bytes;
	uint32_t at;          /* offset of the next message */
	uint32_t message_cnt; /* that the header announces; 0 where it does not */
	uint32_t message_idx; /* of the next */
	uint64_t seq_first;   /* of the header; VEGA_SEQ_NONE: none */
	/* A number or a hash of the session's text; a change is a new sequence space. */
	uint64_t session;
	uint8_t session_text[12]; /* NUL-terminated, "" where there is none */
	uint8_t scratch[VEGA_WALK_SCRATCH_BYTES];
};

/* Who reads a text: the same appenders write for each. */
enum vega_text_style {
	VEGA_TEXT_LINE, /* the canonical line: raw integers, latin-1 one to one */
	VEGA_TEXT_JSON, /* members of a JSON object: raw integers, UTF-8 */
	VEGA_TEXT_PEOPLE /* as the line, but prices have their decimal point and lists their keys; nothing unprintable */
};

/* Text is appended to a buffer of the caller's; what does not fit is cut and told by `cut`. */
struct vega_text {
	char *buf;
	size_t bytes; /* of buf */
	size_t used;  /* without the NUL */
	bool cut;
	enum vega_text_style style;
	/* Where it stands: the appenders' own. Zero at the beginning. */
	bool after_open; /* nothing to separate the next key from */
	bool in_list;
	bool in_quotes; /* of JSON */
};

/*
 * The fast path: a datagram is a row of spans, mostly one; arbitration judges each before it is decoded (seq.h).
 *
 * A span's messages have sequences without a hole. MTBT, where each message has its own, begins a span where stream or sequence jump.
 */
struct vega_span {
	uint64_t session; /* as walk->session */
	/* Of its first message. VEGA_SEQ_NONE: no gap can be seen from this format, or these messages. */
	uint64_t seq;
	/* Sequences it takes: messages, or 1 where the packet is numbered (MDP3). 0: seq is the next one expected. */
	uint64_t seq_cnt;
	uint32_t stream; /* of the wire: MTBT stream, IEX channel; 0 where the format has one */
	bool is_start; /* the header says that the session begins anew: IEX offset 0, MDP3 channel reset */
	bool is_end; /* MoldUDP64's end of session */
};

/* Where the fast path stands in one datagram. The feed makes it anew for each: payload, bytes, channel, state, emit; the rest zero. */
struct vega_decode {
	const uint8_t *payload;
	uint32_t bytes;
	uint32_t at;      /* the format's own */
	uint32_t left;    /* the format's own: entries, messages */
	uint32_t channel; /* the number that its records carry */
	bool is_malformed; /* the rest of the datagram is not of the format: set by span or records */
	/* Nothing follows: span need not be asked again. A format may leave it alone. */
	bool is_end;
	void *state; /* vega_format.state_bytes of the feed's, zeros at the start */
	struct vega_emit *emit;
};

struct vega_seq;

struct vega_format {
	const char *name; /* as in --feed and in the configuration: "nse-mtbt" */
	const char *doc;  /* one line */
	bool names_stream; /* its messages say their stream, or have no sequence: lines pair by themselves */
	/* Or prices without a place: books are made of them, in a lane of their own; hugepages/base/conf_feeds.c knows it by name. */
	bool has_orders;
	bool modify_adds; /* a change of an order that nobody knows adds it: it may become known so */
	uint8_t price_digits; /* decimal digits of its integer prices */

	/*
	 * Begin a datagram: check the header.
	 * Returns 0, or -EBADMSG: not of this format, or cut.
	 */
	int (*open)(struct vega_walk *walk, const uint8_t *payload, uint32_t bytes);

	/*
	 * The next message.
	 * Returns 1, 0 at the end, -EBADMSG when what follows is no message (the rest of the datagram is malformed).
	 * An end or an error stays.
	 */
	int (*next)(struct vega_walk *walk, struct vega_message *ret_message);

	/*
	 * Append the message's fields as `key=value` in canonical order, from `type=` on, separated by single spaces.
	 * An unknown type gives type and len. May be called with any bytes that next can return. What the canonical line
	 * leaves out may follow in the other styles.
	 */
	void (*line)(const struct vega_message *message, struct vega_text *text);

	/* ---- the fast path; NULL where the format is `raw` ------------------------------------------------------ */

	/* Memory that the fast path keeps for a feed, over all its channels of this format: tokens of names; 0: none. */
	size_t state_bytes;

	/*
	 * The next span of a datagram, from its header.
	 * Returns true, or false at the end; is_malformed says whether it is a bad one.
	 */
	bool (*span)(struct vega_decode *decode, struct vega_span *ret_span);

	/*
	 * A datagram that is one message and no more, the one that `seq` expects next of this stream of the wire: lay its records. NULL:
	 * the format has no such way. Returns false where it is any other, or not an easy one: nothing is done then.
	 */
	bool (*single)(const struct vega_seq *seq, uint32_t stream, const uint8_t *payload,
		uint32_t bytes, void *state, struct vega_emit *emit);

	/*
	 * Lay the records of a span's messages skip .. skip + take - 1, in sequences as span->seq_cnt counts them (take UINT64_MAX: all
	 * that follow). May be called again for a later range of the same span. Called for spans without sequence too.
	 * Returns messages decoded, heartbeats not counted; a fault sets is_malformed, what came before it is laid.
	 * Cost: no allocation, no call out of the format's file but emit's.
	 */
	uint32_t (*records)(struct vega_decode *decode, const struct vega_span *span, uint64_t skip,
		uint64_t take);

	/* A new epoch begins: what records said once a day, names above all, they say again. NULL: nothing is said once. */
	void (*new_day)(void *state);

	/* Seed the state with a token of an earlier DEFINITION; NULL where names have no tokens of ours. */
	void (*define)(void *state, uint32_t token, const uint8_t *text, uint32_t bytes);
};

/* NULL where there is no format of that name. The table ends with NULL. */
const struct vega_format *vega_format_find(const char *name);
extern const struct vega_format *const vega_formats[];

/* Each in the file of its name. */
extern const struct vega_format vega_format_cme_mdp3;
extern const struct vega_format vega_format_iex;
extern const struct vega_format vega_format_itch;
extern const struct vega_format vega_format_nse_mtbt;
extern const struct vega_format vega_format_nse_nnf;

/* Empty it; JSON: begin the object. And end it. */
void vega_text_begin(struct vega_text *text);
void vega_text_end(struct vega_text *text);

/* A key with its value; before it what separates it from the one before. JSON: quoted where it is text. */
void vega_text_alpha(struct vega_text *text, const char *key, const uint8_t *from,
	uint32_t bytes); /* without trailing blanks */
void vega_text_char(
	struct vega_text *text, const char *key, uint8_t value); /* a blank is a blank */
void vega_text_hex(struct vega_text *text, const char *key, const uint8_t *from, uint32_t bytes);
void vega_text_u64(struct vega_text *text, const char *key, uint64_t value);
void vega_text_i64(struct vega_text *text, const char *key, int64_t value);
void vega_text_price(struct vega_text *text, const char *key, int64_t value, uint8_t digits);

/* A list of entries, each with its keys: "entries=1/2;3/4"; JSON: an array of objects. Lists do not nest. */
void vega_text_list_begin(struct vega_text *text, const char *key);
void vega_text_list_next(struct vega_text *text); /* before each entry */
void vega_text_list_end(struct vega_text *text);

/* A value put together from pieces, a string in JSON; between open and close only the appenders without a key. */
void vega_text_open(struct vega_text *text, const char *key);
void vega_text_close(struct vega_text *text);
void vega_text_str(struct vega_text *text, const char *str);
void vega_text_dec(struct vega_text *text, int64_t value);
void vega_text_dec_u64(struct vega_text *text, uint64_t value);
void vega_text_bytes_as_is(struct vega_text *text, const uint8_t *from, uint32_t bytes);

#endif
