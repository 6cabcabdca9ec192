/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cme-mdp3: CME's MDP 3.0 in SBE, schema 1, whatever its version; here its messages as lines.
 *
 * Little-endian, unpadded; framing: mdp3.h. All messages of a datagram carry its sequence.
 *
 * Blocks are passed over by the lengths on the wire, so that versions which append fields still decode. A template that is
 * not known, and one whose blocks are too short for its fields or do not fit its message, gives the head and the number of
 * bytes behind the root block.
 */
#include <errno.h>

#include "capture/feed/fields.h"
#include "capture/feed/mdp3.h"

#define GROUP_CNT        2u
#define OLD_TEMPLATE_MAX 44u /* up to here prices have 7 decimal digits, later ones 9 */

/* What the canonical line shows of a template, besides its head. */
enum form {
	FORM_HEAD,    /* nothing but the length of the rest */
	FORM_ROOT,    /* the root block's fields */
	FORM_ENTRIES, /* the root block, the number of entries and of orders, and their fields */
	FORM_HEX      /* the same, the entries in hexadecimal */
};

struct group {
	const struct vega_field *fields; /* NULL: no such group */
	uint8_t since;                   /* the version it came with */
	bool wide_head; /* block length u16, 5 bytes, count u8; else block length u16, count u8 */
};

struct template
{
	uint16_t id;
	uint8_t form;
	const struct vega_field *root;
	struct group groups[GROUP_CNT];
};

/* clang-format off */
#define TEXT(key, off, bytes)        VEGA_TEXT_AT(key, off, bytes)
#define UINT(key, off, bytes)        VEGA_UINT_AT(key, off, bytes)
#define INT(key, off, bytes)         VEGA_INT_AT(key, off, bytes)
#define PRICE(key, off)              VEGA_PRICE_AT(key, off, 8)
#define SINCE(version, key, off, bytes) {key, off, bytes, VEGA_FIELD_UINT, version}

static const struct vega_field message_head[] = {
	UINT("type", 4, 2), UINT("len", 0, 2), UINT("bl", 2, 2), UINT("schema", 6, 2), UINT("ver", 8, 2), {0}};

/* Root blocks. */
static const struct vega_field root_none[] = {{0}};
static const struct vega_field root[] = {UINT("tt", 0, 8), UINT("mei", 8, 1), {0}};
static const struct vega_field root_login[] = {UINT("interval", 0, 1), {0}};
static const struct vega_field root_logout[] = {TEXT("text", 0, 180), {0}};
static const struct vega_field root_status[] = {
	UINT("tt", 0, 8), TEXT("group", 8, 6), TEXT("asset", 14, 6), INT("sec", 20, 4), UINT("date", 24, 2), UINT("mei", 26, 1),
	UINT("status", 27, 1), UINT("halt", 28, 1), UINT("event", 29, 1), {0}};
static const struct vega_field root_quote_request[] = {UINT("tt", 0, 8), TEXT("id", 8, 23), UINT("mei", 31, 1), {0}};
static const struct vega_field root_snapshot[] = {
	UINT("lastseq", 0, 4), UINT("reports", 4, 4), INT("sec", 8, 4), UINT("rpt", 12, 4), UINT("tt", 16, 8), UINT("upd", 24, 8),
	UINT("date", 32, 2), UINT("status", 34, 1), PRICE("high", 35), PRICE("low", 43), PRICE("maxvar", 51), {0}};
static const struct vega_field root_order_snapshot[] = {
	UINT("lastseq", 0, 4), UINT("reports", 4, 4), INT("sec", 8, 4), UINT("chunks", 12, 4), UINT("chunk", 16, 4),
	UINT("tt", 20, 8), {0}};

/* Entries. */
static const struct vega_field book[] = {
	PRICE("px", 0), INT("size", 8, 4), INT("sec", 12, 4), UINT("rpt", 16, 4), INT("norders", 20, 4), UINT("level", 24, 1),
	UINT("action", 25, 1), TEXT("type", 26, 1), SINCE(10, "tradeable", 27, 4), {0}};
static const struct vega_field session_stats[] = {
	PRICE("px", 0), INT("sec", 8, 4), UINT("rpt", 12, 4), UINT("flag", 16, 1), UINT("action", 17, 1), TEXT("type", 18, 1),
	SINCE(8, "size", 19, 4), {0}};
static const struct vega_field daily_stats[] = {
	PRICE("px", 0), INT("size", 8, 4), INT("sec", 12, 4), UINT("rpt", 16, 4), UINT("date", 20, 2), UINT("settle", 22, 1),
	UINT("action", 23, 1), TEXT("type", 24, 1), {0}};
static const struct vega_field limits[] = {
	PRICE("high", 0), PRICE("low", 8), PRICE("maxvar", 16), INT("sec", 24, 4), UINT("rpt", 28, 4), {0}};
static const struct vega_field old_trade[] = {
	PRICE("px", 0), INT("size", 8, 4), INT("sec", 12, 4), UINT("rpt", 16, 4), INT("norders", 20, 4), UINT("trade", 24, 4),
	UINT("aggr", 28, 1), UINT("action", 29, 1), {0}};
static const struct vega_field volume[] = {
	INT("size", 0, 4), INT("sec", 4, 4), UINT("rpt", 8, 4), UINT("action", 12, 1), {0}};
static const struct vega_field trade[] = {
	PRICE("px", 0), INT("size", 8, 4), INT("sec", 12, 4), UINT("rpt", 16, 4), INT("norders", 20, 4), UINT("aggr", 24, 1),
	UINT("action", 25, 1), SINCE(8, "trade", 26, 4), {0}};
static const struct vega_field order_book[] = {
	UINT("oid", 0, 8), UINT("prio", 8, 8), PRICE("px", 16), INT("qty", 24, 4), INT("sec", 28, 4), UINT("action", 32, 1),
	TEXT("type", 33, 1), {0}};
static const struct vega_field long_book[] = {
	PRICE("px", 0), UINT("size", 8, 8), INT("sec", 16, 4), UINT("rpt", 20, 4), INT("norders", 24, 4), UINT("level", 28, 1),
	UINT("action", 29, 1), TEXT("type", 30, 1), {0}};
static const struct vega_field long_trade[] = {
	PRICE("px", 0), UINT("size", 8, 8), INT("sec", 16, 4), UINT("rpt", 20, 4), INT("norders", 24, 4), UINT("trade", 28, 4),
	UINT("aggr", 32, 1), UINT("action", 33, 1), {0}};
static const struct vega_field long_volume[] = {
	UINT("size", 0, 8), INT("sec", 8, 4), UINT("rpt", 12, 4), UINT("action", 16, 1), {0}};
static const struct vega_field long_session_stats[] = {
	PRICE("px", 0), UINT("size", 8, 8), INT("sec", 16, 4), UINT("rpt", 20, 4), UINT("flag", 24, 1), UINT("action", 25, 1),
	TEXT("type", 26, 1), {0}};
static const struct vega_field snapshot[] = {
	PRICE("px", 0), INT("size", 8, 4), INT("norders", 12, 4), UINT("level", 16, 1), UINT("date", 17, 2), UINT("flag", 19, 1),
	UINT("settle", 20, 1), TEXT("type", 21, 1), {0}};
static const struct vega_field order_snapshot[] = {
	UINT("oid", 0, 8), UINT("prio", 8, 8), PRICE("px", 16), INT("qty", 24, 4), TEXT("type", 28, 1), {0}};
static const struct vega_field channel_reset[] = {INT("appl", 0, 2), {0}};
static const struct vega_field quote_request[] = {
	TEXT("sym", 0, 20), INT("sec", 20, 4), INT("qty", 24, 4), INT("type", 28, 1), INT("side", 29, 1), {0}};

/* Second groups. */
static const struct vega_field book_orders[] = {
	UINT("oid", 0, 8), UINT("prio", 8, 8), INT("qty", 16, 4), UINT("ref", 20, 1), UINT("action", 21, 1), {0}};
static const struct vega_field trade_orders[] = {UINT("oid", 0, 8), INT("qty", 8, 4), {0}};

static const struct template templates[] = {
	{ 4, FORM_HEAD,    root,                {{channel_reset, 0, false}}},
	{12, FORM_HEAD,    root_none,           {{0}}},
	{15, FORM_HEAD,    root_login,          {{0}}},
	{16, FORM_HEAD,    root_logout,         {{0}}},
	{30, FORM_ROOT,    root_status,         {{0}}},
	{32, FORM_ENTRIES, root,                {{book, 0, false}, {book_orders, 7, true}}},
	{33, FORM_HEX,     root,                {{daily_stats, 0, false}}},
	{34, FORM_HEX,     root,                {{limits, 0, false}}},
	{35, FORM_ENTRIES, root,                {{session_stats, 0, false}}},
	{36, FORM_HEX,     root,                {{old_trade, 0, false}}},
	{37, FORM_ENTRIES, root,                {{volume, 0, false}}},
	{38, FORM_HEAD,    root_snapshot,       {{snapshot, 0, false}}},
	{39, FORM_HEAD,    root_quote_request,  {{quote_request, 0, false}}},
	{42, FORM_ENTRIES, root,                {{trade, 0, false}, {trade_orders, 0, true}}},
	{43, FORM_ENTRIES, root,                {{order_book, 0, false}}},
	{44, FORM_HEAD,    root_order_snapshot, {{order_snapshot, 0, false}}},
	{46, FORM_ENTRIES, root,                {{book, 0, false}, {book_orders, 7, true}}},
	{47, FORM_ENTRIES, root,                {{order_book, 0, false}}},
	{48, FORM_ENTRIES, root,                {{trade, 0, false}, {trade_orders, 0, true}}},
	{49, FORM_HEX,     root,                {{daily_stats, 0, false}}},
	{50, FORM_HEX,     root,                {{limits, 0, false}}},
	{51, FORM_ENTRIES, root,                {{session_stats, 0, false}}},
	{52, FORM_HEAD,    root_snapshot,       {{snapshot, 0, false}}},
	{53, FORM_HEAD,    root_order_snapshot, {{order_snapshot, 0, false}}},
	{64, FORM_HEAD,    root,                {{long_book, 0, false}, {book_orders, 0, true}}},
	{65, FORM_HEAD,    root,                {{long_trade, 0, false}, {trade_orders, 0, true}}},
	{66, FORM_HEAD,    root,                {{long_volume, 0, false}}},
	{67, FORM_HEAD,    root,                {{long_session_stats, 0, false}}},
};
/* clang-format on */

static int
mdp3_open(struct vega_walk *walk, const uint8_t *payload, uint32_t bytes)
{
	if (bytes < VEGA_MDP3_PACKET_HEAD_BYTES)
		return -EBADMSG;
	walk->payload = payload;
	walk->bytes = bytes;
	walk->at = VEGA_MDP3_PACKET_HEAD_BYTES;
	walk->message_cnt = 0;
	walk->message_idx = 0;
	walk->seq_first = vega_le32(payload);
	walk->session = 0;
	walk->session_text[0] = '\0';
	return 0;
}

static const struct template *
template_of(const struct vega_message *message)
{
	if (vega_le16(message->data + 6) != VEGA_MDP3_SCHEMA_ID)
		return NULL;
	for (uint32_t i = 0; i < VEGA_ARRAY_CNT(templates); i++)
		if (templates[i].id == message->type)
			return &templates[i];
	return NULL;
}

static bool
take_groups(const struct vega_message *message, const struct template *template,
	struct vega_mdp3_group ret_groups[GROUP_CNT])
{
	const uint32_t root_bytes = vega_le16(message->data + 2);
	uint32_t at = VEGA_MDP3_MESSAGE_HEAD_BYTES + root_bytes;

	if (root_bytes < vega_fields_bytes(template->root))
		return false;
	for (uint32_t i = 0; i < GROUP_CNT; i++) {
		const struct group *group = &template->groups[i];

		ret_groups[i] = (struct vega_mdp3_group){0};
		if (group->fields != NULL && vega_le16(message->data + 8) >= group->since &&
			!vega_mdp3_take_group(message->data, message->bytes, group->wide_head,
				vega_fields_bytes(group->fields), &at, &ret_groups[i]))
			return false;
	}
	return true;
}

static int
mdp3_next(struct vega_walk *walk, struct vega_message *ret_message)
{
	const uint8_t *at = walk->payload + walk->at;
	const uint32_t left = walk->bytes - walk->at;
	const struct template *template;
	struct vega_mdp3_group groups[GROUP_CNT];
	uint32_t bytes;

	if (left == 0)
		return 0;
	bytes = vega_mdp3_message_bytes(at, left);
	if (bytes == 0)
		return -EBADMSG;
	*ret_message = (struct vega_message){
		.data = at,
		.bytes = bytes,
		.type = vega_le16(at + 4),
		.seq = walk->seq_first,
	};
	template = template_of(ret_message);
	ret_message->is_odd = vega_le16(at + 6) != VEGA_MDP3_SCHEMA_ID ||
			      (template != NULL && !take_groups(ret_message, template, groups));
	walk->at += bytes;
	walk->message_idx++;
	return 1;
}

static void
put_entries(const struct vega_fields *how, const char *key, const struct vega_field *fields,
	const struct vega_mdp3_group *entries, struct vega_text *text)
{
	vega_text_list_begin(text, key);
	for (uint32_t i = 0; i < entries->cnt; i++) {
		const uint8_t *entry = entries->data + (size_t)i * entries->bytes;

		vega_text_list_next(text);
		if (fields != NULL)
			vega_fields_put(how, fields, entry, entries->bytes, text);
		else
			vega_text_hex(text, "hex", entry, entries->bytes);
	}
	vega_text_list_end(text);
}

static void
put_body(const struct vega_message *message, const struct template *template,
	const struct vega_mdp3_group groups[GROUP_CNT], struct vega_text *text)
{
	const struct vega_fields how = {
		.price_digits = message->type <= OLD_TEMPLATE_MAX ? 7 : 9,
		.version = vega_le16(message->data + 8),
	};
	const bool is_hex = template->form == FORM_HEX && text->style == VEGA_TEXT_LINE;

	vega_fields_put(&how, template->root, message->data + VEGA_MDP3_MESSAGE_HEAD_BYTES,
		vega_le16(message->data + 2), text);
	if (template->groups[0].fields == NULL)
		return;
	vega_text_u64(text, "n", groups[0].cnt);
	vega_text_u64(text, "norders", groups[1].cnt);
	put_entries(&how, "entries", is_hex ? NULL : template->groups[0].fields, &groups[0], text);
	put_entries(&how, "orders", template->groups[1].fields, &groups[1], text);
}

static void
mdp3_line(const struct vega_message *message, struct vega_text *text)
{
	static const struct vega_fields how = {0};
	const struct template *template = template_of(message);
	const uint32_t rest_bytes =
		message->bytes - VEGA_MDP3_MESSAGE_HEAD_BYTES - vega_le16(message->data + 2);
	const bool is_head_only =
		text->style == VEGA_TEXT_LINE && template != NULL && template->form == FORM_HEAD;
	struct vega_mdp3_group groups[GROUP_CNT];

	vega_fields_put(&how, message_head, message->data, message->bytes, text);
	if (template != NULL && !is_head_only && take_groups(message, template, groups))
		put_body(message, template, groups, text);
	else if (rest_bytes != 0)
		vega_text_u64(text, "rest", rest_bytes);
}

const struct vega_format vega_format_cme_mdp3 = {
	.name = "cme-mdp3",
	.doc = "CME MDP 3.0, SBE schema 1 of any version",
	.price_digits = 9,
	.open = mdp3_open,
	.next = mdp3_next,
	.line = mdp3_line,
	.state_bytes = sizeof(struct vega_mdp3_state),
	.span = vega_mdp3_span,
	.records = vega_mdp3_records,
};
