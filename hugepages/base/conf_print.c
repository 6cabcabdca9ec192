/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The schema as a person reads it: the sample file, and the keys for the man page.
 */
#include <string.h>

#include "hugepages/base/conf.h"
#include "hugepages/base/conf_schema.h"
#include "hugepages/base/err.h"

static void print_section(
	FILE *out, const struct vega_section *section, uint32_t entry, int indent);

/* The entry-th of "a|b", the last one for all that follow. */
static void
print_example(FILE *out, const char *example, uint32_t entry)
{
	const char *bar;

	while ((bar = strchr(example, '|')) != NULL && entry > 0) {
		example = bar + 1;
		entry--;
	}
	(void)fprintf(out, "%.*s", (int)strcspn(example, "|"), example);
}

static void
print_doc(FILE *out, const struct vega_key *key, int indent)
{
	const char *doc = key->doc;

	for (;;) {
		const size_t len = strcspn(doc, "\n");

		(void)fprintf(out, "%*s# ", indent, "");
		(void)fwrite(doc, 1, len, out);
		(void)fputc('\n', out);
		if (doc[len] == '\0')
			break;
		doc += len + 1;
	}
	if (key->unit[0] == '\0')
		return;
	(void)fprintf(out, "%*s# (%s", indent, "", key->unit);
	if (key->fallback == NULL)
		(void)fputs("; must be given", out);
	else if (key->fallback[0] != '\0')
		(void)fprintf(out, "; %s when left out", key->fallback);
	(void)fputs(")\n", out);
}

static void
print_maps(FILE *out, const struct vega_key *key, int indent)
{
	(void)fprintf(out, "%*s%s:\n", indent, "", key->name);
	for (uint32_t i = 0; i < key->section->example_cnt; i++) {
		(void)fprintf(out, "%*s-\n", indent + 2, "");
		print_section(out, key->section, i, indent + 4);
	}
}

static void
print_key(FILE *out, const struct vega_key *key, uint32_t entry, int indent)
{
	if (entry == 0)
		print_doc(out, key, indent);
	switch (key->kind) {
	case VEGA_KEY_TEXT:
	case VEGA_KEY_TEXTS:
		(void)fprintf(out, "%*s%s: ", indent, "", key->name);
		print_example(out, key->example != NULL ? key->example : key->fallback, entry);
		(void)fputc('\n', out);
		break;
	case VEGA_KEY_MAP:
		(void)fprintf(out, "%*s%s:\n", indent, "", key->name);
		print_section(out, key->section, 0, indent + 2);
		break;
	case VEGA_KEY_MAPS:
		print_maps(out, key, indent);
		break;
	}
}

/* The first entry of a list says everything, the others only what differs from it. */
static void
print_section(FILE *out, const struct vega_section *section, uint32_t entry, int indent)
{
	for (uint32_t i = 0; i < section->key_cnt; i++) {
		const struct vega_key *key = &section->keys[i];

		if (entry == 0 || key->fallback == NULL || key->example != NULL)
			print_key(out, key, entry, indent);
		if (indent == 0 && i + 1 < section->key_cnt)
			(void)fputc('\n', out);
	}
}

int
vega_conf_print_sample(FILE *out)
{
	(void)fputs(
		"# Sample configuration of a VEGA capture: vega-capture --config FILE\n"
		"# Every key, with what it means, what may stand there and what holds when it is "
		"left out.\n"
		"# Printed from the schema in hugepages/base/conf_schema.c; a test compares.\n\n",
		out);
	print_section(out, &vega_schema, 0, 0);
	return ferror(out) != 0
		       ? VEGA_ERR(-EIO,
				 "need to write the sample file, found the output closed or full")
		       : 0;
}

/* man(7): what would end a line early or start a request is escaped. */
static void
print_roff(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '\\' || *text == '-')
			(void)fputc('\\', out);
		if (*text == '`')
			(void)fputs("\\(cq", out);
		else
			(void)fputc(*text, out);
	}
}

static void
print_man_keys(FILE *out, const struct vega_section *section, const char *path)
{
	for (uint32_t i = 0; i < section->key_cnt; i++) {
		const struct vega_key *key = &section->keys[i];
		char below[96];

		(void)fprintf(out, ".TP\n.B %s%s\n", path, key->name);
		print_roff(out, key->doc);
		(void)fputc('\n', out);
		if (key->unit[0] != '\0') {
			(void)fputs(".br\n", out);
			print_roff(out, key->unit);
			(void)fputs(key->fallback == NULL      ? "; must be given"
				    : key->fallback[0] != '\0' ? "; default "
							       : "",
				out);
			print_roff(out, key->fallback != NULL ? key->fallback : "");
			(void)fputc('\n', out);
		}
		(void)snprintf(below, sizeof(below), "%s%s%s.", path, key->name,
			key->kind == VEGA_KEY_MAPS ? "[]" : "");
		if (key->section != NULL)
			print_man_keys(out, key->section, below);
	}
}

int
vega_conf_print_keys(FILE *out)
{
	print_man_keys(out, &vega_schema, "");
	return ferror(out) != 0
		       ? VEGA_ERR(-EIO,
				 "need to write the list of keys, found the output closed or full")
		       : 0;
}
