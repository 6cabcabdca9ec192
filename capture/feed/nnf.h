/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_FEED_NNF_H
#define VEGA_FEED_NNF_H
/*
 * What the parts of nse-nnf share: nnf.c walks, nnf_records.c makes records, nnf_fields.c names fields.
 */
#include "capture/feed/bytes.h"
#include "capture/feed/fields.h"
#include "capture/feed/format.h"
#include "capture/feed/symbols.h"

#define VEGA_NNF_BODY_HEADER_BYTES 8u
#define VEGA_NNF_HEADER_BYTES      40u
#define VEGA_NNF_NAME_BYTES        21u

/* Instruments that have a name instead of a token: indices, and spreads, "TOKEN1/TOKEN2". */
#define VEGA_NNF_NAMED 0x80000000u

enum {
	VEGA_NNF_FO = 2,
	VEGA_NNF_CM = 4,
	VEGA_NNF_CD = 6
};

/* Where the number of rows stands. */
enum vega_nnf_counted {
	VEGA_NNF_NOT_DESCRIBED, /* only its length is known */
	VEGA_NNF_NO_ROWS,
	VEGA_NNF_ONE_ROW,
	VEGA_NNF_COUNT_16,     /* behind the header */
	VEGA_NNF_COUNT_32,     /* behind the header */
	VEGA_NNF_COUNT_IN_HEAD /* of 7130 and 17130 */
};

/* What names a row. */
enum vega_nnf_named {
	VEGA_NNF_BY_NOTHING,
	VEGA_NNF_BY_TOKEN,
	VEGA_NNF_BY_TWO_TOKENS,
	VEGA_NNF_BY_NAME
};

/* What a row tells, and how it lies: which records and fields it has. */
enum vega_nnf_row {
	VEGA_NNF_NOTHING,
	VEGA_NNF_AUCTION_WATCH,
	VEGA_NNF_BAND,
	VEGA_NNF_BOOK_AUCTION,
	VEGA_NNF_BOOK_CM,
	VEGA_NNF_BOOK_FO,
	VEGA_NNF_INDEX,
	VEGA_NNF_INDICATIVE,
	VEGA_NNF_INTEREST,
	VEGA_NNF_INTEREST_WIDE,
	VEGA_NNF_MARKET,
	VEGA_NNF_MARKET_CM,
	VEGA_NNF_ORDERS_CM,
	VEGA_NNF_ORDERS_FO,
	VEGA_NNF_SPREAD,
	VEGA_NNF_STATUS_4,
	VEGA_NNF_STATUS_6,
	VEGA_NNF_SYMBOL,
	VEGA_NNF_TEXT,
	VEGA_NNF_TICKER,
	VEGA_NNF_TICKER_CM,
	VEGA_NNF_TICKER_WIDE,
	VEGA_NNF_WATCH,
	VEGA_NNF_WATCH_CM,
	VEGA_NNF_WATCH_WIDE,
	VEGA_NNF_ROW_CNT
};

/*
 * How a transcode's rows lie. The longest length that the documents name is a check, no bound: what is longer is odd, and decoded
 * by its count.
 */
struct vega_nnf_layout {
	uint16_t transcode; /* 0 ends a market's */
	uint16_t bytes_max;
	uint8_t counted; /* enum vega_nnf_counted */
	uint8_t named;   /* enum vega_nnf_named */
	uint16_t rows_off;
	uint16_t row_bytes;
	uint16_t old_row_bytes; /* of an older revision; 0: none is known */
	uint8_t row;            /* enum vega_nnf_row */
};

/* What is in an entry, its length and its rows compared with its bytes. */
struct vega_nnf_message {
	const uint8_t *body;                  /* 8 bytes before the header */
	const struct vega_nnf_layout *layout; /* NULL: the transcode is not known */
	uint32_t length;                      /* of header and rest */
	uint32_t transcode;
	bool is_odd;
};

/* A feed's state. */
struct vega_nnf_state {
	struct vega_symbols symbols;
	struct vega_nnf_message message; /* of the span last given */
	uint8_t scratch[VEGA_WALK_SCRATCH_BYTES];
};

/* Rows of a message; where they lie. */
uint32_t vega_nnf_row_cnt(const struct vega_nnf_message *message);
uint32_t vega_nnf_row_bytes(const struct vega_nnf_message *message);

/* Is an index' value where it can be? */
bool vega_nnf_index_is_sound(const uint8_t *row);

/* Lay the records of state->message. */
void vega_nnf_lay(struct vega_emit *emit, struct vega_nnf_state *state);

/* Append all fields of a message whose layout is known, head first, then row by row. */
void vega_nnf_put(const struct vega_nnf_message *message, struct vega_text *text);

/* vega_format.new_day and .define. */
void vega_nnf_new_day(void *state);
void vega_nnf_define(void *state, uint32_t token, const uint8_t *text, uint32_t bytes);

#endif
