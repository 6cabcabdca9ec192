/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From a YAML file to text values, by libcyaml and the tables of conf_schema.c.
 *
 * libcyaml tells the cause of an error through its log only, and the line of an unknown key is that of the key before it:
 * so the first log line is kept, and that line is looked up in the text.
 */
#include <cyaml/cyaml.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "hugepages/base/conf_schema.h"
#include "hugepages/base/err.h"

#define TEXT_BYTES_MAX (1u << 20)

/* libcyaml's form of the tables, built before each load. */
struct schema {
	cyaml_schema_field_t fields[VEGA_SECTION_CNT][VEGA_SECTION_KEY_CNT_MAX + 1];
	cyaml_schema_value_t maps[VEGA_SECTION_CNT];
	cyaml_schema_value_t text;
	uint32_t used;
};

static const cyaml_schema_value_t *build_section(
	struct schema *schema, const struct vega_section *section);

static cyaml_schema_value_t
build_value(struct schema *schema, const struct vega_key *key)
{
	cyaml_schema_value_t value = {0};

	switch (key->kind) {
	case VEGA_KEY_TEXT:
		value = schema->text;
		break;
	case VEGA_KEY_MAP:
		value = *build_section(schema, key->section);
		value.flags = CYAML_FLAG_POINTER;
		break;
	case VEGA_KEY_TEXTS:
	case VEGA_KEY_MAPS:
		value.type = CYAML_SEQUENCE;
		value.flags = CYAML_FLAG_POINTER;
		value.sequence.entry = key->kind == VEGA_KEY_TEXTS
					       ? &schema->text
					       : build_section(schema, key->section);
		value.sequence.max = CYAML_UNLIMITED; /* conf.c names the maximum */
		value.data_size = value.sequence.entry->data_size;
		break;
	}
	value.flags |= CYAML_FLAG_OPTIONAL; /* conf.c names what is missing */
	return value;
}

static const cyaml_schema_value_t *
build_section(struct schema *schema, const struct vega_section *section)
{
	const uint32_t i = schema->used++;

	for (uint32_t k = 0; k < section->key_cnt; k++) {
		const struct vega_key *key = &section->keys[k];
		cyaml_schema_field_t *field = &schema->fields[i][k];

		field->key = key->name;
		field->data_offset = key->off;
		if (key->kind == VEGA_KEY_TEXTS || key->kind == VEGA_KEY_MAPS) {
			field->data_offset += (uint32_t)offsetof(struct vega_raw_list, entries);
			field->count_offset =
				key->off + (uint32_t)offsetof(struct vega_raw_list, cnt);
			field->count_size = sizeof(((struct vega_raw_list *)0)->cnt);
		}
		field->value = build_value(schema, key);
	}
	schema->maps[i] = (cyaml_schema_value_t){
		.type = CYAML_MAPPING,
		.data_size = section->bytes,
		.mapping.fields = schema->fields[i],
	};
	return &schema->maps[i];
}

static cyaml_schema_value_t
build_schema(struct schema *schema)
{
	cyaml_schema_value_t top;

	memset(schema, 0, sizeof(*schema));
	schema->text = (cyaml_schema_value_t){
		.type = CYAML_STRING,
		.flags = CYAML_FLAG_POINTER,
		.data_size = sizeof(char *),
		.string.max = CYAML_UNLIMITED,
	};
	top = *build_section(schema, &vega_schema);
	top.flags = CYAML_FLAG_POINTER;
	return top;
}

/* What libcyaml logged: the cause, and the innermost place. */
struct complaint {
	char cause[200];
	unsigned line; /* 0: unknown */
	bool documents;
};

static void keep_complaint(cyaml_log_t level, void *ctx, const char *fmt, va_list args)
	VEGA_PRINTF(3, 0);

static void
keep_complaint(cyaml_log_t level, void *ctx, const char *fmt, va_list args)
{
	struct complaint *complaint = ctx;
	char text[200];
	const char *line;

	(void)level;
	(void)vsnprintf(text, sizeof(text), fmt, args);
	text[strcspn(text, "\n")] = '\0';
	line = strstr(text, "(line: ");
	if (strncmp(text, "Ignoring documents", 18) == 0)
		complaint->documents = true;
	else if (complaint->cause[0] == '\0' && strncmp(text, "Load: ", 6) == 0 &&
		 strstr(text, "Backtrace") == NULL)
		(void)snprintf(complaint->cause, sizeof(complaint->cause), "%s", text + 6);
	else if (complaint->line == 0 && line != NULL)
		complaint->line = (unsigned)strtoul(line + 7, NULL, 10);
}

/* The line of "key:" when there is exactly one in the text, else 0. */
static unsigned
find_key(const char *text, const char *key)
{
	const size_t len = strlen(key);
	unsigned line = 1;
	unsigned found = 0;

	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '\n')
			line++;
		if (strncmp(p, key, len) != 0 || p[len + strspn(p + len, " ")] != ':' ||
			(p != text && strchr(" \n-{,", p[-1]) == NULL))
			continue;
		if (found != 0)
			return 0;
		found = line;
	}
	return found;
}

/* Turn what libcyaml said into our one line. */
static int
refuse(const char *text, cyaml_err_t err, const struct complaint *complaint)
{
	const char *key = strstr(complaint->cause, ": ");
	unsigned line = complaint->line;
	char where[32] = "";

	if (err == CYAML_ERR_INVALID_KEY && key != NULL)
		line = find_key(text, key + 2);
	else if (strncmp(complaint->cause, "Mapping field already seen", 26) == 0)
		line = 0;
	if (line != 0)
		(void)snprintf(where, sizeof(where), "line %u: ", line);
	if (err == CYAML_ERR_OOM)
		return VEGA_ERR(-ENOMEM, "need memory for the configuration, found none");
	if (err == CYAML_ERR_INVALID_KEY && key != NULL)
		return VEGA_ERR_CONFIG(
			"%sneed a known key, found '%s'; vega.yaml(5) lists them", where, key + 2);
	if (strncmp(complaint->cause, "Mapping field already seen", 26) == 0 && key != NULL)
		return VEGA_ERR_CONFIG("need each key once, found '%s' a second time", key + 2);
	if (err == CYAML_ERR_ALIAS)
		return VEGA_ERR_CONFIG("%sneed values written out, found a YAML alias", where);
	return VEGA_ERR_CONFIG("%sneed YAML as in the sample file, found: %s", where,
		complaint->cause[0] != '\0' ? complaint->cause : cyaml_strerror(err));
}

static const cyaml_config_t config_base = {
	.log_fn = keep_complaint,
	.mem_fn = cyaml_mem,
	.log_level = CYAML_LOG_WARNING,
	.flags = CYAML_CFG_NO_ALIAS,
};

static int
parse_text(const char *text, size_t bytes, struct vega_raw **ret_raw)
{
	struct complaint complaint = {0};
	cyaml_config_t config = config_base;
	struct schema schema;
	const cyaml_schema_value_t top = build_schema(&schema);
	cyaml_data_t *data = NULL;
	cyaml_err_t err;

	config.log_ctx = &complaint;
	err = cyaml_load_data((const uint8_t *)text, bytes, &config, &top, &data, NULL);
	if (err != CYAML_OK)
		return refuse(text, err, &complaint);
	if (data == NULL)
		return VEGA_ERR_CONFIG("need at least one key, found an empty file");
	if (complaint.documents) {
		vega_raw_free(data);
		return VEGA_ERR_CONFIG("need one YAML document, found a second one after ---");
	}
	*ret_raw = data;
	return 0;
}

/* The whole file as a string. Returns its length, or a negative errno. */
static long
read_text(const char *path, char **ret_text)
{
	FILE *file = fopen(path, "rbe");
	struct stat st = {0};
	char *text;
	size_t bytes;

	if (file == NULL)
		return VEGA_ERR(
			-errno, "need a readable configuration file, found %s", strerror(errno));
	if (fstat(fileno(file), &st) == 0 && S_ISDIR(st.st_mode)) {
		(void)fclose(file);
		return VEGA_ERR_CONFIG("need a configuration file, found a folder");
	}
	text = malloc(TEXT_BYTES_MAX + 2);
	if (text == NULL) {
		(void)fclose(file);
		return VEGA_ERR(-ENOMEM, "need memory for the configuration, found none");
	}
	bytes = fread(text, 1, TEXT_BYTES_MAX + 1, file);
	(void)fclose(file);
	text[bytes] = '\0';
	if (bytes > TEXT_BYTES_MAX || strlen(text) != bytes) {
		free(text);
		return VEGA_ERR_CONFIG("need a text file of at most 1 MiB, found %s",
			bytes > TEXT_BYTES_MAX ? "a larger one" : "binary data");
	}
	*ret_text = text;
	return (long)bytes;
}

int
vega_raw_load(const char *path, struct vega_raw **ret_raw)
{
	char *text = NULL;
	const long bytes = read_text(path, &text);
	int rc = bytes < 0 ? (int)bytes : parse_text(text, (size_t)bytes, ret_raw);

	free(text);
	return rc;
}

void
vega_raw_free(struct vega_raw *raw)
{
	struct schema schema;
	const cyaml_schema_value_t top = build_schema(&schema);

	if (raw != NULL)
		(void)cyaml_free(&config_base, &top, raw, 0);
}
