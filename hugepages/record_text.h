/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_HUGEPAGES_RECORD_TEXT_H
#define VEGA_HUGEPAGES_RECORD_TEXT_H
/*
 * A record as a line, or as members of a JSON object: its kind, then its fields as record_fields.h gives them.
 */
#include <stddef.h>

#include "hugepages/vega_record.h"

enum vega_record_form {
	VEGA_RECORD_LINE, /* TRADE instrument=35003 side=buy qty=50 */
	VEGA_RECORD_JSON /* "kind":"TRADE","instrument":35003,"side":"buy","qty":50: members, no braces */
};

#define VEGA_RECORD_TEXT_BYTES 768u

/* The record as text, ended by NUL; returns its length. */
size_t vega_record_text(const union vega_record *r, const union vega_record *wide,
	enum vega_record_form form, char buf[VEGA_RECORD_TEXT_BYTES]);

#endif
