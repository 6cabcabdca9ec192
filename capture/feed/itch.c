/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * itch: Nasdaq TotalView-ITCH 5.0 over MoldUDP64, as Nasdaq, BX and PSX send it. Day files hold the same messages.
 *
 * Big-endian, unpadded, text left justified and filled with blanks, prices of 4 decimal digits (levels of 8), timestamps in ns
 * since midnight in New York. A type that is not known, or too short for its fields, gives its type and length alone.
 */
#include "capture/feed/itch.h"

#include "capture/feed/bytes.h"
#include "capture/feed/fields.h"
#include "capture/feed/mold.h"

/* clang-format off */
#define TEXT(key, off, bytes) VEGA_TEXT_AT(key, off, bytes)
#define UINT(key, off, bytes) VEGA_UINT_AT(key, off, bytes)
#define PRICE(key, off)       VEGA_PRICE_AT(key, off, 4)
#define PRICE8(key, off)      {key, off, 8, VEGA_FIELD_PRICE8, 0}

static const struct vega_field head[] = {UINT("locate", 1, 2), UINT("tracking", 3, 2), UINT("ts", 5, 6), {0}};

static const struct vega_field_type types[] = {
	{'S', 12, {TEXT("event", 11, 1)}},
	{'R', 39, {TEXT("stock", 11, 8), TEXT("mktcat", 19, 1), TEXT("fsi", 20, 1), UINT("lot", 21, 4), TEXT("lotonly", 25, 1),
		TEXT("class", 26, 1), TEXT("subtype", 27, 2), TEXT("auth", 29, 1), TEXT("sst", 30, 1), TEXT("ipo", 31, 1),
		TEXT("luld", 32, 1), TEXT("etp", 33, 1), UINT("lev", 34, 4), TEXT("inv", 38, 1)}},
	{'H', 25, {TEXT("stock", 11, 8), TEXT("state", 19, 1), TEXT("reason", 21, 4)}},
	{'Y', 20, {TEXT("stock", 11, 8), TEXT("action", 19, 1)}},
	{'L', 26, {TEXT("mpid", 11, 4), TEXT("stock", 15, 8), TEXT("pmm", 23, 1), TEXT("mode", 24, 1), TEXT("state", 25, 1)}},
	{'V', 35, {PRICE8("l1", 11), PRICE8("l2", 19), PRICE8("l3", 27)}},
	{'W', 12, {TEXT("level", 11, 1)}},
	{'K', 28, {TEXT("stock", 11, 8), UINT("rel", 19, 4), TEXT("qual", 23, 1), PRICE("price", 24)}},
	{'J', 35, {TEXT("stock", 11, 8), PRICE("ref", 19), PRICE("up", 23), PRICE("lo", 27), UINT("ext", 31, 4)}},
	{'h', 21, {TEXT("stock", 11, 8), TEXT("mkt", 19, 1), TEXT("action", 20, 1)}},
	{'A', 36, {UINT("ref", 11, 8), TEXT("side", 19, 1), UINT("shares", 20, 4), TEXT("stock", 24, 8), PRICE("price", 32)}},
	{'F', 40, {UINT("ref", 11, 8), TEXT("side", 19, 1), UINT("shares", 20, 4), TEXT("stock", 24, 8), PRICE("price", 32),
		TEXT("mpid", 36, 4)}},
	{'E', 31, {UINT("ref", 11, 8), UINT("shares", 19, 4), UINT("match", 23, 8)}},
	{'C', 36, {UINT("ref", 11, 8), UINT("shares", 19, 4), UINT("match", 23, 8), TEXT("print", 31, 1), PRICE("price", 32)}},
	{'X', 23, {UINT("ref", 11, 8), UINT("shares", 19, 4)}},
	{'D', 19, {UINT("ref", 11, 8)}},
	{'U', 35, {UINT("ref", 11, 8), UINT("newref", 19, 8), UINT("shares", 27, 4), PRICE("price", 31)}},
	{'P', 44, {UINT("ref", 11, 8), TEXT("side", 19, 1), UINT("shares", 20, 4), TEXT("stock", 24, 8), PRICE("price", 32),
		UINT("match", 36, 8)}},
	{'Q', 40, {UINT("shares", 11, 8), TEXT("stock", 19, 8), PRICE("price", 27), UINT("match", 31, 8), TEXT("cross", 39, 1)}},
	{'B', 19, {UINT("match", 11, 8)}},
	{'I', 50, {UINT("paired", 11, 8), UINT("imb", 19, 8), TEXT("dir", 27, 1), TEXT("stock", 28, 8), PRICE("far", 36),
		PRICE("near", 40), PRICE("cur", 44), TEXT("cross", 48, 1), TEXT("var", 49, 1)}},
	{'N', 20, {TEXT("stock", 11, 8), TEXT("flag", 19, 1)}},
	{'O', 48, {TEXT("stock", 11, 8), TEXT("open", 19, 1), PRICE("min", 20), PRICE("max", 24), PRICE("near", 28),
		UINT("neartime", 32, 8), PRICE("lo", 40), PRICE("hi", 44)}},
};
/* clang-format on */

static const struct vega_field_types all = {
	.how = {.big_endian = true, .price_digits = 4, .text_pad = ' '},
	.head = head,
	.types = types,
	.type_cnt = VEGA_ARRAY_CNT(types),
};

static int
itch_next(struct vega_walk *walk, struct vega_message *ret_message)
{
	const int rc = vega_mold_next(walk, ret_message);

	if (rc == 1)
		ret_message->is_odd = vega_field_types_odd(&all, ret_message);
	return rc;
}

static void
itch_line(const struct vega_message *message, struct vega_text *text)
{
	vega_field_types_line(&all, message, text);
}

bool
vega_itch_is_message(uint8_t type, uint32_t bytes)
{
	const struct vega_field_type *known = vega_field_type_find(&all, type);

	return known != NULL && known->bytes == bytes;
}

bool
vega_itch_stock(const struct vega_message *message, uint16_t *ret_locate, const uint8_t **ret_stock)
{
	const struct vega_field_type *type = vega_field_type_find(&all, message->type);

	if (type == NULL || message->bytes < type->bytes)
		return false;
	*ret_locate = vega_be16(message->data + 1);
	*ret_stock = NULL;
	for (const struct vega_field *field = type->fields; field->key != NULL; field++)
		if (field->bytes == VEGA_ITCH_STOCK_BYTES && field->kind == VEGA_FIELD_TEXT)
			*ret_stock = message->data + field->off;
	return true;
}

const struct vega_format vega_format_itch = {
	.name = "itch",
	.doc = "Nasdaq TotalView-ITCH 5.0 over MoldUDP64",
	.has_orders = true,
	.price_digits = 4,
	.open = vega_mold_open,
	.next = itch_next,
	.line = itch_line,
	.state_bytes = sizeof(struct vega_itch_state),
	.span = vega_mold_span,
	.records = vega_itch_records,
	.new_day = vega_itch_new_day,
	.define = vega_itch_define,
};
