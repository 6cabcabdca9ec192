/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_BASE_CONF_TAKE_H
#define VEGA_BASE_CONF_TAKE_H
/*
 * Private to conf.c and the files of its sections: one value from text, whole, with its unit and range.
 *
 * Params: section	where it stands: "", "ports[1]."; messages begin with section and key
 * Returns 0, or -EINVAL with "section.key: need ..., found ..."; -ENOMEM where memory is taken. What ret points to is
 * untouched on failure.
 */
#include <stddef.h>
#include <stdint.h>

#include "hugepages/base/attr.h"
#include "hugepages/vega_layout.h"

/* Section and key in one text. */
struct vega_place {
	char text[128];
};
struct vega_place vega_place(const char *section, const char *key);

/* Whole numbers. */
int vega_take_u32(const char *section, const char *key, const char *text, uint32_t min,
	uint32_t max, uint32_t *ret) VEGA_MUST_CHECK;
/* A number, or the word that stands for `instead`. */
int vega_take_u32_or(const char *section, const char *key, const char *text, uint32_t min,
	uint32_t max, const char *word, uint32_t instead, uint32_t *ret) VEGA_MUST_CHECK;
int vega_take_size(const char *section, const char *key, const char *text, uint64_t min,
	uint64_t max, uint64_t *ret) VEGA_MUST_CHECK;
int vega_take_duration(const char *section, const char *key, const char *text, uint64_t min_ns,
	uint64_t max_ns, uint64_t *ret) VEGA_MUST_CHECK;
int vega_take_name(const char *section, const char *key, const char *text,
	char ret[VEGA_NAME_BYTES]) VEGA_MUST_CHECK;
/* One of a few words, by its position. */
int vega_take_word(const char *section, const char *key, const char *text, const char *const *words,
	uint32_t word_cnt, uint32_t *ret) VEGA_MUST_CHECK;
int vega_take_frame_lane(
	const char *section, const char *key, const char *text, uint64_t *ret) VEGA_MUST_CHECK;
int vega_take_record_lane(
	const char *section, const char *text, uint64_t instead, uint64_t *ret) VEGA_MUST_CHECK;
/* HH:MM. */
int vega_take_day_start(const char *section, const char *text, uint32_t *ret_s) VEGA_MUST_CHECK;
int vega_take_zone(const char *section, const char *text, char *ret, size_t bytes) VEGA_MUST_CHECK;
int vega_take_text(
	const char *section, const char *key, const char *text, char **ret) VEGA_MUST_CHECK;

/* `untagged` is 0, `word` VEGA_CONF_ANY. */
int vega_take_vlan(const char *section, const char *key, const char *text, const char *word,
	uint32_t *ret) VEGA_MUST_CHECK;
/* Family 4 or 6; 0 for `word`. */
int vega_take_address(const char *section, const char *key, const char *text, const char *word,
	uint8_t *ret_family, uint8_t ret_address[16]) VEGA_MUST_CHECK;
/* An array of cnt zeroed entries, freed with the configuration; more than cnt_max are refused. */
int vega_take_list(const char *section, uint32_t cnt, uint32_t cnt_max, size_t entry_bytes,
	void **ret) VEGA_MUST_CHECK;

struct vega_conf;
struct vega_raw_list;

/* By its name, of len bytes; VEGA_CONF_ANY: there is none. */
uint32_t vega_find_port(const struct vega_conf *conf, const char *name, size_t len);

/* The sections `feeds` and `rewrite`: lists of struct vega_raw_feed and vega_raw_rewrite. */
int vega_take_feeds(const struct vega_raw_list *list, struct vega_conf *conf) VEGA_MUST_CHECK;
int vega_take_rewrites(const struct vega_raw_list *list, struct vega_conf *conf) VEGA_MUST_CHECK;

#endif
