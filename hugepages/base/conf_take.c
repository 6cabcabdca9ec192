/* SPDX-License-Identifier: BSD-3-Clause */
#include "hugepages/base/conf_take.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hugepages/base/cli.h"
#include "hugepages/base/conf.h"
#include "hugepages/base/err.h"
#include "hugepages/base/zone.h"

#define FRAME_LANE_BYTES_MIN (2ull << 20)
#define LANE_BYTES_MAX       (64ull << 30)
#define SECOND_NS            1000000000ull

struct vega_place
vega_place(const char *section, const char *key)
{
	struct vega_place place;

	(void)snprintf(place.text, sizeof(place.text), "%s%s", section, key);
	return place;
}

int
vega_take_u32(const char *section, const char *key, const char *text, uint32_t min, uint32_t max,
	uint32_t *ret)
{
	uint64_t value = 0;
	const int rc = vega_parse_u64(vega_place(section, key).text, text, min, max, &value);

	if (rc == 0)
		*ret = (uint32_t)value;
	return rc;
}

int
vega_take_u32_or(const char *section, const char *key, const char *text, uint32_t min, uint32_t max,
	const char *word, uint32_t instead, uint32_t *ret)
{
	uint64_t value = instead;

	if (strcmp(text, word) != 0 && vega_parse_u64("", text, min, max, &value) != 0)
		return VEGA_ERR(-EINVAL, "%s: need a whole number from %u to %u, or %s, found '%s'",
			vega_place(section, key).text, min, max, word, text);
	*ret = (uint32_t)value;
	return 0;
}

int
vega_take_size(const char *section, const char *key, const char *text, uint64_t min, uint64_t max,
	uint64_t *ret)
{
	uint64_t bytes = 0;
	char lo[32];
	char hi[32];
	const int rc = vega_parse_size(vega_place(section, key).text, text, &bytes);

	if (rc != 0)
		return rc;
	if (bytes < min || bytes > max)
		return VEGA_ERR(-EINVAL, "%s: need %s to %s, found '%s'",
			vega_place(section, key).text, vega_text_bytes(lo, min),
			vega_text_bytes(hi, max), text);
	*ret = bytes;
	return 0;
}

int
vega_take_duration(const char *section, const char *key, const char *text, uint64_t min_ns,
	uint64_t max_ns, uint64_t *ret)
{
	uint64_t ns = 0;
	const int rc = vega_parse_duration(vega_place(section, key).text, text, &ns);

	if (rc != 0)
		return rc;
	if (ns < min_ns || ns > max_ns)
		return VEGA_ERR(-EINVAL, "%s: need %llums to %llus, found '%s'",
			vega_place(section, key).text, (unsigned long long)(min_ns / 1000000),
			(unsigned long long)(max_ns / SECOND_NS), text);
	*ret = ns;
	return 0;
}

int
vega_take_name(const char *section, const char *key, const char *text, char ret[VEGA_NAME_BYTES])
{
	if (!vega_name_ok(text))
		return VEGA_ERR(-EINVAL,
			"%s: need a name of 1 to 31 letters, digits, '_', '.' or '-' that begins "
			"with none of the last "
			"two, found '%s'",
			vega_place(section, key).text, text);
	(void)snprintf(ret, VEGA_NAME_BYTES, "%s", text);
	return 0;
}

int
vega_take_word(const char *section, const char *key, const char *text, const char *const *words,
	uint32_t word_cnt, uint32_t *ret)
{
	char list[64] = "";

	for (uint32_t i = 0; i < word_cnt; i++) {
		if (strcmp(text, words[i]) == 0) {
			*ret = i;
			return 0;
		}
		(void)snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s",
			i == 0 ? "" : ", ", words[i]);
	}
	return VEGA_ERR(-EINVAL, "%s: need one of %s, found '%s'", vega_place(section, key).text,
		list, text);
}

int
vega_take_frame_lane(const char *section, const char *key, const char *text, uint64_t *ret)
{
	uint64_t bytes = 0;
	const int rc =
		vega_take_size(section, key, text, FRAME_LANE_BYTES_MIN, LANE_BYTES_MAX, &bytes);

	if (rc != 0)
		return rc;
	if (!vega_is_pow2(bytes))
		return VEGA_ERR(-EINVAL,
			"%s: need a power of two such as 64MiB or 128MiB, found '%s'",
			vega_place(section, key).text, text);
	*ret = bytes;
	return 0;
}

int
vega_take_record_lane(const char *section, const char *text, uint64_t instead, uint64_t *ret)
{
	uint64_t bytes = instead;
	int rc = 0;

	if (strcmp(text, "auto") != 0)
		rc = vega_take_size(section, "record_lane", text, 0, LANE_BYTES_MAX, &bytes);

	if (rc != 0)
		return rc;
	if (bytes % VEGA_LANE_ALIGN_BYTES != 0)
		return VEGA_ERR(-EINVAL, "%srecord_lane: need a multiple of 2MiB, found '%s'",
			section, text);
	*ret = bytes;
	return 0;
}

int
vega_take_day_start(const char *section, const char *text, uint32_t *ret_s)
{
	uint64_t hour;
	uint64_t minute;
	char digits[3] = {0};

	if (strlen(text) == 5 && text[2] == ':') {
		memcpy(digits, text, 2);
		if (vega_parse_u64("", digits, 0, 23, &hour) == 0 &&
			vega_parse_u64("", text + 3, 0, 59, &minute) == 0) {
			*ret_s = (uint32_t)(hour * 3600 + minute * 60);
			return 0;
		}
	}
	return VEGA_ERR(
		-EINVAL, "%sday_start: need HH:MM from 00:00 to 23:59, found '%s'", section, text);
}

int
vega_take_zone(const char *section, const char *text, char *ret, size_t bytes)
{
	struct vega_zone *zone;
	const int rc = vega_zone_new(text, 0, &zone);

	if (rc != 0)
		return section[0] != '\0'
			       ? VEGA_ERR_ADD(rc, "%.*s", (int)strlen(section) - 1, section)
			       : rc;
	vega_zone_delete(zone);
	(void)snprintf(ret, bytes, "%s", text);
	return 0;
}

int
vega_take_text(const char *section, const char *key, const char *text, char **ret)
{
	if (text[0] == '\0')
		return VEGA_ERR(
			-EINVAL, "%s: need a value, found none", vega_place(section, key).text);
	*ret = strdup(text);
	return *ret != NULL ? 0
			    : VEGA_ERR(-ENOMEM, "need memory for the configuration, found none");
}

int
vega_take_vlan(
	const char *section, const char *key, const char *text, const char *word, uint32_t *ret)
{
	if (strcmp(text, "untagged") == 0) {
		*ret = 0;
		return 0;
	}
	return vega_take_u32_or(section, key, text, 1, 4094, word, VEGA_CONF_ANY, ret);
}

int
vega_take_address(const char *section, const char *key, const char *text, const char *word,
	uint8_t *ret_family, uint8_t ret_address[16])
{
	if (strcmp(text, word) == 0)
		*ret_family = 0;
	else if (inet_pton(AF_INET, text, ret_address) == 1)
		*ret_family = 4;
	else if (inet_pton(AF_INET6, text, ret_address) == 1)
		*ret_family = 6;
	else
		return VEGA_ERR(-EINVAL,
			"%s%s: need an IPv4 or IPv6 address such as 239.70.70.41, or %s, found "
			"'%s'",
			section, key, word, text);
	return 0;
}

int
vega_take_list(const char *section, uint32_t cnt, uint32_t cnt_max, size_t entry_bytes, void **ret)
{
	if (cnt > cnt_max)
		return VEGA_ERR(-EINVAL, "%s: need at most %u, found %u", section, cnt_max, cnt);
	*ret = calloc(cnt + 1, entry_bytes);
	return *ret != NULL ? 0
			    : VEGA_ERR(-ENOMEM, "need memory for the configuration, found none");
}
