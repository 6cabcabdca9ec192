/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_STATE_H
#define VEGA_STATE_H
/*
 * The state table: every instrument of a feed as it is now. One thread of the capture writes it, anybody who maps it reads.
 *
 *	0x0000	vega_state_table			4096	what it is, how far it is, where its channels have gaps
 *	0x1000	uint64_t bucket[bucket_cnt]		8	token -> entry: token | (index + 1) << 32; 0: free
 *		vega_state_entry[capacity]		640	in the order of first sight
 *		vega_state_event[capacity][16]		640	what happened to each: trades, changes of its best prices
 *
 * bucket_cnt is the least power of two that is twice the capacity or more; a token begins at its hash and goes on by one. Where each
 * part lies follows from the capacity alone. Instruments are never taken out: a full table refuses new ones, and counts.
 *
 * What it says is a fold over one lane: the feed's book lane where it has one, else its record lane. The same records, from a
 * journal, give the same table; a position in it is one of that lane. Feeds of orders (ITCH, MTBT, DEEP+) and of prices without
 * places (DEEP) are made into levels by hugepages/book.h first. Left out: implied books, and spreads' orders and trades.
 *
 * An entry has a sequence lock, its own, and its events lie under it too. All words are written and read atomically:
 *
 *	T1 writer  store `lock` + 1, odd, relaxed
 *	T2 writer  store each word, release: who reads it sees T1
 *	T3 writer  store `lock` + 2, even, release: who reads it sees all words
 *	T4 reader  load `lock`, acquire; pairs with T3. Odd: again
 *	T5 reader  load each word, acquire; pairs with T2
 *	T6 reader  load `lock`, relaxed, after the words: unchanged, then all words are of one time; else again
 *	T7 writer  store a bucket, release, when its entry is whole
 *	T8 reader  load the bucket, acquire; pairs with T7
 *
 * Stale. A gap in a channel's sequence may have taken anything from any of its instruments: the table notes the gap's position by
 * channel, and an entry is stale as long as it is not `sound_from` a later one. It is sound again from
 *	- a snapshot of it, a CLEAR of it, or a message that gives all its levels on both sides (NNF, TOPS);
 *	- the end of all gaps of its channel, when all that was missing has come, and nothing of its own out of its order.
 * What came late behind something newer of the same instrument leaves it stale: whether that undid something cannot be known, but for
 * orders, which the books put into their place (VEGA_GAP_IN_PLACE); last price and high and low are as the trades came. What is lost for
 * good leaves a book of orders stale for the day, unless it is cleared: a lost order may rest in it unseen, whatever follows. So does a
 * sequence space of which the first sequence that came is not 1 (SEGMENT): a capture that began in mid-day, or a line that was dead when
 * the space began. Its channel is never whole, but each instrument is sound from its own snapshot or CLEAR on; books of orders from the
 * next day on, too. Where a format has no sequence this cannot be known. Records that the reader of the lane lost, and packets lost by the port where the format has no sequence, make all entries stale.
 *
 * This header is installed: plain C, and C++.
 */
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VEGA_STATE_MAGIC        0x3130455441545356ull
#define VEGA_STATE_VERSION      1u
#define VEGA_STATE_LEVEL_CNT    10u
#define VEGA_STATE_EVENT_CNT    16u /* of an instrument */
#define VEGA_STATE_GAP_CNT      256u
#define VEGA_STATE_SYMBOL_BYTES 32u

struct vega_state_table {
	uint64_t magic;      /*  0 written last */
	uint32_t version;    /*  8 */
	uint32_t feed_id;    /* 12 */
	uint64_t capacity;   /* 16 instruments */
	uint64_t generation; /* 24 */
	uint8_t pad0[96];    /* 32 */
	/* Written by the state poll. */
	uint64_t position;          /* 128 all before it is in the table */
	uint64_t record_position;   /* 136 of the record lane: all before it was taken */
	uint64_t instrument_cnt;    /* 144 */
	uint64_t refused_cnt;       /* 152 records of instruments that found the table full */
	uint64_t order_refused_cnt; /* 160 orders that found no room */
	uint64_t lapped_cnt;        /* 168 records lost because the poll came too late */
	uint64_t ignored_cnt;   /* 176 records that are not understood, or left out of the state */
	uint64_t lost_position; /* 184 what is not sound from here on is stale */
	uint64_t order_cnt;     /* 192 orders in the books */
	uint8_t pad1[1848];     /* 200 */
	uint64_t gap_position[256]; /* 2048 by channel, modulo 256: as lost_position; 0: whole */
};

struct vega_state_level {
	int64_t price;
	uint64_t qty;
};

/*
 * All that is known of one instrument. Prices are the feed's integers; what was never told is 0, and has no bit in flags. What every
 * change writes comes first.
 */
struct vega_state_entry {
	uint64_t lock;  /*   0 odd: being written */
	uint32_t token; /*   8 */
	uint32_t flags; /*  12 VEGA_STATE_HAS_*, VEGA_STATE_STALE */
	/* The exchange's time of its last record that had one, ns since the Unix epoch. */
	uint64_t exch_ns;  /*  16 */
	uint64_t recv_ns;  /*  24 receive time of its last packet */
	uint64_t seq;      /*  32 first sequence of that packet; UINT64_MAX: none */
	uint64_t position; /*  40 of its last record */
	/* Position of its last record that came in its order: what comes late is compared with it. */
	uint64_t ordered_position; /*  48 */
	uint64_t sound_from;       /*  56 its book is whole since; 0: since its first record */
	uint64_t event_cnt;        /*  64 that ever happened; the last 16 are kept */
	uint32_t channel;          /*  72 that it came on last */
	uint8_t bid_cnt;           /*  76 levels */
	uint8_t ask_cnt;           /*  77 */
	uint8_t digits;            /*  78 decimal digits of its prices; 255: the feed's */
	uint8_t reserved;          /*  79 */
	int64_t last_price;        /*  80 */
	uint64_t last_qty;         /*  88 */
	int64_t average_price;     /*  96 of all trades (ATP) */
	uint64_t volume;           /* 104 of the day */
	uint64_t oi;               /* 112 open interest */
	double iv;                 /* 120 implied volatility */
	struct vega_state_level bids[10]; /* 128 best first */
	struct vega_state_level asks[10]; /* 288 */
	uint32_t bid_orders[10];          /* 448 0: the feed does not tell */
	uint32_t ask_orders[10];          /* 488 */
	int64_t open;         /* 528 of the day; the trades' own where the feed does not tell */
	int64_t high;         /* 536 */
	int64_t low;          /* 544 */
	int64_t close;        /* 552 */
	int64_t index_value;  /* 560 */
	int64_t index_change; /* 568 percent, the feed's integer */
	uint64_t status; /* 576 of the last STATUS record: characters as they lie, or a number */
	uint32_t status_what; /* 584 the format's message type */
	float delta;          /* 588 */
	float theta;          /* 592 */
	float gamma;          /* 596 */
	float vega;           /* 600 */
	float rho;            /* 604 */
	char symbol[32];      /* 608 filled with zeros */
};

#define VEGA_STATE_STALE        0x00000001u
#define VEGA_STATE_HAS_LAST     0x00000002u
#define VEGA_STATE_HAS_AVERAGE  0x00000004u
#define VEGA_STATE_HAS_VOLUME   0x00000008u
#define VEGA_STATE_HAS_OI       0x00000010u
#define VEGA_STATE_HAS_IV       0x00000020u
#define VEGA_STATE_HAS_GREEKS   0x00000040u
#define VEGA_STATE_HAS_INDEX    0x00000080u
#define VEGA_STATE_HAS_OPEN     0x00000100u
#define VEGA_STATE_HAS_HIGH     0x00000200u
#define VEGA_STATE_HAS_LOW      0x00000400u
#define VEGA_STATE_HAS_CLOSE    0x00000800u
#define VEGA_STATE_HAS_STATUS   0x00001000u
#define VEGA_STATE_OHLC_GIVEN   0x00010000u /* by the feed, not taken from trades */
#define VEGA_STATE_VOLUME_GIVEN 0x00020000u

struct vega_state_event {
	uint64_t ns;       /*  0 exchange's time, else the receive time */
	int64_t price;     /*  8 */
	uint64_t qty;      /* 16 0 in BID, ASK: the side is empty */
	uint64_t position; /* 24 of its record */
	uint32_t what;     /* 32 enum vega_state_what */
	uint32_t flags;    /* 36 of its record; 12 bits of a trade's condition from bit 8 on */
};
enum vega_state_what {
	VEGA_STATE_TRADE = 1,
	VEGA_STATE_BID = 2, /* the best bid is now so */
	VEGA_STATE_ASK = 3
};

/* A table as a reader holds it: by value, checked, nothing in it changes but through the pointers. */
struct vega_state_view {
	const struct vega_state_table *table;
	const uint64_t *buckets;
	const struct vega_state_entry *entries;
	const struct vega_state_event *events;
	uint64_t capacity;
	uint64_t bucket_mask;
};

/*
 * Look at a table in mapped memory; any bytes may be there.
 *
 * Returns 0; -EBADMSG when it is not a table of this version in so many bytes.
 * Life: the view is good as long as the memory is mapped.
 */
int vega_state_open(const void *memory, uint64_t bytes, struct vega_state_view *ret_view);

/*
 * What is known of an instrument now, of one instant.
 *
 * Returns 0; -ENOENT: never seen; -EAGAIN: its writer died while it wrote it, or wrote without a pause for as long as it was tried, and
 * ret_entry is not to be used.
 * Threads: any number, the writer never waits. Cost: two cache misses and the copy; no call of the kernel.
 */
int vega_state_latest(
	const struct vega_state_view *view, uint32_t token, struct vega_state_entry *ret_entry);

/* The same by index, 0 to vega_state_cnt - 1, in the order of first sight. -ENOENT: none there. */
int vega_state_at(
	const struct vega_state_view *view, uint64_t idx, struct vega_state_entry *ret_entry);

/* Instruments in the table. */
uint64_t vega_state_cnt(const struct vega_state_view *view);

/* What happened to it last, the newest first. Returns as vega_state_latest; ret_cnt: how many. */
int vega_state_recent(const struct vega_state_view *view, uint32_t token,
	struct vega_state_event ret_events[VEGA_STATE_EVENT_CNT], uint32_t *ret_cnt);

#ifdef __cplusplus
}
#endif
#endif
