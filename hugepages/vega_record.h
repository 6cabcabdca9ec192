/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_RECORD_H
#define VEGA_RECORD_H
/*
 * The record: 32 bytes, four little-endian words, what a decoder makes of a message.
 *
 *	 0  6  ts48		ns since the lane's epoch; VEGA_TS_NONE: no time is known
 *	 6  1  kind		enum vega_kind
 *	 7  1  flags		VEGA_RECORD_*
 *	 8  4  instrument	the exchange's token, or one assigned at first sight; in PACKET and GAP the channel
 *	12 20  body		by kind; 8-byte fields only at 16 and 24
 *
 * PACKET has its receive time, all others the exchange's; GAP, LOSS, SEGMENT, EPOCH the receive time. A time that 48 bits cannot
 * hold stands in a TIME record directly before its record, whose ts48 is then 0.
 *
 * Quantities and prices are 4 bytes. What does not fit sets VEGA_RECORD_WIDE, and a WIDE record follows directly, with the high
 * half of each 4-byte field at the field's own place: a value is high << 32 | low, a price signed. Prices are the feed's integers.
 *
 * An event is a PACKET record and what follows up to the next; its records of one exchange message end with VEGA_RECORD_LAST.
 * This header is installed: plain C, and C++.
 */
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VEGA_RECORD_BYTES 32u
#define VEGA_TS_NONE      0xFFFFFFFFFFFFull

enum vega_kind {
	VEGA_PACKET = 1,
	VEGA_ORDER_ADD = 2,
	VEGA_ORDER_MODIFY = 3,
	VEGA_ORDER_DELETE = 4,
	VEGA_ORDER_EXECUTE = 5,
	VEGA_ORDER_REF = 6, /* a second id, or a match number, of the record before */
	VEGA_TRADE = 7,
	VEGA_LEVEL = 8,
	VEGA_LAST = 9,
	VEGA_INTEREST = 10,
	VEGA_OHLC = 11,
	VEGA_GREEKS = 12,
	VEGA_INDEX = 13,
	VEGA_STATUS = 14,
	VEGA_DEFINITION = 15,
	VEGA_CLEAR = 16, /* empty the book */
	VEGA_GAP = 17,
	VEGA_LOSS = 18,
	VEGA_SEGMENT = 19,
	VEGA_EPOCH = 20,
	VEGA_TIME = 21,
	VEGA_WIDE = 22,
	VEGA_RECORD_KIND_CNT = 23
};

/* A set of kinds: a bit each; the last one is shared by what is unknown. */
#define VEGA_RECORD_KIND_BIT(kind) (1u << ((kind) < 31u ? (kind) : 31u))

/* Flags. The two highest bits are a number by kind: an action. */
#define VEGA_RECORD_LAST     0x01u /* last of its exchange message */
#define VEGA_RECORD_ASK      0x02u /* side: sell or ask; without it buy or bid */
#define VEGA_RECORD_SNAPSHOT 0x04u
#define VEGA_RECORD_LOSS_BEFORE \
	0x08u /* in PACKET: it opened a gap, before its messages or in them */
#define VEGA_RECORD_FRAME_LOST 0x10u /* in PACKET: the frame is not in the journal */
#define VEGA_RECORD_WIDE       0x20u
#define VEGA_RECORD_ACTION(n)  ((unsigned)(n) << 6)

/* Actions of PACKET: what became of the datagram. */
enum vega_packet_action {
	VEGA_PACKET_NEW =
		0, /* at least one message was decoded; or not decoded at all, by the format `raw` */
	VEGA_PACKET_DUPLICATE = 1, /* all its sequences were here already */
	VEGA_PACKET_IDLE = 2,      /* a heartbeat: no sequence of its own */
	VEGA_PACKET_MALFORMED = 3  /* not, or not to its end, of its format */
};

/* Actions of LEVEL. */
enum vega_level_action {
	VEGA_LEVEL_SET = 0,    /* the level is now so; a quantity of 0 removes it */
	VEGA_LEVEL_INSERT = 1, /* levels from this one on move down by one */
	VEGA_LEVEL_DELETE = 2, /* levels behind this one move up by one */
	VEGA_LEVEL_CUT = 3     /* this level and all behind it are gone */
};

struct vega_packet_record {
	uint64_t head;        /*  0 */
	uint32_t channel;     /*  8 the channel's stream number of the configuration */
	uint8_t line;         /* 12 'A' or 'B' */
	uint8_t port;         /* 13 interface of the frame, as in the journal */
	uint16_t message_cnt; /* 14 decoded; 65535: that many or more */
	uint64_t seq;         /* 16 first exchange sequence; UINT64_MAX: the format has none */
	uint64_t frame; /* 24 frame number in the lane; meaningless with VEGA_RECORD_FRAME_LOST */
};

/* ORDER_ADD, ORDER_MODIFY (qty and price are the new ones), ORDER_DELETE, ORDER_EXECUTE (qty executed). */
struct vega_order_record {
	uint64_t head;
	uint32_t instrument;
	uint32_t qty;      /* 12 */
	uint64_t order_id; /* 16 */
	int32_t price;     /* 24 0 where the message gives none: VEGA_ORDER_NO_PRICE in reference */
	uint32_t reference; /* 28 VEGA_ORDER_*, and the format's own bits from 16 on */
};
#define VEGA_ORDER_NO_PRICE 0x1u /* the message gives no price: the order's own stands */
#define VEGA_ORDER_NO_QTY   0x2u /* nor a quantity: DELETE removes all of it */
#define VEGA_ORDER_REDUCE   0x4u /* DELETE takes qty off, the rest stays (ITCH X) */
#define VEGA_ORDER_REPLACE \
	0x8u /* MODIFY gives a new id: the ORDER_REF behind it has old id, new id (ITCH U) */
#define VEGA_ORDER_SPREAD   0x10u /* of a spread (MTBT G H J) */
#define VEGA_ORDER_NO_PRINT 0x20u /* EXECUTE that is not to be printed (ITCH C, N) */

struct vega_ref_record {
	uint64_t head;
	uint32_t instrument;
	uint32_t what; /* 12 enum vega_ref */
	uint64_t id;   /* 16 */
	uint64_t id2;  /* 24 */
};
enum vega_ref {
	VEGA_REF_MATCH = 1,      /* id: match or trade number of an execution */
	VEGA_REF_BUY_SELL = 2,   /* the order ids of a trade: buy, sell; 0: not given */
	VEGA_REF_REPLACE = 3,    /* old id, new id */
	VEGA_REF_PRIORITY = 4,   /* id: priority of an order */
	VEGA_REF_ORDER = 5,      /* id: an order that took part, id2: its quantity */
	VEGA_REF_ATTRIBUTION = 6 /* id: eight characters, e.g. an MPID, filled with zeros */
};

struct vega_trade_record {
	uint64_t head;
	uint32_t instrument;
	uint32_t qty;       /* 12 */
	uint64_t trade_id;  /* 16 0: none */
	int32_t price;      /* 24 */
	uint32_t condition; /* 28 VEGA_TRADE_*, and the format's own bits from 16 on */
};
#define VEGA_TRADE_BREAK        0x1u /* takes an earlier trade back */
#define VEGA_TRADE_SPREAD       0x2u /* of a spread */
#define VEGA_TRADE_CROSS        0x4u /* of an auction or cross */
#define VEGA_TRADE_NO_AGGRESSOR 0x8u /* the side flag says nothing */

struct vega_level_record {
	uint64_t head;
	uint32_t instrument;
	uint32_t level;    /* 12 VEGA_LEVEL_WORD */
	int32_t bid_price; /* 16 */
	uint32_t bid_qty;  /* 20 */
	int32_t ask_price; /* 24 */
	uint32_t ask_qty;  /* 28 */
};
/*
 * level: 0: found by its price, which only one side gives; 1 to 31; + 32: of the implied book. sides: 1 bid, 2 ask, 3 both. The
 * counts of orders have 12 bits; with WIDE, 16 more each at offset 12 of it: bid's low, ask's high.
 */
#define VEGA_LEVEL_WORD(level, sides, bid_orders, ask_orders)                                \
	((uint32_t)(level) | (uint32_t)(sides) << 6 | ((uint32_t)(bid_orders)&0xFFFu) << 8 | \
		((uint32_t)(ask_orders)&0xFFFu) << 20)
#define VEGA_LEVEL_BY_PRICE 0u
#define VEGA_LEVEL_IMPLIED  32u
#define VEGA_SIDE_BID       1u
#define VEGA_SIDE_ASK       2u

struct vega_last_record {
	uint64_t head;
	uint32_t instrument;
	int32_t price;   /* 12 */
	uint32_t qty;    /* 16 */
	int32_t average; /* 20 average traded price, 0: not given */
	uint64_t volume; /* 24 of the day; UINT64_MAX: not given */
};

struct vega_interest_record {
	uint64_t head;
	uint32_t instrument;
	uint32_t zero; /* 12 */
	uint64_t oi;   /* 16 open interest */
	uint64_t iv;   /* 24 implied volatility, a double; 0: not given */
};

struct vega_ohlc_record {
	uint64_t head;
	uint32_t instrument;
	int32_t open;   /* 12 */
	int32_t high;   /* 16 */
	int32_t low;    /* 20 */
	int32_t close;  /* 24 the day before's, where the feed has only that */
	uint32_t given; /* 28 bits 0 to 3: open, high, low, close are given */
};

struct vega_greeks_record {
	uint64_t head;
	uint32_t instrument;
	float delta, theta, gamma, vega, rho;
};

struct vega_index_record {
	uint64_t head;
	uint32_t instrument;
	int32_t value;  /* 12 */
	int32_t change; /* 16 percent change, the feed's integer */
	uint32_t what;  /* 20 0: the index, 1: indicative close (NNF 8207) */
	uint64_t cap;   /* 24 market capitalisation, a double's bits; 0: not given */
};

/* Trading state, and every statistic that has no kind of its own; what says which (docs/FEEDS.md lists them by format). */
struct vega_status_record {
	uint64_t head;
	uint32_t instrument; /* 0: of the whole market */
	uint32_t what;       /* 12 the format's message type */
	uint64_t value;      /* 16 characters as they lie, or a number */
	uint64_t value2;     /* 24 */
};

/* Text of up to 16 bytes a record, `part` of `part_cnt`, filled with zeros. Instrument 0: says the digits of all of the channel. */
struct vega_definition_record {
	uint64_t head;
	uint32_t instrument;
	uint8_t part;     /* 12 from 0 */
	uint8_t part_cnt; /* 13 */
	uint8_t digits;   /* 14 decimal digits of its prices; 255: the feed's price_scale */
	uint8_t unit; /* 15 0: text is the name; 1: text is lot size, tick or other facts: two u64 */
	uint8_t text[16]; /* 16 */
};

struct vega_clear_record {
	uint64_t head;
	uint32_t instrument; /* 0: every book of the channel */
	uint32_t why;        /* 12 the format's message type */
	uint64_t zero[2];
};

struct vega_gap_record {
	uint64_t head;
	uint32_t channel;
	/* 12 enum vega_gap_state; from bit 8 on 'A' or 'B': the line that told it; VEGA_GAP_IN_PLACE */
	uint32_t state;
	uint64_t first; /* 16 first missing sequence */
	uint64_t cnt;   /* 24 */
};
enum vega_gap_state {
	VEGA_GAP_OPEN = 1,
	VEGA_GAP_FILLED = 2,    /* by the other line, in time */
	VEGA_GAP_RECOVERED = 3, /* late: out of order on its own line, or after the hold */
	VEGA_GAP_LOST = 4       /* nobody brought it within the hold */
};
/* In a book lane, FILLED and RECOVERED: the books put what came late, the rest of this packet, into its place. */
#define VEGA_GAP_IN_PLACE 0x00010000u

struct vega_loss_record {
	uint64_t head;
	uint32_t instrument; /* 0 */
	uint32_t cause;      /* 12 enum vega_loss */
	uint64_t cnt;        /* 16 */
	uint64_t first;      /* 24 first position lost, VEGA_LOSS_LAPPED */
};
enum vega_loss {
	VEGA_LOSS_PORT = 1,   /* packets that the port lost */
	VEGA_LOSS_LAPPED = 2, /* records that the drain did not take in time; only in a journal */
	VEGA_LOSS_ORDERS = 3  /* in a book lane: the instrument's orders that found no room */
};

struct vega_segment_record {
	uint64_t head;
	uint32_t channel;
	uint32_t what;    /* 12 enum vega_segment */
	uint64_t session; /* 16 the new one */
	uint64_t seq;     /* 24 its first sequence here */
};
enum vega_segment {
	VEGA_SEGMENT_START = 1,   /* first packet of the channel */
	VEGA_SEGMENT_SESSION = 2, /* another session: another sequence space */
	VEGA_SEGMENT_RESTART = 3, /* the same session begins again */
	VEGA_SEGMENT_END = 4      /* the session says that it ends */
};

struct vega_epoch_record { /* EPOCH, and TIME with ns alone */
	uint64_t head;
	uint32_t instrument;
	uint32_t zero;       /* 12 */
	uint64_t ns;         /* 16 since the Unix epoch */
	uint64_t epoch_from; /* 24 first position of the epoch: this record's own */
};

/* The high halves, each where the low one lies in the record before. */
struct vega_wide_record {
	uint64_t head;
	uint32_t instrument;
	uint32_t high[5]; /* 12, 16, 20, 24, 28 */
};

union vega_record {
	uint64_t word[4];
	struct vega_packet_record packet;
	struct vega_order_record order;
	struct vega_ref_record ref;
	struct vega_trade_record trade;
	struct vega_level_record level;
	struct vega_last_record last;
	struct vega_interest_record interest;
	struct vega_ohlc_record ohlc;
	struct vega_greeks_record greeks;
	struct vega_index_record index;
	struct vega_status_record status;
	struct vega_definition_record definition;
	struct vega_clear_record clear;
	struct vega_gap_record gap;
	struct vega_loss_record loss;
	struct vega_segment_record segment;
	struct vega_epoch_record epoch;
	struct vega_wide_record wide;
};

static inline uint64_t
vega_record_ts48(const union vega_record *r)
{
	return r->word[0] & VEGA_TS_NONE;
}

static inline uint32_t
vega_record_kind(const union vega_record *r)
{
	return (uint32_t)(r->word[0] >> 48) & 0xFFu;
}

static inline uint32_t
vega_record_flags(const union vega_record *r)
{
	return (uint32_t)(r->word[0] >> 56);
}

static inline uint32_t
vega_record_action(const union vega_record *r)
{
	return (uint32_t)(r->word[0] >> 62);
}

static inline uint32_t
vega_record_instrument(const union vega_record *r)
{
	return (uint32_t)r->word[1];
}

/* The times of records, one after the other: what EPOCH and TIME have said. Zeros at the start, but for a known epoch. */
struct vega_record_clock {
	uint64_t epoch_ns; /* in force */
	uint64_t far_ns;   /* of the next record, told by a TIME record; 0: none */
};

/* The time of the next record in order, ns since the Unix epoch; 0: it has none. TIME and WIDE have none of their own. */
static inline uint64_t
vega_record_ns(struct vega_record_clock *clock, const union vega_record *r)
{
	const uint32_t kind = vega_record_kind(r);
	const uint64_t ts48 = vega_record_ts48(r);
	const uint64_t far_ns = clock->far_ns;

	if (kind == VEGA_WIDE)
		return 0;
	clock->far_ns = kind == VEGA_TIME ? r->epoch.ns : 0;
	if (kind == VEGA_TIME)
		return 0;
	if (kind == VEGA_EPOCH)
		clock->epoch_ns = r->epoch.ns;
	if (far_ns != 0)
		return far_ns;
	return ts48 != VEGA_TS_NONE ? clock->epoch_ns + ts48 : 0;
}

#ifdef __cplusplus
}
#endif
#endif
