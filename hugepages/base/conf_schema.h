/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_BASE_CONF_SCHEMA_H
#define VEGA_BASE_CONF_SCHEMA_H
/*
 * Private to conf*.c: the keys of the configuration file, and the file's values as text.
 *
 * Every value is read as text and parsed whole by conf.c, since libcyaml takes "256MiB" for 256 and "010" for 8. The tables say
 * what may stand where, in which unit, what holds when it is left out, and why one would change it.
 */
#include <stddef.h>
#include <stdint.h>

#include "hugepages/base/attr.h"

enum vega_key_kind {
	VEGA_KEY_TEXT,  /* a char * */
	VEGA_KEY_TEXTS, /* a struct vega_raw_list of char * */
	VEGA_KEY_MAP,   /* a pointer to another section */
	VEGA_KEY_MAPS,  /* a struct vega_raw_list of another section */
};

struct vega_section;

struct vega_key {
	const char *name;
	enum vega_key_kind kind;
	uint32_t off;         /* in the section's struct */
	const char *unit;     /* what the text looks like */
	const char *fallback; /* what holds when it is left out; NULL: it must be given */
	const char *
		example; /* for the sample file, NULL: the fallback; "a|b": of the first entry, the second */
	const char *doc; /* lines of at most 90 columns */
	const struct vega_section *section;
};

struct vega_section {
	const char *name;
	uint32_t bytes; /* of its struct */
	uint32_t key_cnt;
	uint32_t example_cnt; /* entries in the sample file */
	const struct vega_key *keys;
};

#define VEGA_SECTION_CNT         8u
#define VEGA_SECTION_KEY_CNT_MAX 16u

/* The file, as text: what vega_raw_load gives. */
struct vega_raw_list {
	void *entries;
	uint32_t cnt;
};

struct vega_raw_journal {
	char *dir;
	char *file_size;
	char *file_age;
	char *sync_interval;
	char *keyframe_interval;
	char *keyframe_records;
};

struct vega_raw_drain {
	char *cpu;
};

struct vega_raw_port {
	char *name;
	char *device;
	char *queues;
	char *rx_descriptors;
	char *mtu;
	char *mbufs;
	char *promiscuous;
};

struct vega_raw_lcore {
	char *cpu;
	char *numa;
	struct vega_raw_list polls; /* char * */
};

struct vega_raw_channel {
	char *vlan;
	char *group;
	char *port;
	char *line;
	char *on;
	char *format;
	char *stream;
};

struct vega_raw_feed {
	char *name;
	char *zone;
	char *day_start;
	char *record_lane;
	char *frame_lane;
	char *instruments;
	char *orders;
	char *price_scale;
	char *hold;
	char *lcore;
	struct vega_raw_list channels; /* struct vega_raw_channel */
};

struct vega_raw_rewrite {
	char *vlan;
	char *group;
	char *port;
	char *to_vlan;
	char *to_group;
	char *to_port;
	char *to_mac;
	char *source;
	char *source_mac;
};

struct vega_raw {
	char *region;
	char *memory;
	char *page_size;
	struct vega_raw_journal *journal;
	char *idle;
	struct vega_raw_drain *drain;
	char *default_frame_lane;
	struct vega_raw_list ports;   /* struct vega_raw_port */
	struct vega_raw_list lcores;  /* struct vega_raw_lcore */
	struct vega_raw_list feeds;   /* struct vega_raw_feed */
	struct vega_raw_list rewrite; /* struct vega_raw_rewrite */
};

extern const struct vega_section vega_schema;

/*
 * Read a file into text values; what was left out is NULL. Returns 0; -ENOENT, -EACCES, -ENOMEM; -EINVAL (78) with the key
 * and, where it is certain, the line. The caller frees it.
 */
int vega_raw_load(const char *path, struct vega_raw **ret_raw) VEGA_MUST_CHECK;
void vega_raw_free(struct vega_raw *raw);

/*
 * Put fallbacks where keys were left out. Returns 0; -ENOMEM; -EINVAL with a message that names a key without fallback.
 *
 * Params: data		the section's struct, its memory from malloc
 *	   path		of the section in messages: "", "ports[1]."
 */
int vega_raw_fill(const struct vega_section *section, void *data, const char *path) VEGA_MUST_CHECK;

/* Free the text values of one section that was filled apart from a file. */
void vega_raw_clear(const struct vega_section *section, void *data);

/* A section of the schema by its name. */
const struct vega_section *vega_section_named(const char *name);

#endif
